"""Announcing a new host name to Azure's DNS, which learns names only from DHCP requests.

Each DHCP client has a module with a function `announce`. It yields a `Sent` for each
interface that the client configures. No client is asked in a way that removes an address.
"""

import logging
from typing import List, Tuple

from ...errors import AzprovError
from ..clock import Clock
from ..commands import Commands
from ..root import Root
from . import dhclient, dhcpcd, network_manager, networkd, udhcpc
from .machine import address_of, interfaces

_MOST_FLAWS = 2
# A client sets the address first, and then writes the files in which azprov finds the client.
# During a boot, azprov may get the host name before these files exist.
_PATIENCE_S = 3.0
_POLL_S = 0.1

log = logging.getLogger(__name__)


def announce(root: Root, name: str, commands: Commands, clock: Clock) -> None:
    """Have each DHCP client of this machine send the name. Best effort: raises no error.

    Logs one line if the name could not be announced for an interface, or for none.
    """
    until = clock.now() + _PATIENCE_S
    sent, flaws = _ask_clients(root, name, commands, clock)
    while not (sent or flaws) and any(map(address_of, interfaces())) and clock.now() < until:
        clock.sleep(_POLL_S)
        sent, flaws = _ask_clients(root, name, commands, clock)
    if sent:
        log.debug("The DHCP server got the new name through %s", ", ".join(sent))
    elif interfaces() and not flaws:
        flaws.append("azprov found no DHCP client that it can ask")
    if flaws:
        log.warning(
            "Azure's DNS keeps the old name until the next DHCP lease (%s)", "; ".join(flaws)
        )


def _ask_clients(
    root: Root, name: str, commands: Commands, clock: Clock
) -> Tuple[List[str], List[str]]:
    """The interfaces through which the name was sent, and the reasons of those that failed."""
    sent: List[str] = []
    flaws: List[str] = []
    # Each of these begins when its first result is asked for.
    for results in (
        networkd.announce(root, name, clock),
        network_manager.announce(root, name, commands),
        dhclient.announce(root, name, commands),
        dhcpcd.announce(root, name, commands),
        udhcpc.announce(root, name, commands),
    ):
        try:
            for result in results:
                if result.flaw:
                    flaws.append(f"{result.interface}: {result.flaw}")
                else:
                    sent.append(result.interface)
                if len(flaws) == _MOST_FLAWS:
                    break  # each may have taken the whole time limit of a program
        except (AzprovError, OSError, ValueError) as error:
            flaws.append(str(error))
    return sent, flaws

"""Announcing a new host name to Azure's DNS, which learns names only from DHCP requests.

Each DHCP client has a module with a function `announce`. It yields a `Sent` for each
interface that the client configures. No client is asked in a way that removes an address.
"""

import logging
from typing import List

from ...errors import AzprovError
from ..commands import Commands
from ..root import Root
from . import dhclient, dhcpcd, network_manager, networkd, udhcpc
from .machine import interfaces

_MOST_FLAWS = 2

log = logging.getLogger(__name__)


def announce(root: Root, name: str, commands: Commands) -> None:
    """Have each DHCP client of this machine send the name. Best effort: raises no error.

    Logs one line if the name could not be announced for an interface, or for none.
    """
    sent: List[str] = []
    flaws: List[str] = []
    for client in (networkd, network_manager, dhclient, dhcpcd, udhcpc):
        try:
            for result in client.announce(root, name, commands):
                if result.flaw:
                    flaws.append(f"{result.interface}: {result.flaw}")
                else:
                    sent.append(result.interface)
                if len(flaws) == _MOST_FLAWS:
                    break  # each may have taken the whole time limit of a program
        except (AzprovError, OSError, ValueError) as error:
            flaws.append(str(error))
    if sent:
        log.debug("The DHCP server has got the new name by %s", ", ".join(sent))
    elif interfaces() and not flaws:
        flaws.append("azprov found no DHCP client that it can ask")
    if flaws:
        log.warning(
            "Azure's DNS keeps the old name until the next DHCP lease (%s)", "; ".join(flaws)
        )

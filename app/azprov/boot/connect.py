"""The clock, the network and the clients of the platform's services.

Rule of this file: it is the only place that builds a clock, a transport or a command
runner. All other code gets them as arguments.
"""

import logging
import random
from typing import TYPE_CHECKING, Callable, NamedTuple, Optional, Tuple

from ..azure.conversation import Conversation
from ..azure.endpoint import WIRESERVER_ADDRESS, Endpoint
from ..azure.imds import Imds
from ..azure.patience import Patience, WireServerProbe
from ..azure.transport import Transport
from ..azure.wireserver import WireServer
from ..azure.wireserver_address import WireServerLocator
from ..system.clock import Clock
from ..system.root import Root
from .settings import AGENT_NAME, ImdsSettings, WireServerSettings

if TYPE_CHECKING:
    from ..system.commands import Commands

log = logging.getLogger(__name__)

#: Says before each attempt to connect where the service is.
Locate = Optional[Callable[[], Endpoint]]


class Ports(NamedTuple):
    """Everything outside this program that a conversation with the platform depends on."""

    clock: Clock
    #: A random number from 0 to 1, for the pauses between attempts.
    jitter: Callable[[], float]
    transport: Callable[[Endpoint, Locate], Transport]
    #: Finds out whether WireServer accepts connections.
    probe: Callable[[Endpoint, Locate], WireServerProbe]


def real_ports() -> Ports:
    """This machine's clock and network."""
    clock = Clock()
    return Ports(
        clock,
        random.random,
        lambda endpoint, locate: Transport(endpoint, clock, locate),
        lambda endpoint, locate: WireServerProbe(endpoint, clock, locate),
    )


def real_commands() -> "Commands":
    """The programs of this machine."""
    # Imports subprocess, which a report does without.
    from ..system.commands import Commands

    return Commands()


def open_connection(
    ports: Ports, root: Root, settings: WireServerSettings
) -> Tuple[Transport, Conversation]:
    """A transport to WireServer, and a conversation that begins now; `root` has the leases."""
    conversation = Conversation(ports.clock, timeout_s=settings.timeout_s, jitter=ports.jitter)
    return ports.transport(*_located(ports, root, settings)), conversation


def open_wireserver(
    ports: Ports, root: Root, settings: WireServerSettings
) -> Tuple[WireServer, Conversation]:
    """A client of WireServer, and a conversation that begins now; `root` has the leases."""
    transport, conversation = open_connection(ports, root, settings)
    return WireServer(transport, conversation, agent_name=settings.agent_name), conversation


def open_imds(ports: Ports, settings: ImdsSettings) -> Tuple[Imds, Conversation]:
    """A client of the metadata service, and a conversation that begins now."""
    conversation = Conversation(ports.clock, timeout_s=settings.timeout_s, jitter=ports.jitter)
    return _imds(ports, settings, conversation), conversation


def open_patient_imds(
    ports: Ports,
    root: Root,
    wireserver: WireServerSettings,
    imds: ImdsSettings,
    *,
    silent_s: float,
) -> Tuple[Imds, Conversation]:
    """A client that also waits for the network, and a conversation that begins now.

    The conversation ends with the time limit of `wireserver`. It ends earlier when the
    platform is there: `silent_s` after WireServer accepts connections, or after the time
    limit of `imds` from the metadata service's first answer on.
    """
    patience = Patience(
        ports.probe(*_located(ports, root, wireserver)),
        ports.clock,
        silent_s=silent_s,
        answering_s=imds.timeout_s,
    )
    conversation = Conversation(
        ports.clock,
        timeout_s=wireserver.timeout_s,
        jitter=ports.jitter,
        patience=patience.left_s,
    )
    return _imds(ports, imds, conversation), conversation


def _imds(ports: Ports, settings: ImdsSettings, conversation: Conversation) -> Imds:
    transport = ports.transport(settings.address.endpoint, None)
    return Imds(transport, conversation, agent_name=AGENT_NAME)


def _located(ports: Ports, root: Root, settings: WireServerSettings) -> Tuple[Endpoint, Locate]:
    """WireServer's endpoint, and the search for it where no setting names one."""
    if settings.address is None:
        return Endpoint(WIRESERVER_ADDRESS), WireServerLocator(root, ports.clock)
    log.debug("WireServer is at %s by %s", *settings.address)
    return settings.address.endpoint, None

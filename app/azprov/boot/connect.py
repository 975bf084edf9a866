"""The clock, the network and the clients of the platform's services.

Rule of this file: it is the only place that builds a clock, a transport or a command
runner. All other code gets them as arguments.
"""

import logging
import random
from typing import TYPE_CHECKING, Callable, Optional, Tuple

from ..azure.endpoint import WIRESERVER_ADDRESS, Endpoint
from ..azure.retry_loop import RetryLoop
from ..azure.transport import Transport
from ..azure.wireserver import WireServer
from ..azure.wireserver_address import WireServerLocator
from ..system.clock import Clock
from ..system.root import Root
from .settings import AGENT_NAME, ImdsSettings, WireServerSettings

# A report does without these; each costs a cold start.
if TYPE_CHECKING:
    from ..azure.imds import Imds
    from ..azure.wireserver_probe import WireServerProbe
    from ..formats.platform.instance import Instance, Wanted
    from ..system.commands import Commands

# How long a command by hand asks again for a value that the metadata lacks.
_SETTLING_S = 5.0

log = logging.getLogger(__name__)

#: Called before each connection attempt; returns the current endpoint.
Locate = Optional[Callable[[], Endpoint]]


class Ports:
    """Everything outside this program that a request to the platform depends on."""

    def __init__(
        self,
        clock: Clock,
        jitter: Callable[[], float],
        transport: Callable[[Endpoint, Locate], Transport],
        probe: "Callable[[Endpoint, Locate], WireServerProbe]",
        firmware: Optional[Root] = None,
        eject_dvd: Callable[[Root], None] = lambda _: None,
    ) -> None:
        """`jitter` gives a random number from 0 to 1 for the pauses between attempts.

        `probe` finds out whether WireServer accepts connections. `firmware` is the root of the
        machine that runs azprov: its firmware says whether this is Azure, whatever
        an image below another root contains. None: it is the root that azprov changes.
        `eject_dvd` ejects the provisioning DVD of a machine, and raises nothing.
        """
        self.clock = clock
        self.jitter = jitter
        self.transport = transport
        self.probe = probe
        self.firmware = firmware
        self.eject_dvd = eject_dvd


def real_ports() -> Ports:
    """This machine's clock and network."""
    clock = Clock()

    def probe(endpoint: Endpoint, locate: Locate) -> "WireServerProbe":
        from ..azure.wireserver_probe import WireServerProbe

        return WireServerProbe(endpoint, clock, locate)

    return Ports(
        clock,
        random.random,
        lambda endpoint, locate: Transport(endpoint, clock, locate),
        probe,
        Root(),
        _eject_dvd,
    )


def _eject_dvd(root: Root) -> None:
    from ..system.provisioning_dvd import eject_dvd

    eject_dvd(root)


def real_commands() -> "Commands":
    """The programs of this machine."""
    from ..system.commands import Commands

    return Commands()


def _always() -> bool:
    return True


def open_connection(
    ports: Ports,
    root: Root,
    settings: WireServerSettings,
    *,
    is_wanted: Callable[[], bool] = _always,
) -> Tuple[Transport, RetryLoop]:
    """A transport to WireServer, and a retry loop that starts its time limit now.

    DHCP leases are read below `root`. The loop gives up when `is_wanted` returns False.
    """
    retry_loop = _retry_loop(ports, settings.timeout_s, is_wanted)
    return ports.transport(*wireserver_location(ports, root, settings)), retry_loop


def open_wireserver(
    ports: Ports,
    root: Root,
    settings: WireServerSettings,
    *,
    is_wanted: Callable[[], bool] = _always,
) -> Tuple[WireServer, RetryLoop]:
    """A client of WireServer, and the retry loop of open_connection."""
    transport, retry_loop = open_connection(ports, root, settings, is_wanted=is_wanted)
    return WireServer(transport, retry_loop, agent_name=settings.agent_name), retry_loop


def open_imds(
    ports: Ports, settings: ImdsSettings, *, is_wanted: Callable[[], bool] = _always
) -> "Tuple[Imds, RetryLoop]":
    """A client of the metadata service, and a retry loop that starts its time limit now.

    The loop gives up when `is_wanted` returns False.
    """
    retry_loop = _retry_loop(ports, settings.timeout_s, is_wanted)
    return imds_client(ports, settings, retry_loop), retry_loop


def _retry_loop(ports: Ports, timeout_s: float, is_wanted: Callable[[], bool]) -> RetryLoop:
    return RetryLoop(
        ports.clock,
        timeout_s=timeout_s,
        jitter=ports.jitter,
        time_limit=lambda _error: float("inf") if is_wanted() else 0.0,
    )


def imds_client(
    ports: Ports,
    settings: ImdsSettings,
    retry_loop: RetryLoop,
    *,
    limits_s: Optional[Tuple[float, float]] = None,
) -> "Imds":
    """A client of the metadata service that keeps to the deadline of the retry loop.

    `limits_s` are the shortest and the longest time limit of a request, if not the usual ones.
    """
    from ..azure.imds import GET_S, Imds

    transport = ports.transport(settings.endpoint, None)
    return Imds(transport, retry_loop, agent_name=AGENT_NAME, limits_s=limits_s or (GET_S, GET_S))


def fetch_metadata(
    ports: Ports, root: Root, settings: ImdsSettings, wanted: "Wanted"
) -> "Instance":
    """The answer of the metadata service, for a command by hand.

    An answer that lacks a wanted value is asked for again for a while. Raises PlatformError
    or DocumentError if there is no answer in time, and UntrustedPlatform, without a request,
    if this machine may not be on Azure.
    """
    from ..azure.imds import CompleteInstance
    from ..system.firmware import why_untrusted

    distrust = None if settings.is_trusted else why_untrusted(ports.firmware or root)
    if distrust is not None:
        raise distrust
    imds, retry_loop = open_imds(ports, settings)
    settling_s = min(_SETTLING_S, settings.timeout_s / 2)
    complete = CompleteInstance(ports.clock, wanted, settling_s=settling_s, accepts_any=True)
    return retry_loop.run(lambda: complete.fetch(imds.fetch_instance))


def wireserver_location(
    ports: Ports, root: Root, settings: WireServerSettings
) -> Tuple[Endpoint, Locate]:
    """WireServer's endpoint, and the search in the leases if no setting gives it."""
    if settings.endpoint is None:
        return Endpoint(WIRESERVER_ADDRESS), WireServerLocator(root, ports.clock)
    log.debug("WireServer is at %s by %s", settings.endpoint, settings.source)
    return settings.endpoint, None

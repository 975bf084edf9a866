"""What was seen while an image booted; nothing here is judged."""

from typing import NamedTuple, Optional, Tuple

from ..platform import Exchange
from .dhcp import DhcpEvent
from .login import Login

#: How a boot ended.
DONE = "done"  #: everything that was waited for was seen, and the VM was switched off
LIMIT = "limit"  #: the limit of the boot was reached
STUCK = "stuck"  #: the console showed that this boot cannot get further
OFF = "off"  #: the VM switched itself off, or its program ended
CUT = "cut"  #: the power was cut, as the scenario wants


class Line(NamedTuple):
    """A printable line of the console; all `at_s` count from the power-on of their boot."""

    at_s: float
    text: str


class Lease(NamedTuple):
    at_s: float
    event: DhcpEvent


class Request(NamedTuple):
    at_s: float
    exchange: Exchange


class BootSeen(NamedTuple):
    #: Seconds from the first power-on to this one.
    began_s: float
    lasted_s: float
    #: DONE, LIMIT, STUCK, OFF or CUT.
    ending: str
    console: Tuple[Line, ...] = ()
    leases: Tuple[Lease, ...] = ()
    requests: Tuple[Request, ...] = ()

    def first(self, kind: str) -> Optional[float]:
        """When the DHCP server first logged an event of this kind; None if it never did."""
        return next((one.at_s for one in self.leases if one.event.kind == kind), None)

    def names(self) -> Tuple[str, ...]:
        """The host names that the guest sent to the DHCP server, in order."""
        return tuple(one.event.value for one in self.leases if one.event.value)

    def acknowledged(self) -> Tuple[Request, ...]:
        return tuple(one for one in self.requests if one.exchange.acknowledged)


class Evidence(NamedTuple):
    boots: Tuple[BootSeen, ...]
    #: The host name in the guest's files; empty if they cannot be read.
    hostname: str = ""
    #: The last attempt to log in; None if none was made.
    login: Optional[Login] = None


class Expected(NamedTuple):
    """How the boots should end, by the scenario and by the settings of azprov in the image."""

    computer_name: str
    user: str
    ready_reports: int = 1
    #: Whether the image's agent should set the host name, or create the user. None: unknown.
    sets_hostname: Optional[bool] = None
    makes_user: Optional[bool] = None
    #: Of each boot, whether no request may be sent in it.
    silent_boots: Tuple[bool, ...] = ()
    #: What the player has in place of Azure's devices: a sentence; empty if it has no devices.
    devices: str = ""
    #: The command that checks the image, for fixes.
    check_command: str = "azprov.pyz check"

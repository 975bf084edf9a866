"""What the configuration of a network manager says about network interfaces, as values."""

import re
from typing import Iterable, List, NamedTuple, Optional

from ....formats.patterns import matches

#: The name of a VM's first network interface on Azure, unless the image renames it.
FIRST_NIC = "eth0"
#: The kernel driver of that interface.
DRIVER = "hv_netvsc"

DHCP = "dhcp"
STATIC = "static"
OFF = "off"

FILE = "file"
UNIT = "unit"

_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\Z")
_IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}")


class Source(NamedTuple):
    """The origin of a setting: the path of a FILE, or the name of a UNIT that starts at boot."""

    kind: str
    name: str


class Ignored(NamedTuple):
    """Why a manager ignores a file, and the command that changes that."""

    #: The file, or its folder, that has the wrong mode or owner.
    path: str
    #: Continues a sentence that begins with the name of the file.
    reason: str
    fix: str


class NicSetting(NamedTuple):
    """What one source says about the interfaces whose names match a glob pattern."""

    source: Source
    pattern: str
    #: DHCP, STATIC or OFF.
    method: str
    #: If not empty, the setting applies only to the network card with this address.
    mac: str = ""
    ignored: Optional[Ignored] = None
    #: Whether the manager then uses no other setting for these interfaces.
    hides_others: bool = False

    def matches(self, nic: str) -> bool:
        """Whether the setting is about an interface of that name in a new VM."""
        return not self.mac and matches(nic, self.pattern)


def from_file(path: str) -> Source:
    return Source(FILE, path)


def in_effect(
    settings: Iterable[NicSetting], nic: str, *, first_match_wins: bool
) -> List[NicSetting]:
    """The settings that the manager applies to an interface of that name."""
    matching = [one for one in settings if one.matches(nic) and one.ignored is None]
    hiding = [one for one in matching if one.hides_others]
    return hiding or (matching[:1] if first_match_wins else matching)


def only_mac(text: str) -> str:
    """The text if it is the MAC address of one network card, otherwise an empty string."""
    return text if _MAC.match(text.strip()) else ""


def starts_with_ipv4(text: str) -> bool:
    return _IPV4.match(text) is not None

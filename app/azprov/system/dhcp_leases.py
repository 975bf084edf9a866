"""Finding the address of WireServer in the DHCP leases of this machine."""

import logging
import os
import re
import socket
from typing import Callable, Iterator, List, NamedTuple, Optional, Tuple

from ..errors import HostError
from ..formats.host.dhcp_lease import parse_lease, parse_networkd_description
from .root import Root

# The folders of systemd-networkd, NetworkManager, dhclient (on Debian and on Red Hat) and
# dhcpcd (three versions or distributions). udhcpc stores no leases.
_FOLDERS = (
    "/run/systemd/netif/leases",
    "/var/lib/NetworkManager",
    "/var/lib/dhcp",
    "/var/lib/dhclient",
    "/var/lib/dhcpcd",
    "/var/lib/dhcpcd5",
    "/var/db/dhcpcd",
)
# The files of networkd have no suffix: their names are the numbers of interfaces.
_SUFFIXES = (".lease", ".leases")
# dhclient appends about half a kB per renewal, and starts a new file after twenty.
_LIMIT_BYTES = 128 << 10
_MOST_FILES = 32
_ROUTES = "/proc/net/route"
# A running networkd has this file.
_NETWORKD_STATE = "/run/systemd/netif/state"
# NetworkManager and dhcpcd put the interface into the name of a lease's file; dhclient
# writes it into the lease.
_INTERFACE = re.compile(r"(?:dhcpcd-|(?:internal|dhclient)-[0-9a-f-]{36}-)?([^/]+)\.lease\Z")

log = logging.getLogger(__name__)


class LeasedAddress(NamedTuple):
    """The address from the leases and the lease it is from; None and "" without one."""

    address: Optional[str]
    path: str
    #: A sentence for each lease that was ignored because of an error.
    complaints: Tuple[str, ...]


def find_leased_address(root: Root, *, usual: str = "", now: float = 0.0) -> LeasedAddress:
    """The address in the newest lease that has one; does not wait for a lease.

    A lease that names the usual address wins. Another address counts only in a lease that
    has not expired at `now`, in seconds since 1970, and that is for the interface with the
    default route: a stranger may answer DHCP in a second network. Without /proc every
    interface counts.
    """
    address, newest, path = None, float("-inf"), ""
    complaints: List[str] = []
    for folder in _FOLDERS:
        for name in _names(root, folder, complaints.append):
            lease = f"{folder}/{name}"
            try:
                content, written_at = _read(root, lease)
                found = parse_lease(content)
                if found not in (None, usual):
                    interface = _default_interface(root)
                    _require_interface(folder, name, interface)
                    found = _require_valid(
                        parse_lease(content, interface=interface, now=now, written_at=written_at)
                    )
            except (HostError, ValueError) as error:
                complaints.append(f"ignored the DHCP lease {root.outside(lease)}: {error}")
                continue
            if found is not None and (found == usual, written_at) > (address == usual, newest):
                address, newest, path = found, written_at, lease
    if address is None and root.is_live and root.status(_NETWORKD_STATE) is not None:
        address, path = _ask_networkd(root, usual, complaints.append)
    return LeasedAddress(address, path, tuple(complaints))


def _ask_networkd(
    root: Root, usual: str, complain: Callable[[str], None]
) -> Tuple[Optional[str], str]:
    """The address in a lease of a networkd that stores none in files, by the same rules.

    Its leases have not expired. Returns its socket too; None and "" without an address.
    """
    # Not imported for a report on a machine without networkd.
    from .networkd import NETWORKD_SOCKET, describe_networkd

    try:
        reply = describe_networkd(root)
        addresses = {} if reply is None else parse_networkd_description(reply)
        if usual in addresses.values():
            return usual, NETWORKD_SOCKET
        for interface, address in addresses.items():
            _require_default(interface, _default_interface(root))
            return address, NETWORKD_SOCKET
    except (HostError, ValueError) as error:
        complain(f"ignored what {root.outside(NETWORKD_SOCKET)} replied: {error}")
    return None, ""


def _require_default(interface: str, default: str) -> None:
    if default and interface != default:
        raise ValueError(f"it is for {interface}, and the default route is through {default}")


def _require_valid(address: Optional[str]) -> str:
    if address is None:
        raise ValueError("it has expired, or is for another interface")
    return address


def _default_interface(root: Root) -> str:
    """The interface of the IPv4 default route with the lowest metric; "" without /proc.

    Raises HostError if there is no default route. Source: proc(5), fib_route_seq_show.
    """
    content = root.read(_ROUTES)
    if content is None:
        return ""
    rows = [line.split() for line in content.decode("ascii", "replace").splitlines()[1:]]
    defaults = [row for row in rows if len(row) > 7 and row[1] == row[7] == "00000000"]
    if not defaults:
        raise HostError("there is no default route, so it may belong to another network")
    return min(defaults, key=lambda row: int(row[6]) if row[6].isdigit() else 0)[0]


def _require_interface(folder: str, name: str, default: str) -> None:
    """Raise ValueError if the name of a lease's file says that it is for another interface."""
    if folder == _FOLDERS[0]:
        try:
            interface = socket.if_indextoname(int(name))
        except (OSError, ValueError, OverflowError):
            interface = default
    elif folder.endswith(("NetworkManager", "dhcpcd", "dhcpcd5")):
        match = _INTERFACE.match(name)
        interface = match.group(1) if match else default
    else:
        return
    _require_default(interface, default)


def _names(root: Root, folder: str, complain: Callable[[str], None]) -> Iterator[str]:
    try:
        names = root.names(folder)
    except HostError as error:
        complain(str(error))
        return
    is_networkd = folder == _FOLDERS[0]
    leases = [name for name in names if is_networkd or name.endswith(_SUFFIXES)]
    yield from leases[:_MOST_FILES]


def _read(root: Root, path: str) -> Tuple[bytes, float]:
    """A lease and the time it was written. Raises HostError."""
    file = root.open_file(path)
    if file is None:
        raise HostError("it does not exist")
    with file:
        try:
            content = file.read(_LIMIT_BYTES + 1)
        except OSError as error:
            raise HostError(f"it cannot be read ({error.strerror})") from error
        if len(content) > _LIMIT_BYTES:
            raise HostError(f"it is larger than {_LIMIT_BYTES} bytes")
        return content, os.fstat(file.fileno()).st_mtime

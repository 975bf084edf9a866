"""The DHCP leases of this machine, and where WireServer is by them."""

import logging
import os
from typing import Callable, Iterator, List, NamedTuple, Optional, Tuple

from ..errors import HostError
from ..formats.host.dhcp_lease import parse_lease
from .root import Root

# Of systemd-networkd, NetworkManager, dhclient (Debian's, and Red Hat's) and dhcpcd
# (by its versions and distributions). udhcpc leaves none.
_FOLDERS = (
    "/run/systemd/netif/leases",
    "/var/lib/NetworkManager",
    "/var/lib/dhcp",
    "/var/lib/dhclient",
    "/var/lib/dhcpcd",
    "/var/lib/dhcpcd5",
    "/var/db/dhcpcd",
)
# networkd calls its files by the interfaces' numbers.
_SUFFIXES = (".lease", ".leases")
# dhclient's grow like a log, by half a kB a time; it begins anew after twenty.
_LIMIT_BYTES = 128 << 10
_MOST_FILES = 32

log = logging.getLogger(__name__)


class Look(NamedTuple):
    """What the leases say: an address and the file that names it, or neither."""

    address: Optional[str]
    path: str
    #: A sentence for each that was passed over, though there is something in it.
    complaints: Tuple[str, ...]


def look_into_leases(root: Root) -> Look:
    """The address that the newest of the leases names that name one; waits for none."""
    address, newest, path = None, float("-inf"), ""
    complaints: List[str] = []
    for folder in _FOLDERS:
        for name in _names(root, folder, complaints.append):
            lease = f"{folder}/{name}"
            try:
                content, written_at = _read(root, lease)
                named = parse_lease(content)
            except (HostError, ValueError) as error:
                complaints.append(f"{root.outside(lease)} is passed over: {error}")
                continue
            if named is not None and written_at > newest:
                address, newest, path = named, written_at, lease
    return Look(address, path, tuple(complaints))


def _names(root: Root, folder: str, complain: Callable[[str], None]) -> Iterator[str]:
    try:
        names = root.names(folder)
    except HostError as error:
        complain(str(error))
        return
    is_networkds = folder == _FOLDERS[0]
    leases = [name for name in names if is_networkds or name.endswith(_SUFFIXES)]
    yield from leases[:_MOST_FILES]


def _read(root: Root, path: str) -> Tuple[bytes, float]:
    """A lease and when it was written. Raises HostError."""
    file = root.open_file(path)
    if file is None:
        raise HostError("it is gone")
    with file:
        content = file.read(_LIMIT_BYTES + 1)
        if len(content) > _LIMIT_BYTES:
            raise HostError(f"it is larger than {_LIMIT_BYTES} bytes")
        return content, os.fstat(file.fileno()).st_mtime

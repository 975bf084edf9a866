"""Finding the address of WireServer in the DHCP leases of this machine."""

import logging
import os
from typing import Callable, Iterator, List, NamedTuple, Optional, Tuple

from ..errors import HostError
from ..formats.host.dhcp_lease import parse_lease
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

log = logging.getLogger(__name__)


class LeasedAddress(NamedTuple):
    """The address from the leases and the lease it is from; None and "" without one."""

    address: Optional[str]
    path: str
    #: A sentence for each lease that was ignored because of an error.
    complaints: Tuple[str, ...]


def find_leased_address(root: Root) -> LeasedAddress:
    """The address in the newest lease that has one; does not wait for a lease."""
    address, newest, path = None, float("-inf"), ""
    complaints: List[str] = []
    for folder in _FOLDERS:
        for name in _names(root, folder, complaints.append):
            lease = f"{folder}/{name}"
            try:
                content, written_at = _read(root, lease)
                found = parse_lease(content)
            except (HostError, ValueError) as error:
                complaints.append(f"ignored the DHCP lease {root.outside(lease)}: {error}")
                continue
            if found is not None and written_at > newest:
                address, newest, path = found, written_at, lease
    return LeasedAddress(address, path, tuple(complaints))


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

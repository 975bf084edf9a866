"""This machine's network in this network namespace, as the kernel reports it.

/sys/class/net is not read: it shows the namespace in which /sys was mounted.
"""

import fcntl
import os
import socket
import struct
from typing import List, NamedTuple, Optional, Tuple

from ..errors import HostError
from .root import Root

# linux/sockios.h
SIOCGIFADDR = 0x8915
SIOCGIFHWADDR = 0x8927
_SIOCGIFFLAGS = 0x8913
# linux/if.h. IFF_SLAVE: the virtual function of an Azure network adapter, below eth0.
_UP, _LOOPBACK, _RUNNING, _SLAVE = 0x1, 0x8, 0x40, 0x800
# linux/if_arp.h
_ETHERNET = 1
_DISCARD_PORT = 9

_ROUTES = "/proc/net/route"
_NEIGHBOURS = "/proc/net/arp"
_COLUMNS = {_ROUTES: 8, _NEIGHBOURS: 6}
# The kernel prints "*" for a route without an interface: prohibit, unreachable or blackhole.
_NO_INTERFACE = "*"
_FOLDERS = ("/usr/sbin", "/sbin", "/usr/bin", "/bin", "/usr/local/sbin")


class Interface(NamedTuple):
    """A network interface; `address` is its first IPv4 address, empty without one."""

    name: str
    is_up: bool = True
    has_carrier: bool = True
    address: str = ""


class Route(NamedTuple):
    """The IPv4 route to an address, from the main table."""

    #: For example 168.63.129.16/32.
    destination: str
    #: Empty for a route that refuses: prohibit, unreachable or blackhole.
    interface: str
    #: Empty for a destination on the link.
    gateway: str = ""
    #: Whether the gateway, or the address itself on the link, has answered ARP.
    has_neighbour: bool = True


class Network(NamedTuple):
    """The Ethernet interfaces in the order of their numbers, and the route to one address."""

    interfaces: Tuple[Interface, ...]
    route: Optional[Route] = None
    #: networkd, NetworkManager, dhclient, dhcpcd or udhcpc; empty if none was found.
    dhcp_client: str = ""
    #: Whether the address is one of this machine's own.
    is_own: bool = False


def read_network(root: Root, address: str) -> Network:
    """The network of this machine, with its /proc and /run below the root.

    Raises OSError or HostError where it cannot be read.
    """
    names = [name for _, name in sorted(socket.if_nameindex())]
    interfaces = tuple(filter(None, map(_read_interface, names)))
    route, dhcp_client = _read_route(root, address), _find_dhcp_client(root)
    return Network(interfaces, route, dhcp_client, _is_own(address))


def interface_request(number: int, interface: str) -> bytes:
    """The 16 bytes after the name in the kernel's answer, netdevice(7). Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inet:
        request = struct.pack("16s24x", os.fsencode(interface))
        return fcntl.ioctl(inet, number, request)[16:32]


def _read_interface(name: str) -> Optional[Interface]:
    """An Ethernet interface; None for others, and for one that has just disappeared."""
    try:
        (flags,) = struct.unpack("H", interface_request(_SIOCGIFFLAGS, name)[:2])
        (kind,) = struct.unpack("H", interface_request(SIOCGIFHWADDR, name)[:2])
    except OSError:
        return None
    if kind != _ETHERNET or flags & (_LOOPBACK | _SLAVE):
        return None
    try:
        address = socket.inet_ntoa(interface_request(SIOCGIFADDR, name)[4:8])
    except OSError:
        address = ""
    return Interface(name, bool(flags & _UP), bool(flags & _RUNNING), address)


def _is_own(address: str) -> bool:
    """Whether packets to an address stay on this machine: the kernel would send them from it.

    Connecting a UDP socket sends nothing.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        try:
            udp.connect((address, _DISCARD_PORT))
        except OSError:
            return False
        return bool(udp.getsockname()[0] == address)


def _read_route(root: Root, address: str) -> Optional[Route]:
    """The most specific route in proc(5), fib_route_seq_show; None without one."""
    wanted = _number(socket.inet_aton(address))
    found: List[Tuple[int, int, int, List[str]]] = []
    for row in _rows(root, _ROUTES):
        destination, mask = _of_kernel(row[1]), _of_kernel(row[7])
        if wanted & mask == destination:
            found.append((mask, -int(row[6]), destination, row))
    if not found:
        return None
    mask, _, destination, row = max(found)
    gateway = _text(_of_kernel(row[2])) if row[2].strip("0") else ""
    return Route(
        f"{_text(destination)}/{bin(mask).count('1')}",
        "" if row[0] == _NO_INTERFACE else row[0],
        gateway,
        _has_neighbour(root, gateway or address, row[0]),
    )


def _has_neighbour(root: Root, address: str, interface: str) -> bool:
    """Whether ARP has found an address, arp_seq_show; True if it has not been asked."""
    for row in _rows(root, _NEIGHBOURS):
        if (row[0], row[5]) == (address, interface):
            return int(row[2], 16) != 0
    return True


def _rows(root: Root, path: str) -> List[List[str]]:
    content = root.read(path)
    if content is None:
        raise HostError(f"there is no {path}")
    rows = [line.split() for line in content.decode("ascii", "replace").splitlines()[1:]]
    return [row for row in rows if len(row) >= _COLUMNS[path]]


def _find_dhcp_client(root: Root) -> str:
    """The DHCP client that runs, otherwise one that is installed."""
    if root.status("/run/systemd/netif/state") is not None:
        return "networkd"
    if root.status("/run/NetworkManager") is not None:
        return "NetworkManager"
    for client in ("dhclient", "dhcpcd", "udhcpc"):
        if any(root.status(f"{folder}/{client}") is not None for folder in _FOLDERS):
            return client
    return ""


def _of_kernel(hexadecimal: str) -> int:
    """An address as the kernel prints it: the number of its bytes in this machine's order."""
    return _number(struct.pack("=I", int(hexadecimal, 16)))


def _number(packed: bytes) -> int:
    return int.from_bytes(packed, "big")


def _text(number: int) -> str:
    return socket.inet_ntoa(number.to_bytes(4, "big"))

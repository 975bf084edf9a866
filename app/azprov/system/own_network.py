"""A network that this process and its children have alone, without root where Linux allows it.

Sources: namespaces(7), user_namespaces(7), netdevice(7) and <linux/sockios.h>.
"""

import fcntl
import os
import socket
import struct
from typing import Sequence

from ..errors import HostError

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914
_SIOCSIFADDR, _SIOCSIFNETMASK = 0x8916, 0x891C
_IFF_UP = 0x1
_REQUEST = struct.Struct("16s16s")


def enter_own_network(addresses: Sequence[str]) -> bool:
    """Leave the machine's network for one with loopback and these addresses alone.

    Without root, the process becomes root of a user namespace, which has no more rights on the
    machine than before; the result is whether it did. The process must have one thread. Raises
    HostError.
    """
    uid, gid = os.geteuid(), os.getegid()
    is_root = uid == 0
    flags = _CLONE_NEWNET if is_root else _CLONE_NEWNET | _CLONE_NEWUSER
    try:
        from ctypes import CDLL, get_errno
    except ImportError as error:
        raise HostError(
            "this Python has no ctypes, which azprov needs to create a network namespace",
            "use another Python 3",
        ) from error
    if CDLL(None, use_errno=True).unshare(flags) != 0:
        reason = os.strerror(get_errno())
        raise HostError(
            f"this process may not create a network namespace ({reason})", "run it as root"
        )
    if not is_root:
        for name, content in (
            ("setgroups", "deny"),
            ("uid_map", f"0 {uid} 1"),
            ("gid_map", f"0 {gid} 1"),
        ):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(content)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        _set_up(sock, "lo")
        for number, address in enumerate(addresses, start=1):
            name = f"lo:{number}"
            for request, value in ((_SIOCSIFADDR, address), (_SIOCSIFNETMASK, "255.255.255.255")):
                fcntl.ioctl(sock, request, _REQUEST.pack(name.encode("ascii"), _address(value)))
    return not is_root


def set_up_link(name: str, address: str, netmask: str) -> None:
    """Give a link of this process's network an address, and set it up. Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for request, value in ((_SIOCSIFADDR, address), (_SIOCSIFNETMASK, netmask)):
            fcntl.ioctl(sock, request, _REQUEST.pack(name.encode("ascii"), _address(value)))
        _set_up(sock, name)


def _set_up(sock: socket.socket, name: str) -> None:
    request = fcntl.ioctl(sock, _SIOCGIFFLAGS, _REQUEST.pack(name.encode("ascii"), b""))
    (flags,) = struct.unpack_from("=H", request, 16)
    fcntl.ioctl(
        sock,
        _SIOCSIFFLAGS,
        _REQUEST.pack(name.encode("ascii"), struct.pack("=H", flags | _IFF_UP)),
    )


def _address(text: str) -> bytes:
    """A sockaddr_in."""
    return struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(text))

"""Waiting for a route: the kernel reports each change of links, addresses and routes.

Source: rtnetlink(7), and the groups in linux/rtnetlink.h, part of the kernel's interface.
"""

import select
import socket

_LINK = 0x1
_ADDRESSES_AND_ROUTES = 0x10 | 0x40
_ADDRESSES_AND_ROUTES_6 = 0x100 | 0x400
# The messages are not parsed. Any beyond this many end the next wait at once.
_DRAINED = 64
_PIECE_BYTES = 4096


class RouteChanges:
    """Collects changes of links, and of one family's addresses and routes, from now on."""

    def __init__(self, family: int) -> None:
        """Raises OSError without netlink: in some sandboxes, on another kernel."""
        if not hasattr(socket, "AF_NETLINK"):
            raise OSError("no netlink")
        is_6 = family == socket.AF_INET6
        groups = _LINK | (_ADDRESSES_AND_ROUTES_6 if is_6 else _ADDRESSES_AND_ROUTES)
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        try:
            self._socket.bind((0, groups))
            self._socket.setblocking(False)
        except OSError:
            self._socket.close()
            raise

    def wait(self, seconds: float) -> None:
        """Wait for a change since the last wait, for at most this many seconds."""
        select.select([self._socket], [], [], seconds)
        try:
            for _ in range(_DRAINED):
                self._socket.recv(_PIECE_BYTES)
        except OSError:  # the queue is empty, or it overflowed
            return

    def close(self) -> None:
        self._socket.close()

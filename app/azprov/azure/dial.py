"""Connecting to an address that may not answer yet, and sockets with bounds.

A connection attempt that goes unanswered is repeated by the kernel after 1, 3, 7
... seconds, so one attempt with a long patience hears a network that comes up in
between up to that much later. Here each call begins a new attempt and leaves the
earlier ones pending; the first that is answered wins.
"""

import errno
import os
import select
import socket
from typing import Any, List, Tuple

from ..errors import NotConnected
from .clock import Clock
from .endpoint import Endpoint

# An attempt is given this long: WireServer is on the VM's own host, an emulated
# machine under load needs part of a second.
_PENDING_S = 3.0


_OTHER_HINT = (
    "look whether a DHCP client configures the first network interface, and whether there is "
    "a route to {address}"
)
_HINTS = {
    errno.ECONNREFUSED: (
        "nothing takes connections on TCP port {port}: look whether {address} is the platform's "
        "address, and whether a firewall rejects them"
    ),
    errno.EINPROGRESS: (
        "look whether a firewall drops TCP port {port} to {address}, and whether the first "
        "network interface is the one that has the route"
    ),
    errno.EACCES: "look whether a firewall or a route of this machine prohibits {address}",
    errno.EPERM: "look whether a firewall of this machine prohibits {address}",
}


class OutOfBounds(OSError):
    """The peer sent more, or took longer, than the exchange is allowed."""


class BoundedSocket(socket.socket):
    """A connected socket that ends an exchange at a total time and size.

    A socket's own timeout begins anew with every byte that trickles in.
    """

    def bound(self, clock: Clock, *, seconds: float, limit_bytes: int) -> None:
        """Allow so much from now on, whatever was used before."""
        self._clock = clock
        self._until = clock.now() + seconds
        self._seconds = seconds
        self._bytes_left = limit_bytes

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self._set_time_left()
        count = super().recv_into(*args, **kwargs)
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise OutOfBounds("the reply is too large")
        return count

    def sendall(self, *args: Any, **kwargs: Any) -> None:
        self._set_time_left()
        super().sendall(*args, **kwargs)

    def _set_time_left(self) -> None:
        left = self._until - self._clock.now()
        if left <= 0:
            raise socket.timeout("timed out")
        self.settimeout(left)


class Dialer:
    """Connects to one endpoint, as often as it takes."""

    def __init__(self, endpoint: Endpoint, clock: Clock) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._pending: List[Tuple[float, BoundedSocket]] = []

    def connect(self, *, patience_s: float) -> BoundedSocket:
        """Begin a connection and wait for it, or an earlier one, to be answered.

        Raises NotConnected if there is none after patience_s, or at once if
        there is none to wait for.
        """
        self._drop_old()
        connection = BoundedSocket(self._endpoint.family, socket.SOCK_STREAM)
        connection.setblocking(False)
        failure = connection.connect_ex(self._endpoint[:2])
        if failure == 0:
            return self._win(connection)
        if failure == errno.EINPROGRESS:
            self._pending.append((self._clock.now(), connection))
        else:
            connection.close()
        if self._pending:
            sockets = [pending for _, pending in self._pending]
            for answered in select.select([], sockets, [], patience_s)[1]:
                outcome = answered.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if outcome == 0:
                    return self._win(answered)
                failure = outcome
                self._forget(answered)
        raise self._failed(failure)

    def close(self) -> None:
        for _, connection in self._pending:
            connection.close()
        self._pending = []

    def _failed(self, failure: int) -> NotConnected:
        reason = os.strerror(failure)
        if failure == errno.EINPROGRESS:
            reason = "no reply to the attempts to connect"
        address, port = self._endpoint
        return NotConnected(
            f"{self._endpoint} cannot be reached ({reason})",
            _HINTS.get(failure, _OTHER_HINT).format(port=port, address=address),
        )

    def _win(self, connection: BoundedSocket) -> BoundedSocket:
        self._pending = [kept for kept in self._pending if kept[1] is not connection]
        self.close()
        return connection

    def _forget(self, connection: BoundedSocket) -> None:
        connection.close()
        self._pending = [kept for kept in self._pending if kept[1] is not connection]

    def _drop_old(self) -> None:
        now = self._clock.now()
        for began, connection in self._pending:
            if now - began > _PENDING_S:
                self._forget(connection)

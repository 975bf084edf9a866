"""Connecting to an address that may not answer yet, and sockets with bounds.

A connection attempt that goes unanswered is repeated by the kernel after 1, 3, 7
... seconds, so one attempt with a long patience hears a network that comes up in
between up to that much later. Here each call begins a new attempt and leaves the
earlier ones pending; the first that is answered wins. Where there is no route, one
is waited for, since no attempt can succeed before.
"""

import errno
import os
import select
import socket
from contextlib import suppress
from typing import Any, Callable, List, Optional, Tuple

from ..errors import NotConnected
from ..system.clock import Clock
from .endpoint import Endpoint
from .routes import RouteChanges

# An attempt is given this long: WireServer is on the VM's own host, an emulated
# machine under load needs part of a second.
_PENDING_S = 3.0
# Routers tell of an attempt that is not let through, but of few in a second.
_TOLD_S = 6.0
_NOTHING_TOLD = (float("-inf"), 0)
# A lease brings an address and its routes one after the other, within milliseconds.
_SETTLING_S = 0.01
_PIECE_BYTES = 4096

# What an attempt fails with at once as long as no address or route changes.
_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL)
_OTHER_HINT = (
    "look whether the first network interface is up, whether a DHCP client configures it, and "
    "whether there is a route to {address}"
)
# The same errors, but told by somebody on the way: a router, a firewall, or no neighbour.
_REJECTED_HINT = (
    "there is a route: look whether a firewall rejects TCP port {port} to {address}, and whether "
    "the gateway answers"
)
_HINTS = {
    errno.ECONNREFUSED: (
        "nothing takes connections on TCP port {port}: look whether {address} is the platform's "
        "address, and whether a firewall rejects them"
    ),
    errno.EINPROGRESS: (
        "look whether a firewall drops TCP port {port} to {address}, whether the gateway answers, "
        "and whether the route is one of the first network interface"
    ),
    errno.EACCES: "look whether a firewall or a route of this machine prohibits {address}",
    errno.EPERM: "look whether a firewall of this machine prohibits {address}",
    errno.EINVAL: "look whether a route of this machine is a blackhole for {address}",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


class OutOfBounds(OSError):
    """The peer sent more, or took longer, than the exchange is allowed."""


class BoundedSocket(socket.socket):
    """A connected socket that ends an exchange at a total time and size.

    A socket's own timeout begins anew with every byte that trickles in.
    """

    _until = float("inf")

    def bound(self, clock: Clock, *, seconds: float, limit_bytes: int, what: str) -> None:
        """Allow so many bytes from now on, and so much of the time that is left.

        `what` is said of a peer that sends more.
        """
        self._clock = clock
        self._until = min(self._until, clock.now() + seconds)
        self._bytes_left = limit_bytes
        self._what = what

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        self._set_time_left()
        # In small pieces, so that little of what comes later is counted with this.
        piece = min(nbytes or len(buffer), _PIECE_BYTES)
        count = super().recv_into(buffer, piece, flags)
        self._bytes_left -= count
        if self._bytes_left < 0:
            raise OutOfBounds(self._what)
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

    def __init__(
        self, endpoint: Endpoint, clock: Clock, locate: Optional[Callable[[], Endpoint]] = None
    ) -> None:
        """`locate` says before each attempt where it is by now, if that is not settled."""
        self.endpoint = endpoint
        self._clock = clock
        self._locate = locate
        self._pending: List[Tuple[float, BoundedSocket]] = []
        self._changes: Optional[RouteChanges] = None
        # Whether the last attempt failed for want of a route, and began while changes
        # were noted: then none can succeed before the next.
        self._lacks_route = False
        self._tried_at = float("-inf")
        # What somebody on the way said of an attempt, and when.
        self._told = _NOTHING_TOLD

    def connect(self, *, patience_s: float, route_patience_s: float = 0.0) -> BoundedSocket:
        """Begin a connection and wait for it, or an earlier one, to be answered.

        Where the last attempt had no route, it begins when a route or address has
        changed, or after route_patience_s. Raises NotConnected if there is none
        after patience_s, or at once if there is none to wait for.
        """
        if self._lacks_route and self._changes is not None:
            self._changes.wait(route_patience_s)
            self._clock.sleep(max(0.0, self._tried_at + _SETTLING_S - self._clock.now()))
        self._lacks_route = False
        self._tried_at = self._clock.now()
        self._follow()
        self._drop_old()
        try:
            connection = BoundedSocket(self.endpoint.family, socket.SOCK_STREAM)
        except OSError as error:  # as many are open as may be, or there is no IPv6 here
            failure = errno.EINPROGRESS if self._pending else error.errno or 0
        else:
            connection.setblocking(False)
            failure = connection.connect_ex(self.endpoint[:2])
            if failure == 0:
                return self._win(connection)
            if failure == errno.EINPROGRESS:
                self._pending.append((self._clock.now(), connection))
            else:
                connection.close()
                # The kernel itself says no by now, whatever was said on the way before.
                self._told = _NOTHING_TOLD
        if self._pending:
            sockets = [pending for _, pending in self._pending]
            for answered in select.select([], sockets, [], patience_s)[1]:
                outcome = answered.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if outcome == 0:
                    return self._win(answered)
                failure = outcome
                self._told = (self._clock.now(), outcome)
                self._forget(answered)
        elif failure in _NO_ROUTE and route_patience_s:
            self._lacks_route = self._changes is not None
            self._note_changes()
        raise self._failed(failure)

    def close(self) -> None:
        for _, connection in self._pending:
            connection.close()
        self._pending = []
        if self._changes is not None:
            self._changes.close()
        self._changes = None

    def _note_changes(self) -> None:
        if self._changes is None:
            with suppress(OSError):  # then it is polled for, as everything else
                self._changes = RouteChanges(self.endpoint.family)

    def _follow(self) -> None:
        endpoint = self.endpoint if self._locate is None else self._locate()
        if endpoint != self.endpoint:
            self.close()
            self.endpoint = endpoint

    def _failed(self, failure: int) -> NotConnected:
        told_at, told = self._told
        if failure == errno.EINPROGRESS and self._clock.now() - told_at <= _TOLD_S:
            failure = told
        reason = os.strerror(failure)
        if failure == errno.EINPROGRESS:
            reason = "no reply to the attempts to connect"
        address, port = self.endpoint
        hint = _HINTS.get(failure, _OTHER_HINT)
        if failure == told and failure in _NO_ROUTE:
            hint = _REJECTED_HINT
        return NotConnected(
            f"{self.endpoint} cannot be reached ({reason})",
            hint.format(port=port, address=address),
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

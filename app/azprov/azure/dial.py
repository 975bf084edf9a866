"""Connects to an address that may not answer yet, through sockets with limits.

The kernel repeats an unanswered connection attempt after 1, 3, 7 ... seconds, so a
single attempt can notice a network that came up seconds late. Here each call begins
a new attempt and leaves the earlier ones pending; the first one that is answered
wins. Without a route no attempt can succeed, so the next one waits for a route.
"""

import errno
import os
import select
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Callable, List, Optional, Tuple

from ..errors import NotConnected
from ..system.clock import Clock
from .endpoint import WIRESERVER_ADDRESS, Endpoint
from .routes import RouteChanges

if TYPE_CHECKING:
    from .diagnosis import Diagnosis

# The lifetime of an attempt. WireServer is on the VM's own host; an emulated machine
# under load needs part of a second.
_PENDING_S = 3.0
# Routers rate-limit ICMP errors, so the last one is remembered for this long.
_ICMP_ERROR_S = 6.0
_NO_ICMP_ERROR = (float("-inf"), 0)
# A DHCP client sets an address and then its routes, within milliseconds.
_SETTLING_S = 0.01
_PIECE_BYTES = 4096
# How long one of two addresses may be silent before the other one is tried.
_TURN_S = 3.0
# The state of this machine's network is read at most this often: it takes a
# millisecond, and there are up to twenty attempts a second.
_DIAGNOSIS_S = 1.0
_LOOPBACK = "127."
_USUAL = Endpoint(WIRESERVER_ADDRESS)

# The errors that an attempt fails with at once until an address or route changes.
_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL)
# The errors of a firewall of this machine, and of its prohibit and blackhole routes.
_PROHIBITED = (errno.EACCES, errno.EPERM, errno.EINVAL)
_OTHER_HINT = (
    "check that the first network interface is up and has a DHCP lease, and that there is a "
    "route to {address}"
)
# The same errors, but from the network: a router, a firewall, or a missing neighbour.
_REJECTED_HINT = (
    "check that no firewall rejects TCP port {port} to {address}, and that the gateway answers"
)
_HINTS = {
    errno.ECONNREFUSED: (
        "check that {address} is the platform's address, and that no firewall rejects TCP port "
        "{port}"
    ),
    errno.EINPROGRESS: (
        "check that no firewall drops TCP port {port} to {address}, that the gateway answers, "
        "and that the route uses the first network interface"
    ),
    errno.EACCES: "check whether a firewall or a route of this machine prohibits {address}",
    errno.EPERM: "check whether a firewall of this machine prohibits {address}",
    errno.EINVAL: "check whether a route of this machine is a blackhole for {address}",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


class OutOfBounds(OSError):
    """The peer sent more bytes than its limit."""


class BoundedSocket(socket.socket):
    """A connected socket with a limit for the total time and size of an exchange.

    The timeout of an ordinary socket begins again with every byte that arrives.
    """

    _until = float("inf")

    def bound(self, clock: Clock, *, seconds: float, limit_bytes: int, what: str) -> None:
        """Allow limit_bytes and at most `seconds` from now on; an earlier time limit stays.

        `what` describes a larger reply, for the text of OutOfBounds. Too much time
        raises socket.timeout.
        """
        self._clock = clock
        self._until = min(self._until, clock.now() + seconds)
        self._bytes_left = limit_bytes
        self._what = what

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        self._set_time_left()
        # Small pieces, so that few bytes of the next part count towards this limit.
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
    """Connects to one endpoint, by repeated attempts."""

    def __init__(
        self,
        endpoint: Endpoint,
        clock: Clock,
        locate: Optional[Callable[[], Endpoint]] = None,
        *,
        usual: Endpoint = _USUAL,
    ) -> None:
        """`locate` is called before each attempt; None if the endpoint is fixed.

        An endpoint that `locate` returns and the usual one are tried in turn, because a
        DHCP lease may name a server that no longer exists.
        """
        self.endpoint = endpoint
        self._usual = usual
        self._located = endpoint
        # When an attempt at the present endpoint first failed since the last success.
        self._silent_since: Optional[float] = None
        self._clock = clock
        self._locate = locate
        self._pending: List[Tuple[float, BoundedSocket]] = []
        self._changes: Optional[RouteChanges] = None
        # Whether the last attempt had no route, and began while changes were collected:
        # then no attempt can succeed before the next change.
        self._lacks_route = False
        self._tried_at = float("-inf")
        # The last error that the network reported for an attempt, and its time.
        self._icmp_error = _NO_ICMP_ERROR
        self._diagnosis: Optional[Diagnosis] = None
        # The endpoint and the error of the diagnosis, and its time.
        self._diagnosed: Tuple[Endpoint, int] = (endpoint, 0)
        self._diagnosed_at = float("-inf")

    def connect(self, *, patience_s: float, route_patience_s: float = 0.0) -> BoundedSocket:
        """Begin an attempt and wait for an answer to it or to an earlier one.

        After an attempt without a route, the next one begins when a route or address
        has changed, or after route_patience_s. Raises NotConnected if no attempt is
        answered within patience_s, or at once if no attempt is pending.
        """
        if self._lacks_route and self._changes is not None:
            self._changes.wait(route_patience_s)
            self._clock.sleep(max(0.0, self._tried_at + _SETTLING_S - self._clock.now()))
        self._lacks_route = False
        self._tried_at = self._clock.now()
        self._update_endpoint()
        self._drop_old()
        try:
            connection = BoundedSocket(self.endpoint.family, socket.SOCK_STREAM)
        except OSError as error:  # too many open files, or no IPv6 here
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
                # Now this machine's kernel refuses, so the network's error is outdated.
                self._icmp_error = _NO_ICMP_ERROR
        if self._pending:
            sockets = [pending for _, pending in self._pending]
            for answered in select.select([], sockets, [], patience_s)[1]:
                outcome = answered.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if outcome == 0:
                    return self._win(answered)
                failure = outcome
                self._icmp_error = (self._clock.now(), outcome)
                self._forget(answered)
        elif failure in _NO_ROUTE and route_patience_s:
            self._lacks_route = self._changes is not None
            self._watch_changes()
        raise self._failed(failure)

    def distrust(self) -> None:
        """Try the other endpoint next, if there are two: this one answers no request."""
        self._silent_since = float("-inf")

    def close(self) -> None:
        for _, connection in self._pending:
            connection.close()
        self._pending = []
        if self._changes is not None:
            self._changes.close()
        self._changes = None

    def _watch_changes(self) -> None:
        if self._changes is None:
            with suppress(OSError):  # without netlink, polling finds a route
                self._changes = RouteChanges(self.endpoint.family)

    def _update_endpoint(self) -> None:
        if self._locate is None:
            return
        located, endpoint = self._locate(), self.endpoint
        if located != self._located:
            self._located = endpoint = located
        elif self._silent_since is not None and self._clock.now() - self._silent_since > _TURN_S:
            endpoint = self._usual if endpoint == located else located
            self._silent_since = None
        if endpoint != self.endpoint:
            self.close()
            self.endpoint = endpoint
            self._silent_since = None
            self._icmp_error = _NO_ICMP_ERROR

    def _failed(self, failure: int) -> NotConnected:
        if self._silent_since is None:
            self._silent_since = self._clock.now()
        reported_at, reported = self._icmp_error
        if failure == errno.EINPROGRESS and self._clock.now() - reported_at <= _ICMP_ERROR_S:
            failure = reported
        reason = os.strerror(failure)
        if failure == errno.EINPROGRESS:
            reason = "no reply to connection attempts"
        address, port = self.endpoint
        hint = _HINTS.get(failure, _OTHER_HINT)
        is_rejected = failure == reported and failure in _NO_ROUTE
        if is_rejected:
            hint = _REJECTED_HINT
        hint = hint.format(port=port, address=address)
        diagnosis = self._diagnose(failure)
        if diagnosis is not None:
            reason, hint = f"{reason}: {diagnosis.state}", diagnosis.hint
        error = NotConnected(f"{self.endpoint} cannot be reached ({reason})", hint)
        error.has_route = is_rejected or failure not in (*_NO_ROUTE, *_PROHIBITED)
        return error

    def _diagnose(self, failure: int) -> "Optional[Diagnosis]":
        address, now = self.endpoint.address, self._clock.now()
        if ":" in address or address.startswith(_LOOPBACK):
            return None
        is_new = self._diagnosed != (self.endpoint, failure)
        if is_new or now - self._diagnosed_at >= _DIAGNOSIS_S:
            from .diagnosis import diagnose_here

            self._diagnosis = diagnose_here(self.endpoint, failure)
            self._diagnosed, self._diagnosed_at = (self.endpoint, failure), now
        return self._diagnosis

    def _win(self, connection: BoundedSocket) -> BoundedSocket:
        self._pending = [kept for kept in self._pending if kept[1] is not connection]
        self.close()
        self._silent_since = None
        return connection

    def _forget(self, connection: BoundedSocket) -> None:
        connection.close()
        self._pending = [kept for kept in self._pending if kept[1] is not connection]

    def _drop_old(self) -> None:
        now = self._clock.now()
        for began, connection in self._pending:
            if now - began > _PENDING_S:
                self._forget(connection)

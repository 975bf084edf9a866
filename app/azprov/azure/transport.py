"""Sends one HTTP request and reads its reply, within limits of time and size.

It follows no redirect, reads no proxy variable, decodes no body and retries nothing.
replies.py decides what a reply means, and retry_loop.py whether to ask again.
"""

import logging
import socket
from contextlib import closing
from http.client import HTTPException, HTTPMessage, HTTPResponse
from typing import Any, Callable, Mapping, NamedTuple, Optional, cast

from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError

from ..errors import BrokenReply
from ..formats.platform.xml import LIMIT_BYTES
from ..formats.text import printable, seconds
from ..system.clock import Clock
from .dial import BoundedSocket, Dialer, OutOfBounds
from .endpoint import Endpoint

# How long one poll waits for a connection, and the time from one poll to the next.
POLL_S = 0.05
# Without a route, a poll waits this long for the kernel to report a change. It does not
# report every change: the rules that select a routing table are an exception.
_ROUTE_POLL_S = 1.0
# The limit for a body with the framing of its chunks.
_LIMIT_BYTES = LIMIT_BYTES + (256 << 10)
# The platform sends less than 1 kB of headers. The standard library would read 100
# headers of 64 KiB, and can take minutes to parse one of them.
_LIMIT_HEAD_BYTES = 16 << 10
_LARGE = f"a reply of more than {LIMIT_BYTES} bytes"
_LARGE_HEAD = f"headers of more than {_LIMIT_HEAD_BYTES} bytes"
_PIECE_BYTES = 64 << 10
# How long to wait for a body when the status alone decides.
_SPARE_BODY_S = 2.0
_NOT_SUCCESS = 300

log = logging.getLogger(__name__)

# The progress of a wait, several times a second, and an empty text at its end: for the
# last line of a terminal. The level is below DEBUG, so that -v does not turn it on.
PROGRESS = 5
progress = logging.getLogger(__name__ + ".progress")


class Reply(NamedTuple):
    status: int
    reason: str
    headers: Mapping[str, str]
    body: bytes

    def __str__(self) -> str:
        return f"{self.status} {printable(self.reason, 60)}".rstrip()


class Transport:
    """Sends requests to one endpoint, each over a new connection."""

    def __init__(
        self, endpoint: Endpoint, clock: Clock, locate: Optional[Callable[[], Endpoint]] = None
    ) -> None:
        """`locate` is called before each request; None if the endpoint is fixed."""
        self._clock = clock
        self._dialer = Dialer(endpoint, clock, locate)

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint of the last request, or of the first one to come."""
        return self._dialer.endpoint

    def send(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        bound_s: float,
        body: Optional[bytes] = None,
        body_matters: bool = True,
    ) -> Reply:
        """Send a request and read its reply within bound_s, connecting included.

        The reply's body is at most 1 MiB. If the body does not matter, which is so for
        every status from 300 on, a broken body is not an error, and may be returned
        incomplete or empty. Raises NotConnected or BrokenReply.
        """
        connection = self._dialer.connect(
            patience_s=min(POLL_S, bound_s), route_patience_s=min(_ROUTE_POLL_S, bound_s)
        )
        connection.bound(
            self._clock, seconds=bound_s, limit_bytes=_LIMIT_HEAD_BYTES, what=_LARGE_HEAD
        )
        log.debug("> %s http://%s%s", method, self.endpoint, target)
        progress.log(
            PROGRESS, "waiting up to %s for a reply from %s", seconds(bound_s), self.endpoint
        )
        pool = _DialedPool(self.endpoint.address, self.endpoint.port, dial=lambda: connection)
        try:
            response = pool.urlopen(
                method,
                target,
                body=body,
                headers=headers,
                retries=False,
                redirect=False,
                preload_content=False,
                decode_content=False,
                enforce_content_length=True,
            )
            with closing(response):
                body_matters = body_matters and response.status < _NOT_SUCCESS
                limit_s = bound_s if body_matters else _SPARE_BODY_S
                connection.bound(
                    self._clock, seconds=limit_s, limit_bytes=_LIMIT_BYTES, what=_LARGE
                )
                content = _read(response, body_matters=body_matters)
        except _FAILURES as error:
            self._dialer.distrust()
            raise BrokenReply(
                f"{self.endpoint} sent {_description(error, bound_s)}",
                "check what answers at that address, and whether a proxy or filter is in between",
            ) from error
        finally:
            pool.close()
            connection.close()
        reply = Reply(response.status, response.reason or "", response.headers, content)
        log.debug("< %s, %d bytes", reply, len(content))
        return reply

    def close(self) -> None:
        self._dialer.close()


# 101 is final: the connection switches to another protocol. RFC 9110, 15.2.
_INTERIM = range(102, 200)

# http.client raises ValueError for malformed headers and chunk sizes.
_FAILURES = (HTTPError, HTTPException, OSError, ValueError)


class _FinalResponse(HTTPResponse):
    """The final reply: http.client stops at each interim reply except 100."""

    def begin(self) -> None:
        super().begin()
        while self.status in _INTERIM:
            # http.client reads the next reply only if it has no headers yet.
            self.headers = cast(HTTPMessage, None)
            super().begin()


class _DialedConnection(HTTPConnection):
    """An HTTP connection over a socket that is already connected."""

    response_class = _FinalResponse

    def __init__(self, *args: Any, dial: Callable[[], BoundedSocket], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dial = dial

    def connect(self) -> None:
        self.sock = self._dial()


class _DialedPool(HTTPConnectionPool):
    ConnectionCls = _DialedConnection


def _read(response: Any, *, body_matters: bool) -> bytes:
    """The body. urllib3 reports a short one only when it is read to its end."""
    content = b""
    try:
        while True:
            piece = response.read(_PIECE_BYTES)
            if not piece:
                return content
            content += piece
            if len(content) > LIMIT_BYTES:
                raise OutOfBounds(_LARGE)
    except _FAILURES:
        if body_matters:
            raise
        return content


def _description(error: BaseException, bound_s: float) -> str:
    """What the server sent, by the innermost error that urllib3 has wrapped."""
    inner: Optional[BaseException] = error
    while inner is not None:
        # urllib3 1.26 suppresses a TypeError of its own, which is irrelevant.
        context = None if inner.__suppress_context__ else inner.__context__
        error, inner = inner, inner.__cause__ or context
    if isinstance(error, socket.timeout):
        return f"no complete reply within {seconds(bound_s)}"
    if isinstance(error, OutOfBounds):
        return str(error)
    return f"no usable reply ({printable(str(error) or type(error).__name__, 100)})"

"""One request, one reply, over urllib3, with every bound set.

No redirect is followed, no proxy variable read, no body decoded, nothing tried
twice: what a reply means, and whether to ask again, is conversation.py's.
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
from ..formats.text import printable
from ..system.clock import Clock
from .dial import BoundedSocket, Dialer, OutOfBounds
from .endpoint import Endpoint

# How long one poll waits for a connection, and how far polls lie apart.
POLL_S = 0.05
# Where there is no route, and the kernel tells of each change, a poll waits so long for one.
# There are changes that it tells nobody, as of the rules that choose a table of routes.
_ROUTE_POLL_S = 1.0
# A body and the framing of its chunks.
_LIMIT_BYTES = LIMIT_BYTES + (256 << 10)
# Of headers, the platform sends under 1 kB. The standard library would read 100 of
# 64 KiB, and takes minutes over a single one of these.
_LIMIT_HEAD_BYTES = 16 << 10
_LARGE = f"a reply of over {LIMIT_BYTES} bytes"
_LARGE_HEAD = f"headers of over {_LIMIT_HEAD_BYTES} bytes"
_PIECE_BYTES = 64 << 10
# A body that only says more than the status already did is waited for this long.
_SPARE_BODY_S = 2.0
_NO_SUCCESS = 300

log = logging.getLogger(__name__)

# How a wait goes on, several times a second, empty when it is over: for the last line
# of a terminal. Below DEBUG, so that -v does not turn it on.
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
    """Sends requests to one endpoint, a connection each."""

    def __init__(
        self, endpoint: Endpoint, clock: Clock, locate: Optional[Callable[[], Endpoint]] = None
    ) -> None:
        """`locate` says before each request where it is by now, if that is not settled."""
        self._clock = clock
        self._dialer = Dialer(endpoint, clock, locate)

    @property
    def endpoint(self) -> Endpoint:
        """Where the last request went, or the first one will."""
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

        The reply's body is at most 1 MiB. Where it does not matter, as with
        every status from 300 on, what is wrong with it is no failure, and it may
        come out cut or empty. Raises NotConnected or BrokenReply.
        """
        connection = self._dialer.connect(
            patience_s=min(POLL_S, bound_s), route_patience_s=min(_ROUTE_POLL_S, bound_s)
        )
        connection.bound(
            self._clock, seconds=bound_s, limit_bytes=_LIMIT_HEAD_BYTES, what=_LARGE_HEAD
        )
        log.debug("> %s http://%s%s", method, self.endpoint, target)
        progress.log(PROGRESS, "asking %s, for %.0f s at most", self.endpoint, bound_s)
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
                body_matters = body_matters and response.status < _NO_SUCCESS
                seconds = bound_s if body_matters else _SPARE_BODY_S
                connection.bound(
                    self._clock, seconds=seconds, limit_bytes=_LIMIT_BYTES, what=_LARGE
                )
                content = _read(response, body_matters=body_matters)
        except _FAILURES as error:
            raise BrokenReply(
                f"{self.endpoint} {_said(error, bound_s)}",
                "look what answers at that address, and whether a proxy or filter is in between",
            ) from error
        finally:
            pool.close()
            connection.close()
        reply = Reply(response.status, response.reason or "", response.headers, content)
        log.debug("< %s, %d bytes", reply, len(content))
        return reply

    def close(self) -> None:
        self._dialer.close()


# 101 is final: it hands the connection over to another protocol. RFC 9110, 15.2.
_INTERIM = range(102, 200)

# http.client passes ValueError on from headers and chunk sizes that are none.
_FAILURES = (HTTPError, HTTPException, OSError, ValueError)


class _FinalResponse(HTTPResponse):
    """The reply that counts: http.client takes each interim one but 100 for it."""

    def begin(self) -> None:
        super().begin()
        while self.status in _INTERIM:
            # By these it knows whether it has read a reply.
            self.headers = cast(HTTPMessage, None)
            super().begin()


class _DialedConnection(HTTPConnection):
    """An HTTP connection over a socket that is connected already."""

    response_class = _FinalResponse

    def __init__(self, *args: Any, dial: Callable[[], BoundedSocket], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dial = dial

    def connect(self) -> None:
        self.sock = self._dial()


class _DialedPool(HTTPConnectionPool):
    ConnectionCls = _DialedConnection


def _read(response: Any, *, body_matters: bool) -> bytes:
    """The body. urllib3 tells a short one only to who reads on until nothing comes."""
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


def _said(error: BaseException, bound_s: float) -> str:
    """What happened, from the innermost error that urllib3 has wrapped."""
    inner: Optional[BaseException] = error
    while inner is not None:
        # urllib3 1.26 suppresses a TypeError of its own that is nobody's business.
        context = None if inner.__suppress_context__ else inner.__context__
        error, inner = inner, inner.__cause__ or context
    if isinstance(error, socket.timeout):
        return f"gave no complete reply within {bound_s:.3g} s"
    if isinstance(error, OutOfBounds):
        return f"gave {error}"
    return f"broke off ({printable(str(error) or type(error).__name__, 100)})"

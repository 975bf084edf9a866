"""Ports for the tests: a fake clock, fake command runners, and raw servers."""

import socket
import threading
from types import TracebackType
from typing import Callable, List, Optional, Sequence, Type

from azprov.azure.endpoint import Endpoint
from azprov.system.clock import Clock
from azprov.system.commands import Commands


class FakeClock(Clock):
    """A clock that moves only by `sleep` and `spend`."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.sleeps: List[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.sleeps.append(seconds)
        self.time += seconds

    def wall_time(self) -> float:
        return 1_795_317_600 - 1000.0 + self.time

    def spend(self, seconds: float) -> None:
        self.time += seconds

    def timestamp(self) -> str:
        return "2026-11-22T03:20:00+00:00"


class NoCommands(Commands):
    """Fails if a program is run."""

    def output(
        self,
        command: Sequence[str],
        *,
        limit_s: float,  # noqa: ARG002 - a port
    ) -> Optional[bytes]:
        raise AssertionError(command)


class Recorder(Commands):
    """Records the programs; each one succeeds, or each one fails."""

    def __init__(self, *, well: bool = True) -> None:
        self.commands: List[List[str]] = []
        self._well = well

    def output(
        self,
        command: Sequence[str],
        *,
        limit_s: float,  # noqa: ARG002 - a port
    ) -> Optional[bytes]:
        self.commands.append(list(command))
        return b"" if self._well else None


class RawServer:
    """Listens on loopback and passes each connection to a function, one at a time.

    The function can use the socket in ways that an HTTP library would not.
    """

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self.connections = 0

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(*self._listener.getsockname()[:2])

    def __enter__(self) -> "RawServer":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                try:
                    self._serve(connection)
                except OSError:
                    continue  # the client closed its connection, as some tests want


def read_request(connection: socket.socket) -> bytes:
    """A request with its whole body. Raises OSError if the connection ends before."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _received(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        body += _received(connection)
    return head + b"\r\n\r\n" + body


def _received(connection: socket.socket) -> bytes:
    received = connection.recv(65536)
    if not received:
        raise ConnectionResetError
    return received


def replying(
    *replies: bytes, seen: Optional[List[bytes]] = None
) -> Callable[[socket.socket], None]:
    """Serves one reply per connection, and repeats the last one; `seen` gets the requests."""
    left = list(replies)

    def serve(connection: socket.socket) -> None:
        request = read_request(connection)
        if seen is not None:
            seen.append(request)
        connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    return serve

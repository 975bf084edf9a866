"""A platform that misbehaves at every layer, over bare sockets, by a script for each request.

Written apart from the product and its simulated platform. It listens at an
address of its own in 127.0.0.0/8 and below the ports that clients are given, so
that a port which refuses is nobody else's meanwhile.
"""

import errno
import os
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Callable, List, NamedTuple, Optional, Sequence

from ports import read_request

PORT = 20080
TRAP_PORT = 20081
# A test's connection that is still held then has been forgotten.
_FORGOTTEN_S = 90.0
_KINDS = {b"GET /machine?": "goal state", b"POST /machine": "health", b"GET /metadata": "metadata"}
_KIND_BYTES = 13


def own_address(number: int) -> str:
    """A loopback address that no other run of the tests is likely to use."""
    packed = (os.getpid() % 1024) << 12 | number % 4096
    return f"127.{64 + (packed >> 16)}.{packed >> 8 & 255}.{packed & 255}"


class Exchange:
    """One connection to the platform, before its request is read."""

    def __init__(self, connection: socket.socket, platform: "Platform", kind: str) -> None:
        self.connection = connection
        self.platform = platform
        self.address = connection.getsockname()[0]
        self._kind = kind

    def read(self) -> None:
        """Read the request, and note it."""
        request = read_request(self.connection)
        if self._kind == "health":
            self.platform.reports.append(request.partition(b"\r\n\r\n")[2])

    def send(self, raw: bytes) -> None:
        self.connection.sendall(raw)

    def hold(self) -> None:
        """Do nothing until the client goes."""
        while self.connection.recv(65536):
            pass

    def reset(self) -> None:
        """Go without a goodbye: the client gets a reset."""
        self.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
        )
        self.connection.close()


Act = Callable[[Exchange], None]


class Script(NamedTuple):
    """What is done with each request of a kind, the last act again and again."""

    goal_state: Sequence[Act]
    health: Sequence[Act]
    metadata: Sequence[Act]


class Trap:
    """Listens, and must never be spoken to; a pipe that must never be read lies beside it."""

    def __init__(self, address: str, folder: Path) -> None:
        self._listener = socket.create_server((address, TRAP_PORT))
        self._listener.setblocking(False)
        self.endpoint = f"{address}:{TRAP_PORT}"
        #: Whoever opens it waits for ever.
        self.pipe = folder / "trap"
        os.mkfifo(self.pipe)

    def is_touched(self) -> bool:
        """Whether anybody has connected, be it for a moment."""
        try:
            self._listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self._listener.close()


class Platform:
    """Both services at one address. `hears` says whether it listens from the start."""

    def __init__(self, address: str, script: Script, *, pipe: str, hears: bool) -> None:
        self._address = (address, PORT)
        self._left = {
            "goal state": list(script.goal_state),
            "health": list(script.health),
            "metadata": list(script.metadata),
        }
        self._lock = threading.Lock()
        self._listeners: List[socket.socket] = []
        self._connections: List[socket.socket] = []
        self.endpoint = f"{address}:{PORT}"
        #: That of the trap.
        self.pipe = pipe
        #: The documents that were posted.
        self.reports: List[bytes] = []
        #: When the first connection came, by the monotonic clock.
        self.contacted_at: Optional[float] = None
        self.contacted = threading.Event()
        if hears:
            self.hear()

    def hear(self) -> None:
        """Listen, after a time of refusing or of deafness."""
        self.refuse()
        listener = self._listen(100)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def hear_after(self, seconds: float) -> None:
        time.sleep(seconds)
        self.hear()

    def refuse(self) -> None:
        """Have nobody listen, from now on."""
        for listener in self._listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self._listeners = []

    def deafen(self) -> None:
        """Leave attempts to connect unanswered, from now on: the queue for them is full."""
        self.refuse()
        self._listen(0)
        self._listeners.append(socket.create_connection(self._address))

    def close(self) -> None:
        self.refuse()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _listen(self, backlog: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(self._address)
        listener.listen(backlog)
        self._listeners.append(listener)
        return listener

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if not self.contacted.is_set():
                self.contacted_at = time.monotonic()
                self.contacted.set()
            connection.settimeout(_FORGOTTEN_S)
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # The client may go at any moment, which is what many rows are about.
        with connection, suppress(OSError):
            kind = _kind_of(connection)
            with self._lock:
                left = self._left[kind]
                act = left.pop(0) if len(left) > 1 else left[0]
            act(Exchange(connection, self, kind))


def _kind_of(connection: socket.socket) -> str:
    """What is asked for, without reading it."""
    while True:
        begin = connection.recv(_KIND_BYTES, socket.MSG_PEEK)
        if len(begin) == _KIND_BYTES:
            return _KINDS[begin]
        if not begin:
            raise OSError(errno.ECONNABORTED, "nothing was asked")
        time.sleep(0.01)

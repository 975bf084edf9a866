"""A platform that misbehaves at every layer, with plain sockets and a script for each request.

It shares no code with the product or its simulated platform. It listens at its own
address in 127.0.0.0/8, on a port below those that clients get, so that no other
program can use the port while it is closed.
"""

import errno
import os
import random
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Callable, List, NamedTuple, Optional, Sequence

from ports import read_request

PORT = 20080
TRAP_PORT = 20081
RESERVATION_PORT = 20082
# A connection that is held longer was forgotten by its test.
_FORGOTTEN_S = 90.0
_KINDS = {b"GET /machine?": "goal state", b"POST /machine": "health", b"GET /metadata": "metadata"}
_KIND_BYTES = 13


class Addresses:
    """A block of 4096 loopback addresses, reserved by a socket until `close`.

    The socket keeps the block from other test runs on this machine, and from those in other PID
    namespaces too: they share the loopback interface, but not the numbers of processes.
    """

    def __init__(self) -> None:
        for block in random.sample(range(1024), 1024):
            with suppress(OSError):
                self._reservation = socket.create_server((_address(block, 0), RESERVATION_PORT))
                self._block = block
                return
        raise OSError(errno.EADDRINUSE, "another test run has each of the 1024 blocks")

    def __getitem__(self, number: int) -> str:
        """Address *number* of the block, from 0 to 4095."""
        return _address(self._block, number)

    def close(self) -> None:
        self._reservation.close()


def _address(block: int, number: int) -> str:
    packed = block << 12 | number
    return f"127.{64 + (packed >> 16)}.{packed >> 8 & 255}.{packed & 255}"


class Exchange:
    """A connection to the platform; its request is not read yet."""

    def __init__(self, connection: socket.socket, platform: "Platform", kind: str) -> None:
        self.connection = connection
        self.platform = platform
        self.address = connection.getsockname()[0]
        self._kind = kind

    def read(self) -> None:
        """Read the request, and record a report."""
        request = read_request(self.connection)
        if self._kind == "health":
            self.platform.reports.append(request.partition(b"\r\n\r\n")[2])

    def send(self, raw: bytes) -> None:
        self.connection.sendall(raw)

    def hold(self) -> None:
        """Do nothing until the client closes the connection."""
        while self.connection.recv(65536):
            pass

    def reset(self) -> None:
        """Reset the connection."""
        self.connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00"
        )
        self.connection.close()


Act = Callable[[Exchange], None]


class Script(NamedTuple):
    """The acts for the requests of each kind; the last act is repeated."""

    goal_state: Sequence[Act]
    health: Sequence[Act]
    metadata: Sequence[Act]


class Trap:
    """A port that must get no connection, and a pipe that must never be opened."""

    def __init__(self, address: str, folder: Path) -> None:
        self._listener = socket.create_server((address, TRAP_PORT))
        self._listener.setblocking(False)
        self.endpoint = f"{address}:{TRAP_PORT}"
        #: Opening it blocks for ever.
        self.pipe = folder / "trap"
        os.mkfifo(self.pipe)

    def is_touched(self) -> bool:
        """Whether there was any connection, even a short one."""
        try:
            self._listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        self._listener.close()


class Platform:
    """Both services at one address. `listens` says whether it listens from the start."""

    def __init__(self, address: str, script: Script, *, pipe: str, listens: bool) -> None:
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
        #: The path of the trap's pipe.
        self.pipe = pipe
        #: The posted documents.
        self.reports: List[bytes] = []
        #: The time of the first connection, by the monotonic clock.
        self.contacted_at: Optional[float] = None
        self.contacted = threading.Event()
        if listens:
            self.listen()

    def listen(self) -> None:
        """Listen again after `refuse` or `ignore`."""
        self.refuse()
        listener = self._listen(100)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def listen_after(self, seconds: float) -> None:
        time.sleep(seconds)
        self.listen()

    def refuse(self) -> None:
        """Refuse connections from now on."""
        for listener in self._listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self._listeners = []

    def ignore(self) -> None:
        """Leave connection attempts unanswered from now on, because the queue is full."""
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
        # The client may close the connection at any moment, as it does in many rows.
        with connection, suppress(OSError):
            kind = _kind_of(connection)
            with self._lock:
                left = self._left[kind]
                act = left.pop(0) if len(left) > 1 else left[0]
            act(Exchange(connection, self, kind))


def _kind_of(connection: socket.socket) -> str:
    """The kind of the request, without reading it from the socket."""
    while True:
        begin = connection.recv(_KIND_BYTES, socket.MSG_PEEK)
        if len(begin) == _KIND_BYTES:
            return _KINDS[begin]
        if not begin:
            raise OSError(errno.ECONNABORTED, "nothing was asked")
        time.sleep(0.01)

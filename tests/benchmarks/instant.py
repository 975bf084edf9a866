"""The platform of the benchmarks: both services on one port, which answer at once."""

import contextlib
import socket
import threading
import time
from typing import BinaryIO, Dict, List, Tuple

from sample_files import sample

# The links in the goal state are unreachable, so that no agent downloads more of it.
GOAL_STATE = sample("goal_state/version-2012-11-30.xml").replace(b"168.63.129.16:80", b"[::1]:9")
INSTANCE = sample("instance/vm.json")
VM_NAME = b"web01"
READY = (
    b"<ContainerId>6a1f2f0e-9d7c-4d0b-8e3a-51b7f0c2a901</ContainerId>",
    b"<InstanceId>0d3b5a51-6f6e-4a59-a2b1-7c1b0e9d4f11._web01</InstanceId>",
    b"<State>Ready</State>",
)


class InstantPlatform:
    """Accepts the requests of every subject, with a thread for each connection.

    Its port is bound from the start, and refuses connections until `open`.
    """

    def __init__(self, address: Tuple[str, int]) -> None:
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(address)
        #: The time at which the last byte of each Ready was read, by time.monotonic.
        self.ready_at: List[float] = []
        self.is_reported = threading.Event()
        #: The method and the target of every request.
        self.requests: List[str] = []

    @property
    def address(self) -> str:
        return "{}:{}".format(*self._listener.getsockname())

    @property
    def verdicts(self) -> List[str]:
        """The reports only, in the form of StrictWireServer."""
        return ["ready"] * len(self.ready_at)

    def open(self) -> None:
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as stream:
            while self._serve_one(connection, stream):
                pass

    def _serve_one(self, connection: socket.socket, stream: BinaryIO) -> bool:
        """Serve a request; returns whether the connection stays open for another one."""
        method, _, rest = stream.readline().decode("ascii").partition(" ")
        target = rest.rpartition(" ")[0]
        headers: Dict[str, str] = {}
        for line in iter(stream.readline, b"\r\n"):
            name, is_header, value = line.decode("ascii").partition(":")
            if not is_header:
                return False  # the client went away
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", "0")))
        now = time.monotonic()
        self.requests.append(f"{method} {target}")
        status, content = self._answer(method, target, headers, body)
        if method == "POST" and status == "200 OK":
            self.ready_at.append(now)
            self.is_reported.set()
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n\r\n"
        connection.sendall(head.encode("ascii") + content)
        return headers.get("connection", "").lower() != "close"

    def _answer(
        self, method: str, target: str, headers: Dict[str, str], body: bytes
    ) -> Tuple[str, bytes]:
        path, _, query = target.partition("?")
        if (method, query) == ("GET", "comp=goalstate") and "x-ms-version" in headers:
            return "200 OK", GOAL_STATE
        if (method, query) == ("POST", "comp=health") and all(part in body for part in READY):
            return "200 OK", b""
        if method == "GET" and headers.get("metadata", "").lower() == "true":
            if path == "/metadata/instance":
                return "200 OK", INSTANCE
            if path == "/metadata/instance/compute/name":
                return "200 OK", VM_NAME
        return "400 Bad Request", b""

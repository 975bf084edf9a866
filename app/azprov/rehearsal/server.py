"""A small HTTP server, for a service of the simulated platform."""

import re
import socket
import threading
import time
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from typing import Any, Callable, NamedTuple, Tuple, Type

from .scenario import Reply

# A delay as of a real platform, so that the client's earlier log lines are read first.
_LATENCY_S = 0.005
_POLL_S = 0.02
_LONGEST_BODY_BYTES = 1 << 20
# The client may be the system of an image in a VM. A client that is silent for this long is left.
_SILENCE_S = 30.0
# Further connections are closed at once. An agent has one or two.
_MOST_CONNECTIONS = 64
#: Loopback, with any free port.
LOOPBACK = ("127.0.0.1", 0)


class Request(NamedTuple):
    method: str
    target: str
    headers: Any
    body: bytes


class Server:
    """Sends the replies that `answer` returns, and logs each request and its reply."""

    def __init__(
        self,
        answer: Callable[[Request], Reply],
        log: Callable[[str], None],
        address: Tuple[str, int] = LOOPBACK,
    ) -> None:
        self._log = log
        # The port is bound but does not listen, so connections are refused.
        self._server = _HTTPServer(address, _handler(answer, log), bind_and_activate=False)
        self._server.server_bind()
        self._is_open = False
        self._opening = threading.Timer(0, self._open)

    @property
    def address(self) -> str:
        return f"{self._server.server_name}:{self._server.server_port}"

    def open_after(self, seconds: float) -> None:
        if not seconds:
            self._open()
            return
        self._opening = threading.Timer(min(seconds, threading.TIMEOUT_MAX), self._open_late)
        self._opening.start()

    def close(self) -> None:
        self._opening.cancel()
        if self._opening.is_alive():
            self._opening.join()
        if self._is_open:
            self._server.shutdown()
        self._server.server_close()

    def _open_late(self) -> None:
        self._log("can be reached from now on")
        self._open()

    def _open(self) -> None:
        self._is_open = True
        self._server.server_activate()
        # With the default, each server needs half a second to close.
        serve = partial(self._server.serve_forever, poll_interval=_POLL_S)
        threading.Thread(target=serve, daemon=True).start()


class _HTTPServer(ThreadingMixIn, HTTPServer):
    daemon_threads = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._free = threading.Semaphore(_MOST_CONNECTIONS)
        super().__init__(*args, **kwargs)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, of which there is a limited number."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            # This machine may not have room for another thread now.
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def server_bind(self) -> None:
        """Bind without the DNS lookup of HTTPServer, which asks for this machine's name."""
        # A server that closes connections first can otherwise not bind again for a minute.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that closed its connection."""


def _handler(
    answer: Callable[[Request], Reply], log: Callable[[str], None]
) -> Type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = _SILENCE_S

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length") or "0"
            is_sane = re.match(r"[0-9]{1,9}\Z", length) and int(length) <= _LONGEST_BODY_BYTES
            # Otherwise the body would be read as the next request.
            self.close_connection = self.close_connection or not is_sane
            self._answer(self.rfile.read(int(length)) if is_sane else b"")

        def _answer(self, body: bytes) -> None:
            time.sleep(_LATENCY_S)
            reply = answer(Request(self.command, self.path, self.headers, body))
            if reply.silent_s:
                log(f"does not answer {self.command} {self.path}")
                time.sleep(reply.silent_s)
            if not reply.status:
                log(f"closes the connection of {self.command} {self.path} without a reply")
                self.close_connection = True
                return
            phrase = self.responses.get(reply.status, ("",))[0]
            log(f"answers {self.command} {self.path} with {reply.status} {phrase}")
            self.send_response(reply.status)
            self.send_header("Content-Length", str(len(reply.body)))
            for header in reply.headers:
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            """Keep the log of the standard library off stderr."""

    return Handler

"""The simulated platform: a WireServer on loopback that follows a scenario.

It is strict, as the real one may be: a report that is not for the present goal
state, or not in the documented form, is refused.
"""

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import ThreadingMixIn
from types import TracebackType
from typing import Any, Callable, List, Optional, Type

from ..azure.wireserver import GOAL_STATE_TARGET, HEALTH_TARGET, PROTOCOL_VERSION
from ..documents.goal_state import GoalState, render_goal_state
from ..documents.health import HealthReport, parse_health_report
from ..errors import DocumentError
from .scenarios import Reply, Scenario

_CONTAINER_ID = "2c6e5e1b-74a1-4d62-9a6c-5f2f0d7b9b11"
_INSTANCE_ID = "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90._rehearsal"

_XML = "text/xml; charset=utf-8"
_LONGEST_REPORT_BYTES = 1 << 20
# No platform answers at once; what the client said before its request is read meanwhile.
_LATENCY_S = 0.005


class Platform:
    """A WireServer that is there while the context is open.

    `say` is called with a line for each request and what it was answered.
    """

    def __init__(self, scenario: Scenario, say: Callable[[str], None]) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._goal_states = list(scenario.goal_states)
        self._reports = list(scenario.reports)
        self._goal_state = GoalState("1", _CONTAINER_ID, _INSTANCE_ID)
        #: What was acknowledged, in the order it came.
        self.acknowledged: List[HealthReport] = []
        # Bound but not listening: a connection attempt is refused.
        self._server = _Server(("127.0.0.1", 0), _handler(self), bind_and_activate=False)
        self._server.server_bind()
        self._closed_s = scenario.closed_s
        self._opening = threading.Timer(scenario.closed_s, self._open_late)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Platform":
        if self._closed_s:
            self._opening.start()
        else:
            self._open()
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self._opening.cancel()
        if self._closed_s:
            self._opening.join()
        if self._server.is_serving:
            self._server.shutdown()
        self._server.server_close()

    def _open_late(self) -> None:
        self._say("the platform can be reached from here on")
        self._open()

    def _open(self) -> None:
        self._server.is_serving = True
        self._server.server_activate()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def answer(self, method: str, target: str, headers: Any, body: bytes) -> Reply:
        """The reply to one request, by the scenario."""
        with self._lock:
            reply = self._judge(method, target, headers, body)
            if reply.moves_on:
                incarnation = str(int(self._goal_state.incarnation) + 1)
                self._goal_state = self._goal_state._replace(incarnation=incarnation)
            return reply

    def _judge(self, method: str, target: str, headers: Any, body: bytes) -> Reply:
        if headers.get("x-ms-version") != PROTOCOL_VERSION:
            return Reply(400)
        if (method, target) == ("GET", GOAL_STATE_TARGET):
            if self._goal_states:
                return self._goal_states.pop(0)
            return Reply(200, render_goal_state(self._goal_state))
        if (method, target) == ("POST", HEALTH_TARGET):
            if self._reports:
                return self._reports.pop(0)
            return self._judge_report(headers, body)
        return Reply(404)

    def _judge_report(self, headers: Any, body: bytes) -> Reply:
        if not headers.get("Content-Type", "").startswith("text/xml"):
            return Reply(415)
        try:
            report = parse_health_report(body)
        except DocumentError:
            return Reply(400)
        if GoalState(*report[:3]) != self._goal_state:
            return Reply(410)
        self.acknowledged.append(report)
        return Reply(200)

    def log(self, method: str, target: str, reply: str) -> None:
        self._say(f"{method} {target} is answered {reply}")


class _Server(ThreadingMixIn, HTTPServer):
    daemon_threads = True
    is_serving = False

    def server_bind(self) -> None:
        """Bind without asking DNS for our own name, as HTTPServer does."""
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no matter of the transcript."""


def _handler(platform: Platform) -> Type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length") or "0"
            is_sane = length.isdigit() and int(length) <= _LONGEST_REPORT_BYTES
            self._answer(self.rfile.read(int(length)) if is_sane else b"")

        def _answer(self, body: bytes) -> None:
            time.sleep(_LATENCY_S)
            reply = platform.answer(self.command, self.path, self.headers, body)
            phrase = self.responses.get(reply.status, ("",))[0]
            platform.log(self.command, self.path, f"{reply.status} {phrase}")
            self.send_response(reply.status)
            self.send_header("Content-Type", _XML)
            self.send_header("Content-Length", str(len(reply.body)))
            for header in reply.headers:
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            """The platform says what happens, not this class to stderr."""

    return Handler

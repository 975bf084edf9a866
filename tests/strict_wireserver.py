"""A WireServer that accepts only the documented requests, to the letter.

It is written with plain sockets and shares no code with the product or its simulated
platform, so that it can judge both.
"""

import socket
import threading
from contextlib import contextmanager
from typing import Dict, Iterator, List, Tuple

GOAL_STATE = b"""\
<?xml version="1.0" encoding="utf-8"?>
<GoalState xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" \
xmlns:xsd="http://www.w3.org/2001/XMLSchema" xsi:noNamespaceSchemaLocation="goalstate10.xsd">
  <Version>2012-11-30</Version>
  <Incarnation>7</Incarnation>
  <Machine>
    <ExpectedState>Started</ExpectedState>
    <StopRolesDeadlineHint>300000</StopRolesDeadlineHint>
    <LBProbePorts>
      <Port>16001</Port>
    </LBProbePorts>
    <ExpectHealthReport>FALSE</ExpectHealthReport>
  </Machine>
  <Container>
    <ContainerId>d4c53c0f-95c7-4ee4-9c1e-9a0d2b7f6c55</ContainerId>
    <RoleInstanceList>
      <RoleInstance>
        <InstanceId>8f0e1d7a-0b5e-4a3c-b8d4-6d1f0c9e2b71._strict</InstanceId>
        <State>Started</State>
      </RoleInstance>
    </RoleInstanceList>
  </Container>
</GoalState>
"""

READY = (
    b'<?xml version="1.0" encoding="utf-8"?>'
    b"<Health><GoalStateIncarnation>7</GoalStateIncarnation>"
    b"<Container><ContainerId>d4c53c0f-95c7-4ee4-9c1e-9a0d2b7f6c55</ContainerId>"
    b"<RoleInstanceList><Role>"
    b"<InstanceId>8f0e1d7a-0b5e-4a3c-b8d4-6d1f0c9e2b71._strict</InstanceId>"
    b"<Health><State>Ready</State></Health>"
    b"</Role></RoleInstanceList></Container></Health>"
)

READY_BY_JSON = b'{"state":"Ready"}'


class StrictWireServer:
    """Serves one connection after the other.

    `verdicts` has a line for each request. `knocks` counts the connections without a
    request: a first boot makes one if the metadata service does not answer at once.
    """

    def __init__(self, address: Tuple[str, int]) -> None:
        self.listener = socket.create_server(address)
        host, port = self.listener.getsockname()[:2]
        self._host = host if port == 80 else f"{host}:{port}"
        self.verdicts: List[str] = []
        self.knocks = 0

    def serve(self) -> None:
        """Serve until the listener is shut down."""
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                self._serve_one(connection)

    def _serve_one(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as stream:
            request = stream.readline()
            if not request:
                self.knocks += 1
                return
            method, target, version = request.decode("ascii").split()
            headers: Dict[str, str] = {}
            for line in iter(stream.readline, b"\r\n"):
                name, _, value = line.decode("ascii").partition(":")
                key = name.lower()
                if key in headers:
                    self.verdicts.append(f"header {name} twice")
                headers[key] = value.strip()
            body = stream.read(int(headers.get("content-length", "0")))
        verdict = self.judge(method, target, version, headers, body)
        self.verdicts.append(verdict)
        if verdict == "goal state":
            content = GOAL_STATE
            head = "HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8"
        else:
            content = b""
            status = {"ready": "200 OK", "ready by JSON": "201 Created"}
            head = "HTTP/1.1 " + status.get(verdict, "400 Bad Request")
        head += f"\r\nServer: Microsoft-IIS/10.0\r\nContent-Length: {len(content)}\r\n\r\n"
        connection.sendall(head.encode("ascii") + content)

    def judge(
        self, method: str, target: str, version: str, headers: Dict[str, str], body: bytes
    ) -> str:
        if version != "HTTP/1.1":
            return f"protocol {version}"
        if headers.get("host") != self._host:
            return f"host {headers.get('host')}"
        for unwanted in ("transfer-encoding", "cookie", "authorization", "x-forwarded-for", "via"):
            if unwanted in headers:
                return f"header {unwanted}"
        if (method, target) == ("POST", "/provisioning/health"):
            return self.judge_json(headers, body)
        return self.judge_xml(f"{method} {target}", headers, body)

    def judge_xml(self, request: str, headers: Dict[str, str], body: bytes) -> str:
        if headers.get("x-ms-version") != "2012-11-30":
            return f"x-ms-version {headers.get('x-ms-version')}"
        if not headers.get("x-ms-agent-name", "").startswith("azprov/"):
            return f"x-ms-agent-name {headers.get('x-ms-agent-name')}"
        if request == "GET /machine?comp=goalstate":
            return "goal state" if not body else "a body with GET"
        if request == "POST /machine?comp=health":
            if headers.get("content-type") != "text/xml;charset=utf-8":
                return f"content-type {headers.get('content-type')}"
            return "ready" if body == READY else f"body {body!r}"
        return request

    def judge_json(self, headers: Dict[str, str], body: bytes) -> str:
        """The newer form, which azure-init uses: a POST that is answered with 201."""
        if not headers.get("x-ms-guest-agent-name", "").startswith("azprov/"):
            return f"x-ms-guest-agent-name {headers.get('x-ms-guest-agent-name')}"
        if headers.get("content-type") != "application/json":
            return f"content-type {headers.get('content-type')}"
        return "ready by JSON" if body == READY_BY_JSON else f"body {body!r}"


@contextmanager
def serving() -> Iterator[StrictWireServer]:
    """A server on a port of loopback, while the context is open."""
    server = StrictWireServer(("127.0.0.1", 0))
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server
    server.listener.shutdown(2)
    thread.join()
    server.listener.close()

"""The simulated platform: WireServer and the metadata service.

It follows a scenario, and is as strict as the real platform may be: it refuses a
report for an old goal state, and one that is not in the documented form.
"""

import threading
from types import TracebackType
from typing import Callable, List, NamedTuple, Optional, Tuple, Type

from ..azure.wireserver import GOAL_STATE_TARGET, HEALTH_TARGET, PROTOCOL_VERSION
from ..azure.wireserver_json import PROVISIONING_HEALTH_TARGET
from ..errors import DocumentError
from ..formats.platform.goal_state import GoalState
from ..formats.platform.health import (
    READY,
    HealthReport,
    parse_health_report,
)
from ..formats.platform.health_json import parse_json_health
from .agent_scenarios import OLD_GOAL_STATE
from .documents import VERSIONS, goal_state_document, role_documents, role_path
from .metadata_service import answer_metadata
from .scenario import Reply, Scenario
from .server import LOOPBACK, Request, Server

_CONTAINER_ID = "2c6e5e1b-74a1-4d62-9a6c-5f2f0d7b9b11"
_INSTANCE_ID = "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90._rehearsal"

#: The ids of the VM and of a second one, in the metadata service's form.
VM_IDS = ("b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90", "07e5d1f4-9c0b-4b57-8a44-63d7a6ac1f0e")

_JSON_AGENT = "x-ms-guest-agent-name"
#: The service of the host that walinuxagent asks, beside WireServer.
HOST_PLUGIN_PORT = 32526
_VERSIONS_TARGET = "/?comp=versions"
_PROVISIONING = "Provisioning"
_CERTIFICATE = "x-ms-guest-agent-public-x509-cert"
# Requests of walinuxagent that are taken, and of no consequence.
_TAKEN = ("/machine?comp=telemetrydata", "/machine?comp=roleProperties", "/HealthService")


WIRESERVER, METADATA_SERVICE = "WireServer", "metadata service"


class Exchange(NamedTuple):
    """A request and how it was answered; all text is the client's own."""

    #: WIRESERVER or METADATA_SERVICE.
    service: str
    method: str
    target: str
    #: The name that the client gives itself; empty if it gives none.
    agent: str
    status: int
    #: Whether the request is a health report.
    is_report: bool
    #: The state of a report that the reply acknowledges; empty for every other request.
    acknowledged: str


class Platform:
    """Both services; they run while the context is open.

    `log` is called with a line for each request and its reply. The services are on loopback if
    no other addresses are given.
    """

    def __init__(
        self,
        scenario: Scenario,
        log: Callable[[str], None],
        *,
        wireserver: Tuple[str, int] = LOOPBACK,
        imds: Tuple[str, int] = LOOPBACK,
        host_plugin: Tuple[str, int] = LOOPBACK,
    ) -> None:
        self._scenario = scenario
        self._log = log
        self._lock = threading.Lock()
        self._goal_states = list(scenario.goal_states)
        self._reports = list(scenario.reports)
        self._instances = list(scenario.instances)
        self._goal_state = GoalState(str(scenario.incarnation), _CONTAINER_ID, _INSTANCE_ID)
        #: The acknowledged reports, in order.
        self.acknowledged: List[HealthReport] = []
        #: Called when a report is acknowledged, before the reply is sent.
        self.on_acknowledged: Callable[[], None] = lambda: None
        #: Called with each request before its reply is sent, in the thread of the request.
        self.on_exchange: Callable[[Exchange], None] = lambda _exchange: None
        self.vm_id = VM_IDS[0]
        #: The number of requests to both services.
        self.requests = 0
        self.wireserver = Server(self._answer_wireserver, self._log_of(WIRESERVER), wireserver)
        self.imds = Server(self._answer_imds, self._log_of(METADATA_SERVICE), imds)
        # walinuxagent asks the host's plugin for settings of extensions. A host without this
        # service answers 404; where the port is closed, the agent gets no goal state.
        self._host_plugin = Server(
            lambda _request: Reply(404), self._log_of("HostGAPlugin"), host_plugin
        )

    def __enter__(self) -> "Platform":
        for server in (self.wireserver, self._host_plugin):
            server.open_after(self._scenario.closed_s)
        self.imds.open_after(self._scenario.imds_closed_s)
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        for server in (self.wireserver, self._host_plugin, self.imds):
            server.close()

    @property
    def ready_reports(self) -> int:
        """How often Ready was acknowledged."""
        return sum(report.state == READY for report in self.acknowledged)

    @property
    def failure_reports(self) -> int:
        """How many failures were acknowledged. NotReady with Provisioning says that it goes on."""
        return sum(report.state != READY and _is_final(report) for report in self.acknowledged)

    def relent(self) -> None:
        """Judge all later requests, where the scenario still had other replies."""
        with self._lock:
            self._goal_states.clear()
            self._reports.clear()
            self._instances.clear()

    def _log_of(self, service: str) -> Callable[[str], None]:
        def log(what: str) -> None:
            self._log(f"{service} {what}")

        return log

    def _answer_wireserver(self, request: Request) -> Reply:
        with self._lock:
            self.requests += 1
            acknowledged = len(self.acknowledged)
            reply = self._judge(request)
            new = self.acknowledged[acknowledged:]
            states = [report.state for report in new if _is_final(report)]
            self.on_exchange(_exchange(WIRESERVER, request, reply, "".join(states)))
            if reply.raises_incarnation:
                incarnation = str(int(self._goal_state.incarnation) + 1)
                self._goal_state = self._goal_state._replace(incarnation=incarnation)
            return reply

    def _judge(self, request: Request) -> Reply:
        if (request.method, request.target) == ("POST", PROVISIONING_HEALTH_TARGET):
            return self._reports.pop(0) if self._reports else self._judge_json(request)
        # Agents ask for both /machine?comp= and /machine/?comp=, and WireServer answers both.
        target = request.target.replace("/machine/?", "/machine?", 1)
        if (request.method, target) == ("GET", _VERSIONS_TARGET):
            return Reply(200, VERSIONS)
        if request.method == "POST" and target in _TAKEN:
            return Reply(200)
        if request.headers.get("x-ms-version") != PROTOCOL_VERSION:
            return Reply(400)
        if (request.method, target) == ("GET", GOAL_STATE_TARGET):
            if self._goal_states:
                return self._goal_states.pop(0)
            return Reply(200, goal_state_document(self._goal_state))
        if (request.method, target) == ("POST", HEALTH_TARGET):
            if self._reports:
                return self._reports.pop(0)
            return self._judge_xml(request)
        if request.method == "GET" and target.startswith(f"{role_path(self._goal_state)}?"):
            return self._document(target.partition("?")[2], request)
        return Reply(404)

    def _document(self, query: str, request: Request) -> Reply:
        """The reply with a document that the goal state names; those of an older one are gone."""
        if query.startswith("comp=certificates") and not request.headers.get(_CERTIFICATE):
            return Reply(400)
        documents = role_documents(self._goal_state)
        if query in documents:
            return Reply(200, documents[query])
        is_current = query.endswith(f"incarnation={self._goal_state.incarnation}")
        return Reply(404) if is_current else OLD_GOAL_STATE

    def _judge_xml(self, request: Request) -> Reply:
        if not request.headers.get("Content-Type", "").startswith("text/xml"):
            return Reply(415)
        try:
            report = parse_health_report(request.body)
        except DocumentError:
            return Reply(400)
        if GoalState(*report[:3]) != self._goal_state:
            return OLD_GOAL_STATE
        return self._acknowledge(report, 200)

    def _judge_json(self, request: Request) -> Reply:
        """The reply to a report in JSON, which names no goal state."""
        if request.headers.get("Content-Type") != "application/json":
            return Reply(415)
        if not request.headers.get(_JSON_AGENT):
            return Reply(400)
        try:
            health = parse_json_health(request.body)
        except DocumentError:
            return Reply(400)
        return self._acknowledge(HealthReport(*self._goal_state, *health), 201)

    def _acknowledge(self, report: HealthReport, status: int) -> Reply:
        self.acknowledged.append(report)
        self.on_acknowledged()
        return Reply(status)

    def _answer_imds(self, request: Request) -> Reply:
        with self._lock:
            self.requests += 1
            reply = self._metadata(request)
            self.on_exchange(_exchange(METADATA_SERVICE, request, reply, ""))
            return reply

    def _metadata(self, request: Request) -> Reply:
        if self._instances:
            return self._instances.pop(0)
        return answer_metadata(request, self._scenario, self.vm_id)


def _is_final(report: HealthReport) -> bool:
    """Whether it ends the provisioning. NotReady with Provisioning says that it goes on."""
    return report.details is None or report.details.substatus != _PROVISIONING


def _exchange(service: str, request: Request, reply: Reply, acknowledged: str) -> Exchange:
    headers = request.headers
    names = (headers.get(name) for name in ("x-ms-agent-name", _JSON_AGENT, "User-Agent"))
    target = request.target.replace("/machine/?", "/machine?", 1)
    is_report = request.method == "POST" and target in (HEALTH_TARGET, PROVISIONING_HEALTH_TARGET)
    return Exchange(
        service,
        request.method,
        request.target,
        next(filter(None, names), ""),
        reply.status,
        is_report,
        acknowledged,
    )

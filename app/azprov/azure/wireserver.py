"""The client of WireServer: it fetches the goal state and posts the health report.

Source: the page "Creating generalized images without a provisioning agent".
"""

from ..errors import DocumentError
from ..formats.platform.goal_state import GoalState, parse_goal_state
from .replies import judge
from .retry_loop import RetryLoop
from .transport import Reply, Transport

GOAL_STATE_TARGET = "/machine?comp=goalstate"
HEALTH_TARGET = "/machine?comp=health"
PROTOCOL_VERSION = "2012-11-30"

# walinuxagent allows a request 10 s, cloud-init up to 60 s. A report gets more time,
# because the platform may have accepted one that was cut off.
GET_S = 10.0
POST_S = 30.0

_HINT = "run azprov.pyz goal-state --raw to see the reply, and check for a proxy or filter"


class WireServer:
    """A client of one WireServer, within the deadline of one retry loop."""

    def __init__(self, transport: Transport, retry_loop: RetryLoop, *, agent_name: str) -> None:
        self._transport = transport
        self._retry_loop = retry_loop
        self._headers = {
            "x-ms-version": PROTOCOL_VERSION,
            "x-ms-agent-name": agent_name,
            "User-Agent": agent_name,
        }

    def fetch_document(self) -> bytes:
        """The bytes of the goal state. Makes one attempt; raises PlatformError."""
        reply = self._transport.send(
            "GET",
            GOAL_STATE_TARGET,
            headers=self._headers,
            bound_s=min(GET_S, self._retry_loop.left_s()),
        )
        request = f"goal state request to {self._transport.endpoint}"
        return judge(reply, accepted=range(200, 201), request=request).body

    def fetch_goal_state(self) -> GoalState:
        """Makes one attempt; raises PlatformError or DocumentError."""
        document = self.fetch_document()
        try:
            return parse_goal_state(document)
        except DocumentError as error:
            raise DocumentError(error.summary, _HINT) from error

    def post_health(self, document: bytes) -> Reply:
        """Post a health report; any 2xx acknowledges it.

        Makes one attempt; raises PlatformError.
        """
        reply = self._transport.send(
            "POST",
            HEALTH_TARGET,
            headers=dict(self._headers, **{"Content-Type": "text/xml;charset=utf-8"}),
            body=document,
            bound_s=min(POST_S, self._retry_loop.left_s()),
            body_matters=False,
        )
        request = f"health report to {self._transport.endpoint}"
        return judge(reply, accepted=range(200, 300), request=request)

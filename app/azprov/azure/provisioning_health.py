"""WireServer's newer way to take a health report: JSON, with no goal state before it.

Source: azure-init, as documents/health_json.py says.
"""

from ..errors import Refused
from .conversation import Conversation, judge
from .transport import Reply, Transport
from .wireserver import POST_S

PROVISIONING_HEALTH_TARGET = "/provisioning/health"

_NOT_FOUND = 404
_HINT = "something else than WireServer may answer there: look for a proxy or filter in between"


def post_json_health(
    transport: Transport, conversation: Conversation, document: bytes, *, agent_name: str
) -> Reply:
    """Post a report; any 2xx acknowledges it. One attempt; raises PlatformError."""
    reply = transport.send(
        "POST",
        PROVISIONING_HEALTH_TARGET,
        headers={
            "x-ms-guest-agent-name": agent_name,
            "User-Agent": agent_name,
            "Content-Type": "application/json",
        },
        body=document,
        bound_s=min(POST_S, conversation.left_s()),
        body_matters=False,
    )
    asked = f"the health report by JSON to {transport.endpoint}"
    # No goal state was fetched before, so that this may be the first answer of a proxy.
    if "html" in reply.headers.get("Content-Type", "").lower():
        raise Refused(f"{asked} was answered with a web page, {reply}", _HINT, status=reply.status)
    try:
        return judge(reply, accepted=range(200, 300), asked=asked)
    except Refused as error:
        if error.status != _NOT_FOUND:
            raise
        hint = "it may not know the newer form: report without --protocol json"
        raise Refused(
            error.summary, hint, status=error.status, retry_after_s=error.retry_after_s
        ) from error

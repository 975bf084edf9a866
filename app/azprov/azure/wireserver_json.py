"""Posting the health report in its newer form: JSON, which needs no goal state.

Source: azure-init; see formats/platform/health_json.py.
"""

from ..errors import Refused
from .replies import judge
from .retry_loop import RetryLoop
from .transport import Reply, Transport
from .wireserver import POST_S

PROVISIONING_HEALTH_TARGET = "/provisioning/health"

_NOT_FOUND = 404
_HINT = "check whether a proxy or filter answers instead of WireServer"


def post_json_health(
    transport: Transport, retry_loop: RetryLoop, document: bytes, *, agent_name: str
) -> Reply:
    """Post a report; any 2xx acknowledges it. Makes one attempt; raises PlatformError."""
    reply = transport.send(
        "POST",
        PROVISIONING_HEALTH_TARGET,
        headers={
            "x-ms-guest-agent-name": agent_name,
            "User-Agent": agent_name,
            "Content-Type": "application/json",
        },
        body=document,
        bound_s=min(POST_S, retry_loop.left_s()),
        body_matters=False,
    )
    request = f"JSON health report to {transport.endpoint}"
    # No goal state was fetched before, so this may be the first reply of a proxy.
    if "html" in reply.headers.get("Content-Type", "").lower():
        raise Refused(
            f"{request} failed: {reply}, with a web page (HTML)", _HINT, status=reply.status
        )
    try:
        return judge(reply, accepted=range(200, 300), request=request)
    except Refused as error:
        if error.status != _NOT_FOUND:
            raise
        hint = "this WireServer may not support JSON: report without --protocol json"
        raise Refused(
            error.summary, hint, status=error.status, retry_after_s=error.retry_after_s
        ) from error

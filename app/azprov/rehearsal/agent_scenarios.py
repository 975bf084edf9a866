"""The scenarios in which any agent that reports Ready has something to do.

Each row is something that Microsoft documents, or that was reported from Azure: CI is
canonical/cloud-init and WALA is Azure/WALinuxAgent, with the number of the report.
"""

from .scenario import IMAGE_NAME, Boot, Reply, Scenario

FOR_EVER = 1000
FOR_EVER_S = 1e6

RUNNING = "the VM is shown as running."

_HEAD = b'<?xml version="1.0" encoding="utf-8"?>'
UNAVAILABLE = Reply(503, b"<html><body>Service Unavailable</body></html>")
TOO_MANY = Reply(429, headers=(("Retry-After", "1"),))
FORBIDDEN = Reply(403, b"<html><body><h1>403 - Forbidden</h1></body></html>")
HTML = Reply(200, b"<html><body><p>Welcome to the guest network<br></body></html>")
TRUNCATED = Reply(
    200,
    _HEAD + b"<GoalState><Incarnation>1</Incarnation><Container><ContainerId>2c6e5e",
)
WITHOUT_IDS = Reply(
    200,
    _HEAD + b"<GoalState><Incarnation>1</Incarnation><Container><ContainerId></ContainerId>"
    b"</Container></GoalState>",
)
#: The reply to a report or a request for an old goal state (WALA #2960).
OLD_GOAL_STATE = Reply(410, _HEAD + b"<Error><Code>ResourceNotAvailable</Code></Error>")
GONE = OLD_GOAL_STATE._replace(raises_incarnation=True)
CLOSED = Reply(0)
# Longer than the time limit of one request that any agent has.
SILENT = Reply(0, silent_s=300.0)
# A closed port of loopback.
_PROXY = "http://127.0.0.1:9"

#: In the order of a table.
FOR_ANY_AGENT = (
    Scenario(
        name="healthy",
        story="the platform answers from the start",
        expected="the agent reports Ready once",
        meaning=RUNNING + " The next boot does nothing.",
    ),
    Scenario(
        name="restarted",
        story="the goal state has incarnation 3, as on a VM that the platform restarted",
        expected="the report has the incarnation of the goal state",
        meaning=RUNNING + " The report has the incarnation of the goal state.",
        incarnation=3,
    ),
    Scenario(
        name="network-late",
        story="nothing answers for the first 3 seconds",
        expected="the agent waits for the network, because nothing starts it again",
        meaning=RUNNING + " Ready was sent as soon as WireServer could be reached.",
        closed_s=3.0,
        imds_closed_s=3.0,
    ),
    Scenario(
        name="busy",
        story="WireServer answers 503, then 429 with Retry-After, then 503 to the report",
        expected="the agent asks again (WALA #95)",
        meaning=RUNNING + " WireServer was asked again after growing pauses.",
        goal_states=(UNAVAILABLE, TOO_MANY),
        reports=(UNAVAILABLE,),
    ),
    Scenario(
        name="forbidden",
        story="the first reply is 403 with a web page",
        expected="the agent asks again (WALA #142)",
        meaning=RUNNING + " WireServer was asked again.",
        goal_states=(FORBIDDEN,),
    ),
    Scenario(
        name="web-page",
        story="the first reply is 200 with a web page, as of a guest network",
        expected="the agent makes no report from it, and asks again",
        meaning=RUNNING + " No report was made from a bad reply.",
        goal_states=(HTML,),
    ),
    Scenario(
        name="half-document",
        story="the first goal state is cut off",
        expected="the agent makes no report from it, and asks again",
        meaning=RUNNING + " No report was made from a bad reply.",
        goal_states=(TRUNCATED,),
    ),
    Scenario(
        name="no-ids",
        story="the first goal state has no role instance",
        expected="the agent sends no empty ids, and asks again (WALA retries it)",
        meaning=RUNNING + " No report was made from a bad reply.",
        goal_states=(WITHOUT_IDS,),
    ),
    Scenario(
        name="cut-connection",
        story="the first connection is closed without a reply, and so is that of the first report",
        expected="the agent asks again",
        meaning=RUNNING + " WireServer was asked again.",
        goal_states=(CLOSED,),
        reports=(CLOSED,),
    ),
    Scenario(
        name="silent",
        story="the first request is accepted, and never answered",
        expected="the agent has a time limit for a request, and asks again",
        meaning=RUNNING + " WireServer was asked again after 10 seconds.",
        goal_states=(SILENT,),
    ),
    Scenario(
        name="ids-change",
        story="the first report is answered 410, and the goal state has a new incarnation",
        expected="the agent fetches the goal state again before the next report (WALA #2960)",
        meaning=RUNNING + " The second report has the new incarnation.",
        reports=(GONE,),
    ),
    Scenario(
        name="proxy",
        story="the environment names a proxy that does not answer",
        expected="the agent uses no proxy for the platform's addresses, as Microsoft documents",
        meaning=RUNNING + " No proxy was asked.",
        variables=(("http_proxy", _PROXY), ("HTTP_PROXY", _PROXY)),
    ),
    Scenario(
        name="refused",
        story="no report is ever acknowledged, and the deadline is short",
        expected="the agent does not end with exit code 0, and reports no failure",
        meaning=(
            "the VM is not ready. Azure restarts it, and the service, which stays enabled, "
            "tries again."
        ),
        boots=(Boot(exit_code=69),),
        reports=(UNAVAILABLE,) * FOR_EVER,
        timeout_s=5.0,
        ready_reports=0,
        is_disabled=False,
    ),
    Scenario(
        name="imds-busy",
        story="the metadata service answers 404, 410, 429 and 500, then well",
        expected="the agent asks again, or reports Ready without the metadata (CI #1271)",
        meaning=RUNNING + " It has its host name from Azure.",
        instances=(Reply(404), Reply(410), TOO_MANY, Reply(500)),
    ),
    Scenario(
        name="imds-down",
        story="the metadata service never answers",
        expected="the agent reports Ready, because a VM without its name is better than none",
        meaning=(
            "the VM is shown as running at once. azprov asks for the host name for 300 s more (2 s "
            "here), and then keeps the image's. The service fails and stays enabled, so the next "
            "boot asks again."
        ),
        boots=(Boot(exit_code=69),),
        imds_closed_s=FOR_EVER_S,
        imds_timeout_s=2.0,
        hostname=IMAGE_NAME,
        is_disabled=False,
    ),
)

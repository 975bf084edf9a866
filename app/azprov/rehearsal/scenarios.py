"""What can be rehearsed: how the platform behaves, and how it must end.

A scenario is data. A new one is a new entry of SCENARIOS; a new way to
misbehave is a new Reply.
"""

from typing import NamedTuple, Optional, Tuple


class Reply(NamedTuple):
    """One scripted reply of the platform, in place of the right one."""

    status: int
    body: bytes = b""
    headers: Tuple[Tuple[str, str], ...] = ()
    #: The platform moves the VM to its next incarnation with this reply.
    moves_on: bool = False


class Scenario(NamedTuple):
    name: str
    story: str
    #: What it means for a VM when it ends as it should.
    meaning: str
    #: Replies to the first requests for the goal state; after them the right one.
    goal_states: Tuple[Reply, ...] = ()
    #: Replies to the first health reports; after them they are judged.
    reports: Tuple[Reply, ...] = ()
    #: The platform's port is closed for so many seconds.
    closed_s: float = 0.0
    timeout_s: float = 60.0
    exit_code: int = 0
    ready_reports: int = 1


UNAVAILABLE = Reply(503, b"<html><body>Service Unavailable</body></html>")
TOO_MANY = Reply(429, headers=(("Retry-After", "1"),))
HTML = Reply(200, b"<html><body><p>Welcome to the guest network<br></body></html>")
TRUNCATED = Reply(
    200,
    b'<?xml version="1.0" encoding="utf-8"?><GoalState><Incarnation>1</Incarnation>'
    b"<Container><ContainerId>2c6e5e",
)
WITHOUT_IDS = Reply(
    200,
    b'<?xml version="1.0" encoding="utf-8"?><GoalState><Incarnation>1</Incarnation>'
    b"<Container><ContainerId></ContainerId></Container></GoalState>",
)
GONE = Reply(
    410,
    b'<?xml version="1.0" encoding="utf-8"?><Error><Code>ResourceNotAvailable</Code></Error>',
    moves_on=True,
)

_RUNNING = "Azure shows the VM as running, and boots on without interruption."

SCENARIOS = (
    Scenario(
        name="healthy",
        story="the platform answers from the start",
        meaning=_RUNNING,
    ),
    Scenario(
        name="network-late",
        story="nothing answers for the first 3 seconds",
        meaning=_RUNNING + " Ready went out as soon as it could be heard.",
        closed_s=3.0,
    ),
    Scenario(
        name="busy",
        story="the platform answers 503, then 429 with Retry-After, to both requests",
        meaning=_RUNNING + " It was asked again at a pace that it can bear.",
        goal_states=(UNAVAILABLE, TOO_MANY),
        reports=(UNAVAILABLE,),
    ),
    Scenario(
        name="wrong-answers",
        story="a web page, half a document and a goal state without ids come first",
        meaning=_RUNNING + " No report was made up from an answer that was none.",
        goal_states=(HTML, TRUNCATED, WITHOUT_IDS),
    ),
    Scenario(
        name="ids-change",
        story="the first report is answered 410, and the goal state moves on",
        meaning=_RUNNING + " The report names the incarnation that the platform asked for last.",
        reports=(GONE,),
    ),
    Scenario(
        name="refused",
        story="no report is ever acknowledged, and the deadline is short",
        meaning=(
            "Nothing is marked as done and the exit code says so: the boot service would "
            "stay armed, and try again after Azure's restart."
        ),
        reports=(UNAVAILABLE,) * 1000,
        timeout_s=4.0,
        exit_code=69,
        ready_reports=0,
    ),
)


def find_scenario(name: str) -> Optional[Scenario]:
    return next((scenario for scenario in SCENARIOS if scenario.name == name), None)

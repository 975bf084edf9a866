"""A row of the fault matrix, and the expected ends that rows share."""

import os
from typing import NamedTuple, Optional, Sequence, Tuple

from azprov.azure.replies import denied_hint
from faults.server import Act, Exchange, Script
from sample_files import sample

GOAL_STATE = sample("goal_state/version-2012-11-30.xml")
INSTANCE = sample("instance/vm.json")
READY_DOCUMENT = sample("health_report/ready.xml")


class End(NamedTuple):
    """An exit code and the last line, with SERVER, N and * for values that differ."""

    code: int
    line: str
    #: A line that comes before or after `line`: either may be the last.
    other: Optional[str] = None


READY = End(0, "Response: 200 OK")
#: Ready does not wait longer than a second for the host name, which then follows it.
PROVISIONED = READY._replace(other="Host name: web01-host")
#: stdout has the metadata; stderr may have lines about failed attempts.
SHOWN = End(0, "*")


class Ends(NamedTuple):
    """The end of the run for each kind of request, if every request of that kind gets the fault."""

    goal_state: End
    health: End
    metadata: End


class Row(NamedTuple):
    """A command, the script of its platform, and the expected end."""

    name: str
    command: Tuple[str, ...]
    script: Script
    end: End
    #: Counted from the first connection, or from the start without one.
    within_s: float
    #: The expected number of posted reports; the last is the documented Ready.
    posts: Optional[int] = None
    #: Texts that must be in lines of stderr, in this order.
    logged: Tuple[str, ...] = ()
    #: Whether the platform listens from the start.
    listens: bool = True
    env: Tuple[Tuple[str, str], ...] = ()
    #: The limit of open files; 0 is the machine's limit.
    files: int = 0


CLIENT_HINT = "check whether a proxy or another server answers at that address; -v shows its reply"
SERVER_HINT = "try again later: the platform may recover"
ROOT_HINT = denied_hint(is_root=os.geteuid() == 0)
BROKEN_HINT = "check what answers at that address, and whether a proxy or filter is in between"
GOAL_STATE_HINT = (
    "run azprov.pyz goal-state --raw to see the reply, and check for a proxy or filter"
)
INSTANCE_HINT = "check whether a proxy or filter answers instead of the metadata service"


def given_up(code: int, summary: str, hint: str) -> End:
    return End(code, f"azprov: gave up after N s: {summary}; {hint}")


def everywhere(end: End) -> Ends:
    return Ends(end, end, end)


#: The reply is valid, although unusual.
GOOD = Ends(READY, READY, SHOWN)
LATE = everywhere(given_up(69, "SERVER sent no complete reply within N s", BROKEN_HINT))
LARGE = everywhere(given_up(69, "SERVER sent a reply of more than 1048576 bytes", BROKEN_HINT))
#: The reply is too late or too large; the limit that it reaches first depends on the machine.
ENDLESS = everywhere(given_up(69, "SERVER sent *", BROKEN_HINT))
#: New releases of Python limit interim replies and trailers, with their own messages.
BOUNDED = everywhere(given_up(69, "SERVER *", BROKEN_HINT))
LARGE_HEAD = everywhere(given_up(69, "SERVER sent headers of more than 16384 bytes", BROKEN_HINT))


def broken(what: str) -> Ends:
    return everywhere(given_up(69, f"SERVER sent no usable reply ({what})", BROKEN_HINT))


def no_goal_state(summary: str) -> End:
    return given_up(76, summary, GOAL_STATE_HINT)


def no_instance(summary: str) -> End:
    return given_up(76, summary, INSTANCE_HINT)


def refused(status: str, hint: str) -> Ends:
    """The ends for a status that does not count as success."""
    return Ends(
        *(
            given_up(69, f"{request} to SERVER failed: {status}", hint)
            for request in ("goal state request", "health report", "metadata request")
        )
    )


NO_BODY = Ends(
    no_goal_state("goal state is empty"), READY, no_instance("instance metadata is not JSON")
)


def whatever_the_body(ends: Ends) -> Ends:
    """The same ends, except that a report is acknowledged by its status alone."""
    return ends._replace(health=READY)


def http(
    body: bytes = b"", *, status: str = "200 OK", head: str = "", length: bool = True
) -> bytes:
    """A reply, with Content-Length if `length` is true."""
    measured = f"Content-Length: {len(body)}\r\n" if length else ""
    return f"HTTP/1.1 {status}\r\n{head}{measured}\r\n".encode("latin-1") + body


def answer(*pieces: bytes) -> Act:
    """Read the request, send the pieces, and close the connection."""

    def act(exchange: Exchange) -> None:
        exchange.read()
        for piece in pieces:
            exchange.send(piece)

    return act


def script(
    goal_state: Sequence[Act] = (), health: Sequence[Act] = (), metadata: Sequence[Act] = ()
) -> Script:
    """A platform that is healthy except for the given acts."""
    return Script(
        goal_state or [answer(http(GOAL_STATE))],
        health or [answer(http())],
        metadata or [answer(http(INSTANCE))],
    )

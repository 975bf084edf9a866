"""A report as a whole: what WireServer is asked, in which order, and what is said of it."""

import logging
from typing import List, Tuple

import pytest

from azprov.azure.conversation import Conversation
from azprov.azure.transport import Transport
from azprov.azure.wireserver import WireServer
from azprov.boot.report import Reported, report
from azprov.errors import DocumentError, Refused
from azprov.formats.platform import health
from azprov.system.clock import Clock
from ports import FakeClock, RawServer, replying
from samples_of import sample

READY = sample("health_report/ready.xml")


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def status(line: str) -> bytes:
    return f"HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n".encode()


GOAL_STATE = ok(sample("goal_state/version-2012-11-30.xml"))
NEXT_GOAL_STATE = ok(sample("goal_state/version-2010-12-15.xml"))  # incarnation 3


def tell(
    *replies: bytes, dry_run: bool = False, timeout_s: float = 900
) -> Tuple[Reported, List[bytes]]:
    """Report Ready to a server with these replies; the waits take no time."""
    requests: List[bytes] = []
    waits = FakeClock()
    talk = Conversation(waits, timeout_s=timeout_s, jitter=lambda: 1.0)
    with RawServer(replying(*replies, seen=requests)) as server:
        wireserver = WireServer(Transport(server.endpoint, Clock()), talk, agent_name="test/1")
        told: List[int] = []
        reported = report(
            wireserver,
            talk,
            health.ready,
            before_post=lambda: told.append(len(requests)),
            dry_run=dry_run,
        )
        # Once, with a goal state at hand and no post sent; for a dry run never.
        gets = next((i for i, request in enumerate(requests) if request[:4] == b"POST"), None)
        assert told == ([] if dry_run else [gets])
        return reported, requests


def lines_of(request: bytes) -> List[str]:
    return request.partition(b"\r\n\r\n")[0].decode().split("\r\n")


def test_ready_is_one_get_and_one_post() -> None:
    """The goal state is fetched, its identifiers are posted, with the documented headers."""
    reported, requests = tell(GOAL_STATE, status("200 OK"))

    get, post = requests
    assert lines_of(get)[0] == "GET /machine?comp=goalstate HTTP/1.1"
    assert "x-ms-version: 2012-11-30" in lines_of(get)
    assert lines_of(post)[0] == "POST /machine?comp=health HTTP/1.1"
    assert "x-ms-version: 2012-11-30" in lines_of(post)
    assert "x-ms-agent-name: test/1" in lines_of(post)
    assert "Content-Type: text/xml;charset=utf-8" in lines_of(post)
    assert post.endswith(b"\r\n\r\n" + READY)
    assert reported.document == READY
    assert reported.reply is not None
    assert reported.reply.status == 200


@pytest.mark.parametrize("line", ["200 OK", "201 Created", "202 Accepted", "204 No Content"])
def test_any_2xx_acknowledges(line: str) -> None:
    """WireServer has been seen to answer 200, 201 and 202."""
    reported, requests = tell(GOAL_STATE, status(line))

    assert str(reported.reply) == line
    assert len(requests) == 2


def test_an_acknowledgement_with_a_broken_body_is_one() -> None:
    """It is not reported a second time."""
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<Ok"

    _, requests = tell(GOAL_STATE, cut)

    assert len(requests) == 2


@pytest.mark.parametrize(
    "line", ["199 Odd", "300 Multiple", "302 Found", "400 Bad", "410 Gone", "500 Error", "503 Busy"]
)
def test_the_goal_state_is_fetched_anew_before_every_post(line: str) -> None:
    """A report that was not acknowledged is made again from a new goal state."""
    _, requests = tell(GOAL_STATE, status(line), NEXT_GOAL_STATE, status("200 OK"))

    assert [lines_of(request)[0][:4] for request in requests] == ["GET ", "POST", "GET ", "POST"]
    assert b"<GoalStateIncarnation>1</GoalStateIncarnation>" in requests[1]
    assert b"<GoalStateIncarnation>3</GoalStateIncarnation>" in requests[3]


@pytest.mark.parametrize(
    "answer",
    [
        ok(sample("not_goal_state/error-403.html")),
        ok(sample("not_goal_state/truncated.xml")),
        ok(sample("not_goal_state/no-role-instance-list.xml")),
        ok(b""),
        status("503 Busy"),
        GOAL_STATE.replace(b"200 OK", b"201 Created"),
        GOAL_STATE.replace(b"200 OK", b"206 Partial Content"),
        b"",
    ],
)
def test_nothing_is_reported_on_a_guess(answer: bytes) -> None:
    """An answer that is no goal state is asked again, and never reported on."""
    _, requests = tell(answer, answer, GOAL_STATE, status("200 OK"))

    assert [lines_of(request)[0][:4] for request in requests] == ["GET ", "GET ", "GET ", "POST"]


def test_a_dry_run_posts_nothing() -> None:
    """The document is made from the real goal state, and that is all."""
    reported, requests = tell(GOAL_STATE, dry_run=True)

    assert reported.document == READY
    assert reported.reply is None
    assert len(requests) == 1


def test_never_acknowledged_is_refused() -> None:
    """A platform that keeps saying no is exit 69."""
    with pytest.raises(Refused, match="gave up after 9 s: health report to 127") as end:
        tell(*[GOAL_STATE, status("503 Busy")] * 20, timeout_s=10)

    assert end.value.exit_code == 69


def test_never_a_goal_state_is_a_document_error() -> None:
    """Answers that stay unusable are exit 76, with the way to look at them."""
    with pytest.raises(DocumentError, match="after 9 s: the reply is a web page") as end:
        tell(ok(sample("not_goal_state/error-403.html")), timeout_s=10)

    assert end.value.exit_code == 76
    assert "goal-state --raw" in end.value.hint


def test_the_account_keeps_the_lines_of_the_page(caplog: pytest.LogCaptureFixture) -> None:
    """People grep their journal for what the page's script prints."""
    with caplog.at_level(logging.INFO, "azprov"):
        tell(GOAL_STATE, status("200 OK"))

    assert caplog.messages == [
        "Retrieving goal state from the Wireserver",
        "ContainerId: 6a1f2f0e-9d7c-4d0b-8e3a-51b7f0c2a901",
        "InstanceId: 0d3b5a51-6f6e-4a59-a2b1-7c1b0e9d4f11._web01",
        "Incarnation: 1",
        "Sending the following data to Wireserver:",
        READY.decode(),
        "Response: 200 OK",
    ]


def test_the_account_says_a_thing_once(caplog: pytest.LogCaptureFixture) -> None:
    """A retry with the same goal state is one line."""
    with caplog.at_level(logging.INFO, "azprov"):
        tell(GOAL_STATE, status("503 Busy"), GOAL_STATE, status("200 OK"))

    retry, response = caplog.messages[6:]
    assert retry.startswith("health report to 127.0.0.1:")
    assert retry.endswith(" failed: 503 Busy; retrying in 1.0 s, 900 s left")
    assert response == "Response: 200 OK"


def test_hostile_identifiers_cannot_forge_a_line(caplog: pytest.LogCaptureFixture) -> None:
    """What comes from the network is shown on the line it belongs to."""
    document = sample("goal_state/version-2012-11-30.xml")
    hostile = document.replace(b"<Incarnation>1", "<Incarnation>1\nResponse: \x9b2J".encode())

    with caplog.at_level(logging.INFO, "azprov"):
        tell(ok(hostile), status("200 OK"))

    assert caplog.messages[3] == "Incarnation: 1?Response: ?2J"
    assert all(message.isprintable() for message in caplog.messages)

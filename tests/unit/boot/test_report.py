"""One report: its requests, their order and headers, and the log; over real sockets."""

import fcntl
import logging
from functools import partial
from pathlib import Path
from typing import List, Optional, Sequence, Tuple

import pytest

from azprov.azure.endpoint import Endpoint
from azprov.azure.transport import Reply, Transport
from azprov.azure.wireserver_probe import WireServerProbe
from azprov.boot.connect import Locate, Ports
from azprov.boot.report import Reported, failure_line, report_failure, report_ready
from azprov.boot.settings import WireServerSettings
from azprov.cli.signals import failure_of_stop
from azprov.errors import AzprovError, BrokenReply, DocumentError, NotConnected, Refused, Stopped
from azprov.formats.platform.kvp import parse_pool
from azprov.system.clock import Clock
from azprov.system.root import Root
from ports import FakeClock, RawServer, replying
from sample_files import sample
from unit.boot.scripted import Platform, Request, healthy_wireserver

READY = sample("health_report/ready.xml")


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)


def status(line: str) -> bytes:
    return f"HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n".encode()


GOAL_STATE = ok(sample("goal_state/version-2012-11-30.xml"))
NEXT_GOAL_STATE = ok(sample("goal_state/version-2010-12-15.xml"))  # incarnation 3


def network_without_waits() -> Ports:
    """The real network; the pauses between attempts take no time."""
    clock, pauses = Clock(), FakeClock()

    def probe(endpoint: Endpoint, _: Locate) -> WireServerProbe:
        raise AssertionError(endpoint)

    return Ports(
        pauses,
        jitter=lambda: 1.0,
        transport=lambda endpoint, locate: Transport(endpoint, clock, locate),
        probe=probe,
    )


@pytest.fixture
def root(tmp_path: Path) -> Root:
    """A machine with a KVP daemon and without a VM id."""
    pool = tmp_path / "var/lib/hyperv/.kvp_pool_1"
    pool.parent.mkdir(parents=True)
    pool.write_bytes(b"")
    return Root(str(tmp_path))


def kvp(root: Root) -> List[str]:
    """The values of the records in the pool."""
    pool = root.read("/var/lib/hyperv/.kvp_pool_1") or b""
    return [value for _, value in parse_pool(pool)]


def send(
    root: Root, *replies: bytes, dry_run: bool = False, timeout_s: float = 900
) -> Tuple[Reported, List[bytes]]:
    """Report Ready to a server with these replies; return the requests too."""
    requests: List[bytes] = []
    with RawServer(replying(*replies, seen=requests)) as server:
        settings = WireServerSettings(server.endpoint, "--wireserver", timeout_s, "test/1")
        return report_ready(network_without_waits(), root, settings, dry_run=dry_run), requests


def lines_of(request: bytes) -> List[str]:
    return request.partition(b"\r\n\r\n")[0].decode().split("\r\n")


def test_ready_is_one_get_and_one_post(root: Root) -> None:
    """The identifiers of the goal state are posted, with the documented headers."""
    reported, requests = send(root, GOAL_STATE, status("200 OK"))

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
def test_any_2xx_status_acknowledges_a_report(root: Root, line: str) -> None:
    """WireServer has been seen to answer 200, 201 and 202."""
    reported, requests = send(root, GOAL_STATE, status(line))

    assert str(reported.reply) == line
    assert len(requests) == 2


def test_an_acknowledgement_may_have_a_broken_body(root: Root) -> None:
    """The report is not sent a second time."""
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n<Ok"

    _, requests = send(root, GOAL_STATE, cut)

    assert len(requests) == 2


@pytest.mark.parametrize(
    "line", ["199 Odd", "300 Multiple", "302 Found", "400 Bad", "410 Gone", "500 Error", "503 Busy"]
)
def test_the_goal_state_is_fetched_again_before_every_post(root: Root, line: str) -> None:
    """A report that was refused is rendered again, from the new goal state."""
    _, requests = send(root, GOAL_STATE, status(line), NEXT_GOAL_STATE, status("200 OK"))

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
def test_nothing_is_reported_on_a_guess(root: Root, answer: bytes) -> None:
    """A reply that is not a valid goal state is requested again, and no report is posted."""
    _, requests = send(root, answer, answer, GOAL_STATE, status("200 OK"))

    assert [lines_of(request)[0][:4] for request in requests] == ["GET ", "GET ", "GET ", "POST"]


@pytest.mark.parametrize(
    ("ends", "last_line"),
    [
        (
            [],
            "interrupted; Azure may have received Ready; run it again, since a second Ready is "
            "harmless",
        ),
        (
            [NotConnected("it cannot be reached", "check the network")],
            "interrupted after 2 s: it cannot be reached; Azure may have received Ready; run it "
            "again, since a second Ready is harmless",
        ),
    ],
    ids=["the first post", "a later post"],
)
def test_a_signal_during_a_post_says_that_the_report_may_have_arrived(
    tmp_path: Path, ends: List[AzprovError], last_line: str
) -> None:
    """The signal comes when the request is sent and has no reply."""
    posts: List[BaseException] = [*ends, Stopped(2)]

    assert _last_line_of(tmp_path, posts) == last_line


def test_a_signal_after_a_post_without_a_reply_says_that_the_report_may_have_arrived(
    tmp_path: Path,
) -> None:
    """The platform may have acknowledged a report although the reply was lost."""
    broken = BrokenReply("it sent no complete reply", "check for a proxy")

    assert _last_line_of(
        tmp_path, [broken, NotConnected("it is gone", "check it"), Stopped(2)]
    ) == (
        "interrupted after 4 s: it is gone; Azure may have received Ready; run it again, since a "
        "second Ready is harmless"
    )


def test_a_signal_after_a_refused_post_says_nothing_about_the_report(tmp_path: Path) -> None:
    """A report that was refused has not been accepted, and the next one was not sent yet."""
    posts: List[BaseException] = [NotConnected("it is gone", "check it")]

    assert _last_line_of(tmp_path, posts, goal_states=[Stopped(2)]) == (
        "interrupted after 1 s: it is gone; check it"
    )


def test_a_signal_during_the_post_of_a_failure_says_that_it_is_final(tmp_path: Path) -> None:
    """A failure that Azure has received cannot be taken back."""
    assert _last_line_of(tmp_path, [Stopped(15)], failure="it broke") == (
        "stopped by SIGTERM; Azure may have received the failure report, which is final; run it "
        "again to be sure"
    )


def _last_line_of(
    tmp_path: Path,
    posts: List[BaseException],
    *,
    goal_states: Sequence[BaseException] = (),
    failure: str = "",
) -> str:
    """The last line of a report if the posts, and the later goal states, end like this."""
    platform = Platform()
    fetches: List[Optional[BaseException]] = [None, *goal_states]

    def wireserver(request: Request) -> Reply:
        if request.method == "GET":
            end = fetches.pop(0) if fetches else None
            if end is not None:
                raise end
            return healthy_wireserver(request)
        platform.clock.spend(1.0)
        raise posts.pop(0)

    platform.wireserver = wireserver
    root, settings = Root(str(tmp_path)), WireServerSettings()
    send = partial(report_failure, line=failure) if failure else report_ready
    with pytest.raises(Stopped) as stopped:
        send(platform.ports, root, settings, dry_run=False)
    return str(failure_of_stop(stopped.value))


def test_a_signal_after_the_acknowledgement_says_so(tmp_path: Path) -> None:
    """The signal comes while azprov waits for the Hyper-V KVP daemon to start."""
    daemon = tmp_path / "usr/sbin/hv_kvp_daemon"
    daemon.parent.mkdir(parents=True)
    daemon.write_text("")
    platform = Platform()
    platform.clock = StoppedClock()

    with pytest.raises(Stopped) as stopped:
        report_ready(platform.ports, Root(str(tmp_path)), WireServerSettings(), dry_run=False)

    assert str(failure_of_stop(stopped.value)) == (
        "interrupted; Azure has acknowledged the report; run it again to complete the rest"
    )


class StoppedClock(FakeClock):
    """A clock with a first pause that Ctrl-C ends."""

    def sleep(self, seconds: float) -> None:  # noqa: ARG002 - the port's signature
        raise Stopped(2)


def test_a_dry_run_posts_nothing(root: Root) -> None:
    """The document is rendered from the real goal state; the host gets no record either."""
    reported, requests = send(root, GOAL_STATE, dry_run=True)

    assert reported.document == READY
    assert reported.reply is None
    assert len(requests) == 1
    assert kvp(root) == []


def test_success_is_written_to_kvp_once_when_it_can_be_posted(root: Root) -> None:
    """The KVP record is written before the first post, and not again before the second."""
    send(root, status("503 Busy"), GOAL_STATE, status("503 Busy"), GOAL_STATE, status("200 OK"))

    assert kvp(root) == [
        "result=success|agent=test/1|timestamp=2026-11-22T03:20:00+00:00",
    ]


def test_a_user_who_locks_the_pool_does_not_delay_ready(
    root: Root, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The record is written without the lock, after the report was acknowledged."""
    caplog.set_level(logging.INFO)
    with (tmp_path / "var/lib/hyperv/.kvp_pool_1").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        send(root, GOAL_STATE, status("200 OK"))

    assert caplog.messages[-2:] == [
        "Response: 200 OK",
        "another process keeps /var/lib/hyperv/.kvp_pool_1 locked; any user can do that, so azprov "
        "writes without the lock",
    ]
    assert kvp(root) == [
        "result=success|agent=test/1|timestamp=2026-11-22T03:20:00+00:00",
    ]


def test_success_is_not_written_to_kvp_without_a_goal_state(root: Root) -> None:
    """The host must not hear of a success that was never posted."""
    with pytest.raises(Refused):
        send(root, status("503 Busy"), timeout_s=10)

    assert kvp(root) == []


def test_a_refused_report_ends_with_exit_code_69(root: Root) -> None:
    """The error has the last status, and says how long azprov tried to send the report."""
    with pytest.raises(Refused, match="gave up after 9 s: health report to 127") as end:
        send(root, *[GOAL_STATE, status("503 Busy")] * 20, timeout_s=10)

    assert end.value.exit_code == 69


def test_an_unusable_goal_state_ends_with_exit_code_76(root: Root) -> None:
    """The hint is the command that shows the answer."""
    with pytest.raises(DocumentError, match="after 9 s: the reply is a web page") as end:
        send(root, ok(sample("not_goal_state/error-403.html")), timeout_s=10)

    assert end.value.exit_code == 76
    assert "goal-state --raw" in end.value.hint


def test_the_log_has_the_lines_of_the_sample_script(
    root: Root, caplog: pytest.LogCaptureFixture
) -> None:
    """People grep their journal for what Microsoft's sample script prints."""
    with caplog.at_level(logging.INFO, "azprov"):
        send(root, GOAL_STATE, status("200 OK"))

    assert caplog.messages == [
        "Retrieving goal state from the Wireserver",
        "ContainerId: 6a1f2f0e-9d7c-4d0b-8e3a-51b7f0c2a901",
        "InstanceId: 0d3b5a51-6f6e-4a59-a2b1-7c1b0e9d4f11._web01",
        "Incarnation: 1",
        "Sending the following data to Wireserver:",
        READY.decode(),
        "Response: 200 OK",
    ]


def test_an_unchanged_goal_state_and_document_are_logged_once(
    root: Root, caplog: pytest.LogCaptureFixture
) -> None:
    """A retry adds one line."""
    with caplog.at_level(logging.INFO, "azprov"):
        send(root, GOAL_STATE, status("503 Busy"), GOAL_STATE, status("200 OK"))

    retry, response = caplog.messages[6:]
    assert retry.startswith("health report to 127.0.0.1:")
    assert retry.endswith(" failed: 503 Busy; retrying in 1.0 s, 900 s left")
    assert response == "Response: 200 OK"


def test_identifiers_from_the_network_cannot_forge_a_log_line(
    root: Root, caplog: pytest.LogCaptureFixture
) -> None:
    """Line ends and control characters are replaced."""
    document = sample("goal_state/version-2012-11-30.xml")
    hostile = document.replace(b"<Incarnation>1", "<Incarnation>1\nResponse: \x9b2J".encode())

    with caplog.at_level(logging.INFO, "azprov"):
        send(root, ok(hostile), status("200 OK"))

    assert caplog.messages[3] == "Incarnation: 1?Response: ?2J"
    assert all(message.isprintable() for message in caplog.messages)


LINE = "result=error|reason=the data disk is missing"


def test_a_failure_is_written_to_kvp_even_without_a_network(root: Root) -> None:
    """The KVP record is written before the first attempt to reach WireServer."""
    platform = Platform(wireserver=None)

    with pytest.raises(Exception, match="gave up after 5 s"):
        report_failure(platform.ports, root, WireServerSettings(timeout_s=5.0), LINE, dry_run=False)

    assert kvp(root) == [LINE]


class LateDaemon(FakeClock):
    """A clock during whose first sleeps the KVP daemon starts."""

    def __init__(self, root: Root, *, after_s: float) -> None:
        super().__init__()
        self._root = root
        self._starts_at = self.now() + after_s

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.now() >= self._starts_at:
            self._root.write("/var/lib/hyperv/.kvp_pool_1", b"")


@pytest.fixture
def early(tmp_path: Path) -> Root:
    """A machine whose KVP daemon is installed and has not started yet."""
    (tmp_path / "var/lib/hyperv").mkdir(parents=True)
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "usr/sbin/hv_kvp_daemon").write_text("")
    return Root(str(tmp_path))


def test_a_report_is_written_to_kvp_when_the_daemon_starts_later(early: Root) -> None:
    """Ready is posted first, and the record follows as soon as the pool appears."""
    platform = Platform()
    platform.clock = LateDaemon(early, after_s=3)

    report_ready(platform.ports, early, WireServerSettings(), dry_run=False)

    assert len(platform.posted) == 1
    assert [line.split("|")[0] for line in kvp(early)] == ["result=success"]
    assert platform.clock.sleeps == [0.25] * 12


def test_a_failure_is_written_to_kvp_when_the_daemon_starts_later(early: Root) -> None:
    """The record is written although WireServer never answered."""
    platform = Platform(wireserver=None)
    platform.clock = LateDaemon(early, after_s=3)

    with pytest.raises(Exception, match="gave up after 1 s"):
        report_failure(
            platform.ports, early, WireServerSettings(timeout_s=1.0), LINE, dry_run=False
        )

    assert kvp(early) == [LINE]


def test_a_daemon_that_never_starts_is_logged(
    early: Root, caplog: pytest.LogCaptureFixture
) -> None:
    """The wait for an installed daemon ends, and the log says that the report is lost."""
    platform = Platform()

    report_ready(platform.ports, early, WireServerSettings(), dry_run=False)

    assert platform.clock.now() - 1000 < 6
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "The host gets no report by Hyper-V KVP: there is no Hyper-V KVP daemon "
        "(/var/lib/hyperv/.kvp_pool_1 is missing)"
    ]


def test_without_a_daemon_nothing_is_awaited(tmp_path: Path) -> None:
    """A machine without the daemon's program does not wait for its pool."""
    platform = Platform()

    report_ready(platform.ports, Root(str(tmp_path)), WireServerSettings(), dry_run=False)

    assert platform.clock.sleeps == []


def test_a_dry_run_of_a_failure_sends_no_report(root: Root) -> None:
    """WireServer and the host get nothing, because the platform would treat the report as final."""
    platform = Platform()

    reported = report_failure(
        platform.ports, root, WireServerSettings(timeout_s=5.0), LINE, dry_run=True
    )

    assert reported.reply is None
    assert LINE.encode() in reported.document
    assert platform.requests == ["GET /machine?comp=goalstate"]
    assert kvp(root) == []


def test_a_failure_without_kvp_is_reported_to_wireserver(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says why the host got no record."""
    platform = Platform()

    with caplog.at_level(logging.INFO, "azprov"):
        report_failure(
            platform.ports, Root(str(tmp_path)), WireServerSettings(), LINE, dry_run=False
        )

    assert caplog.messages[0].startswith("Reporting to WireServer only: ")
    assert LINE.encode() in platform.posted[0]


@pytest.mark.parametrize(
    ("known", "written"),
    [
        (None, "a2c1d0b1-f453-8e4a-8d57-0a3c1f6e2d90"),
        (
            "07e5d1f4-9c0b-4b57-8a44-63d7a6ac1f0e",
            "07e5d1f4-9c0b-4b57-8a44-63d7a6ac1f0e",
        ),
    ],
)
def test_the_vm_id_of_the_platform_replaces_that_of_the_firmware(
    tmp_path: Path, known: str, written: str
) -> None:
    """The firmware of a generation 1 VM has the id byte-swapped."""
    dmi = tmp_path / "sys/class/dmi/id"
    dmi.mkdir(parents=True)
    (dmi / "product_uuid").write_text("B1D0C1A2-53F4-4A8E-8D57-0A3C1F6E2D90\n")

    line = failure_line(
        Platform().ports, Root(str(tmp_path)), "test/1", "no disk", {"step": "mount"}, vm_id=known
    )

    assert line == (
        f"result=error|reason=no disk|agent=test/1|step=mount|vm_id={written}|"
        "timestamp=2026-11-22T03:20:00+00:00|"
        "documentation_url=https://aka.ms/linuxprovisioningerror"
    )


JSON = WireServerSettings(timeout_s=5.0, protocol="json")


def test_a_json_report_is_sent_until_it_is_acknowledged(
    root: Root, caplog: pytest.LogCaptureFixture
) -> None:
    """The document is logged once, and no goal state is requested."""
    busy = Reply(503, "Busy", {}, b"")
    replies = [busy, busy, Reply(201, "Created", {}, b"")]
    platform = Platform(wireserver=lambda _: replies.pop(0))

    with caplog.at_level(logging.INFO, "azprov"):
        reported = report_ready(platform.ports, root, JSON, dry_run=False)

    assert platform.requests == ["POST /provisioning/health"] * 3
    assert platform.posted == [sample("health_report/ready.json")] * 3
    assert reported.goal_state is None
    messages = [message for message in caplog.messages if "retrying" not in message]
    assert messages == [
        "Sending the following data to Wireserver:",
        '{"state":"Ready"}',
        "Response: 201 Created",
    ]


@pytest.mark.parametrize(
    ("reply", "message", "hint"),
    [
        (
            Reply(404, "Not Found", {}, b""),
            "failed: 404 Not Found",
            "this WireServer may not support JSON: report without --protocol json",
        ),
        (
            Reply(200, "OK", {"Content-Type": "text/html; charset=utf-8"}, b"<html>"),
            "failed: 200 OK, with a web page (HTML)",
            "check whether a proxy or filter",
        ),
    ],
)
def test_a_server_that_is_not_a_wireserver_with_json_does_not_acknowledge(
    root: Root, reply: Reply, message: str, hint: str
) -> None:
    """The hint names the documented form, or a proxy that answers every request."""
    platform = Platform(wireserver=lambda _: reply)

    with pytest.raises(Refused) as end:
        report_ready(platform.ports, root, JSON, dry_run=False)

    assert end.value.summary.startswith("gave up after ")
    assert end.value.summary.endswith(message)
    assert end.value.hint.startswith(hint)


def test_a_dry_run_of_a_json_report_needs_no_platform(root: Root) -> None:
    """The document has no identifiers from a goal state."""
    platform = Platform(wireserver=None)

    reported = report_ready(platform.ports, root, JSON, dry_run=True)

    assert (reported.document, reported.reply) == (b'{"state":"Ready"}', None)
    assert platform.requests == []

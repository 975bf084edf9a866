"""The retry loop: paces, Retry-After, deadline, and what is said meanwhile."""

import logging
from typing import Callable, Dict, List, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.azure.conversation import Conversation, judge, pause_s, retry_after_s
from azprov.azure.transport import Reply
from azprov.errors import AzprovError, BrokenReply, DocumentError, NotConnected, Refused
from ports import FakeClock

NO_ROUTE = NotConnected("168.63.129.16 cannot be reached (Network is unreachable)", "look")
BUSY = Refused("the request was answered with 503", "wait")
BAD_DOCUMENT = DocumentError("goal state lacks it", "see")
BROKEN = BrokenReply("168.63.129.16 broke off", "look")

Step = Union[AzprovError, str]


def scripted(clock: FakeClock, *steps: Step, spent_s: float = 0.0) -> Callable[[], str]:
    """An attempt that fails as told, the last step for ever."""
    left: List[Step] = list(steps)

    def attempt() -> str:
        clock.spend(spent_s)
        step = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(step, AzprovError):
            raise step
        return step

    return attempt


def conversation(clock: FakeClock, timeout_s: float = 900.0, jitter: float = 1.0) -> Conversation:
    return Conversation(clock, timeout_s=timeout_s, jitter=lambda: jitter)


def test_an_answer_comes_through_at_once() -> None:
    """What succeeds is not waited for."""
    clock = FakeClock()

    assert conversation(clock).retry(scripted(clock, "answer")) == "answer"
    assert clock.sleeps == []


def test_nobody_there_is_polled_twenty_times_a_second() -> None:
    """However long it takes, the next attempt is at most 50 ms away."""
    clock = FakeClock()
    steps = [NO_ROUTE] * 6000

    assert conversation(clock).retry(scripted(clock, *steps, "answer")) == "answer"
    assert max(clock.sleeps) == pytest.approx(0.05)
    assert clock.time == pytest.approx(1000 + 6000 * 0.05)


def test_time_spent_connecting_counts_for_the_poll() -> None:
    """Polls begin 50 ms apart, and at once when an attempt took longer."""
    clock = FakeClock()

    conversation(clock).retry(scripted(clock, NO_ROUTE, "answer", spent_s=0.02))
    conversation(clock).retry(scripted(clock, NO_ROUTE, "answer", spent_s=0.2))

    assert clock.sleeps == [pytest.approx(0.03), 0]


@pytest.mark.parametrize("failure", [BUSY, BAD_DOCUMENT, BROKEN])
def test_an_answer_that_is_no_good_is_asked_again_ever_more_slowly(failure: AzprovError) -> None:
    """1, 2, 4, 8, 8 ... seconds where the jitter is at its highest."""
    clock = FakeClock()

    conversation(clock).retry(scripted(clock, *[failure] * 6, "answer"))

    assert clock.sleeps == [1, 2, 4, 8, 8, 8]


def test_a_lost_connection_starts_the_pauses_anew() -> None:
    """A platform that went away and came back is asked quickly again."""
    clock = FakeClock()

    conversation(clock).retry(scripted(clock, BUSY, BUSY, NO_ROUTE, BUSY, "answer"))

    assert clock.sleeps == [1, 2, pytest.approx(0.05), 1]


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_every_pause_lies_between_half_a_second_and_eight(failures: int, jitter: float) -> None:
    """Whatever the count and the jitter."""
    assert 0.5 <= pause_s(failures, jitter) <= 8


@pytest.mark.parametrize(
    ("failures", "lowest", "highest"), [(1, 0.5, 1), (2, 1, 2), (3, 2, 4), (4, 4, 8), (99, 4, 8)]
)
def test_pauses_double(failures: int, lowest: float, highest: float) -> None:
    """Each pause lies in the upper half of a ceiling that doubles up to 8 s."""
    assert pause_s(failures, 0.0) == lowest
    assert pause_s(failures, 1.0) == highest


def test_retry_after_is_honoured() -> None:
    """The platform's own wish lengthens a pause and never shortens it."""
    clock = FakeClock()
    steps = [Refused("429", retry_after_s=30.0), Refused("429", retry_after_s=0.0)]

    conversation(clock).retry(scripted(clock, *steps, "answer"))

    assert clock.sleeps == [30, 2]


def test_retry_after_leaves_time_for_a_last_attempt() -> None:
    """A wish beyond the deadline is cut to one second before it."""
    clock = FakeClock()
    steps = [Refused("429", retry_after_s=86400.0)]

    assert conversation(clock, timeout_s=20).retry(scripted(clock, *steps, "answer")) == "answer"
    assert clock.sleeps == [19]


def test_the_deadline_ends_the_conversation() -> None:
    """The last failure is told, with the time that was tried and its own hint."""
    clock = FakeClock()

    with pytest.raises(Refused) as end:
        conversation(clock, timeout_s=20).retry(scripted(clock, BUSY))

    assert str(end.value) == "gave up after 19 s: the request was answered with 503; wait"
    assert clock.sleeps == [1, 2, 4, 8, 4]
    assert clock.time == 1019


def test_the_deadline_ends_polling() -> None:
    """Nobody there until the end is Unreachable, at the deadline and not later."""
    clock = FakeClock()

    with pytest.raises(NotConnected) as end:
        conversation(clock, timeout_s=2).retry(scripted(clock, NO_ROUTE))

    assert end.value.exit_code == 69
    assert 1001.9 < clock.time <= 1002


def test_a_request_cut_by_the_deadline_does_not_hide_the_reason() -> None:
    """The deadline's own cut is not what the user has to know."""
    clock = FakeClock()
    talk = conversation(clock, timeout_s=10)

    def attempt() -> str:
        if clock.time < 1001:
            raise BAD_DOCUMENT
        clock.spend(talk.left_s())
        raise BROKEN

    with pytest.raises(DocumentError, match="goal state lacks it"):
        talk.retry(attempt)


@given(
    st.lists(
        st.sampled_from([NO_ROUTE, BUSY, BAD_DOCUMENT, Refused("429", retry_after_s=1e6)]),
        min_size=1,
        max_size=20,
    ),
    st.floats(0.01, 100),
    st.floats(0, 3),
    st.floats(0, 1),
)
def test_no_conversation_outlives_its_deadline(
    steps: List[AzprovError], timeout_s: float, spent_s: float, jitter: float
) -> None:
    """Whatever fails and however, only an attempt under way may end after it."""
    clock = FakeClock()

    with pytest.raises(AzprovError):
        conversation(clock, timeout_s, jitter).retry(scripted(clock, *steps, spent_s=spent_s))

    assert clock.time <= 1000 + timeout_s + spent_s + 1e-6


def test_every_retry_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """What happened, what next, how long is left."""
    clock = FakeClock()

    with caplog.at_level(logging.INFO, "azprov"):
        conversation(clock).retry(scripted(clock, BUSY, BAD_DOCUMENT, "answer"))

    assert caplog.messages == [
        "the request was answered with 503; trying again in 1.0 s, 900 s left",
        "goal state lacks it; trying again in 2.0 s, 899 s left",
    ]


def test_a_wait_is_said_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    """A line when it begins, one when its reason changes, one every 30 s."""
    clock = FakeClock()
    refused = NotConnected("168.63.129.16 cannot be reached (Connection refused)")
    steps = [NO_ROUTE] * 800 + [refused] * 10

    with caplog.at_level(logging.INFO, "azprov"):
        conversation(clock).retry(scripted(clock, *steps, "answer"))

    no_route = f"{NO_ROUTE.summary}; trying on"
    assert caplog.messages == [
        f"{no_route}, 900 s left",
        f"{no_route}, 870 s left",
        f"{refused.summary}; trying on, 860 s left",
    ]


def reply(status: int, headers: Dict[str, str], reason: str = "Reason") -> Reply:
    return Reply(status, reason, headers, b"")


@pytest.mark.parametrize("status", [100, 199, 201, 204, 206, 301, 400, 404, 410, 500, 503, 599])
def test_only_200_answers_a_get(status: int) -> None:
    """Anything else is Refused, whatever it brings."""
    with pytest.raises(Refused, match=f"the thing was answered with {status} Reason"):
        judge(reply(status, {}), accepted=range(200, 201), asked="the thing")


@pytest.mark.parametrize("status", [401, 403])
def test_no_permission_has_a_hint_of_its_own(status: int) -> None:
    """Root, or the guest proxy agent, is what is lacking then."""
    with pytest.raises(Refused) as refusal:
        judge(reply(status, {}), accepted=range(200, 201), asked="the thing")

    assert "Metadata Security Protocol" in refusal.value.hint


@pytest.mark.parametrize(
    ("status", "hint"),
    [
        (503, "may recover"),
        (429, "may recover"),
        (410, "may recover"),
        (302, "proxy"),
        (404, "proxy"),
        (206, "proxy"),
    ],
)
def test_each_refusal_says_where_to_look(status: int, hint: str) -> None:
    """A platform in trouble is waited for; another server is looked for."""
    with pytest.raises(Refused) as refusal:
        judge(reply(status, {}), accepted=range(200, 201), asked="the thing")

    assert hint in refusal.value.hint


def test_a_pause_is_never_cut_below_half_a_second() -> None:
    """Where there is no room for one, the conversation ends."""
    clock = FakeClock()

    with pytest.raises(Refused, match="gave up after 1 s"):
        conversation(clock, timeout_s=1.9).retry(scripted(clock, BUSY))

    assert clock.sleeps == [1]


def test_a_hostile_reason_is_shown_harmlessly() -> None:
    """No escape sequence of a status line reaches the terminal."""
    with pytest.raises(Refused, match=r"answered with 500 a\?\[2J"):
        judge(reply(500, {}, "a\x1b[2J"), accepted=range(200, 201), asked="the thing")


DATE = "Sun, 22 Nov 2026 00:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "120"}, 120.0),
        ({"Retry-After": " 7 "}, 7.0),
        ({"Retry-After": "-1"}, None),
        ({"Retry-After": "1.5"}, None),
        ({"Retry-After": "1e9"}, None),
        ({"Retry-After": "\N{ARABIC-INDIC DIGIT ONE}"}, None),
        ({"Retry-After": "9" * 5000}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 00:01:30 GMT", "Date": DATE}, 90.0),
        ({"Retry-After": "Sat, 21 Nov 2026 00:00:00 GMT", "Date": DATE}, 0.0),
        ({"Retry-After": "Sun, 22 Nov 2026 00:01:30 GMT"}, None),
        ({"Retry-After": "Sun, 22 Nov 2026 00:01:30 GMT", "Date": "today"}, None),
        ({"Retry-After": "-0000  May , \xa0 -- +9999", "Date": DATE}, None),
        ({"Retry-After": "Sun, 99 Nov 99999 99:99:99 GMT", "Date": DATE}, None),
    ],
)
def test_retry_after_in_all_its_forms(headers: Dict[str, str], seconds: float) -> None:
    """Seconds, or a date beside the reply's own date; all else is not there."""
    assert retry_after_s(headers) == seconds


@given(st.text(), st.text())
def test_no_retry_after_does_harm(text: str, date: str) -> None:
    """Any header is a number of seconds from 0 on, or none."""
    seconds = retry_after_s({"Retry-After": text, "Date": date})

    assert seconds is None or seconds >= 0


def test_patience_moves_the_deadline(caplog: pytest.LogCaptureFixture) -> None:
    """It is told so, and the last attempt's error is raised at the new one."""
    caplog.set_level(logging.INFO)
    clock = FakeClock()
    since: List[float] = []

    def patience(_error: AzprovError) -> float:
        if clock.time < 1060.0:
            return float("inf")
        since.append(clock.time)
        return since[0] + 10.0 - clock.time

    talk = Conversation(clock, timeout_s=900.0, jitter=lambda: 1.0, patience=patience)

    with pytest.raises(NotConnected, match=r"^gave up after 70 s: 168\.63\.129\.16 cannot be"):
        talk.retry(scripted(clock, NO_ROUTE))

    assert [line.rpartition("; ")[2] for line in caplog.messages] == [
        "trying on, 900 s left",
        "trying on, 870 s left",
        "trying on, 10 s left",
    ]


def test_no_patience_outlasts_the_time(caplog: pytest.LogCaptureFixture) -> None:
    """An answer that would be waited for longer than there is time ends with it."""
    caplog.set_level(logging.WARNING)
    clock = FakeClock()
    talk = Conversation(clock, timeout_s=5.0, jitter=lambda: 1.0, patience=lambda _error: 100.0)

    with pytest.raises(Refused, match=r"^gave up after 4 s: "):
        talk.retry(scripted(clock, BUSY))

    assert caplog.messages[0].endswith("trying again in 1.0 s, 5 s left")

"""The retry loop: its two paces, Retry-After, the deadline, and its log lines."""

import logging
from typing import Callable, List, Union

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.azure.retry_loop import RetryLoop, pause_s
from azprov.errors import (
    AzprovError,
    BrokenReply,
    DocumentError,
    HostError,
    NotConnected,
    PlatformError,
    Refused,
    Stopped,
    UnusableError,
)
from ports import FakeClock

NO_ROUTE = NotConnected("168.63.129.16 cannot be reached (Network is unreachable)", "check it")
BUSY = Refused("goal state request failed: 503 Busy", "wait")
BAD_DOCUMENT = DocumentError("goal state lacks Incarnation", "see")
BROKEN = BrokenReply("168.63.129.16 sent no usable reply", "check")

Step = Union[AzprovError, str]


def scripted(clock: FakeClock, *steps: Step, spent_s: float = 0.0) -> Callable[[], str]:
    """An attempt that fails or returns as scripted; it repeats the last step forever."""
    left: List[Step] = list(steps)

    def attempt() -> str:
        clock.spend(spent_s)
        step = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(step, AzprovError):
            raise step
        return step

    return attempt


def retry_loop(clock: FakeClock, timeout_s: float = 900.0, jitter: float = 1.0) -> RetryLoop:
    return RetryLoop(clock, timeout_s=timeout_s, jitter=lambda: jitter)


def test_a_first_attempt_that_succeeds_returns_at_once() -> None:
    """The loop does not sleep after a success."""
    clock = FakeClock()

    assert retry_loop(clock).run(scripted(clock, "answer")) == "answer"
    assert clock.sleeps == []


def test_an_unreachable_address_is_tried_twenty_times_a_second() -> None:
    """The pace never slows down: each attempt begins at most 50 ms after the last one."""
    clock = FakeClock()
    steps = [NO_ROUTE] * 6000

    assert retry_loop(clock).run(scripted(clock, *steps, "answer")) == "answer"
    assert max(clock.sleeps) == pytest.approx(0.05)
    assert clock.time == pytest.approx(1000 + 6000 * 0.05)


def test_the_time_of_an_attempt_counts_towards_the_pause() -> None:
    """Attempts begin 50 ms apart; after a longer one the next begins at once."""
    clock = FakeClock()

    retry_loop(clock).run(scripted(clock, NO_ROUTE, "answer", spent_s=0.02))
    retry_loop(clock).run(scripted(clock, NO_ROUTE, "answer", spent_s=0.2))

    assert clock.sleeps == [pytest.approx(0.03), 0]


@pytest.mark.parametrize("failure", [BUSY, BAD_DOCUMENT, BROKEN])
def test_pauses_grow_after_bad_replies(failure: AzprovError) -> None:
    """The pauses are 1, 2, 4, 8, 8 ... seconds with the highest jitter."""
    clock = FakeClock()

    retry_loop(clock).run(scripted(clock, *[failure] * 6, "answer"))

    assert clock.sleeps == [1, 2, 4, 8, 8, 8]


def test_a_lost_connection_resets_the_pauses() -> None:
    """A platform that went away and came back is asked again after a short pause."""
    clock = FakeClock()

    retry_loop(clock).run(scripted(clock, BUSY, BUSY, NO_ROUTE, BUSY, "answer"))

    assert clock.sleeps == [1, 2, pytest.approx(0.05), 1]


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_every_pause_is_from_half_a_second_to_eight_seconds(failures: int, jitter: float) -> None:
    """Pauses have these limits for every number of failures and every jitter."""
    assert 0.5 <= pause_s(failures, jitter) <= 8


@pytest.mark.parametrize(
    ("failures", "lowest", "highest"), [(1, 0.5, 1), (2, 1, 2), (3, 2, 4), (4, 4, 8), (99, 4, 8)]
)
def test_pauses_double(failures: int, lowest: float, highest: float) -> None:
    """Each pause is in the upper half of a ceiling that doubles up to 8 s."""
    assert pause_s(failures, 0.0) == lowest
    assert pause_s(failures, 1.0) == highest


def test_retry_after_is_honoured() -> None:
    """Retry-After can lengthen a pause, and never shortens it."""
    clock = FakeClock()
    steps = [Refused("429", retry_after_s=30.0), Refused("429", retry_after_s=0.0)]

    retry_loop(clock).run(scripted(clock, *steps, "answer"))

    assert clock.sleeps == [30, 2]


def test_retry_after_leaves_time_for_a_last_attempt() -> None:
    """A pause beyond the deadline is cut to end one second before it."""
    clock = FakeClock()
    steps = [Refused("429", retry_after_s=86400.0)]

    assert retry_loop(clock, timeout_s=20).run(scripted(clock, *steps, "answer")) == "answer"
    assert clock.sleeps == [19]


@pytest.mark.parametrize(
    ("timeout_s", "shown"),
    [
        (0.004, "less than 0.1 s"),
        (0.07, "0.1 s"),
        (0.2, "0.2 s"),
        (1.0, "1 s"),
        (5.0, "5 s"),
        (899.99, "900 s"),
    ],
)
def test_a_time_limit_is_shown_as_it_was_given(timeout_s: float, shown: str) -> None:
    """The last attempt ends shortly before the time limit; the message has the time limit."""
    clock = FakeClock()

    def attempt() -> None:
        clock.sleep(0.003)
        raise NotConnected("127.0.0.1 cannot be reached", "")

    with pytest.raises(NotConnected, match=f"^gave up after {shown}: "):
        retry_loop(clock, timeout_s=timeout_s).run(attempt)


def test_a_time_limit_that_is_over_is_named_instead_of_an_attempt() -> None:
    """Without any time left no request is made, since its failure would say nothing."""
    clock = FakeClock()
    attempts = scripted(clock, NO_ROUTE)

    with pytest.raises(PlatformError) as end:
        retry_loop(clock, timeout_s=0.0).run(attempts)

    assert str(end.value) == (
        "the time limit was over before the first request; give it more time with --timeout"
    )
    assert end.value.exit_code == 69
    assert end.value.lacks_answer


def test_the_deadline_ends_the_conversation() -> None:
    """The error is the last failure, with the time that was spent and its own hint."""
    clock = FakeClock()

    with pytest.raises(Refused) as end:
        retry_loop(clock, timeout_s=20).run(scripted(clock, BUSY))

    assert str(end.value) == "gave up after 19 s: goal state request failed: 503 Busy; wait"
    assert clock.sleeps == [1, 2, 4, 8, 4]
    assert clock.time == 1019


def test_the_deadline_ends_polling() -> None:
    """An address that stays unreachable is NotConnected at the deadline, and not later."""
    clock = FakeClock()

    with pytest.raises(NotConnected) as end:
        retry_loop(clock, timeout_s=2).run(scripted(clock, NO_ROUTE))

    assert end.value.exit_code == 69
    assert 1001.9 < clock.time <= 1002


def test_a_request_cut_by_the_deadline_does_not_hide_the_reason() -> None:
    """The error names the failure before it, not the request that the deadline cut off."""
    clock = FakeClock()
    loop = retry_loop(clock, timeout_s=10)

    def attempt() -> str:
        if clock.time < 1001:
            raise BAD_DOCUMENT
        clock.spend(loop.left_s())
        raise BROKEN

    with pytest.raises(DocumentError, match="goal state lacks Incarnation"):
        loop.run(attempt)


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
def test_the_loop_ends_at_its_deadline(
    steps: List[AzprovError], timeout_s: float, spent_s: float, jitter: float
) -> None:
    """With any sequence of failures, only a running attempt may end after the deadline."""
    clock = FakeClock()

    with pytest.raises(AzprovError):
        retry_loop(clock, timeout_s, jitter).run(scripted(clock, *steps, spent_s=spent_s))

    assert clock.time <= 1000 + timeout_s + spent_s + 1e-6


def test_every_retry_is_logged_on_one_line(caplog: pytest.LogCaptureFixture) -> None:
    """The line has the cause, the pause, and the time left."""
    clock = FakeClock()

    with caplog.at_level(logging.INFO, "azprov"):
        retry_loop(clock).run(scripted(clock, BUSY, BAD_DOCUMENT, "answer"))

    assert caplog.messages == [
        "goal state request failed: 503 Busy; retrying in 1.0 s, 900 s left",
        "goal state lacks Incarnation; retrying in 2.0 s, 899 s left",
    ]


def test_the_time_left_ends_when_a_document_is_accepted(caplog: pytest.LogCaptureFixture) -> None:
    """A document that is accepted unchanged after a while is not requested until the deadline."""
    clock = FakeClock()
    attempts = []
    for seconds in (30.0, 1.5, 0.0):
        attempts.append(DocumentError("the instance metadata lacks osProfile"))
        attempts[-1].accepted_in_s = seconds

    with caplog.at_level(logging.INFO, "azprov"):
        retry_loop(clock).run(scripted(clock, *attempts, "answer"))

    assert caplog.messages == [
        "the instance metadata lacks osProfile; retrying in 1.0 s, 30 s left",
        "the instance metadata lacks osProfile; retrying in 1.5 s, 2 s left",
        "the instance metadata lacks osProfile; retrying in 0.5 s, 0.5 s left",
    ]


def test_a_wait_is_logged_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    """A line is logged when it begins, when its reason changes, and every 30 s.

    The first line of each reason also says what to check.
    """
    clock = FakeClock()
    refused = NotConnected("168.63.129.16 cannot be reached (Connection refused)")
    steps = [NO_ROUTE] * 800 + [refused] * 10

    with caplog.at_level(logging.INFO, "azprov"):
        retry_loop(clock).run(scripted(clock, *steps, "answer"))

    assert caplog.messages == [
        "168.63.129.16 cannot be reached (Network is unreachable); retrying for up to 900 s; "
        "check it",
        "168.63.129.16 cannot be reached (Network is unreachable); retrying for up to 870 s",
        "168.63.129.16 cannot be reached (Connection refused); retrying for up to 860 s",
    ]


def test_a_signal_keeps_the_failure_that_was_waited_for() -> None:
    """The exception of a signal gets the last failure and the time of the wait."""
    clock = FakeClock()
    loop = retry_loop(clock)
    attempts = [NO_ROUTE, Stopped(2)]

    def attempt() -> None:
        clock.spend(3.0)
        raise attempts.pop(0)

    with pytest.raises(Stopped) as stopped:
        loop.run(attempt)

    assert stopped.value.awaited is NO_ROUTE
    assert stopped.value.waited_s == 6.0


def test_a_pause_is_never_cut_below_half_a_second() -> None:
    """The loop ends if there is no time for a pause of half a second."""
    clock = FakeClock()

    with pytest.raises(Refused, match="gave up after 1 s"):
        retry_loop(clock, timeout_s=1.9).run(scripted(clock, BUSY))

    assert clock.sleeps == [1]


def test_an_attempt_that_ends_at_the_deadline_announces_no_retry(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The error has the same reason, and nothing is waited for."""
    caplog.set_level(logging.INFO)
    clock = FakeClock()
    loop = RetryLoop(clock, timeout_s=0.04, jitter=lambda: 1.0)

    with pytest.raises(NotConnected, match=r"^gave up after less than 0\.1 s: 168\.63\.129\.16 "):
        loop.run(scripted(clock, NO_ROUTE))

    assert caplog.messages == []


def test_a_time_limit_moves_the_deadline(caplog: pytest.LogCaptureFixture) -> None:
    """The new deadline is logged, and the last error is raised at that time."""
    caplog.set_level(logging.INFO)
    clock = FakeClock()
    since: List[float] = []

    def time_limit(_error: AzprovError) -> float:
        if clock.time < 1060.0:
            return float("inf")
        since.append(clock.time)
        return since[0] + 10.0 - clock.time

    loop = RetryLoop(clock, timeout_s=900.0, jitter=lambda: 1.0, time_limit=time_limit)

    with pytest.raises(NotConnected, match=r"^gave up after 70 s: 168\.63\.129\.16 cannot be"):
        loop.run(scripted(clock, NO_ROUTE))

    assert [line.split("; ")[1] for line in caplog.messages] == [
        "retrying for up to 900 s",
        "retrying for up to 870 s",
        "retrying for up to 10 s",
    ]


def test_a_time_limit_cannot_extend_the_deadline(caplog: pytest.LogCaptureFixture) -> None:
    """A longer limit than the time left has no effect."""
    caplog.set_level(logging.WARNING)
    clock = FakeClock()
    loop = RetryLoop(clock, timeout_s=5.0, jitter=lambda: 1.0, time_limit=lambda _error: 100.0)

    with pytest.raises(Refused, match=r"^gave up after 4 s: "):
        loop.run(scripted(clock, BUSY))

    assert caplog.messages[0].endswith("retrying in 1.0 s, 5 s left")


@pytest.mark.parametrize(
    "error",
    [
        UnusableError("the name 'a b' is not valid"),
        HostError("the disk is full"),
        AzprovError("a bug"),
        ValueError("a bug"),
        Stopped(15),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_that_no_answer_can_undo_ends_the_loop(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """Only a failed request or a bad document is tried again; other errors pass unchanged."""
    clock = FakeClock()
    attempts = []

    def attempt() -> None:
        attempts.append(clock.time)
        raise error

    with pytest.raises(type(error)) as raised:
        retry_loop(clock).run(attempt)

    assert raised.value is error
    assert attempts == [1000.0]
    assert clock.sleeps == []
    assert caplog.messages == []


def test_a_bad_document_is_retried_at_the_usual_pace() -> None:
    """A document has no Retry-After; the deadline leaves time for a last attempt."""
    clock = FakeClock()

    with pytest.raises(DocumentError) as gave_up:
        retry_loop(clock, timeout_s=10.0).run(scripted(clock, BAD_DOCUMENT))

    assert gave_up.value.summary == "gave up after 9 s: goal state lacks Incarnation"
    assert gave_up.value.hint == "see"
    assert gave_up.value.exit_code == 76
    assert clock.sleeps == [1.0, 2.0, 4.0, 2.0]


def test_a_broken_reply_shortly_before_the_deadline_is_the_reason() -> None:
    """Only a request that the deadline itself has cut is not the reason of the failure."""
    clock = FakeClock()
    replies = [BUSY, BROKEN]

    def attempt() -> None:
        error = replies.pop(0)
        clock.spend(8.5 if error is BROKEN else 0.0)
        raise error

    with pytest.raises(BrokenReply, match=r"^gave up after 10 s: 168\.63\.129\.16 sent no usable"):
        retry_loop(clock, timeout_s=10.0).run(attempt)


def test_a_terminal_sees_each_second_of_a_pause() -> None:
    """With progress on, a long pause is slept in pieces of one second."""
    clock = FakeClock()
    progress = logging.getLogger("azprov.azure.transport.progress")
    progress.setLevel(5)
    try:
        with pytest.raises(Refused):
            retry_loop(clock, timeout_s=9.5).run(scripted(clock, BUSY))
    finally:
        progress.setLevel(logging.NOTSET)

    assert clock.sleeps == [1.0] * 8 + [0.5]

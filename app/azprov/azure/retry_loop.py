"""The only retry loop: when to ask again, and when to give up.

It has two paces. While there is no connection (no route, a closed port), attempts
follow each other every 50 ms: they cost almost nothing, and the report should go out
at the first possible moment. After a bad reply the pauses grow, because the platform
can be reached and is busy or broken.
"""

import logging
from typing import Callable, Optional, TypeVar

from ..errors import (
    AzprovError,
    BrokenReply,
    DocumentError,
    NotConnected,
    PlatformError,
    Stopped,
)
from ..formats.text import seconds
from ..system.clock import Clock
from .transport import POLL_S, PROGRESS, progress

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 8.0
# A pause is cut to leave this much time for a last attempt before the deadline.
LAST_ATTEMPT_S = 1.0
# A wait is logged when it begins, when its reason changes, and after this time.
_WAIT_LINE_S = 30.0
_CHANGED_WAIT_LINE_S = 5.0

log = logging.getLogger(__name__)

# How often a pause updates the last line of a terminal.
_PROGRESS_S = 1.0

T = TypeVar("T")


def pause_s(failures: int, jitter: float) -> float:
    """The pause after this many failures in a row, with jitter from 0 to 1.

    0.5 to 1 s after the first, doubling up to 4 to 8 s.
    """
    ceiling = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures, 10))
    return ceiling * (0.5 + jitter / 2)


class RetryLoop:
    """All attempts at one request, until one succeeds or the deadline passes."""

    def __init__(
        self,
        clock: Clock,
        *,
        timeout_s: float,
        jitter: Callable[[], float],
        time_limit: Callable[[AzprovError], float] = lambda _error: float("inf"),
    ) -> None:
        """`time_limit` gets the error of each failed attempt, and limits the seconds left."""
        self._clock = clock
        self._time_limit = time_limit
        self._jitter = jitter
        self._began = clock.now()
        self._latest = self._deadline = self._began + timeout_s
        self._last: Optional[AzprovError] = None
        self._wait_reason = ""
        self._logged_deadline = self._deadline
        self._wait_line_at = float("-inf")

    def left_s(self) -> float:
        """Seconds until the deadline, 0 when it has passed."""
        return max(0.0, self._deadline - self._clock.now())

    def run(self, attempt: Callable[[], T]) -> T:
        """Call `attempt` until it returns, and return its value.

        Raises the last attempt's error, with the time that was spent, when there is no
        time for another attempt, and PlatformError if there was no time for a first one. A
        signal's exception gets the last attempt's error too.
        """
        try:
            return self._retry(attempt)
        except Stopped as stop:
            stop.awaited, stop.waited_s = self._last, self._tried_s()
            raise
        finally:
            progress.log(PROGRESS, "")

    def _retry(self, attempt: Callable[[], T]) -> T:
        failures = 0
        last: Optional[AzprovError] = None
        self._last = None
        if self.left_s() <= 0:
            raise PlatformError(
                "the time limit was over before the first request",
                "give it more time with --timeout",
            )
        while True:
            began = self._clock.now()
            try:
                return attempt()
            except NotConnected as error:
                failures = 0
                last = self._last = error
                self._apply_time_limit(error)
                pause = max(0.0, began + POLL_S - self._clock.now())
                is_over = self.left_s() <= pause
                if not is_over:
                    self._log_wait(error)
            except (PlatformError, DocumentError) as error:
                failures += 1
                self._apply_time_limit(error)
                if last is None or not self._cut_by_deadline(error):
                    last = self._last = error
                pause = self._limited(pause_s(failures, self._jitter()), error)
                is_over = pause < FIRST_PAUSE_S
                if not is_over:
                    log.warning(
                        "%s; retrying in %.1f s, %s left",
                        error.summary,
                        pause,
                        seconds(max(pause, self._left_after(error))),
                    )
            if is_over:
                raise type(last)(
                    f"gave up after {seconds(self._tried_s())}: {last.summary}", last.hint
                ) from last
            self._sleep(pause)

    def _tried_s(self) -> float:
        return min(self._clock.now(), self._deadline) - self._began

    def _left_after(self, error: AzprovError) -> float:
        """Seconds until the loop gives up, or until it accepts the document."""
        accepted_in_s = error.accepted_in_s if isinstance(error, DocumentError) else self.left_s()
        return max(0.0, min(self.left_s(), accepted_in_s))

    def _apply_time_limit(self, error: AzprovError) -> None:
        self._deadline = min(self._latest, self._clock.now() + self._time_limit(error))

    def _sleep(self, pause: float) -> None:
        while pause > _PROGRESS_S and progress.isEnabledFor(PROGRESS):
            progress.log(PROGRESS, "retrying in %.0f s, %s left", pause, seconds(self.left_s()))
            self._clock.sleep(_PROGRESS_S)
            pause -= _PROGRESS_S
        self._clock.sleep(pause)

    def _cut_by_deadline(self, error: AzprovError) -> bool:
        return isinstance(error, BrokenReply) and self.left_s() <= 0

    def _limited(self, pause: float, error: AzprovError) -> float:
        """The pause, cut to leave time for a last attempt, and to end when a document counts."""
        if isinstance(error, PlatformError) and error.retry_after_s is not None:
            pause = max(pause, error.retry_after_s)
        if isinstance(error, DocumentError):
            pause = min(pause, max(FIRST_PAUSE_S, error.accepted_in_s))
        last_attempt_s = min(LAST_ATTEMPT_S, (self._deadline - self._began) / 4)
        return min(pause, self.left_s() - last_attempt_s)

    def _log_wait(self, error: NotConnected) -> None:
        silent_s = self._clock.now() - self._wait_line_at
        is_moved = abs(self._deadline - self._logged_deadline) > 1.0
        is_new = error.summary != self._wait_reason
        changed = is_new or is_moved
        repeats = not changed and progress.isEnabledFor(PROGRESS)
        if silent_s >= (_CHANGED_WAIT_LINE_S if changed else _WAIT_LINE_S) and not repeats:
            self._wait_reason = error.summary
            self._wait_line_at = self._clock.now()
            self._logged_deadline = self._deadline
            to_check = f"; {error.hint}" if is_new and error.hint else ""
            left = seconds(self.left_s())
            log.info("%s; retrying for up to %s%s", error.summary, left, to_check)
        address = error.summary.partition(" ")[0]
        waited_s = int(self._tried_s())
        left_s = self._deadline - self._began - waited_s
        progress.log(
            PROGRESS, "waiting for %s: %d s so far, %s left", address, waited_s, seconds(left_s)
        )

"""The only retry loop: what a reply means, when to ask again, when to give up.

Two paces. While nobody is there (no route, nothing listening) polls follow each
other quickly, for they cost next to nothing and the first moment that the
platform hears us is the moment to speak; one that waits for a route takes its time
by itself. An answer that is no good is asked again ever more slowly, for the
platform is there and busy or wrong.
"""

import email.utils
import logging
import re
from typing import Callable, Mapping, Optional, TypeVar

from ..errors import AzprovError, BrokenReply, DocumentError, NotConnected, PlatformError, Refused
from ..formats.text import printable
from ..system.clock import Clock
from .transport import POLL_S, PROGRESS, Reply, progress

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 8.0
# What is kept of the time for a last attempt when a pause would use it all up.
LAST_ATTEMPT_S = 1.0
# WireServer's ResourceNotAvailable (walinuxagent #2960), and the metadata service's own.
_GONE = 410
_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = 500
# So much of an error's body is shown with -v.
_SHOWN_BODY = 300

# A wait says so when it begins, when its reason changes, and this often.
_WAIT_LINE_S = 30.0
_CHANGED_WAIT_LINE_S = 5.0

log = logging.getLogger(__name__)

# A pause says so often, for the last line of a terminal, how long it lasts.
_PROGRESS_S = 1.0

T = TypeVar("T")


def pause_s(failures: int, jitter: float) -> float:
    """The pause after so many failures in a row, with jitter from 0 to 1.

    0.5 to 1 s after the first, doubling up to 4 to 8 s.
    """
    ceiling = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(failures, 10))
    return ceiling * (0.5 + jitter / 2)


def retry_after_s(headers: Mapping[str, str]) -> Optional[float]:
    """The seconds that Retry-After asks for, None if it names none.

    A date counts from the reply's own Date: the clock of a VM at first boot
    may be years off. Source: RFC 9110, 10.2.3.
    """
    text = (headers.get("Retry-After") or "").strip()
    if re.match(r"[0-9]{1,9}\Z", text):
        return float(text)
    dates = [_date(text), _date(headers.get("Date") or "")]
    if dates[0] is None or dates[1] is None:
        return None
    return max(0.0, dates[0] - dates[1])


def shown(body: bytes) -> str:
    """The beginning of a body, on one line, for who has asked for it with -v."""
    return printable(body.decode("utf-8", "replace"), _SHOWN_BODY)


def judge(
    reply: Reply, *, accepted: range, asked: str, shown: Callable[[bytes], str] = shown
) -> Reply:
    """The reply, if its status counts as success; `asked` says who and for what.

    `shown` is what -v may show of another one's body. Raises Refused.
    """
    if reply.status in accepted:
        return reply
    log.debug("< %s", shown(reply.body))
    if reply.status in (401, 403):
        hint = (
            "only root is let through; where the VM enforces the Metadata Security Protocol, "
            "only Microsoft's guest proxy agent is"
        )
    elif reply.status in (_GONE, _TOO_MANY_REQUESTS) or reply.status >= _SERVER_ERRORS:
        hint = "the platform is there and may recover: try again later"
    else:
        hint = "-v shows its answer; look whether a proxy or another server is at that address"
    raise Refused(
        f"{asked} was answered with {reply}",
        hint,
        status=reply.status,
        retry_after_s=retry_after_s(reply.headers),
    )


class Conversation:
    """All attempts at one thing, until it is had or the time is over."""

    def __init__(
        self,
        clock: Clock,
        *,
        timeout_s: float,
        jitter: Callable[[], float],
        patience: Callable[[AzprovError], float] = lambda _error: float("inf"),
    ) -> None:
        """`patience` says, after each failed attempt, how many seconds are left at most."""
        self._clock = clock
        self._patience = patience
        self._jitter = jitter
        self._began = clock.now()
        self._latest = self._deadline = self._began + timeout_s
        self._wait_reason = ""
        self._told_deadline = self._deadline
        self._wait_line_at = float("-inf")

    def left_s(self) -> float:
        """Seconds until the deadline, 0 when it is over."""
        return max(0.0, self._deadline - self._clock.now())

    def retry(self, attempt: Callable[[], T]) -> T:
        """What the attempt returns, as soon as it returns.

        Raises the last attempt's error, in words that say how long was tried,
        when there is no time for another.
        """
        try:
            return self._retry(attempt)
        finally:
            progress.log(PROGRESS, "")

    def _retry(self, attempt: Callable[[], T]) -> T:
        failures = 0
        last: Optional[AzprovError] = None
        while True:
            began = self._clock.now()
            try:
                return attempt()
            except NotConnected as error:
                failures = 0
                last = error
                self._heed_patience(error)
                pause = max(0.0, began + POLL_S - self._clock.now())
                is_over = self.left_s() <= pause
                self._say_wait(error)
            except (PlatformError, DocumentError) as error:
                failures += 1
                self._heed_patience(error)
                if last is None or not self._cut_by_deadline(error):
                    last = error
                pause = self._fitted(pause_s(failures, self._jitter()), error)
                is_over = pause < FIRST_PAUSE_S
                if not is_over:
                    log.warning(
                        "%s; trying again in %.1f s, %.0f s left",
                        error.summary,
                        pause,
                        self.left_s(),
                    )
            if is_over:
                raise type(last)(
                    f"gave up after {self._tried_s():.3g} s: {last.summary}", last.hint
                ) from last
            self._sleep(pause)

    def _tried_s(self) -> float:
        return min(self._clock.now(), self._deadline) - self._began

    def _heed_patience(self, error: AzprovError) -> None:
        self._deadline = min(self._latest, self._clock.now() + self._patience(error))

    def _sleep(self, pause: float) -> None:
        while pause > _PROGRESS_S and progress.isEnabledFor(PROGRESS):
            progress.log(PROGRESS, "trying again in %.0f s, %.0f s left", pause, self.left_s())
            self._clock.sleep(_PROGRESS_S)
            pause -= _PROGRESS_S
        self._clock.sleep(pause)

    def _cut_by_deadline(self, error: AzprovError) -> bool:
        return isinstance(error, BrokenReply) and self.left_s() <= 0

    def _fitted(self, pause: float, error: AzprovError) -> float:
        """The pause, made to leave time for a last attempt."""
        if isinstance(error, PlatformError) and error.retry_after_s is not None:
            pause = max(pause, error.retry_after_s)
        last_attempt_s = min(LAST_ATTEMPT_S, (self._deadline - self._began) / 4)
        return min(pause, self.left_s() - last_attempt_s)

    def _say_wait(self, error: NotConnected) -> None:
        silent_s = self._clock.now() - self._wait_line_at
        is_moved = abs(self._deadline - self._told_deadline) > 1.0
        changed = error.summary != self._wait_reason or is_moved
        repeats = not changed and progress.isEnabledFor(PROGRESS)
        if silent_s >= (_CHANGED_WAIT_LINE_S if changed else _WAIT_LINE_S) and not repeats:
            self._wait_reason = error.summary
            self._wait_line_at = self._clock.now()
            self._told_deadline = self._deadline
            log.info("%s; trying on, %.0f s left", error.summary, self.left_s())
        waited_s = int(self._tried_s())
        progress.log(
            PROGRESS,
            "waiting for %s, %d s, %.0f s left",
            *(error.summary.partition(" ")[0], waited_s, self._deadline - self._began - waited_s),
        )


def _date(text: str) -> Optional[float]:
    try:
        parsed = email.utils.parsedate_tz(text)
        return None if parsed is None else float(email.utils.mktime_tz(parsed))
    # IndexError: Python 3.6 to 3.9 stumble over a lone comma or sign.
    except (ValueError, OverflowError, IndexError):
        return None

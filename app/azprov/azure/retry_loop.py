"""The only retry loop: what a reply means, when to ask again, and when to give up.

It has two paces. While there is no connection (no route, a closed port), attempts
follow each other every 50 ms: they cost almost nothing, and the report should go out
at the first possible moment. After a bad reply the pauses grow, because the platform
can be reached and is busy or broken.
"""

import email.utils
import logging
import os
import re
from typing import Callable, Mapping, Optional, TypeVar

from ..errors import (
    AzprovError,
    BrokenReply,
    DocumentError,
    NotConnected,
    PlatformError,
    Refused,
    Stopped,
)
from ..formats.text import printable, seconds
from ..system.clock import Clock
from .transport import POLL_S, PROGRESS, Reply, progress

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 8.0
# A pause is cut to leave this much time for a last attempt before the deadline.
LAST_ATTEMPT_S = 1.0
# WireServer sends it for ResourceNotAvailable (walinuxagent #2960); the metadata service
# sends it too.
_GONE = 410
_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = 500
_REDIRECTS = range(300, 400)
# The reasons to refuse root. Sources: GuestProxyAgent's README, Microsoft's page on
# 168.63.129.16, systemd-imdsd(8).
_DENIED_HINT = (
    "check that azure-proxy-agent is running if the VM has the metadata security protocol, that "
    "the route uses the primary address of the primary network interface, and that systemd-imdsd "
    "does not lock the metadata service"
)
_OTHER_USER_HINT = "run this as root"
# How many characters of a bad reply's body -v shows.
_EXCERPT = 300

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


def retry_after_s(headers: Mapping[str, str]) -> Optional[float]:
    """The seconds that the header Retry-After asks for; None without a valid value.

    A date is compared with the reply's own Date, because the clock of a VM at first
    boot may be wrong by years. Source: RFC 9110, 10.2.3.
    """
    text = (headers.get("Retry-After") or "").strip()
    if re.match(r"[0-9]{1,9}\Z", text):
        return float(text)
    dates = [_date(text), _date(headers.get("Date") or "")]
    if dates[0] is None or dates[1] is None:
        return None
    return max(0.0, dates[0] - dates[1])


def excerpt_of(body: bytes) -> str:
    """The beginning of a body, on one line, for -v."""
    return printable(body.decode("utf-8", "replace"), _EXCERPT)


def judge(
    reply: Reply, *, accepted: range, request: str, excerpt: Callable[[bytes], str] = excerpt_of
) -> Reply:
    """The reply, if its status counts as success.

    `request` names the request and its address, for the error. `excerpt` returns the
    part of a bad reply's body that -v shows. Raises Refused.
    """
    if reply.status in accepted:
        return reply
    log.debug("< %s", excerpt(reply.body))
    if reply.status in _REDIRECTS:
        log.debug("< Location: %s", printable(reply.headers.get("Location") or "", _EXCERPT))
    if reply.status in (401, 403):
        hint = denied_hint(is_root=os.geteuid() == 0)
    elif reply.status in (_GONE, _TOO_MANY_REQUESTS) or reply.status >= _SERVER_ERRORS:
        hint = "try again later: the platform may recover"
    else:
        hint = "check whether a proxy or another server answers at that address; -v shows its reply"
    raise Refused(
        f"{request} failed: {reply}",
        hint,
        status=reply.status,
        retry_after_s=retry_after_s(reply.headers),
    )


def denied_hint(*, is_root: bool) -> str:
    """What to do about a 401 or 403."""
    return _DENIED_HINT if is_root else _OTHER_USER_HINT


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
        time for another attempt. A signal's exception gets that error too.
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
                        "%s; retrying in %.1f s, %.0f s left",
                        error.summary,
                        pause,
                        max(pause, self._left_after(error)),
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
            progress.log(PROGRESS, "retrying in %.0f s, %.0f s left", pause, self.left_s())
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
            PROGRESS, "waiting for %s: %d s so far, %.0f s left", address, waited_s, left_s
        )


def _date(text: str) -> Optional[float]:
    try:
        parsed = email.utils.parsedate_tz(text)
        return None if parsed is None else float(email.utils.mktime_tz(parsed))
    # IndexError: Python 3.6 to 3.9 raise it for a lone comma or sign.
    except (ValueError, OverflowError, IndexError):
        return None

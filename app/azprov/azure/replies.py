"""What a reply means: success, or a refusal with its reason and what to do about it."""

import email.utils
import logging
import os
import re
from typing import Callable, Mapping, Optional

from ..errors import Refused
from ..formats.text import printable
from .transport import Reply

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

log = logging.getLogger(__name__)


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


def _date(text: str) -> Optional[float]:
    try:
        parsed = email.utils.parsedate_tz(text)
        return None if parsed is None else float(email.utils.mktime_tz(parsed))
    # IndexError: Python 3.6 to 3.9 raise it for a lone comma or sign.
    except (ValueError, OverflowError, IndexError):
        return None

"""The client of the instance metadata service (IMDS), which describes this VM.

Source: https://learn.microsoft.com/azure/virtual-machines/instance-metadata-service,
read 2026-11-22, and the versions that cloud-init and talos ask for.
"""

import logging
import re
from typing import Callable, Optional, Tuple

from ..errors import BrokenReply, DocumentError, Refused
from ..formats.platform.instance import Instance, Wanted, find_gap, parse_instance
from ..system.clock import Clock
from .replies import excerpt_of, judge
from .retry_loop import RetryLoop
from .transport import Transport

# Newest first. cloud-init asks for 2021-08-01; 2020-10-01 is the first with all of
# osProfile; 2019-06-01 is in the unit of Microsoft's sample. `extended` marks a
# provisioning request: without it the service answers 200 with partial data when it
# cannot reach one of its own sources (azure-init #134). cloud-init sends it since
# 2021-03-01.
_TARGETS = (
    "/metadata/instance?api-version=2021-08-01&extended=true",
    "/metadata/instance?api-version=2020-10-01",
)
_TARGET_WITHOUT_PROFILE = "/metadata/instance?api-version=2019-06-01"
# The only reply to an unsupported version. 404 and 410 mean that the service has no data
# for a new VM yet (cloud-init #1271, ignition #1807, flatcar #1359).
_UNKNOWN_VERSION = 400

#: The time limit of a request; cloud-init allows it 30 s.
GET_S = 30.0
#: The shortest time limit, where requests are repeated for minutes. It is doubled after each
#: unanswered request and begins again after the longest one, so that the answer of a service
#: that hung for a while is seldom late.
FIRST_GET_S = 2.0

log = logging.getLogger(__name__)

_HINT = "check whether a proxy or filter answers instead of the metadata service"


class Imds:
    """A client of one metadata service, within the deadline of one retry loop."""

    def __init__(
        self,
        transport: Transport,
        retry_loop: RetryLoop,
        *,
        agent_name: str,
        limits_s: Tuple[float, float] = (GET_S, GET_S),
    ) -> None:
        """`limits_s` are the shortest and the longest time limit of one request."""
        self._transport = transport
        self._retry_loop = retry_loop
        self._headers = {"Metadata": "true", "User-Agent": agent_name}
        self._limits_s = limits_s
        self._get_s = limits_s[0]

    def fetch_instance(self) -> Instance:
        """The metadata in the newest API version that the service supports.

        Makes one attempt; raises PlatformError or DocumentError.
        """
        for target in _TARGETS:
            try:
                return self._fetch(target)
            except Refused as error:
                if error.status != _UNKNOWN_VERSION:
                    raise
        return self._fetch(_TARGET_WITHOUT_PROFILE)._replace(knows_profile=False)

    def _fetch(self, target: str) -> Instance:
        bound_s = min(self._get_s, self._retry_loop.left_s())
        try:
            reply = self._transport.send("GET", target, headers=self._headers, bound_s=bound_s)
        except BrokenReply:
            first_s, longest_s = self._limits_s
            has_ended = self._get_s >= longest_s
            self._get_s = first_s if has_ended else min(2 * self._get_s, longest_s)
            raise
        request = f"metadata request to {self._transport.endpoint}"
        judge(reply, accepted=range(200, 201), request=request, excerpt=_excerpt)
        try:
            return parse_instance(reply.body)
        except DocumentError as error:
            log.debug("< %s", _excerpt(reply.body))
            raise DocumentError(error.summary, _HINT) from error


class CompleteInstance:
    """Asks until the answer has every wanted value, or is unlikely to get it.

    A deployment can lack some values: one with a password may have no keys. Such a value is
    asked for again for a limited time, because the first answer may be partial. One object
    counts this time over all its attempts, also over those of several retry loops.
    """

    def __init__(
        self, clock: Clock, wanted: Wanted, *, settling_s: float, accepts_any: bool = False
    ) -> None:
        """`settling_s` is this limited time.

        With `accepts_any` it also limits the wait for a value that no deployment lacks, such
        as the keys of a deployment without a password.
        """
        self._clock = clock
        self._wanted = wanted
        self._settling_s = settling_s
        self._accepts_any = accepts_any
        self._incomplete_since: Optional[float] = None

    def fetch(self, fetch_instance: Callable[[], Instance]) -> Instance:
        """Makes one attempt; raises PlatformError, or DocumentError for a partial answer."""
        instance = fetch_instance()
        gap = find_gap(instance, self._wanted)
        if gap is None:
            return instance
        now = self._clock.now()
        if self._incomplete_since is None:
            self._incomplete_since = now
        settling_s = min(self._settling_s, gap.settles_in_s)
        waited_s = now - self._incomplete_since
        may_stay = gap.may_stay or self._accepts_any
        if may_stay and waited_s > 0 and waited_s >= settling_s:
            return instance
        error = DocumentError(gap.summary, gap.hint)
        if may_stay:
            error.accepted_in_s = settling_s - waited_s
        raise error


def _excerpt(body: bytes) -> str:
    """The beginning of a web page, or an error message; any other body may hold custom data."""
    error = re.match(rb'\s*\{\s*"error"\s*:\s*"[^"]*"', body)
    if error is not None:
        return excerpt_of(error.group())
    is_page = body.lstrip().startswith(b"<")
    return excerpt_of(body) if is_page else f"({len(body)} bytes, which may hold secrets)"

"""How long the metadata service is waited for, where the platform is there or is not.

That it is there is told by its WireServer: does it take connections? One lease brings
the routes to both, so that while neither can be reached it is the network that is
late, and the time of the metadata service has not begun.
"""

import logging
from typing import Callable, Optional

from ..errors import AzprovError, NotConnected
from ..system.clock import Clock
from .dial import Dialer
from .endpoint import Endpoint

# Knocking at most this often, until the first connection; nothing is sent over it.
_KNOCK_S = 1.0

log = logging.getLogger(__name__)


class WireServerProbe:
    """Knocks at WireServer for whoever waits for another service of the platform."""

    def __init__(
        self, endpoint: Endpoint, clock: Clock, locate: Optional[Callable[[], Endpoint]] = None
    ) -> None:
        self._clock = clock
        self._dialer = Dialer(endpoint, clock, locate)
        self._knocked_at = float("-inf")
        self._is_there = False

    def is_reachable(self) -> bool:
        """Whether the platform has been there once; takes no time to find out."""
        if not self._is_there and self._clock.now() - self._knocked_at >= _KNOCK_S:
            self._knocked_at = self._clock.now()
            self._knock()
        return self._is_there

    def _knock(self) -> None:
        try:
            self._dialer.connect(patience_s=0.0).close()
        except NotConnected:
            return
        self._is_there = True
        log.debug("%s takes connections", self._dialer.endpoint)


class Patience:
    """For Conversation: silent_s from when WireServer is there, answering_s from an answer on.

    An answer is whatever comes over a connection.
    """

    def __init__(
        self, probe: WireServerProbe, clock: Clock, *, silent_s: float, answering_s: float
    ) -> None:
        self._presence = probe
        self._clock = clock
        self._silent_s = silent_s
        self._answering_s = answering_s
        self._has_answered = False
        self._until = float("inf")

    def left_s(self, error: AzprovError) -> float:
        """Seconds that are left after an attempt that failed with this error."""
        now = self._clock.now()
        if not self._has_answered and not isinstance(error, NotConnected):
            self._has_answered = True
            self._until = now + self._answering_s
        elif self._until == float("inf") and self._presence.is_reachable():
            self._until = now + self._silent_s
        return self._until - now

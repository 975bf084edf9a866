"""The time limit for the metadata service, which starts when WireServer can be reached.

One DHCP lease brings the routes to both services. While neither can be reached, the
network is late, and the time limit of the metadata service has not begun. It begins
when WireServer accepts a connection.
"""

import logging
from typing import Callable, Optional

from ..errors import AzprovError, NotConnected
from ..system.clock import Clock
from .dial import Dialer
from .endpoint import Endpoint

# The shortest time between two attempts.
_PROBE_S = 1.0

log = logging.getLogger(__name__)


class WireServerProbe:
    """Finds out whether WireServer accepts connections; sends nothing over them."""

    def __init__(
        self, endpoint: Endpoint, clock: Clock, locate: Optional[Callable[[], Endpoint]] = None
    ) -> None:
        self._clock = clock
        self._dialer = Dialer(endpoint, clock, locate)
        self._tried_at = float("-inf")
        self._is_reachable = False

    def is_reachable(self) -> bool:
        """Whether WireServer has accepted a connection, now or earlier. Returns at once."""
        if not self._is_reachable and self._clock.now() - self._tried_at >= _PROBE_S:
            self._tried_at = self._clock.now()
            self._try()
        return self._is_reachable

    def _try(self) -> None:
        try:
            self._dialer.connect(patience_s=0.0).close()
        except NotConnected:
            return
        self._is_reachable = True
        log.debug("%s accepts connections", self._dialer.endpoint)


class Patience:
    """The time limit of a RetryLoop with the metadata service.

    It is silent_s from the moment when WireServer can be reached. The first reply of
    the metadata service, usable or not, changes it to answering_s from then on.
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
        """The seconds left after an attempt that failed with this error; may be infinite."""
        now = self._clock.now()
        if not self._has_answered and not isinstance(error, NotConnected):
            self._has_answered = True
            self._until = now + self._answering_s
        elif self._until == float("inf") and self._presence.is_reachable():
            self._until = now + self._silent_s
        return self._until - now

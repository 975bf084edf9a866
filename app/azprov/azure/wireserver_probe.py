"""Whether WireServer can be reached, without a request to it."""

import logging
from typing import Callable, Optional

from ..errors import NotConnected
from ..system.clock import Clock
from .dial import Dialer
from .endpoint import Endpoint

# The shortest time between two attempts.
_PROBE_S = 0.25

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

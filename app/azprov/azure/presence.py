"""Whether the platform is there, as told by its WireServer: does it take connections?"""

import logging
from typing import Callable, Optional

from ..errors import NotConnected
from .clock import Clock
from .dial import Dialer
from .endpoint import Endpoint

# How long a service may be silent when the platform is not. One lease brings the
# routes to both, and cloud-init gives up after a dozen failed connections too.
GRACE_S = 10.0
# Knocking at most this often, until the first connection; nothing is sent over it.
_KNOCK_S = 1.0

log = logging.getLogger(__name__)


class Presence:
    """Knocks at WireServer for whoever waits for another service of the platform."""

    def __init__(
        self, endpoint: Endpoint, clock: Clock, locate: Optional[Callable[[], Endpoint]] = None
    ) -> None:
        self._clock = clock
        self._dialer = Dialer(endpoint, clock, locate)
        self._knocked_at = float("-inf")
        self._since: Optional[float] = None

    def has_lasted(self) -> bool:
        """Whether the platform has been there for GRACE_S; takes no time to find out."""
        if self._since is None and self._clock.now() - self._knocked_at >= _KNOCK_S:
            self._knocked_at = self._clock.now()
            self._knock()
        return self._since is not None and self._clock.now() - self._since >= GRACE_S

    def _knock(self) -> None:
        try:
            self._dialer.connect(patience_s=0.0).close()
        except NotConnected:
            return
        self._since = self._clock.now()
        log.debug("%s takes connections", self._dialer.endpoint)

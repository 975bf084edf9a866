"""The time limit for the metadata service, which starts when the platform can be reached.

One DHCP lease brings the routes to both services. While neither can be reached, the
network is late, and the time limit of the metadata service has not begun. It begins
when WireServer accepts a connection, or when the metadata service sends something.
"""

from typing import Callable, Optional

from ..errors import AzprovError, NotConnected
from ..system.clock import Clock
from .wireserver_probe import WireServerProbe


class ImdsTimeLimit:
    """The time limit of a RetryLoop with the metadata service."""

    def __init__(
        self,
        probe: WireServerProbe,
        clock: Clock,
        *,
        limit_s: Callable[[], float],
        unrouted_s: float = float("inf"),
    ) -> None:
        """`limit_s` is called once, when the platform can be reached.

        `unrouted_s` limits the time from then on during which this machine has no route to
        the metadata service, or one that prohibits it.
        """
        self._probe = probe
        self._clock = clock
        self._limit_s = limit_s
        self._unrouted_s = unrouted_s
        self._reached_at: Optional[float] = None
        self._unrouted_at: Optional[float] = None
        # Set with _reached_at.
        self._until: float

    @property
    def waited_s(self) -> float:
        """The seconds since the platform could first be reached; 0 if it never could."""
        return 0.0 if self._reached_at is None else self._clock.now() - self._reached_at

    def left_s(self, error: AzprovError) -> float:
        """The seconds left after an attempt that failed with this error; may be infinite."""
        now = self._clock.now()
        if self._reached_at is None:
            if isinstance(error, NotConnected) and not self._probe.is_reachable():
                return float("inf")
            self._reached_at = now
            self._until = now + self._limit_s()
        if isinstance(error, NotConnected) and not error.has_route:
            self._unrouted_at = now if self._unrouted_at is None else self._unrouted_at
            return min(self._until, self._unrouted_at + self._unrouted_s) - now
        self._unrouted_at = None
        return self._until - now

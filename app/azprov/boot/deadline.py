"""The deadline of a first boot, and the time before which no failure is final."""

from ..system.clock import Clock

#: The shortest wait after which a missing answer can be reported as a failure. cloud-init
#: and azure-init wait that long.
FINAL_S = 300.0


class Deadline:
    """The moment by which a boot must have sent everything that it sends to the platform."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._at = clock.now() + seconds

    def left_s(self) -> float:
        """Seconds until the deadline, 0 after it."""
        return max(0.0, self._at - self._clock.now())

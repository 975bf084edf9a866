"""The clock that every wait goes by: monotonic, so that no time server moves a deadline."""

import time


class Clock:
    def now(self) -> float:
        """Seconds since some fixed moment; only differences mean something."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

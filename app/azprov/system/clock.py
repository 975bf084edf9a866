"""The clock that every wait goes by: monotonic, so that no time server moves a deadline."""

import time


class Clock:
    def now(self) -> float:
        """Seconds since some fixed moment; only differences mean something."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def timestamp(self) -> str:
        """The time of day in UTC, as ISO 8601 with an offset. It may jump."""
        return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())

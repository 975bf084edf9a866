"""The clock port: waiting, deadlines, and the date."""

import time


class Clock:
    """The machine's clocks. `now` and `sleep` are monotonic: no time server moves a deadline."""

    def now(self) -> float:
        """Seconds since some fixed moment; only differences have a meaning."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def wall_time(self) -> float:
        """Seconds since 1970 by the wall clock, which may jump; files have such time stamps."""
        return time.time()

    def timestamp(self) -> str:
        """The wall clock's time in UTC, as ISO 8601 with an offset."""
        return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(self.wall_time()))

"""What happened in a rehearsal or a simulation, line by line."""

import threading
from collections import deque
from functools import partial
from typing import BinaryIO, Callable, Deque, Iterator, List, NamedTuple, Optional

from ..system.clock import Clock

# Those of a scenario are a few hundred, but a command may write lines without an end.
_MOST_EVENTS = 10_000
# A longer line of a program is several events.
_LONGEST_LINE_BYTES = 1 << 12


class Event(NamedTuple):
    """A line of the transcript; at_s counts from its beginning."""

    at_s: float
    who: str
    what: str


class Transcript:
    """The last events so far. `show` is called with each, from the thread in which it happens."""

    def __init__(self, clock: Clock, show: Callable[[Event], None]) -> None:
        self._events: Deque[Event] = deque(maxlen=_MOST_EVENTS)
        self._clock = clock
        self._began = clock.now()
        self._show = show
        self._lock = threading.Lock()

    @property
    def events(self) -> List[Event]:
        """The last 10,000 events."""
        with self._lock:
            return list(self._events)

    def log_of(self, who: str) -> Callable[[str], None]:
        """The function that logs what someone does."""

        def log(what: str) -> None:
            with self._lock:
                event = Event(self._clock.now() - self._began, who, what)
                self._events.append(event)
                self._show(event)

        return log


def lines_of(stream: Optional[BinaryIO]) -> Iterator[str]:
    """The lines that a program writes, without their ends; a long one in several pieces."""
    if stream is not None:
        for line in iter(partial(stream.readline, _LONGEST_LINE_BYTES), b""):
            yield line.decode("utf-8", "replace").rstrip("\n")

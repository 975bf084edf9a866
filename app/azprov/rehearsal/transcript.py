"""What happened in a rehearsal or a simulation, line by line."""

import threading
from typing import Callable, List, NamedTuple

from ..system.clock import Clock


class Event(NamedTuple):
    """A line of the transcript; at_s counts from its beginning."""

    at_s: float
    who: str
    what: str


class Transcript:
    """The events so far. `show` is called with each, from the thread in which it happens."""

    def __init__(self, clock: Clock, show: Callable[[Event], None]) -> None:
        self.events: List[Event] = []
        self._clock = clock
        self._began = clock.now()
        self._show = show
        self._lock = threading.Lock()

    def log_of(self, who: str) -> Callable[[str], None]:
        """The function that logs what someone does."""

        def log(what: str) -> None:
            with self._lock:
                self.events.append(Event(self._clock.now() - self._began, who, what))
                self._show(self.events[-1])

        return log

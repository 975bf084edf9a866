"""Collects the evidence of one boot, from several threads, and shows it in the transcript."""

import threading
from typing import Callable, List, Optional

from ...system.clock import Clock
from ..platform import Exchange
from ..transcript import Transcript
from .dhcp import DhcpEvent
from .evidence import BootSeen, Lease, Line, Request
from .signs import is_final

# A guest could fill this machine's memory with its console.
_MOST_LINES = 20_000


class Watch:
    """The current boot; `begin` starts the next one."""

    def __init__(self, clock: Clock, transcript: Transcript) -> None:
        self._clock = clock
        self._log_console = transcript.log_of("console")
        self._log_lease = transcript.log_of("lease")
        self._lock = threading.Lock()
        self._first_s = clock.now()
        self.begin()

    def begin(self) -> None:
        with self._lock:
            self._began = self._clock.now()
            self._console: List[Line] = []
            self._leases: List[Lease] = []
            self._requests: List[Request] = []
            #: When the console first showed that the boot cannot get further.
            self._final_s: Optional[float] = None

    @property
    def elapsed_s(self) -> float:
        return self._clock.now() - self._began

    @property
    def stuck_for_s(self) -> float:
        """Seconds since the console showed that the boot cannot get further; 0 if it did not."""
        return 0.0 if self._final_s is None else self.elapsed_s - self._final_s

    def on_console(self, text: str) -> None:
        with self._lock:
            if len(self._console) >= _MOST_LINES:
                return
            self._console.append(Line(self.elapsed_s, text))
            if self._final_s is None and is_final(text):
                self._final_s = self.elapsed_s
        self._log_console(text)

    def on_lease(self, event: DhcpEvent) -> None:
        with self._lock:
            self._leases.append(Lease(self.elapsed_s, event))
        self._log_lease(event.sentence)

    def on_exchange(self, exchange: Exchange) -> None:
        """Called by the platform, which logs the request itself."""
        with self._lock:
            self._requests.append(Request(self.elapsed_s, exchange))

    def seen(self, ending: str) -> BootSeen:
        with self._lock:
            return BootSeen(
                self._began - self._first_s,
                self.elapsed_s,
                ending,
                tuple(self._console),
                tuple(self._leases),
                tuple(self._requests),
            )


#: What gets each line of a console.
Console = Callable[[str], None]

"""Turns the first signal that stops a run into an exception, and that into the last line."""

import signal
from typing import Optional

from ..errors import AzprovError, Stopped
from ..formats.text import seconds

_HINT = "run it again to continue; nothing is half done"


class SignalHandlers:
    """Raises Stopped for the first SIGTERM, SIGHUP or SIGINT.

    Later signals are ignored, so that they do not cut off the last line of the log. A
    signal that the caller of azprov ignores, as nohup does SIGHUP, stays ignored. A signal
    that the caller blocks is unblocked, because a wait of 20 minutes must be stoppable.
    """

    def __init__(self) -> None:
        self._ignores = False
        stopping = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
        self._handled = [one for one in stopping if signal.getsignal(one) != signal.SIG_IGN]
        for number in self._handled:
            signal.signal(number, self._handle)

    def unblock(self) -> None:
        """Unblock the handled signals, also those that the caller of azprov blocks.

        A blocked signal may be waiting already: its exception is raised in this call.
        """
        signal.pthread_sigmask(signal.SIG_UNBLOCK, self._handled)

    def ignore(self) -> None:
        """Ignore all signals from here on: the run is complete and its outcome reported.

        Python restores the default actions of handled signals while it exits, and a signal
        would then replace the exit code; it leaves ignored signals ignored.
        """
        self._ignores = True
        for number in self._handled:
            signal.signal(number, signal.SIG_IGN)

    def _handle(self, number: int, _frame: Optional[object]) -> None:
        if self._ignores:
            return
        self._ignores = True
        raise Stopped(number)


def failure_of_stop(stop: Stopped) -> AzprovError:
    """The last line of a run that a signal stopped; it names the failure that was waited for."""
    name = signal.Signals(stop.number).name
    how = "interrupted" if stop.number == signal.SIGINT else f"stopped by {name}"
    if stop.awaited is None:
        return AzprovError(how, stop.effect or _HINT)
    return AzprovError(
        f"{how} after {seconds(stop.waited_s)}: {stop.awaited.summary}",
        stop.effect or stop.awaited.hint or _HINT,
    )

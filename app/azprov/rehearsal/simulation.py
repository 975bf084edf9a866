"""Runs any command where the simulated platform answers at the platform's two addresses."""

import os
import signal
import subprocess
import threading
from contextlib import suppress
from typing import BinaryIO, Callable, List, NamedTuple, Optional, Sequence, cast

from ..azure.endpoint import IMDS_ADDRESS, WIRESERVER_ADDRESS
from ..errors import HostError
from ..system.clock import Clock
from .platform import HOST_PLUGIN_PORT, Platform
from .run import environment
from .scenario import Scenario
from .transcript import Event, Transcript, lines_of

ADDRESSES = (WIRESERVER_ADDRESS, IMDS_ADDRESS)
_PORT = 80
_SERVED_S = 3600.0


class Result(NamedTuple):
    """`exit_code` is None for a command that still ran at the limit, and was ended then."""

    scenario: Scenario
    events: List[Event]
    exit_code: Optional[int]
    requests: int
    ready_reports: int
    failure_reports: int

    @property
    def shortcomings(self) -> List[str]:
        """A sentence for each difference from what the scenario expects of any agent."""
        found = []
        if self.ready_reports != self.scenario.ready_reports:
            found.append(
                f"Ready was acknowledged {self.ready_reports} times, not "
                f"{self.scenario.ready_reports}"
            )
        if self.failure_reports:
            found.append("a failure was reported, which is final on Azure")
        if self.exit_code == 0 and not self.ready_reports:
            found.append("the exit code is 0 although Ready was not acknowledged")
        if self.exit_code is None and self.ready_reports < self.scenario.ready_reports:
            found.append("the command did not end")
        return found


def simulate(
    scenario: Scenario,
    command: Sequence[str],
    clock: Clock,
    show: Callable[[Event], None],
    *,
    limit_s: float,
) -> Result:
    """Run a command beside the platform of a scenario. `show` is called with each event.

    This process must be in a network that has ADDRESSES. Raises HostError if the command
    cannot be started.
    """
    transcript = Transcript(clock, show)
    with _platform(scenario, transcript) as platform:
        exit_code = _run(command, scenario, transcript.log_of("command"), limit_s)
    return Result(
        scenario,
        transcript.events,
        exit_code,
        platform.requests,
        platform.ready_reports,
        platform.failure_reports,
    )


def serve(scenario: Scenario, clock: Clock, show: Callable[[Event], None]) -> None:
    """Let the platform of a scenario answer until a signal arrives, which raises Stopped.

    This process must be in a network that has ADDRESSES.
    """
    with _platform(scenario, Transcript(clock, show)):
        while True:
            clock.sleep(_SERVED_S)


def _platform(scenario: Scenario, transcript: Transcript) -> Platform:
    return Platform(
        scenario,
        transcript.log_of("platform"),
        wireserver=(WIRESERVER_ADDRESS, _PORT),
        imds=(IMDS_ADDRESS, _PORT),
        host_plugin=(WIRESERVER_ADDRESS, HOST_PLUGIN_PORT),
    )


def _run(
    command: Sequence[str], scenario: Scenario, log: Callable[[str], None], limit_s: float
) -> Optional[int]:
    """The exit code, 128 and the number of a signal, or None if the limit was reached."""
    try:
        process = subprocess.Popen(
            command,
            env=environment(scenario),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise HostError(
            f"{command[0]!a} could not be started ({error.strerror})", "check the command"
        ) from error
    is_over = threading.Event()

    def end() -> None:
        is_over.set()
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(limit_s, end)
    timer.start()
    with process:
        try:
            for line in lines_of(cast(Optional[BinaryIO], process.stdout)):
                log(_as_shown(line))
            code = process.wait()
        finally:
            timer.cancel()
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
    if is_over.is_set():
        return None
    return code if code >= 0 else 128 - code


def _as_shown(line: str) -> str:
    """A line as a terminal shows it in the end: progress replaces itself after "\\r"."""
    return line.rstrip("\r\n").rpartition("\r")[2]

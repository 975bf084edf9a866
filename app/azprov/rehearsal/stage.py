"""One scenario played: the client as a process, the platform beside it, and a verdict."""

import os
import subprocess
import threading
from typing import Callable, List, NamedTuple, Sequence

from ..azure.clock import Clock
from ..documents.health import READY
from .platform import Platform
from .scenarios import Scenario

# A client that outlives its own deadline by so much is ended.
_GRACE_S = 20.0


class Event(NamedTuple):
    """A line of the transcript; at_s counts from the client's start."""

    at_s: float
    who: str
    what: str


class Outcome(NamedTuple):
    scenario: Scenario
    events: List[Event]
    exit_code: int
    ready_reports: int
    other_reports: int

    @property
    def shortcomings(self) -> List[str]:
        """What did not end as the scenario should, a sentence each."""
        found = []
        wanted = self.scenario
        if self.exit_code != wanted.exit_code:
            found.append(f"the exit code is {self.exit_code}, not {wanted.exit_code}")
        if self.ready_reports != wanted.ready_reports:
            found.append(
                f"Ready was acknowledged {self.ready_reports} times, not {wanted.ready_reports}"
            )
        if self.other_reports:
            found.append(f"{self.other_reports} other reports were sent")
        return found


def play(scenario: Scenario, client: Sequence[str], clock: Clock) -> Outcome:
    """Run `client`, the command that starts azprov, through a scenario."""
    events: List[Event] = []
    lock = threading.Lock()
    began = clock.now()

    def note(who: str) -> Callable[[str], None]:
        def say(what: str) -> None:
            with lock:
                events.append(Event(clock.now() - began, who, what))

        return say

    vm = note("VM")
    with Platform(scenario, note("platform")) as platform:
        arguments = ["report-ready", "--wireserver", platform.address]
        arguments += ["--timeout", f"{scenario.timeout_s:g}"]
        vm("azprov.pyz " + " ".join(arguments))
        exit_code = _run([*client, *arguments], vm, scenario.timeout_s + _GRACE_S)
        vm(f"exit code {exit_code}")
    ready_reports = sum(report.state == READY for report in platform.acknowledged)
    return Outcome(
        scenario,
        sorted(events),
        exit_code,
        ready_reports,
        len(platform.acknowledged) - ready_reports,
    )


def _run(command: Sequence[str], say: Callable[[str], None], limit_s: float) -> int:
    """Run a command, say each line of its account, and return its exit code."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name != "JOURNAL_STREAM" and not name.startswith("AZPROV_")
    }
    client = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    guard = threading.Timer(limit_s, client.kill)
    guard.start()
    try:
        with client:
            for line in client.stderr or ():
                say(line.decode("utf-8", "replace").rstrip("\n"))
    finally:
        guard.cancel()
        client.kill()
    return client.wait()

"""One scenario played: each boot as a process, the platform beside it, and a verdict."""

import os
import subprocess
import tempfile
import threading
from typing import Callable, Dict, Iterator, List, NamedTuple, Sequence

from ..errors import HostError
from ..formats.platform.health import READY
from ..system.clock import Clock
from .machine import Machine
from .platform import VM_IDS, Platform
from .scenarios import Scenario

# A client that outlives its own deadlines by so much is ended.
_GRACE_S = 20.0


class Event(NamedTuple):
    """A line of the transcript; at_s counts from the first boot."""

    at_s: float
    who: str
    what: str


class Booted(NamedTuple):
    exit_code: int
    #: How many requests the platform got.
    requests: int


class Outcome(NamedTuple):
    scenario: Scenario
    events: List[Event]
    boots: List["Booted"]
    ready_reports: int
    failure_reports: int
    #: How many keys may log in as the admin user.
    keys: int
    hostname: str
    is_disabled: bool
    #: What became of each file that is not as it was in the image.
    changes: List[str]

    @property
    def shortcomings(self) -> List[str]:
        """What did not end as the scenario should, a sentence each."""
        wanted = self.scenario
        found = []
        for number, (got, boot) in enumerate(zip(self.boots, wanted.boots), start=1):
            if got.exit_code != boot.exit_code:
                found.append(
                    f"the exit code of boot {number} is {got.exit_code}, not {boot.exit_code}"
                )
            if boot.is_silent and got.requests:
                found.append(f"boot {number} sent {got.requests} requests")
        if self.ready_reports != wanted.ready_reports:
            found.append(
                f"Ready was acknowledged {self.ready_reports} times, not {wanted.ready_reports}"
            )
        if self.failure_reports != wanted.failure_reports:
            found.append(
                f"a failure was acknowledged {self.failure_reports} times, "
                f"not {wanted.failure_reports}"
            )
        if self.keys != wanted.keys:
            found.append(f"{self.keys} keys may log in, not {wanted.keys}")
        if self.hostname != wanted.hostname:
            found.append(f"the host name is {self.hostname}, not {wanted.hostname}")
        if self.is_disabled != wanted.is_disabled:
            found.append(f"the service is {'disabled' if self.is_disabled else 'enabled'}")
        return found


def play(
    scenario: Scenario, client: Sequence[str], clock: Clock, show: Callable[[Event], None]
) -> Outcome:
    """Run `client`, the command that starts azprov, through a scenario; `show` each event.

    The client changes a scratch folder, which is removed. Raises HostError if none can be made.
    """
    events: List[Event] = []
    lock = threading.Lock()
    began = clock.now()

    def note(who: str) -> Callable[[str], None]:
        def say(what: str) -> None:
            with lock:
                events.append(Event(clock.now() - began, who, what))
                show(events[-1])

        return say

    with _scratch_folder() as folder:
        machine = Machine(os.path.realpath(folder))
        machine.prepare_boot(VM_IDS[0])
        image = machine.files()
        with Platform(scenario, note("platform")) as platform:
            booted = _boot_all(scenario, client, machine, platform, note("VM"))
        changes = list(_changes(image, machine.files()))
        ready_reports = sum(report.state == READY for report in platform.acknowledged)
        return Outcome(
            scenario,
            events,
            booted,
            ready_reports,
            len(platform.acknowledged) - ready_reports,
            machine.keys_of(scenario.admin_username),
            machine.hostname,
            machine.is_disabled,
            changes,
        )


def _scratch_folder() -> "tempfile.TemporaryDirectory[str]":
    try:
        return tempfile.TemporaryDirectory(prefix="azprov-rehearsal-")
    except OSError as error:
        raise HostError(
            f"no folder can be made for the simulated VM ({error.strerror})",
            "set TMPDIR to a folder that can be written",
        ) from error


def _boot_all(
    scenario: Scenario,
    client: Sequence[str],
    machine: Machine,
    platform: Platform,
    say: Callable[[str], None],
) -> List[Booted]:
    arguments = ["provision", "--root", machine.root.path, *scenario.options]
    arguments += ["--wireserver", platform.wireserver.address, "--imds", platform.imds.address]
    arguments += ["--timeout", f"{scenario.timeout_s:g}"]
    arguments += ["--imds-timeout", f"{scenario.imds_timeout_s:g}"]
    booted = []
    for number, boot in enumerate(scenario.boots, start=1):
        platform.vm_id = VM_IDS[1 if boot.is_captured else 0]
        machine.prepare_boot(platform.vm_id)
        requests = platform.requests
        say(f"boot {number}: azprov.pyz provision")
        client_process = _start([*client, *arguments])
        if boot.is_cut:
            platform.on_acknowledged = client_process.kill
        exit_code = _follow(client_process, say, scenario.timeout_s + _GRACE_S)
        platform.on_acknowledged = lambda: None
        say("the power is cut" if boot.is_cut else f"exit code {exit_code}")
        booted.append(Booted(exit_code, platform.requests - requests))
    return booted


def _start(command: Sequence[str]) -> "subprocess.Popen[bytes]":
    environment = {
        name: value
        for name, value in os.environ.items()
        if name != "JOURNAL_STREAM" and not name.startswith("AZPROV_")
    }
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def _follow(client: "subprocess.Popen[bytes]", say: Callable[[str], None], limit_s: float) -> int:
    """Say each line of its account; returns its exit code, that of a signal negative."""
    guard = threading.Timer(limit_s, client.kill)
    guard.start()
    with client:
        try:
            for line in client.stderr or ():
                say(line.decode("utf-8", "replace").rstrip("\n"))
            return client.wait()
        except BaseException:
            client.kill()
            raise
        finally:
            guard.cancel()


def _changes(before: Dict[str, str], after: Dict[str, str]) -> Iterator[str]:
    for path in sorted({*before, *after}):
        if path.startswith("/sys/") or before.get(path) == after.get(path):
            continue
        if path not in after:
            yield f"{path} is gone"
        elif path not in before:
            yield f"{path} is new: {' | '.join(after[path].splitlines())}"
        else:
            lines = set(after[path].splitlines()) - set(before[path].splitlines())
            yield f"{path} now says: {' '.join(sorted(lines))}"

"""Runs a scenario: each boot is a process beside the simulated platform; gives the outcome."""

import os
import subprocess
import tempfile
import threading
from shlex import quote
from typing import BinaryIO, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, cast

from ..errors import HostError
from ..system.clock import Clock
from .machine import Machine
from .platform import VM_IDS, Platform
from .scenario import Scenario
from .transcript import Event, Transcript, lines_of

# A client is killed when it runs this much longer than its own deadline.
_GRACE_S = 20.0


class BootResult(NamedTuple):
    #: The negative number of the signal for a boot that was killed.
    exit_code: int
    #: The number of requests that the platform received.
    requests: int


class Outcome(NamedTuple):
    scenario: Scenario
    events: List[Event]
    boots: List[BootResult]
    ready_reports: int
    failure_reports: int
    #: The number of authorized keys of the admin user.
    keys: int
    hostname: str
    is_disabled: bool
    #: A sentence for each file that differs from the image.
    changes: List[str]

    @property
    def shortcomings(self) -> List[str]:
        """A sentence for each difference from the end that the scenario expects."""
        expected = self.scenario
        found = []
        for number, (got, boot) in enumerate(zip(self.boots, expected.boots), start=1):
            if got.exit_code != boot.exit_code:
                found.append(
                    f"the exit code of boot {number} is {got.exit_code}, not {boot.exit_code}"
                )
            if boot.is_silent and got.requests:
                found.append(f"boot {number} sent {got.requests} requests, not 0")
        if self.ready_reports != expected.ready_reports:
            found.append(
                f"Ready was acknowledged {self.ready_reports} times, not {expected.ready_reports}"
            )
        if self.failure_reports != expected.failure_reports:
            found.append(
                f"a failure was acknowledged {self.failure_reports} times, "
                f"not {expected.failure_reports}"
            )
        if self.keys != expected.keys:
            found.append(f"{self.keys} keys can log in, not {expected.keys}")
        if self.hostname != expected.hostname:
            found.append(f"the host name is {self.hostname}, not {expected.hostname}")
        if self.is_disabled != expected.is_disabled:
            is_disabled = "disabled, not enabled" if self.is_disabled else "enabled, not disabled"
            found.append(f"the service is {is_disabled}")
        return found


def play(
    scenario: Scenario, client: Sequence[str], clock: Clock, show: Callable[[Event], None]
) -> Outcome:
    """Run the boots of a scenario with `client`, the command that starts azprov.

    `show` is called with each event. The client changes a scratch folder, which is
    removed afterwards. Raises HostError if the folder cannot be created.
    """
    transcript = Transcript(clock, show)
    with _scratch_folder() as folder:
        machine = Machine(os.path.realpath(folder))
        machine.prepare_boot(VM_IDS[0])
        image = machine.files()
        with Platform(scenario, transcript.log_of("platform")) as platform:
            booted = _boot_all(scenario, client, machine, platform, transcript.log_of("VM"))
        changes = list(_changes(image, machine.files()))
        return Outcome(
            scenario,
            transcript.events,
            booted,
            platform.ready_reports,
            platform.failure_reports,
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
            f"cannot create a folder for the simulated VM ({error.strerror})",
            "set TMPDIR to a writable folder",
        ) from error


def _boot_all(
    scenario: Scenario,
    client: Sequence[str],
    machine: Machine,
    platform: Platform,
    log: Callable[[str], None],
) -> List[BootResult]:
    arguments = ["provision", "--root", machine.root.path, *scenario.options]
    arguments += ["--wireserver", platform.wireserver.address, "--imds", platform.imds.address]
    arguments += ["--timeout", f"{scenario.timeout_s:g}"]
    arguments += ["--imds-timeout", f"{scenario.imds_timeout_s:g}"]
    # On a VM, the command in a hint is azprov; the client shows how it was started here.
    own_command = f"python3 {quote(client[-1])} "

    def log_line(line: str) -> None:
        log(line.replace(own_command, "azprov "))

    booted = []
    for number, boot in enumerate(scenario.boots, start=1):
        platform.vm_id = VM_IDS[1 if boot.is_captured else 0]
        machine.prepare_boot(platform.vm_id)
        requests = platform.requests
        log(f"boot {number}: azprov.pyz provision")
        client_process = _start([*client, *arguments], scenario)
        if boot.loses_power:
            platform.on_acknowledged = client_process.kill
        exit_code = _follow(client_process, log_line, scenario.timeout_s + _GRACE_S)
        platform.on_acknowledged = lambda: None
        log("the power is cut" if boot.loses_power else f"exit code {exit_code}")
        booted.append(BootResult(exit_code, platform.requests - requests))
    return booted


def _start(command: Sequence[str], scenario: Scenario) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        env=environment(scenario),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def environment(scenario: Scenario) -> Dict[str, str]:
    """The environment of a scenario, without what leads azprov to other addresses or logs."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != "JOURNAL_STREAM" and not name.startswith("AZPROV_")
    }
    return dict(kept, **dict(scenario.variables))


def _follow(client: "subprocess.Popen[bytes]", log: Callable[[str], None], limit_s: float) -> int:
    """Log each line of the client's stderr; returns its exit code, negative for a signal."""
    time_limit = threading.Timer(limit_s, client.kill)
    time_limit.start()
    with client:
        try:
            for line in lines_of(cast(Optional[BinaryIO], client.stderr)):
                log(line)
            return client.wait()
        except BaseException:
            client.kill()
            raise
        finally:
            time_limit.cancel()


def _changes(before: Dict[str, str], after: Dict[str, str]) -> Iterator[str]:
    for path in sorted({*before, *after}):
        if path.startswith("/sys/") or before.get(path) == after.get(path):
            continue
        if path not in after:
            yield f"{path} was removed"
        elif path not in before:
            yield f"{path} was created: {' | '.join(after[path].splitlines())}"
        else:
            lines = set(after[path].splitlines()) - set(before[path].splitlines())
            yield f"{path} now contains: {' '.join(sorted(lines))}"

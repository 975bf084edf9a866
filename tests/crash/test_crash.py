"""Commands are killed, or get an error, at every system call that changes something."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Iterator

import pytest

from crash.checks import fail_and_check, kill_and_check
from crash.durable import not_durable
from crash.machines import COMMANDS, Command
from crash.simulated_azure import running_azure
from crash.tracing import OPTIONS, RECEIVE, parse_log, points_of
from crash.workers import Workers
from pyz import PYZ

ERRORS = ("ENOSPC", "EROFS", "EIO", "EACCES")


pytestmark = pytest.mark.needs("root", "strace")


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    pool = Workers(tmp_path_factory.mktemp("workers"))
    yield pool
    pool.close()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_files_survive_a_power_cut(workers: Workers, command: Command) -> None:
    """A file is synced before it gets its name, and its folder before the next file is renamed."""
    baseline = workers.run_undisturbed(command)

    assert list(not_durable(baseline.calls)) == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_archive_makes_the_same_calls_as_the_forked_process(
    workers: Workers, command: Command, tmp_path: Path
) -> None:
    """The archive, run by itself, makes the same system calls as the process that is disturbed."""
    baseline = workers.run_undisturbed(command)
    root, log = tmp_path / "root", tmp_path / "log"
    root.mkdir()
    command.prepare(root)

    with running_azure(command.keys) as azure:
        azprov = [sys.executable, "-I", str(PYZ), *command.argv, "--root", str(root)]
        run = ["strace", "-qq", "-f", "-o", str(log), *OPTIONS, *azprov, *command.platform(azure)]
        done = subprocess.run(run, check=False, capture_output=True)

    assert done.returncode == command.exit_code
    lines = [line.partition(" ")[2].lstrip() for line in log.read_text().splitlines()]
    calls = [call.text for call in parse_log(lines, root)]
    assert calls == [call.text for call in baseline.calls]
    assert all("<ROOT" in call or "(<socket>" in call for call in calls[:-1])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_next_run_completes_after_a_kill_at_any_call(
    workers: Workers, command: Command
) -> None:
    """A kill leaves every file whole, the next run completes, and Ready is sent once.

    Ready is sent twice only if the kill comes between the acknowledgement and its record.
    """
    baseline = workers.run_undisturbed(command)
    points = points_of(baseline.calls)

    problems = workers.each([partial(kill_and_check, baseline, point) for point in points])

    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_an_error_at_any_call_is_reported(
    workers: Workers, command: Command, request: pytest.FixtureRequest
) -> None:
    """If a call fails, the command exits with an error and a sentence, and the next run completes.

    With --every-fault each call gets each error; by default every other call gets one of them.
    """
    baseline = workers.run_undisturbed(command)
    points = [point for point in points_of(baseline.calls) if point.call.name != RECEIVE]
    every = request.config.getoption("--every-fault")
    faults = [
        (point, error)
        for number, point in enumerate(points)
        for error in (ERRORS if every else ERRORS[number // 2 % len(ERRORS) :][: 1 - number % 2])
    ]

    problems = workers.each(
        [partial(fail_and_check, baseline, point, error) for point, error in faults]
    )

    assert not problems, "\n".join(problems)

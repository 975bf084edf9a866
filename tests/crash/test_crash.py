"""Commands that are killed, or meet an error, at every system call that changes anything."""

import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Iterator

import pytest

from crash.answering import answering
from crash.benches import Benches
from crash.durable import undurable
from crash.machines import COMMANDS, Command
from crash.tracing import HEAR, OPTIONS, parse_log, points_of
from crash.verdicts import after_a_kill, after_an_error
from pyz import PYZ

ERRORS = ("ENOSPC", "EROFS", "EIO", "EACCES")


pytestmark = pytest.mark.needs("root", "strace")


@pytest.fixture(scope="module")
def benches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Benches]:
    held = Benches(tmp_path_factory.mktemp("benches"))
    yield held
    held.close()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_what_is_named_is_durable(benches: Benches, command: Command) -> None:
    """Content before its name, and one name before the next: not even a power cut turns that."""
    baseline = benches.undisturbed(command)

    assert list(undurable(baseline.calls)) == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_process_of_its_own_makes_the_same_calls(
    benches: Benches, command: Command, tmp_path: Path
) -> None:
    """The archive as anybody runs it; the forked process that is disturbed stands for it."""
    baseline = benches.undisturbed(command)
    root, log = tmp_path / "root", tmp_path / "log"
    root.mkdir()
    command.lay(root)

    with answering(command.keys) as azure:
        azprov = [sys.executable, "-I", str(PYZ), *command.argv, "--root", str(root)]
        run = ["strace", "-qq", "-f", "-o", str(log), *OPTIONS, *azprov, *command.platform(azure)]
        done = subprocess.run(run, check=False, capture_output=True)

    assert done.returncode == command.exit_code
    lines = [line.partition(" ")[2].lstrip() for line in log.read_text().splitlines()]
    calls = [call.text for call in parse_log(lines, root)]
    assert calls == [call.text for call in baseline.calls]
    assert all("<ROOT" in call or "(<socket>" in call for call in calls[:-1])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_kill_at_any_call_is_made_good(benches: Benches, command: Command) -> None:
    """Every file is whole, the next run ends as if nothing had been, and Ready is sent once."""
    baseline = benches.undisturbed(command)
    points = points_of(baseline.calls)

    shortcomings = benches.each([partial(after_a_kill, baseline, point) for point in points])

    assert not shortcomings, "\n".join(shortcomings)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_an_error_at_any_call_is_told(
    benches: Benches, command: Command, request: pytest.FixtureRequest
) -> None:
    """By its exit code and a sentence; then all is as after a kill. Each error with --every-fault,
    else every other call meets one of them.
    """
    baseline = benches.undisturbed(command)
    points = [point for point in points_of(baseline.calls) if point.call.name != HEAR]
    every = request.config.getoption("--every-fault")
    faults = [
        (point, error)
        for number, point in enumerate(points)
        for error in (ERRORS if every else ERRORS[number // 2 % len(ERRORS) :][: 1 - number % 2])
    ]

    shortcomings = benches.each(
        [partial(after_an_error, baseline, point, error) for point, error in faults]
    )

    assert not shortcomings, "\n".join(shortcomings)

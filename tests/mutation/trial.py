"""Runs tests on copies of the project, each time in a forked process."""

import json
import math
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections import defaultdict
from contextlib import suppress
from pathlib import Path
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple, Union

import pytest
from coverage import Coverage

from project import ROOT

PACKAGE = Path("app/azprov")
_NOT_COPIED = (".git", ".build", "dist", "__pycache__")
# For a mutant that never stops. The machine may run other programs too, which take their
# part of the seconds of a clock, so that more of these are allowed than of the processor's.
_MOST_MEMORY = 4 << 30
_CLOCK_FACTOR = 5
#: The exit status of tests that noticed nothing; 5 is pytest's for no tests at all.
_PASSED = (0, 5)


class Tracing:
    """A plugin for pytest that records which lines of azprov each test executes.

    A test is a function with all its parameters. Tests that build the archive are left out,
    because that takes longer than all other unit tests.
    """

    def __init__(self, record: Path) -> None:
        self._record = record
        self._seconds: Dict[str, float] = defaultdict(float)
        self._failed: Dict[str, str] = {}
        self._coverage = Coverage(data_file=None, source=[str(PACKAGE)])

    def __enter__(self) -> None:
        self._coverage.start()

    def __exit__(self, *_: object) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        lines: Dict[str, Dict[str, List[str]]] = {}
        for path in data.measured_files():
            module = str(Path(path).relative_to(PACKAGE.absolute()))
            lines[module] = {
                str(line): [test for test in tests if test]
                for line, tests in data.contexts_by_lineno(path).items()
            }
        found = {"seconds": self._seconds, "failed": self._failed, "lines": lines}
        self._record.write_text(json.dumps(found))

    def pytest_collection_modifyitems(self, items: List[pytest.Item]) -> None:
        items[:] = [item for item in items if not _needs_archive(item)]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._coverage.switch_context(_function_of(nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[_function_of(report.nodeid)] += report.duration
        if report.failed:
            self._failed[_function_of(report.nodeid)] = report.longreprtext.rpartition("\n")[2]


class Selection:
    """A plugin for pytest that runs these tests only, in this order, up to the first failure."""

    def __init__(self, tests: List[str]) -> None:
        self._places = {test: place for place, test in enumerate(tests)}

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def pytest_collection_modifyitems(self, items: List[pytest.Item]) -> None:
        chosen = [item for item in items if _function_of(item.nodeid) in self._places]
        chosen.sort(key=lambda item: self._places[_function_of(item.nodeid)])
        items[:] = [item for item in chosen if not _needs_archive(item)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os._exit(1)


def _function_of(nodeid: str) -> str:
    return nodeid.partition("[")[0]


def _needs_archive(item: pytest.Item) -> bool:
    return any("archive" in mark.args for mark in item.iter_markers("needs"))


class Trial(NamedTuple):
    """Tests to run, in a project with one changed module."""

    name: str
    plugin: Union[Tracing, Selection]
    files: List[str]
    #: Seconds of the processor.
    limit_s: float
    module: Optional[str] = None
    source: bytes = b""


class Copy:
    """A copy of the project, in which one process at a time runs tests."""

    def __init__(self, scratch: Path) -> None:
        self.project = scratch / "project"
        self._scratch = scratch
        self._pid = 0
        self._until = 0.0
        #: Whether the last run was ended by its time limit.
        self.is_late = False
        self._writes = 0
        ignored = shutil.ignore_patterns(*_NOT_COPIED)
        shutil.copytree(ROOT, self.project, ignore=ignored, symlinks=True)
        self._original = b""

    def start(self, trial: Trial) -> None:
        """Run the tests of a trial in another process."""
        if trial.module is not None:
            self._original = (self.project / PACKAGE / trial.module).read_bytes()
            self._write(trial.module, trial.source)
        self._until = time.monotonic() + _CLOCK_FACTOR * trial.limit_s
        self.is_late = False
        self._pid = os.fork()
        if self._pid:
            return
        code = 1
        try:
            code = self._run(trial)
        except Exception:  # noqa: BLE001 - to be read in the output
            traceback.print_exc()
        finally:
            os._exit(code)

    def has_passed(self, trial: Trial) -> Optional[bool]:
        """Whether all tests have passed in time; None while they run."""
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if not pid and time.monotonic() <= self._until:
            return None
        # The kernel ends a process after its time with SIGXCPU.
        self.is_late = not pid or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU)
        with suppress(ProcessLookupError):
            os.killpg(self._pid, signal.SIGKILL)
        if not pid:
            os.waitpid(self._pid, 0)
        if trial.module is not None:
            self._write(trial.module, self._original)
        return bool(pid) and os.WIFEXITED(status) and os.WEXITSTATUS(status) in _PASSED

    @property
    def output(self) -> str:
        """What the last run printed."""
        return (self._scratch / "output").read_text(errors="replace")

    def _write(self, module: str, source: bytes) -> None:
        path = self.project / PACKAGE / module
        path.write_bytes(source)
        # Python recognizes old bytecode by the size of the source and its time in seconds.
        self._writes += 1
        os.utime(path, (self._writes, self._writes))

    def _run(self, trial: Trial) -> int:
        os.setsid()
        os.chdir(self.project)
        output = os.open(self._scratch / "output", os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(output, 1)
        os.dup2(output, 2)
        seconds = math.ceil(trial.limit_s)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
        ours = (str(ROOT / "app"), str(ROOT / "tests"))
        sys.path[:] = [entry for entry in sys.path if entry not in ours]
        for name in ("needs", "project"):  # the tests import those of the copy
            sys.modules.pop(name, None)
        sys.pycache_prefix = str(self._scratch / "bytecode")
        options = ["-q", "--hypothesis-profile=quick", "--hypothesis-seed=0"]
        options += [
            "-o",
            f"cache_dir={self._scratch}/cache",
            f"--basetemp={self._scratch / 'tests'}",
        ]
        with trial.plugin:
            return int(pytest.main([*options, *trial.files], plugins=[trial.plugin]))


def run(copies: List[Copy], trials: Iterable[Trial]) -> Iterator[Tuple[Trial, bool, Copy]]:
    """Run each trial in the next free copy; yields whether it has passed, and that copy."""
    left = iter(trials)
    running: Dict[int, Trial] = {}
    while True:
        for number, copy in enumerate(copies):
            if number in running:
                has_passed = copy.has_passed(running[number])
                if has_passed is None:
                    continue
                yield running.pop(number), has_passed, copy
            trial = next(left, None)
            if trial is not None:
                running[number] = trial
                copy.start(trial)
        if not running:
            return
        time.sleep(0.02)

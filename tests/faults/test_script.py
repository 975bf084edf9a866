"""The printed reporter ends as the fault matrix says, with each shell and each program.

The rows are those of report-ready. The first pair of a shell and a program runs all of them, the
others a fifth each, with a PATH that has only what the reporter needs. UNMET has the rows that a
program cannot meet.
"""

import subprocess
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

import pytest

import needs
from azprov.boot.settings import AGENT_NAME
from azprov.errors import DocumentError
from azprov.formats.platform.goal_state import parse_goal_state
from azprov.formats.platform.health import ready, render_health_report
from azprov.image.reporter import render_reporter
from faults.fault import READY, READY_DOCUMENT, End, Row, answer, http, script
from faults.matrix import ROWS
from faults.server import Addresses, Platform, Trap
from faults.unmet import DIFFERENT_SAMPLES, UNMET
from sample_files import SAMPLES

_SIDE_BY_SIDE = 96
_STARTS = 3
_LIMIT_S = 90

#: The names of pairs: the words of the shell, the name of the program and where it is.
PAIRS: Dict[str, Tuple[List[str], str, str]] = {
    "dash, curl": (["dash"], "curl", "curl"),
    "bash, GNU wget": (["bash"], "wget", "wget"),
    "busybox ash, busybox wget": (["busybox", "ash"], "wget", "busybox"),
    "busybox ash, busybox nc": (["busybox", "ash"], "nc", "busybox"),
    "mksh, netcat-openbsd": (["mksh"], "nc", "nc.openbsd"),
    "dash, netcat-traditional": (["dash"], "nc", "nc.traditional"),
}
# Debian's mksh has no printf of its own.
_ALWAYS = ("head", "sleep", "tr", "timeout", "printf")

#: Rows that change a Python process say nothing about a shell script.
_FOR_SHELLS = {
    name: row
    for name, row in ROWS.items()
    if row.command[0] == "report-ready"
    and not row.files
    and all(key != "PYTHONPATH" for key, _ in row.env)
}
#: These rows take a minute each, or read 100 MB.
_LONG = ("every status from", "100 MB of")


def _samples() -> Iterator[Row]:
    for path in sorted(SAMPLES.glob("*goal_state/*")):
        document = path.read_bytes()
        end = READY if path.parent.name == "goal_state" else End(76, "*")
        name = f"{path.parent.name}/{path.name}"
        if name not in DIFFERENT_SAMPLES:
            served = script([answer(http(document))])
            yield Row(name, ("report-ready", "--timeout=1.2"), served, end, 3.0)


_OF_SAMPLES = {row.name: row for row in _samples()}
_ROWS = {**_FOR_SHELLS, **_OF_SAMPLES}


def _names(number: int, pair: str) -> List[str]:
    """All rows and samples for the first pair, and a part of the rows for each other one."""
    names = [name for name in _FOR_SHELLS if not any(words in name for words in _LONG)]
    if number:
        names = names[number - 1 :: len(PAIRS) - 1]
    else:
        names += [
            "goal state, every status from 495 to 509",
            "goal state, 100 MB of body",
            *_OF_SAMPLES,
        ]
    return [name for name in names if name not in UNMET.get(pair, {})]


Key = Tuple[str, str]
KEYS: List[Key] = [
    (pair, name) for number, pair in enumerate(PAIRS) for name in _names(number, pair)
]


class Outcome(NamedTuple):
    """The result of a row; the seconds are the reporter's whole time."""

    code: int
    err: str
    reports: List[bytes]
    trap_touched: bool


def _programs(folder: Path, pair: str) -> Dict[str, str]:
    """Fill a folder with what the reporter needs; returns the reporter's environment."""
    _, name, program = PAIRS[pair]
    folder.mkdir()
    for always in _ALWAYS:
        (folder / always).symlink_to(needs.program(always))
    if program == "busybox":
        text = f'#!/bin/sh\nexec {needs.program("busybox")} {name} "$@"\n'
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    else:
        (folder / name).symlink_to(needs.program(program))
    return {"PATH": str(folder)}


class Plays:
    """Runs the chosen rows side by side."""

    def __init__(self, keys: List[Key], folder: Path) -> None:
        self._pool = ThreadPoolExecutor(_SIDE_BY_SIDE)
        self._addresses = Addresses()
        self._starts = threading.Semaphore(_STARTS)
        self._script = folder / "reporter"
        self._script.write_text(render_reporter(900, AGENT_NAME))
        self._outcomes: Dict[Key, Future[Outcome]] = {}
        environments: Dict[str, Dict[str, str]] = {}
        for number, (pair, name) in sorted(
            enumerate(keys), key=lambda item: -_ROWS[item[1][1]].within_s
        ):
            if pair not in environments:
                environments[pair] = _programs(folder / str(len(environments)), pair)
            shell, *words = PAIRS[pair][0]
            command = [needs.program(shell), *words]
            self._outcomes[pair, name] = self._pool.submit(
                self._play, _ROWS[name], self._addresses[number], command, environments[pair]
            )

    def _play(
        self, row: Row, address: str, shell: List[str], environment: Dict[str, str]
    ) -> Outcome:
        with tempfile.TemporaryDirectory() as name:
            trap = Trap(address, Path(name))
            platform = Platform(address, row.script, pipe=str(trap.pipe), listens=row.listens)
            # A reporter that ends in Ready ends at once, also on a busy machine.
            timeout_s = 90 if row.end.code == 0 else 2
            env = {
                **environment,
                **{key: value.replace("TRAP", trap.endpoint) for key, value in row.env},
                "AZPROV_WIRESERVER": platform.endpoint,
                "AZPROV_TIMEOUT": str(timeout_s),
            }
            try:
                with self._starts:
                    process = subprocess.Popen(
                        [*shell, str(self._script)],
                        env=env,
                        stdin=subprocess.DEVNULL,
                        stderr=subprocess.PIPE,
                    )
                    if row.listens:
                        platform.contacted.wait(4.0)
                err = process.communicate(timeout=_LIMIT_S)[1].decode("utf-8", "backslashreplace")
                return Outcome(process.returncode, err, platform.reports, trap.is_touched())
            finally:
                platform.close()
                trap.close()

    def outcome(self, key: Key) -> Outcome:
        return self._outcomes[key].result()

    def close(self) -> None:
        self._pool.shutdown()
        self._addresses.close()


@pytest.fixture(scope="module")
def plays(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plays]:
    """The rows that this test run has selected, of the pairs that this machine has."""
    chosen: List[Any] = [
        item.callspec.params["key"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == "test_script_row"
    ]
    here = [key for key in chosen if _is_here(key[0])]
    plays = Plays(here, tmp_path_factory.mktemp("reporter"))
    yield plays
    plays.close()


def _is_here(pair: str) -> bool:
    shell, _, program = PAIRS[pair]
    return bool(needs.find(shell[0]) and needs.find(program))


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key[1]}-{key[0]}")
def test_script_row(key: Key, plays: Plays) -> None:
    """The exit code and the reports are the row's, and the trap is never contacted."""
    pair, name = key
    shell, _, program = PAIRS[pair]
    needs.program(shell[0])
    needs.program(program)
    row = _ROWS[name]

    outcome = plays.outcome(key)

    assert outcome.code == row.end.code, outcome.err[-3000:]
    assert not outcome.trap_touched
    if row.posts is not None and name not in _OF_SAMPLES:
        assert len(outcome.reports) == row.posts
    if name in _OF_SAMPLES:
        assert outcome.reports == _expected_reports(name)
    elif outcome.reports:
        assert outcome.reports[-1] == READY_DOCUMENT
    log = outcome.err.splitlines()
    if outcome.code:
        assert log[-1].startswith("azprov: gave up after ")
        assert log[-1].endswith("; check the network, and what answers there")
    else:
        assert log[-1].startswith("Response: 2")
    assert outcome.err.isprintable() or all(line.isprintable() for line in log)


def _expected_reports(name: str) -> List[bytes]:
    """The report that the client posts for a sample."""
    try:
        goal_state = parse_goal_state((SAMPLES / name).read_bytes())
    except DocumentError:
        return []
    return [render_health_report(ready(goal_state))]


def test_unmet_rows_are_rows_of_the_matrix() -> None:
    """Every name in the two tables of differences is a row or a sample."""
    assert {name for rows in UNMET.values() for name in rows} <= set(_FOR_SHELLS)
    assert all((SAMPLES / name).is_file() for name in DIFFERENT_SAMPLES)
    assert set(UNMET) <= set(PAIRS)

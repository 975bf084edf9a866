"""The fault matrix: the end of a run for every reply of the platform or another server.

Each row runs the archive. It must end as the row says, in time and in little memory,
without a traceback, and without a connection to the trap, which is the target of every
redirect, proxy and external entity.
"""

import fnmatch
import re
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Dict, Iterator, List, Tuple

import pytest

from faults.fault import READY_DOCUMENT, SHOWN, End
from faults.matrix import ROWS, SAMPLE
from faults.play import Outcome, play
from faults.server import Addresses
from interpreters import INTERPRETERS

# Every worker with a row would run all rows.
pytestmark = pytest.mark.xdist_group("faults")

PEAK_KIB = 40 << 10
# Rows mostly wait; only the start of a process needs much CPU.
_SIDE_BY_SIDE = 96
_STARTS = 3

OLDEST, *BETWEEN, NEWEST = (*INTERPRETERS,) if len(INTERPRETERS) > 1 else (*INTERPRETERS,) * 2

Key = Tuple[str, str]
KEYS: List[Key] = [
    (version, name) for version in INTERPRETERS for name in (SAMPLE if version in BETWEEN else ROWS)
]


class Plays:
    """Runs all chosen rows side by side, from the first request for an outcome on."""

    def __init__(self, keys: List[Key]) -> None:
        self._pool = ThreadPoolExecutor(_SIDE_BY_SIDE)
        self._addresses = Addresses()
        starts = threading.Semaphore(_STARTS)
        self._outcomes: Dict[Key, Future[Outcome]] = {}
        for number, (version, name) in sorted(
            enumerate(keys), key=lambda item: -ROWS[item[1][1]].within_s
        ):
            self._outcomes[version, name] = self._pool.submit(
                play, ROWS[name], self._addresses[number], INTERPRETERS[version], starts
            )

    def outcome(self, key: Key) -> Outcome:
        return self._outcomes[key].result()

    def close(self) -> None:
        self._pool.shutdown()
        self._addresses.close()


@pytest.fixture(scope="module")
def plays(request: pytest.FixtureRequest) -> Iterator[Plays]:
    """The rows that this test run has selected."""
    chosen: List[Any] = [
        item.callspec.params["key"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.originalname == "test_row"
    ]
    plays = Plays(chosen)
    yield plays
    plays.close()


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key[1]}-{key[0]}")
def test_row(key: Key, plays: Plays) -> None:
    """The run ends as its row says, within its time and memory, and never contacts the trap."""
    row = ROWS[key[1]]

    outcome = plays.outcome(key)

    log = outcome.log
    assert (outcome.code, _ends_with(log, row.end)) == (row.end.code, True), (
        outcome.code,
        outcome.err[-3000:],
    )
    assert "Traceback" not in outcome.err
    assert outcome.seconds <= row.within_s
    assert outcome.peak_kib < PEAK_KIB
    assert not outcome.trap_touched
    if row.posts is not None:
        assert len(outcome.reports) == row.posts
    if outcome.reports:
        assert outcome.reports[-1] == READY_DOCUMENT
    lines = iter(log)
    for text in row.logged:
        assert any(text in line for line in lines), text
    assert row.end != SHOWN or '"computerName": "web01-host"' in outcome.out


def _ends_with(log: List[str], end: End) -> bool:
    """Whether the last line is the expected one; of two, whether both are there, one of them last.

    An empty log has one empty line.
    """
    *before, last = log or [""]
    if end.other is None:
        return _like(last, end.line)
    return any(
        _like(last, one) and any(_like(line, two) for line in before)
        for one, two in ((end.line, end.other), (end.other, end.line))
    )


def _like(line: str, pattern: str) -> bool:
    """Whether a line matches the pattern, in which * stands for any text."""
    return fnmatch.fnmatchcase(line, re.sub(r"([\[\]?])", r"[\1]", pattern))

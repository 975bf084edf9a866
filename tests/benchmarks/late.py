"""The second part: the time from a working network to Ready."""

import json
import math
import os
import random
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple

from benchmarks.subject import Subject, prepare
from namespaces import UNSHARE
from project import ROOT

EARLIEST_S, LATEST_S = 0.2, 20.0
WAYS = ("port", "address")


class Wait(NamedTuple):
    """One run: seconds from the working network to Ready, and the CPU share of the wait before.

    A run that never reported Ready has no delay. A short wait has no share.
    """

    delay_s: Optional[float]
    cpu_share: Optional[float]


class Late(NamedTuple):
    name: str
    way: str
    waits: List[Wait]

    def as_json(self) -> Dict[str, object]:
        return {**self._asdict(), "waits": [wait._asdict() for wait in self.waits]}


def measure(
    found: List[Subject], *, runs: int, side_by_side: int, seed: int, scratch: Path
) -> List[Late]:
    """Run each subject `runs` times with each kind of late network, in random order.

    Every run has its own network namespace. The delays are random, and the same for all subjects.
    """
    chance = random.Random(seed)  # noqa: S311 - repeatable delays, no secret
    delays_s = [chance.uniform(EARLIEST_S, LATEST_S) for _ in range(runs)]
    jobs = [(subject, way, late_s) for subject in found for way in WAYS for late_s in delays_s]
    chance.shuffle(jobs)
    done: List[Tuple[str, str, Wait]] = []

    def run(number: int) -> None:
        subject, way, late_s = jobs[number]
        folder = scratch / str(number)
        done.append((subject.name, way, wait_of(subject, way, late_s, folder)))
        print(f"late network: {len(done)} of {len(jobs)}", file=sys.stderr)

    with ThreadPoolExecutor(side_by_side) as pool:
        list(pool.map(run, range(len(jobs))))
    shutil.rmtree(scratch)
    return [
        Late(
            subject.name,
            way,
            [wait for name, other_way, wait in done if (name, other_way) == (subject.name, way)],
        )
        for subject in found
        for way in WAYS
    ]


def wait_of(subject: Subject, way: str, late_s: float, scratch: Path) -> Wait:
    prepare(scratch)
    order = json.dumps({"way": way, "late_s": late_s, "scratch": str(scratch)})
    done = subprocess.run(
        [*UNSHARE, sys.executable, "-m", "benchmarks.late_run", order, *subject.command],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'app'}:{ROOT / 'tests'}"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return Wait(**json.loads(done.stdout))


def percentile(waits: List[Wait], share: float) -> float:
    """Return the nearest-rank percentile in milliseconds; a run without Ready is infinite."""
    delays = sorted(math.inf if wait.delay_s is None else wait.delay_s * 1e3 for wait in waits)
    return delays[max(0, math.ceil(share * len(delays)) - 1)]

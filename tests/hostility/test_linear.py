"""The work of `check` and `deprovision` is linear in the size of each file that they read.

Work is counted in instructions, by callgrind: the lines of Python that are run do not show
the steps of a regular expression, or how much text is copied.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest

import needs
from hostility.linear_program import EMPTY
from project import ROOT

PROGRAM = Path(__file__).with_name("linear_program.py")
PARTS = 2
#: Twice the input costs twice as much beyond an empty file, or four times if it is quadratic.
MOST = 2.8
#: Less than that is noise, such as a garbage collection or a longer way through a cache. An empty
#: file may also cost more than a short one, because another rule looks for what it lacks.
NOISE = 1_500_000
LIMIT_S = 3600


def instructions(part: int, scratch: Path) -> Dict[str, List[int]]:
    """The instructions for each file and shape: of the empty file and of both sizes."""
    counts = scratch / "counts"
    command = [needs.program("valgrind"), "--tool=callgrind", "--quiet", "--collect-systime=no"]
    command += ["--zero-before=getppid", "--dump-before=getpgrp", f"--callgrind-out-file={counts}"]
    paths = os.pathsep.join(str(ROOT / folder) for folder in ("app", "tests"))
    done = subprocess.run(
        [*command, sys.executable, "-S", str(PROGRAM), str(part), str(PARTS)],
        env={"PYTHONPATH": paths, "PYTHONHASHSEED": "0", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=True,
    )
    names = done.stdout.splitlines()
    dumps = sorted(scratch.glob("counts.*"), key=lambda path: int(path.suffix[1:]))
    assert len(dumps) == len(names)
    found: Dict[str, List[int]] = {}
    empty = 0
    for name, dump in zip(names, dumps):
        count = count_in(dump.read_text())
        if name == EMPTY:
            empty = count
        else:
            found.setdefault(name, [empty]).append(count)
    return found


def count_in(dump: str) -> int:
    total = re.search(r"^(?:summary|totals): (\d+)", dump, re.MULTILINE)
    assert total is not None, dump[:200]
    return int(total.group(1))


@pytest.mark.parametrize("part", range(PARTS))
def test_twice_the_input_is_twice_the_work(part: int, tmp_path: Path) -> None:
    """A file of any shape costs a number of instructions that grows with its size only."""
    growing = {
        name: (empty, once, twice)
        for name, (empty, once, twice) in instructions(part, tmp_path).items()
        if twice - empty > max(once - empty, NOISE) * MOST
    }

    assert growing == {}

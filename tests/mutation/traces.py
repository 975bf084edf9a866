"""Which lines of azprov each unit test executes; kept until the test or azprov changes."""

import hashlib
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, DefaultDict, Dict, List, NamedTuple, Set

from mutation.trial import PACKAGE, Copy, Tracing, Trial, run
from project import ROOT

_FOLDERS = ("tests/unit", "tests/check")
_LIMIT_S = 900.0


class Trace(NamedTuple):
    """What the tests do without a mutant."""

    #: For each module and line the tests that execute it.
    tests: Dict[str, DefaultDict[int, Set[str]]]
    #: The seconds that each test takes.
    seconds: Dict[str, float]
    #: The tests that fail without a mutant, and the last line of the reason.
    failed: Dict[str, str]


def traces(copies: List[Copy], folder: Path) -> Trace:
    """Run the unit tests of each file that `folder` has no record of; returns all records."""
    in_folders = [path for name in _FOLDERS for path in sorted((ROOT / name).rglob("*.py"))]
    files = [path for path in in_folders if path.name.startswith("test_")]
    shared = [path for path in in_folders if path not in files]
    shared += [*(ROOT / PACKAGE).rglob("*.py"), *(ROOT / "tests").glob("*.py")]
    digest = hashlib.sha256()
    for path in sorted(shared):
        digest.update(path.read_bytes())
    records: Dict[Path, str] = {}
    for path in files:
        key = hashlib.sha256(digest.digest() + path.read_bytes()).hexdigest()
        records[folder / f"{path.stem}-{key[:16]}.json"] = str(path.relative_to(ROOT))
    for old in set(folder.glob("*.json")).difference(records):
        old.unlink()
    trials = [
        Trial(file, Tracing(record), [file], _LIMIT_S)
        for record, file in records.items()
        if not record.exists()
    ]
    if trials:
        print(f"running {len(trials)} files of tests without a mutant", flush=True)
    for _, _, copy in run(copies, trials):
        output = copy.output
        if " passed" not in output and " skipped" not in output and " deselected" not in output:
            sys.exit("build.py: these tests could not be run\n" + output)
    return _united([json.loads(path.read_text()) for path in records])


def _united(records: List[Dict[str, Any]]) -> Trace:
    trace = Trace({}, {}, {})
    for record in records:
        trace.seconds.update(record["seconds"])
        trace.failed.update(record["failed"])
        for module, lines in record["lines"].items():
            by_line = trace.tests.setdefault(module, defaultdict(set))
            for line, tests in lines.items():
                by_line[int(line)].update(tests)
    return trace

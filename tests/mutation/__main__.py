"""Deliberate faults: how many do the unit tests notice?

    python3 build.py mutate [--sample N | --all] [--seed N] [MODULE ...]

Each mutant is one module with one fault (mutants.py). It runs in a copy of the project, with
the unit tests that execute the changed line, until one of them fails. survivors.txt lists
mutants that no test can or has to notice, each with the reason.

mutmut 3.8 was tried: it changes only the bodies of functions, so no constant, pattern or
table, needs the package at the top of the project, and has no sample. cosmic-ray 8.7 changes
the files in place and starts pytest on all tests for each mutant, with 30 more packages.
"""

import argparse
import fcntl
import os
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence, Set

import needs
from mutation.mutants import Mutant, mutants_of
from mutation.traces import Trace, traces
from mutation.trial import PACKAGE, Copy, Selection, Trial, run
from project import ROOT

DEFAULT = ("azure", "boot", "formats", "system")
FLOOR = 0.95
SURVIVORS = Path(__file__).with_name("survivors.txt")
WORK = ROOT / ".build" / "mutation"
# Of all tests that execute a line, those that take this long together, the nearest first.
_MOST_S = 15.0
# The limit of a mutant: for pytest and its collection, and a multiple of its tests' time.
_LIMIT_S, _LIMIT_FACTOR = 20.0, 3

# A mutant may write, remove or kill anything, so it sees its own processes and network, and
# can write below .build/mutation only.
_SANDBOX = """\
set -e
mount --make-rprivate /
mount --bind "$1" "$1"
mount -t tmpfs -o size=3g tmpfs "$1/scratch"
for folder in /dev/shm /run; do mount -t tmpfs tmpfs $folder; done
while read -r _ _ _ _ point _; do
    case $point in
        /proc* | /sys* | /dev* | /run | "$1"*) ;;
        *) mount -o remount,bind,ro "$point" 2>/dev/null || : ;;
    esac
done </proc/self/mountinfo
shift
exec "$@"
"""


class Candidate(NamedTuple):
    module: str
    mutant: Mutant
    #: The tests that may notice it.
    tests: List[str]

    def __str__(self) -> str:
        return f"{self.module} {self.mutant}"


def main(argv: Sequence[str]) -> int:
    options = _parse_arguments(argv)
    modules = modules_named(options.modules)
    if not options.inside:
        return _run_inside(argv)
    _raise_loopback()
    scratch = WORK / "scratch"
    os.environ["TMPDIR"] = tempfile.tempdir = str(scratch)
    copies = [Copy(scratch / str(number)) for number in range(options.jobs)]
    trace = traces(copies, WORK)
    for test, reason in sorted(trace.failed.items()):
        print(f"not used, because it fails without a mutant: {test}: {reason}", flush=True)
    candidates = [
        Candidate(module, mutant, tests_for(trace, module, mutant))
        for module in modules
        for mutant in sample(
            module, None if options.all else options.sample, options.seed, copies[0].project
        )
    ]
    print(f"{len(candidates)} mutants of {len(modules)} modules, seed {options.seed}", flush=True)
    return _report(len(candidates), _survivors(copies, candidates, trace), reasons(SURVIVORS))


def _parse_arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 build.py mutate", description="Count deliberate faults that no test notices."
    )
    parser.add_argument(
        "modules",
        nargs="*",
        metavar="MODULE",
        default=DEFAULT,
        help="files or folders of app/azprov, such as boot or azure/dial.py (default: "
        f"{' '.join(DEFAULT)})",
    )
    parser.add_argument("--sample", type=int, default=3, help="mutants of a module (default 3)")
    parser.add_argument("--all", action="store_true", help="all mutants of each module")
    parser.add_argument("--seed", type=int, default=1, help="another sample (default 1)")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def modules_named(names: Sequence[str]) -> List[str]:
    """The modules of app/azprov that have this path, or are in this folder."""
    found: List[str] = []
    for name in names:
        path = ROOT / PACKAGE / name
        paths = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
        if not paths or not paths[0].is_file():
            sys.exit(f"build.py: there is no module {PACKAGE / name}")
        found += [str(path.relative_to(ROOT / PACKAGE)) for path in paths]
    return found


def sample(module: str, size: Optional[int], seed: int, project: Path = ROOT) -> List[Mutant]:
    """Mutants of a module: always the same for a seed, whatever other modules are chosen."""
    mutants = mutants_of((project / PACKAGE / module).read_bytes())
    if size is None or size >= len(mutants):
        return mutants
    random = Random(f"{seed} {module}")  # noqa: S311 - the same mutants again for the same seed
    return [mutants[number] for number in sorted(random.sample(range(len(mutants)), size))]


def tests_for(trace: Trace, module: str, mutant: Mutant) -> List[str]:
    """The tests that may notice a mutant: those of its module first, then the quickest ones."""
    folder, stem = f"tests/unit/{Path(module).parts[0]}/", f"/test_{Path(module).stem}.py::"
    by_line: Mapping[int, Set[str]] = trace.tests.get(module, {})
    lines = mutant.lines or by_line
    tests = {test for line in lines for test in by_line.get(line, ())}
    if not mutant.lines:
        # A test that reads a constant executes no line of the module.
        files = {_file_of(test) for test in tests}
        tests = {test for test in trace.seconds if _file_of(test) in files or stem in test}
    seconds = trace.seconds
    chosen, left_s = [], _MOST_S
    for test in sorted(
        tests.difference(trace.failed),
        key=lambda test: (stem not in test, not test.startswith(folder), seconds[test], test),
    ):
        if seconds[test] <= left_s:
            chosen.append(test)
            left_s -= seconds[test]
    return chosen


def _file_of(test: str) -> str:
    return test.partition("::")[0]


def _survivors(copies: List[Copy], candidates: List[Candidate], trace: Trace) -> List[Candidate]:
    """The mutants that no test has noticed."""
    by_name = {f"{number}": candidate for number, candidate in enumerate(candidates)}
    trials = [
        Trial(
            name,
            Selection(candidate.tests),
            list(dict.fromkeys(_file_of(test) for test in candidate.tests)),
            _LIMIT_S + _LIMIT_FACTOR * sum(trace.seconds[test] for test in candidate.tests),
            candidate.module,
            candidate.mutant.source,
        )
        for name, candidate in by_name.items()
        if candidate.tests
    ]
    survivors = [candidate for candidate in candidates if not candidate.tests]
    late = 0
    for trial, has_passed, copy in run(copies, trials):
        late += copy.is_late
        if has_passed:
            survivors.append(by_name[trial.name])
            print(f"  not noticed: {by_name[trial.name]}", flush=True)
    print(f"{late} of the others were ended by their time limit", flush=True)
    return sorted(survivors, key=lambda candidate: (candidate.module, candidate.mutant.line))


def reasons(path: Path) -> Dict[str, str]:
    """The mutants that need not be noticed: a line for each, and an indented reason below it."""
    found: Dict[str, str] = {}
    name = ""
    for line in path.read_text().splitlines():
        if line.startswith(" "):
            found[name] = f"{found[name]} {line.strip()}".lstrip()
        elif line and not line.startswith("#"):
            name = line
            found[name] = ""
    return found


def _report(count: int, survivors: List[Candidate], known: Dict[str, str]) -> int:
    unexplained = [candidate for candidate in survivors if str(candidate) not in known]
    for candidate in survivors:
        note = "" if candidate.tests else "no test executes it; "
        reason = known.get(str(candidate), "no reason is known")
        print(f"app/azprov/{candidate.module}:{candidate.mutant.line}: {note}{reason}")
        print(f"    {candidate}")
    noticed = count - len(survivors)
    reasons_of = [known.get(str(candidate), "") for candidate in survivors]
    changing = count - sum(reason.startswith("Equivalent: ") for reason in reasons_of)
    share = noticed / max(1, changing)
    print(
        f"noticed {noticed} of {changing} mutants that change what azprov does ({share:.1%}); "
        f"{len(unexplained)} others have no reason in tests/mutation/survivors.txt"
    )
    return int(bool(unexplained) or share < FLOOR)


def _run_inside(argv: Sequence[str]) -> int:
    """Run this program again in namespaces of its own."""
    (WORK / "scratch").mkdir(parents=True, exist_ok=True)
    unshare = needs.unshare("-m", "-n", "-p", "-u", "-i", "--fork", "--kill-child", "--mount-proc")
    python = [sys.executable, "-m", "mutation", "--inside"]
    return subprocess.call([*unshare, "sh", "-c", _SANDBOX, "sh", str(WORK), *python, *argv])


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as inet:
        fcntl.ioctl(inet, 0x8914, struct.pack("16sh22x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

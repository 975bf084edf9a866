"""Fuzzing guided by coverage: an input that reaches a new edge is kept and mutated further.

    python3 build.py fuzz --minutes N [NAME ...]

The harnesses run one after the other, and share the time equally.
"""

import argparse
import logging
import signal
import sys
import time
import traceback
from contextlib import contextmanager
from random import Random
from types import FrameType
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from fuzz.edges import Edges
from fuzz.harnesses import HARNESSES, Harness
from fuzz.mutator import Mutator

# Processor time with tracing, for at most mutator.LONGEST_BYTES.
LONGEST_S = 5.0
_MOST_TRIES = 600
# The share of inputs that are made from a seed and not from an input found before.
_SEED_SHARE = 0.2


class Hang(BaseException):
    """An input took too long. Not an Exception, so that no code under test catches it."""


class Finding(NamedTuple):
    harness: str
    data: bytes
    #: The error and the lines that raised it; there is one finding for each.
    what: str


class Outcome(NamedTuple):
    executions: int
    #: Lines of azprov that the seeds reach, and that all inputs reach.
    lines_of_seeds: int
    lines: int
    kept: int
    findings: List[Finding]


def fuzz(
    name: str,
    harness: Harness,
    *,
    seed: int,
    executions: int = sys.maxsize,
    seconds: float = 1e9,
    longest_s: float = LONGEST_S,
) -> Outcome:
    """Try the seeds and their mutations, until `executions` or `seconds` is reached."""
    random = Random(seed)  # noqa: S311 - the same inputs again for the same seed
    run = _Run(harness.function, longest_s)
    mutator = Mutator(random, harness.seeds)
    corpus: List[bytes] = []
    findings: Dict[str, Finding] = {}
    count = lines_of_seeds = 0
    until = time.monotonic() + seconds
    with _silence():
        while count < executions and time.monotonic() < until:
            if count < len(harness.seeds):
                data = harness.seeds[count]
            else:
                lines_of_seeds = lines_of_seeds or run.edges.lines
                is_old = corpus and random.random() > _SEED_SHARE
                data = random.choice(corpus if is_old else harness.seeds)
                data = mutator.mutate(data, random.choice(harness.seeds))
            count += 1
            is_new, what = run.tried(data)
            if what and what not in findings:
                findings[what] = Finding(name, run.smaller(data, what), what)
            elif is_new and not what:
                corpus.append(data)
    return Outcome(count, lines_of_seeds, run.edges.lines, len(corpus), list(findings.values()))


class _Run:
    """One harness and the edges that it has reached so far."""

    def __init__(self, function: Callable[[bytes], object], longest_s: float) -> None:
        self.edges = Edges()
        self._function = function
        self._longest_s = longest_s

    def tried(self, data: bytes) -> Tuple[bool, str]:
        """Whether an input reached a new edge, and the failure that it caused, or ""."""
        before = signal.signal(signal.SIGPROF, _hang)
        signal.setitimer(signal.ITIMER_PROF, self._longest_s)
        try:
            return self.edges.new(self._function, data) > 0, ""
        except Hang:
            return False, f"takes more than {self._longest_s:g} s"
        except Exception as error:  # noqa: BLE001 - every exception is a finding
            return False, _shown(error)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    def smaller(self, data: bytes, what: str) -> bytes:
        """A smaller input that causes the same failure."""
        size, tries = len(data) // 2, 0
        while size and not what.startswith("takes"):
            at = 0
            while at < len(data) and tries < _MOST_TRIES:
                tries += 1
                shorter = data[:at] + data[at + size :]
                if self.tried(shorter)[1] == what:
                    data = shorter
                else:
                    at += size
            size //= 2
        return data


@contextmanager
def _silence() -> Iterator[None]:
    """Turn off logging, which a million inputs would fill."""
    logger = logging.getLogger("azprov")
    before = logger.handlers, logger.propagate
    logger.handlers, logger.propagate = [logging.NullHandler()], False
    try:
        yield
    finally:
        logger.handlers, logger.propagate = before


def _hang(_number: int, _frame: Optional[FrameType]) -> None:
    raise Hang


def _shown(error: BaseException) -> str:
    frames = [f"{at.filename.rpartition('/')[2]}:{at.lineno}" for at in _trace(error)]
    line = _trace(error)[-1].line
    return f"{type(error).__name__} at {' > '.join(frames[-4:])}: {line}"


def _trace(error: BaseException) -> traceback.StackSummary:
    return traceback.extract_tb(error.__traceback__)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python3 build.py fuzz")
    parser.add_argument("--minutes", type=float, default=1.0, help="for all harnesses (1)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="repeat a run")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(HARNESSES))
    options = parser.parse_args(argv)
    unknown = sorted(set(options.names) - set(HARNESSES))
    if unknown:
        parser.error(f"there is no harness {unknown[0]}")
    names = options.names or list(HARNESSES)
    seconds = options.minutes * 60 / len(names)
    print(f"seed {options.seed}, {seconds:.0f} s a harness")
    print("harness             executions  lines (by seeds)    kept  findings", flush=True)
    total, findings = 0, []
    for name in names:
        outcome = fuzz(name, HARNESSES[name], seed=options.seed, seconds=seconds)
        total += outcome.executions
        findings += outcome.findings
        reached = f"{outcome.lines} ({outcome.lines_of_seeds})"
        print(
            f"{name:<18} {outcome.executions:>11} {reached:>17} {outcome.kept:>7} "
            f"{len(outcome.findings):>9}",
            flush=True,
        )
    for finding in findings:
        print(f"\n{finding.harness}: {finding.what}\n  {finding.data!r}")
    print(f"{total} executions, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

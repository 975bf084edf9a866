"""The first part: the cost of one run of each program, with a platform that answers at once."""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, Dict, List, NamedTuple, Optional, Tuple

from benchmarks.instant import InstantPlatform
from benchmarks.subject import Subject, bytes_of, files_of, prepare, started

GAUGE = Path(__file__).with_name("gauge.py")
LIMIT_S = 600


class Sample(NamedTuple):
    cpu_ms: float
    wall_ms: float
    peak_mib: float
    files_written: int
    bytes_left: int


class Cost(NamedTuple):
    """The cost of one subject: every sample, and millions of instructions if they were counted."""

    name: str
    samples: List[Sample]
    instructions_m: Optional[float]
    program_bytes: int

    def as_json(self) -> Dict[str, object]:
        samples = [sample._asdict() for sample in self.samples]
        return {**self._asdict(), "samples": samples}


class Failed(Exception):
    """A subject failed, so its figures cannot be compared."""


def try_each(found: List[Subject], scratch: Path) -> Tuple[List[Subject], List[str]]:
    """Run each subject once, unmeasured; returns those that work and messages about the others.

    Only another agent may fail. Raises Failed for every other subject.
    """
    platform = InstantPlatform(("127.0.0.1", 0))
    platform.open()
    good, problems = [], []
    for subject in found:
        try:
            sample(subject, platform, scratch)
        except Failed as failure:
            if not subject.is_peer:
                raise
            problems.append(f"{subject.name} is left out: {str(failure).splitlines()[-1]}.\n")
        else:
            good.append(subject)
    platform.close()
    return good, problems


def measure(found: List[Subject], *, rounds: int, scratch: Path) -> List[Cost]:
    """Run the subjects in turn, `rounds` times, and each of them once under valgrind."""
    platform = InstantPlatform(("127.0.0.1", 0))
    platform.open()
    samples: Dict[str, List[Sample]] = {subject.name: [] for subject in found}
    instructions: Dict[str, Optional[float]] = {}
    try:
        for subject in found:
            print(f"{subject.name}: instructions", file=sys.stderr)
            instructions[subject.name] = count_instructions(subject, platform, scratch)
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            for subject in found:
                samples[subject.name].append(sample(subject, platform, scratch))
    finally:
        platform.close()
        shutil.rmtree(scratch, ignore_errors=True)
    return [
        Cost(
            subject.name,
            samples[subject.name],
            instructions[subject.name],
            bytes_of(subject.program),
        )
        for subject in found
    ]


def sample(subject: Subject, platform: InstantPlatform, scratch: Path) -> Sample:
    """Measure one run in a new scratch folder."""
    prepare_run(subject, platform, scratch)
    watched = (scratch, *subject.program)
    before = files_of(watched)
    cpu_s, wall_s, peak_kib = gauge(subject, platform, scratch)
    after = files_of(watched)
    written = {name for name, status in after.items() if before.get(name) != status}
    left = bytes_of((scratch / "home", scratch / "tmp"))
    return Sample(cpu_s * 1e3, wall_s * 1e3, peak_kib / 1024, len(written), left)


def gauge(subject: Subject, platform: InstantPlatform, scratch: Path) -> Tuple[float, float, float]:
    """Return the CPU seconds, the wall seconds and the peak memory in KiB of one run."""
    reported = len(platform.ready_at)
    command = [subject.interpreter, "-IS", str(GAUGE)]
    command += subject.filled_in(platform.address, scratch)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as log:
        with started(command, scratch, stdout=out, stderr=log) as process:
            wait(process, subject)
        took, output = text_of(out), text_of(log)
    cpu_s, wall_s, peak_kib, code = took.split()
    check(subject, platform, reported, int(code), output)
    return float(cpu_s), float(wall_s), float(peak_kib)


def count_instructions(
    subject: Subject, platform: InstantPlatform, scratch: Path
) -> Optional[float]:
    """Count millions of user-space instructions of the command and of every process it starts."""
    if shutil.which("valgrind") is None:
        return None
    prepare_run(subject, platform, scratch)
    counts = scratch.parent / "counts"
    shutil.rmtree(counts, ignore_errors=True)
    counts.mkdir()
    reported = len(platform.ready_at)
    command = ["valgrind", "--tool=callgrind", "--trace-children=yes", "--quiet"]
    command += [f"--callgrind-out-file={counts}/%p", *subject.filled_in(platform.address, scratch)]
    with tempfile.TemporaryFile() as log:
        with started(command, scratch, stdout=log, stderr=log) as process:
            wait(process, subject)
        check(subject, platform, reported, process.returncode, text_of(log))
    total = instructions_in(
        {int(file.name): file.read_text() for file in counts.iterdir()}, process.pid
    )
    shutil.rmtree(counts)
    return total / 1e6


def wait(process: "subprocess.Popen[bytes]", subject: Subject) -> None:
    try:
        process.wait(LIMIT_S)
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{subject.name}: no end after {LIMIT_S} s") from error


def text_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def instructions_in(counts: Dict[int, str], first: int) -> int:
    """Add up callgrind's files, given by process id; `first` is the process that started all.

    A fork begins with its parent's count. A fork that did not execute another program has the
    command line of `first`, and is left out, because it would be counted twice.
    """
    found = {
        pid: dict(re.findall(r"^(cmd|totals): *(.*)$", text, re.MULTILINE))
        for pid, text in counts.items()
    }
    return sum(
        int(one["totals"])
        for pid, one in found.items()
        if pid == first or one["cmd"] != found[first]["cmd"]
    )


def prepare_run(subject: Subject, platform: InstantPlatform, scratch: Path) -> None:
    prepare(scratch)
    if subject.is_second_run:
        gauge(subject, platform, scratch)


def check(subject: Subject, platform: InstantPlatform, reported: int, code: int, log: str) -> None:
    """Raises Failed, with what it output, unless it ended well and reported once."""
    reports = len(platform.ready_at) - reported
    if code != 0 or reports != int(subject.reports):
        raise Failed(f"{subject.name}: exit code {code}, {reports} times Ready\n{log[-2000:]}")

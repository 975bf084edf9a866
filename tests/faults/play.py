"""Runs one row: a process of the archive against a simulated platform of its own."""

import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Dict, List, NamedTuple

from faults.fault import Row
from faults.server import Platform, Trap
from pyz import PYZ

MEASURED = Path(__file__).with_name("measured.py")
# Far above the limit of every row, so that a row's own limit fails first.
_LIMIT_S = 75
# How long one start may delay the next one.
_START_S = 4.0

#: A wall clock that jumps by years, forwards or back, whenever it is read.
STEPPING = """\
import time
_steps = [0.0]
def _stepping(real):
    def stepped():
        _steps[0] = 7e8 - _steps[0]
        return type(real())(real() + (_steps[0] - 35e7) * (1e9 if real() > 1e12 else 1))
    return stepped
for _name in ("time", "time_ns"):
    if hasattr(time, _name):
        setattr(time, _name, _stepping(getattr(time, _name)))
"""


class Outcome(NamedTuple):
    """The result of a row."""

    code: int
    out: str
    err: str
    #: Counted from the first connection, or from the start without one.
    seconds: float
    peak_kib: int
    reports: List[bytes]
    trap_touched: bool

    @property
    def log(self) -> List[str]:
        """The lines of stderr, with SERVER and N for values that differ between runs."""
        return [re.sub(r"\b[0-9][0-9.e-]* s\b", "N s", line) for line in self.err.splitlines()]


def play(row: Row, address: str, python: Path, starts: threading.Semaphore) -> Outcome:
    """Run a row with a platform at *address*; `starts` limits how many processes start at once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "root" / "etc").mkdir(parents=True)
        (folder / "root" / "usr" / "bin").mkdir(parents=True)
        (folder / "stepping").mkdir()
        (folder / "stepping" / "sitecustomize.py").write_text(STEPPING)
        trap = Trap(address, folder)
        platform = Platform(address, row.script, pipe=str(trap.pipe), listens=row.listens)
        names = {
            "ROOT": str(folder / "root"),
            "TRAP": trap.endpoint,
            "STEPPING": str(folder / "stepping"),
        }
        try:
            return _run(row, python, starts, folder / "note", names, platform, trap)
        finally:
            platform.close()
            trap.close()


def _run(
    row: Row,
    python: Path,
    starts: threading.Semaphore,
    note: Path,
    names: Dict[str, str],
    platform: Platform,
    trap: Trap,
) -> Outcome:
    endpoint = platform.endpoint
    env = {"AZPROV_WIRESERVER": endpoint, "AZPROV_IMDS": endpoint}
    env.update({key: _named(value, names) for key, value in row.env})
    command = [_named(word, names) for word in row.command]
    with starts:
        process = subprocess.Popen(
            [sys.executable, "-IS", str(MEASURED), str(note), str(_LIMIT_S), str(row.files)]
            + [str(python), str(PYZ), *command],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if row.listens:
            platform.contacted.wait(_START_S)
    out, err = (text.decode("utf-8", "backslashreplace") for text in process.communicate())
    ended = time.monotonic()
    code, seconds, peak_kib = note.read_text().split()
    if platform.contacted_at is not None:
        seconds = str(ended - platform.contacted_at)
    err = err.replace(endpoint, "SERVER").replace(endpoint.split(":")[0], "ADDRESS")
    err = err.replace(f"python3 {shlex.quote(str(PYZ))}", "azprov.pyz")
    return Outcome(
        int(code), out, err, float(seconds), int(peak_kib), platform.reports, trap.is_touched()
    )


def _named(text: str, names: Dict[str, str]) -> str:
    for name, value in names.items():
        text = text.replace(name, value)
    return text

"""Building the archive again before a test runs one that is older than its sources."""

import fcntl
import subprocess
import sys
from functools import lru_cache

from freshness import is_current
from interpreters import INTERPRETERS
from project import ROOT


@lru_cache(maxsize=None)
def build_if_stale() -> str:
    """Build the archive, once in a session, unless it is current.

    Returns the output of a build that failed, otherwise an empty string.
    """
    (ROOT / ".build").mkdir(exist_ok=True)
    with open(ROOT / ".build" / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the workers of pytest-xdist import this together
        if is_current(ROOT, INTERPRETERS):
            return ""
        build = subprocess.run(
            [sys.executable, ROOT / "build.py"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return build.stdout if build.returncode else ""

"""The Pythons of this machine, by version."""

import os
import subprocess
from pathlib import Path
from typing import Dict, Iterator

#: What CI has to find, so that none is left out in silence.
REQUIRED = ["3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13"]
_NEWEST_MINOR = 30


def _folders() -> Iterator[Path]:
    """Where interpreters may be: the PATH, and pyenv's versions behind its shims."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder.endswith("/shims"):
            yield from sorted(Path(folder).parent.glob("versions/*/bin"))
        else:
            yield Path(folder)


def _runs(python: Path) -> bool:
    try:
        return subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def find_interpreters() -> Dict[str, Path]:
    """The first that runs of each version from 3.6 on, found as pythonX.Y."""
    found: Dict[str, Path] = {}
    folders = list(_folders())
    for minor in range(6, _NEWEST_MINOR):
        for folder in folders:
            python = folder / f"python3.{minor}"
            if f"3.{minor}" not in found and python.is_file() and _runs(python):
                found[f"3.{minor}"] = python
    return found


def find_python2() -> Iterator[Path]:
    for folder in _folders():
        python = folder / "python2.7"
        if python.is_file() and _runs(python):
            yield python


INTERPRETERS = find_interpreters()

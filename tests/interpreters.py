"""The Python interpreters of this machine, by version."""

from pathlib import Path
from typing import Iterator

from precompile import bin_folders, find_interpreters, runs

#: CI fails if one of these is missing; .ci/newest-pythons installs the last two.
REQUIRED = ["3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"]


def find_python2() -> Iterator[Path]:
    for folder in bin_folders():
        python = folder / "python2.7"
        if python.is_file() and runs(python):
            yield python


INTERPRETERS = find_interpreters()

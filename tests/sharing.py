"""A plugin of pytest with which several sessions share the test files, one at a time.

`build.py check` uses it instead of pytest-xdist, which sends each result to another process:
that takes longer than many unit tests.
"""

import os
from pathlib import Path
from typing import Dict

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--taken", metavar="FOLDER", help="the names of the files that have a session")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    """Run the tests of each file that no other session has taken."""
    folder = Path(session.config.getoption("--taken"))
    is_ours: Dict[Path, bool] = {}
    previous = None
    for item in session.items:
        if item.path not in is_ours:
            is_ours[item.path] = take(folder, item.path)
        if is_ours[item.path]:
            if previous is not None:
                previous.ihook.pytest_runtest_protocol(item=previous, nextitem=item)
            previous = item
    if previous is not None:
        previous.ihook.pytest_runtest_protocol(item=previous, nextitem=None)
    return True


def take(folder: Path, file: Path) -> bool:
    """Whether this session is the first one that asks for a file."""
    try:
        os.close(os.open(folder / "-".join(file.parts[1:]), os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True

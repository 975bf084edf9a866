"""One definition of where Python is found and of the oldest Python, also in the shell scripts."""

import re
from fnmatch import fnmatchcase
from typing import List

import pytest

from archive import HEAD
from azprov.__main__ import OLDEST_PYTHON
from azprov.image.python import FIRST, LAST, OLDEST_MINOR
from project import ROOT

SCRIPTS = {
    "the head of azprov.pyz": HEAD.decode("ascii"),
    "install.sh": (ROOT / "unit" / "install.sh").read_text(),
}


def candidates(script: str) -> List[str]:
    """The words over which the script's loop goes, as paths; python3 is first in the PATH."""
    found = re.search(r"for python in ((?:.*\\\n)*.*)\n\s*do\n", script)
    assert found is not None
    words = found.group(1).replace("\\\n", " ").split()
    return [word if "/" in word else f"/usr/bin/{word}" for word in words]


def test_the_oldest_python_is_the_same_everywhere() -> None:
    """Copies of OLDEST_PYTHON are needed where its module cannot be imported."""
    assert OLDEST_PYTHON == (3, 6)
    assert 'requires-python = ">=3.6"' in (ROOT / "pyproject.toml").read_text()
    assert (3, OLDEST_MINOR) == OLDEST_PYTHON


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_names_the_oldest_python(name: str) -> None:
    """The message and the version check of a script have the oldest supported Python."""
    script = SCRIPTS[name]

    assert re.findall(r"Python (\d\.\d+) or newer", script) == ["3.6"]
    assert re.findall(r"version_info < \((\d, \d+)\)", script) in ([], ["3, 6"])


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_searches_like_install(name: str) -> None:
    """A script tries python3 and platform-python first, then every version from the oldest on."""
    paths = candidates(SCRIPTS[name])

    assert FIRST == ("/usr/bin/python3", "/usr/libexec/platform-python")
    assert paths[:2] == list(FIRST)
    found = [
        minor
        for minor in range(31)
        if any(fnmatchcase(f"/usr/bin/python3.{minor}", path) for path in paths)
    ]
    assert found == list(range(6, 31))


def test_the_head_of_the_archive_ends_with_usr_local() -> None:
    """The PATH of a service may lack /usr/local/bin, so the head names it."""
    assert candidates(SCRIPTS["the head of azprov.pyz"])[-1] == LAST == "/usr/local/bin/python3"

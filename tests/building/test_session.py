"""A test session selects unit tests, reports missing programs, and clears old scratch folders."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict, List

import pytest

from project import ROOT
from unit_tests import is_unit_test

TESTS_WITH_NEEDS = """\
import pytest


@pytest.mark.needs("strace")
def test_a() -> None:
    pass


@pytest.mark.needs("ip", "zsh")
def test_b() -> None:
    pass


@pytest.mark.needs("zsh")
def test_c() -> None:
    pass


def test_d() -> None:
    pass
"""


def session(folder: Path, *argv: str, **variables: str) -> List[str]:
    """Run the tests of a folder as a session of the project; returns the printed lines."""
    env: Dict[str, str] = {name: value for name, value in os.environ.items() if name != "CI"}
    env["PYTHONPATH"] = os.pathsep.join([str(ROOT / "app"), str(ROOT / "tests")])
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "conftest", "-n0", "-o", f"cache_dir={folder}/cache"]
        + ["-c", str(ROOT / "pyproject.toml"), str(folder), *argv],
        cwd=folder,
        env={**env, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout.splitlines()


def test_the_session_names_the_packages_to_install(tmp_path: Path) -> None:
    """Each skipped test has a reason, and the session ends with their number and the packages."""
    (tmp_path / "test_needs.py").write_text(TESTS_WITH_NEEDS)

    lines = session(tmp_path, PATH="/nonexistent")

    assert any(
        line.startswith("SKIPPED [1] ") and line.endswith("needs strace: apt-get install strace")
        for line in lines
    )
    assert lines[-2].startswith("Skipped because programs are missing: 3. To run them: apt-get ")
    assert lines[-2].endswith(" strace zsh")
    assert " 1 passed, 3 skipped in " in lines[-1]


def test_ci_fails_if_a_program_is_missing(tmp_path: Path) -> None:
    """In CI a missing program is an error, because a skipped test could go unnoticed for months."""
    (tmp_path / "test_needs.py").write_text(TESTS_WITH_NEEDS)

    lines = session(tmp_path, PATH="/nonexistent", CI="true")

    assert "Failed: CI needs strace: apt-get install strace" in "\n".join(lines)
    assert " 1 passed, 3 errors in " in lines[-1]


def test_tests_that_need_root_are_counted_separately(tmp_path: Path) -> None:
    """The session counts tests that only root can run, and names no package for them."""
    (tmp_path / "test_needs.py").write_text(
        "import pytest\n\n\ndef test_a() -> None:\n    pytest.skip('needs root')\n"
    )

    assert session(tmp_path)[-2] == "Skipped because only root can run them: 1."


@pytest.mark.parametrize(
    ("folder", "needs_more", "is_unit"),
    [
        ("unit/formats", False, True),
        ("check", False, True),
        ("unit/formats", True, False),
        ("shipped", False, False),
    ],
)
def test_unit_tests_are_found_by_folder_and_mark(
    folder: str, needs_more: bool, is_unit: bool
) -> None:
    """Tests in tests/unit and tests/check are unit tests, unless they are marked with `needs`."""
    path = ROOT / "tests" / folder / "test_x.py"

    assert is_unit_test(path, needs_more=needs_more) is is_unit


def test_a_run_clears_folders_that_cannot_be_entered(tmp_path: Path) -> None:
    """An interrupted test leaves a folder of mode 0600, which only root could remove otherwise."""
    (tmp_path / "test_a.py").write_text("def test_a(tmp_path) -> None:\n    pass\n")
    scratch = tmp_path / "scratch"
    (scratch / "closed/inside").mkdir(parents=True)
    (scratch / "closed").chmod(0o600)

    lines = session(tmp_path, "--basetemp", str(scratch))

    assert " 1 passed" in lines[-1]
    assert not (scratch / "closed").exists()

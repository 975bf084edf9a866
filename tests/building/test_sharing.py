"""Several sessions of pytest that share the files of tests, as `build.py check` starts them."""

import subprocess
import sys
from pathlib import Path
from typing import List

from project import ROOT

FIRST = """
import pathlib, pytest, time

@pytest.fixture(scope="module")
def folder():
    yield pathlib.Path(__file__).parent
    pathlib.Path(__file__).with_suffix(".over").touch()

@pytest.mark.parametrize("number", range(2))
def test_waits_for_the_other_session(folder, number):
    until = time.monotonic() + 30
    while not (folder / "other").exists() and time.monotonic() < until:
        time.sleep(0.01)
    assert (folder / "other").exists()
"""
SECOND = """
import pathlib

def test_{name}():
    assert not pathlib.Path(__file__).with_name("{name}").exists()
    pathlib.Path(__file__).with_name("{name}").touch()
"""


def start(folder: Path, number: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "pytest", "-q", "-p", "sharing", "-p", "no:cacheprovider"]
    command += ["--taken", str(folder / "taken"), "--basetemp", str(folder / f"{number}")]
    return subprocess.Popen(
        [*command, "--rootdir", str(folder), str(folder / "tests")],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT / "tests"), "PATH": ""},
        stdout=subprocess.PIPE,
    )


def run_two(folder: Path) -> List[int]:
    """The exit codes of two sessions that run at the same time, sorted."""
    sessions = [start(folder, number) for number in range(2)]
    for session in sessions:
        session.communicate()
    return sorted(session.returncode for session in sessions)


def make_tests(folder: Path) -> None:
    for name in ("taken", "tests/a", "tests/b"):
        (folder / name).mkdir(parents=True)
    # Otherwise pytest would use the settings of the repository, if the folder is inside.
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "tests/a/test_first.py").write_text(FIRST)
    (folder / "tests/a/test_other.py").write_text(SECOND.format(name="other"))
    (folder / "tests/b/test_third.py").write_text(SECOND.format(name="third"))


def test_each_file_runs_in_one_session(tmp_path: Path) -> None:
    """The first file waits for the second one, so both sessions run at the same time."""
    make_tests(tmp_path)

    assert run_two(tmp_path) == [0, 0]
    for made in ("a/other", "a/test_first.over", "b/third"):
        assert (tmp_path / "tests" / made).exists()


def test_a_failure_in_either_session_is_a_failure(tmp_path: Path) -> None:
    """A session with a failed test ends with an error, and the other one runs its files."""
    make_tests(tmp_path)
    (tmp_path / "tests/b/third").touch()

    assert run_two(tmp_path) == [0, 1]

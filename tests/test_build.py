"""The build: the same bytes everywhere, nothing that is not pinned, nothing half written."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Tuple

import pytest

from interpreters import INTERPRETERS
from pyz import PYZ, ROOT

OLDEST_BUILD_PYTHON = (3, 10)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources in another folder, without anything that a build leaves."""
    folder = tmp_path / "another folder"
    folder.mkdir()
    shutil.copy(ROOT / "build.py", folder)
    shutil.copytree(ROOT / "unit", folder / "unit")
    shutil.copytree(ROOT / "app", folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def build(folder: Path, python: Path, home: Path) -> Tuple[int, str]:
    """Build under another umask, time zone, locale, epoch and HOME."""
    env = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "PATH"))}
    env.update(HOME=str(home), TZ="Pacific/Kiritimati", LC_ALL="C", SOURCE_DATE_EPOCH="1700000000")
    done = subprocess.run(
        [python, "build.py"],
        cwd=folder,
        env=env,
        umask=0o077,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def another_python() -> Path:
    """One of another version than that which runs the tests, if there is one."""
    if os.environ.get("PIP_NO_INDEX"):  # a wheelhouse has the packages for one version
        return Path(sys.executable)
    here = sys.version_info[:2]
    for version, python in INTERPRETERS.items():
        major, minor = version.split(".")
        if here != (int(major), int(minor)) >= OLDEST_BUILD_PYTHON:
            return python
    return Path(sys.executable)


def test_two_builds_are_the_same_bytes(copy: Path, tmp_path: Path) -> None:
    """Other folder, Python, umask, time zone, locale, epoch and HOME, same archive."""
    home = tmp_path / "home"
    home.mkdir()

    code, output = build(copy, another_python(), home)

    assert code == 0, output
    twin = copy / "dist" / "azprov.pyz"
    assert twin.read_bytes() == PYZ.read_bytes()
    assert twin.stat().st_mode & 0o777 == 0o755
    assert not (home / ".shiv").exists()


def test_a_package_with_another_hash_is_refused(copy: Path, tmp_path: Path) -> None:
    """The build ends with a sentence, and leaves no archive."""
    pins = copy / "app" / "requirements" / "urllib3-1.txt"
    pinned = pins.read_text()
    pins.write_text(pinned.replace("sha256:0", "sha256:1").replace("sha256:4", "sha256:5"))
    assert pins.read_text() != pinned

    code, output = build(copy, Path(sys.executable), tmp_path)

    assert code == 1
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in output
    assert output.splitlines()[-1] == (
        "build.py: shiv could not fetch and pack urllib3; see above what pip says of it"
    )
    assert not (copy / "dist").exists()


def test_every_requirement_is_pinned_with_hashes() -> None:
    """In each requirements file of the project."""
    files = [*(ROOT / "app" / "requirements").glob("*.txt"), ROOT / "tests" / "requirements.txt"]
    assert len(files) == 4

    for file in files:
        lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            if not line.startswith(" "):
                assert "==" in line, line
                assert following.lstrip().startswith("--hash=sha256:"), line


def test_the_checksums_are_those_of_the_files() -> None:
    """SHA256SUMS is in the form that sha256sum -c reads, and names all that is delivered."""
    lines = (PYZ.parent / "SHA256SUMS").read_text().splitlines()

    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((PYZ.parent / name).read_bytes()).hexdigest() == digest
    names = [line.split("  ")[1] for line in lines]
    assert names == ["azprov.pyz", "install.sh", "azure-provisioning.service"]


def test_a_mistyped_command_is_told() -> None:
    """Usage on stderr, exit 2, and nothing is built."""
    done = subprocess.run(
        [sys.executable, ROOT / "build.py", "tests"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert done.stderr.startswith("usage: python3 build.py ")
    assert "invalid choice: 'tests'" in done.stderr


def test_the_wheelhouse_has_to_exist() -> None:
    """A wrong folder is told before anything is made."""
    done = subprocess.run(
        [sys.executable, ROOT / "build.py", "--wheelhouse", "no such folder"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.endswith("there is no folder no such folder\n")

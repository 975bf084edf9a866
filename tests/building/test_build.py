"""The build: the same bytes everywhere, nothing that is not pinned, nothing half written."""

import calendar
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import List, Tuple

import pytest
from build import said_of

from interpreters import INTERPRETERS
from origin import Origin
from project import ROOT
from pyz import PYZ

OLDEST_BUILD_PYTHON = (3, 10)


DELIVERED = [
    "azprov.pyz",
    "install.sh",
    "azure-provisioning.service",
    "azprov.spdx.json",
    "azprov.8",
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources in another folder, without anything that a build leaves, nor git."""
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


def as_git_archive_gives_it(copy: Path) -> List[str]:
    """Note the commit that the build under test has noted; the files that then are the same.

    Where that one knew of none, the document has the time of SOURCE_DATE_EPOCH.
    """
    with zipfile.ZipFile(PYZ) as archive:
        commit = json.loads(archive.read("azprov/build.json"))["commit"]
    if commit is None:
        return [name for name in DELIVERED if name != "azprov.spdx.json"]
    document = json.loads(PYZ.with_name("azprov.spdx.json").read_text())
    created = time.strptime(document["creationInfo"]["created"], "%Y-%m-%dT%H:%M:%SZ")
    note = f"{calendar.timegm(created)} {commit}\n"
    (copy / "app" / "archived-commit").write_text(note)
    return [*DELIVERED, "SHA256SUMS"]


def test_two_builds_make_the_same_bytes_from_the_same_commit(copy: Path, tmp_path: Path) -> None:
    """Other folder, Python, umask, time zone, locale, epoch and HOME, same files."""
    home = tmp_path / "home"
    home.mkdir()
    same = as_git_archive_gives_it(copy)

    code, output = build(copy, another_python(), home)

    assert code == 0, output
    for name in same:
        assert (copy / "dist" / name).read_bytes() == (PYZ.parent / name).read_bytes(), name
    assert (copy / "dist" / "azprov.pyz").stat().st_mode & 0o777 == 0o755
    assert not (home / ".shiv").exists()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("urllib3-1", "THESE PACKAGES DO NOT MATCH THE HASHES"),
        ("urllib3-2", "THESE PACKAGES DO NOT MATCH THE HASHES"),
        ("urllib3-2, no hash", "Hashes are required in --require-hashes mode"),
    ],
)
def test_a_package_with_another_hash_is_refused(
    copy: Path, tmp_path: Path, line: str, told: str
) -> None:
    """Or with none; the build ends with a sentence, and leaves no archive."""
    name, _, without = line.partition(", ")
    pins = copy / "app" / "requirements" / f"{name}.txt"
    pinned = pins.read_text()
    if without:
        pins.write_text(pinned.split(" \\\n")[0] + "\n")
    else:
        pins.write_text(re.sub("sha256:[0-9a-f]", "sha256:b", pinned))
    assert pins.read_text() != pinned

    code, output = build(copy, Path(sys.executable), tmp_path)

    assert code == 1
    assert told in output
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
    assert names == DELIVERED


def test_a_mistyped_command_is_told() -> None:
    """Usage on stderr, exit 2, and nothing is built."""
    done = subprocess.run(
        [sys.executable, ROOT / "build.py", "tests"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert done.stderr.startswith("usage: python3 build.py ")
    assert "invalid choice: 'tests'" in done.stderr


def test_the_wheelhouse_goes_before_the_command() -> None:
    """Behind it, it would be an argument of the tests, which would go to the index."""
    done = subprocess.run(
        [sys.executable, ROOT / "build.py", "test", "--wheelhouse", "wheels"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.endswith("--wheelhouse goes before the command\n")


@pytest.mark.parametrize(
    ("origin", "said"),
    [
        (Origin("c0ffee", 1), "commit c0ffee"),
        (Origin("c0ffee-dirty", 1), "commit c0ffee-dirty: its files were changed since"),
        (
            Origin(),
            "no known commit: the sources are neither a clone, with git there, nor of git archive",
        ),
    ],
)
def test_the_build_says_of_what_it_is(origin: Origin, said: str) -> None:
    """A commit that nobody else could build from is told at once."""
    assert said_of(origin) == said


def test_the_service_files_are_those_of_unit(copy: Path, tmp_path: Path) -> None:
    """Also where a copy of the clone made files of the links, as git does without core.symlinks."""
    for service in ("azure-provisioning.service", "azure-provisioning.openrc"):
        link = copy / "app/azprov/image" / service
        link.unlink()
        link.write_text(f"../../../unit/{service}")

    code, output = build(copy, Path(sys.executable), tmp_path)

    assert code == 0, output
    with zipfile.ZipFile(copy / "dist" / "azprov.pyz") as archive:
        for service in ("azure-provisioning.service", "azure-provisioning.openrc"):
            shipped = archive.read(f"azprov/image/{service}")
            assert shipped == (ROOT / "unit" / service).read_bytes()


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

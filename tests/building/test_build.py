"""The build gives the same bytes everywhere, and installs only pinned packages."""

import calendar
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Dict, List, Tuple

import pytest
from build import describe

from interpreters import INTERPRETERS
from origin import Origin
from project import ROOT
from pyz import PYZ

DELIVERED = [
    "azprov.pyz",
    "install.sh",
    "azure-provisioning.service",
    "azprov.spdx.json",
    "azprov.8",
]


HERE = f"{platform.python_implementation()} {platform.python_version()} on {platform.machine()}"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The sources in another folder, without git and without the results of a build."""
    folder = tmp_path / "another folder"
    folder.mkdir()
    shutil.copy(ROOT / "build.py", folder)
    shutil.copytree(ROOT / "unit", folder / "unit")
    shutil.copytree(ROOT / "app", folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
    # Creating the environment of the tools is slow; a test that needs its own removes this link.
    (folder / ".build").mkdir()
    (folder / ".build/tools").symlink_to(ROOT / ".build/tools")
    return folder


def build(folder: Path, python: Path, home: Path) -> Tuple[int, str]:
    """Build with the wheels of the build under test, without the package index.

    Umask, time zone, locale, epoch and HOME have unusual values.
    """
    env = {"PATH": os.environ["PATH"], "HOME": str(home)}
    env.update(TZ="Pacific/Kiritimati", LC_ALL="C", SOURCE_DATE_EPOCH="1700000000")
    return run_build(folder, python, env, "--wheelhouse", str(ROOT / ".build" / "wheels"))


def run_build(folder: Path, python: Path, env: Dict[str, str], *argv: str) -> Tuple[int, str]:
    done = subprocess.run(
        [python, "build.py", *argv],
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
    """Return another Python that can use the same wheels, or the one that runs the tests."""
    here = sys.version_info[:2]
    for version, python in INTERPRETERS.items():
        major, minor = version.split(".")
        # The wheel of deflate for 3.11 also fits newer releases (abi3).
        if (int(major), int(minor)) > here >= (3, 11):
            return python
    return Path(sys.executable)


def note_commit(copy: Path) -> List[str]:
    """Note the commit of the build under test in the copy, as `git archive` does.

    Returns the files that should then be the same. Without a known commit, the SPDX
    document has the time of SOURCE_DATE_EPOCH.
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
    """Folder, Python, umask, time zone, locale, epoch and HOME do not change the files."""
    home = tmp_path / "home"
    home.mkdir()
    same = note_commit(copy)
    (copy / ".build" / "tools").unlink()

    code, output = build(copy, another_python(), home)

    assert code == 0, output
    for name in same:
        assert (copy / "dist" / name).read_bytes() == (PYZ.parent / name).read_bytes(), name
    assert (copy / "dist" / "azprov.pyz").stat().st_mode & 0o777 == 0o755
    assert not (home / ".shiv").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("urllib3-1", "THESE PACKAGES DO NOT MATCH THE HASHES"),
        ("urllib3-2", "THESE PACKAGES DO NOT MATCH THE HASHES"),
        ("urllib3-2, no hash", "Hashes are required in --require-hashes mode"),
    ],
)
def test_a_package_with_another_hash_is_refused(
    copy: Path, tmp_path: Path, line: str, message: str
) -> None:
    """The build fails, and leaves no archive, if a package has a wrong hash or none."""
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
    assert message in output
    assert output.splitlines()[-1] == (
        f"build.py: pip could not download the packages of app/requirements/{name}.txt; the "
        f"reason is above: there is no network, a package has no wheel for {HERE}, or a hash is "
        "not the pinned one"
    )
    assert not (copy / "dist").exists()


# A package without wheels: to build one, pip would run this file with nothing else installed.
BACKEND = """
from pathlib import Path

def ran(*_):
    Path({mark!r}).touch()

get_requires_for_build_wheel = prepare_metadata_for_build_wheel = build_wheel = ran
"""
METADATA = "Metadata-Version: 2.1\nName: unbuilt\nVersion: 1.0\n"
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
STEPS = {
    "download": "environments.download(sys.executable, pins, environments.WORK)",
    "install": "environments.make_environment('unbuilt', pins)",
    "shiv": "build.pack_with_shiv('unbuilt', pins)",
}


@pytest.mark.parametrize("step", STEPS)
def test_no_package_is_built_from_source(copy: Path, tmp_path: Path, step: str) -> None:
    """Building would run code of the package, with tools that are not pinned.

    The source has the pinned hash, and is the only file of the package: in the index, or in
    .build/wheels, where the build installs from without asking the index.
    """
    mark, wheels = tmp_path / "ran", copy / ".build" / "wheels"
    wheels.mkdir()
    source = tmp_path / "unbuilt-1.0"
    source.mkdir()
    (source / "PKG-INFO").write_text(METADATA)
    (source / "pyproject.toml").write_text(PROJECT)
    (source / "backend.py").write_text(BACKEND.format(mark=str(mark)))
    with tarfile.open(wheels / "unbuilt-1.0.tar.gz", "w:gz") as archive:
        archive.add(source, "unbuilt-1.0")
    digest = hashlib.sha256((wheels / "unbuilt-1.0.tar.gz").read_bytes()).hexdigest()
    pins = copy / "app" / "requirements" / "unbuilt.txt"
    pins.write_text(f"unbuilt==1.0 --hash=sha256:{digest}\n")
    python = copy / ".build" / "tools" / "bin" / "python"
    lines = ["import sys; sys.path[:0] = ['.', 'app']", "import build, environments"]
    lines += ["from pathlib import Path", f"pins = Path({str(pins)!r})"]
    if step != "download":
        lines += ["environments.download = lambda *_: None"]  # as if it was downloaded before
    code = "\n".join([*lines, STEPS[step]])
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PIP_NO_INDEX": "1"}
    env["PIP_FIND_LINKS"] = wheels.as_uri()

    done = subprocess.run(
        [python, "-I", "-c", code], cwd=copy, env=env, capture_output=True, text=True, check=False
    )

    assert not mark.exists()
    assert done.returncode == 1
    assert "No matching distribution found for unbuilt==1.0" in done.stdout + done.stderr


def build_without_index(folder: Path, home: Path) -> Tuple[int, str]:
    """Build with a package index that cannot be reached."""
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "PIP_CONFIG_FILE": os.devnull}
    env.update(PIP_INDEX_URL="http://127.0.0.1:9/", PIP_RETRIES="0")
    return run_build(folder, Path(sys.executable), env)


def test_the_index_is_asked_only_when_a_pin_changes(copy: Path, tmp_path: Path) -> None:
    """A second build, even with new environments, takes every package from .build/wheels."""
    code, output = build(copy, Path(sys.executable), tmp_path)
    assert code == 0, output
    (copy / ".build" / "tools").unlink()

    code, output = build_without_index(copy, tmp_path)
    assert code == 0, output

    pins = copy / "app" / "requirements" / "urllib3-2.txt"
    pins.write_text(pins.read_text() + "# changed\n")
    code, output = build_without_index(copy, tmp_path)
    assert code == 1
    assert "pip could not download the packages of app/requirements/urllib3-2.txt" in output


def test_every_requirement_is_pinned_with_hashes() -> None:
    """Each requirement in each requirements file is pinned to a version and its hashes."""
    files = [*(ROOT / "app" / "requirements").glob("*.txt"), ROOT / "tests" / "requirements.txt"]
    assert len(files) == 4

    for file in files:
        lines = [line for line in file.read_text().splitlines() if not line.startswith("#")]
        for line, following in zip(lines, [*lines[1:], ""], strict=True):
            if not line.startswith(" "):
                assert "==" in line, line
                assert following.lstrip().startswith("--hash=sha256:"), line


def test_the_checksums_match_the_files() -> None:
    """SHA256SUMS has the form that `sha256sum -c` reads, and names every delivered file."""
    lines = (PYZ.parent / "SHA256SUMS").read_text().splitlines()

    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((PYZ.parent / name).read_bytes()).hexdigest() == digest
    names = [line.split("  ")[1] for line in lines]
    assert names == DELIVERED


def test_an_unknown_command_is_an_error() -> None:
    """build.py prints its usage on stderr and exits with 2, and builds nothing."""
    done = subprocess.run(
        [sys.executable, ROOT / "build.py", "tests"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert done.stderr.startswith("usage: python3 build.py ")
    assert "invalid choice: 'tests'" in done.stderr


def test_wheelhouse_after_the_command_is_an_error() -> None:
    """build.py refuses --wheelhouse after the command, where pytest would get the option."""
    done = subprocess.run(
        [sys.executable, ROOT / "build.py", "test", "--wheelhouse", "wheels"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.endswith("--wheelhouse goes before the command\n")


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (Origin("c0ffee", 1), "commit c0ffee"),
        (Origin("c0ffee-dirty", 1), "commit c0ffee-dirty: files were changed after this commit"),
        (Origin(), "an unknown commit: this is not a git clone, or git is not installed"),
    ],
)
def test_the_build_names_its_commit(origin: Origin, text: str) -> None:
    """The build prints its commit, and whether files were changed or the commit is unknown."""
    assert describe(origin) == text


SERVICES = (
    "azure-provisioning.service",
    "azure-provisioning.dinit",
    "azure-provisioning.openrc",
    "azure-provisioning.runit",
    "azure-provisioning.sysvinit",
)


def test_the_archive_has_the_service_files_of_unit(copy: Path, tmp_path: Path) -> None:
    """The archive has the files of unit/, even if git checked out the links as text files."""
    for service in SERVICES:
        link = copy / "app/azprov/image" / service
        link.unlink()
        link.write_text(f"../../../unit/{service}")

    code, output = build(copy, Path(sys.executable), tmp_path)

    assert code == 0, output
    with zipfile.ZipFile(copy / "dist" / "azprov.pyz") as archive:
        for service in SERVICES:
            shipped = archive.read(f"azprov/image/{service}")
            assert shipped == (ROOT / "unit" / service).read_bytes()


def test_a_missing_wheelhouse_is_an_error() -> None:
    """build.py exits with an error before it builds if the --wheelhouse folder does not exist."""
    done = subprocess.run(
        [sys.executable, ROOT / "build.py", "--wheelhouse", "no such folder"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.endswith("there is no folder no such folder\n")

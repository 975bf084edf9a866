"""The tests never run an archive that is older than its sources."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict

import pytest

from freshness import digest_of_inputs, is_current, note_build
from project import ROOT


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A small project with an archive that was just built."""
    for path in (
        "app/a.py",
        "app/requirements/pins.txt",
        "build.py",
        "unit/azure-provisioning.a",
    ):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("old\n")
    for folder in ("dist", ".build", "unit/recipes"):
        (tmp_path / folder).mkdir()
    (tmp_path / "dist/azprov.pyz").write_text("archive")
    note_build(tmp_path, digest_of_inputs(tmp_path, {}))
    return tmp_path


@pytest.mark.parametrize(
    "path",
    [
        "app/a.py",
        "app/b.py",
        "app/requirements/pins.txt",
        "build.py",
        "unit/azure-provisioning.a",
    ],
)
def test_a_changed_input_makes_the_archive_stale(built: Path, path: str) -> None:
    """An archive is stale after a change to a source, a pin or the build, or with a new source."""
    assert is_current(built, {})

    (built / path).write_text("new\n")

    assert not is_current(built, {})


def test_another_python_makes_the_archive_stale(built: Path) -> None:
    """An archive is stale if it lacks bytecode for a Python that is now installed."""
    assert not is_current(built, {"3.11": Path(sys.executable)})


@pytest.mark.parametrize("path", ["README.md", "unit/recipes/a.md", "app/__pycache__/a.pyc"])
def test_other_files_leave_the_archive_current(built: Path, path: str) -> None:
    """Documentation and compiled files are not inputs of the build."""
    (built / path).parent.mkdir(exist_ok=True)
    (built / path).write_text("new\n")

    assert is_current(built, {})


@pytest.mark.parametrize("path", ["dist/azprov.pyz", ".build/archive-inputs"])
def test_a_missing_archive_or_note_is_stale(built: Path, path: str) -> None:
    """An archive is current only if both the archive and the note about its inputs exist."""
    (built / path).unlink()

    assert not is_current(built, {})


def test_a_failed_build_leaves_the_archive_stale(built: Path) -> None:
    """A build notes the inputs of the archive only at its end, so a failed build is stale."""
    note_build(built, "")

    assert not is_current(built, {})


def import_pyz(project: Path, build: str) -> "subprocess.CompletedProcess[str]":
    """Collect a test that needs the archive, in a project with another build.py."""
    shutil.copytree(ROOT / "app", project / "app", ignore=shutil.ignore_patterns("__pycache__"))
    (project / "tests").mkdir()
    for name in ("pyz.py", "current_archive.py", "needs.py", "project.py", "interpreters.py"):
        shutil.copy(ROOT / "tests" / name, project / "tests")
    (project / "pytest.ini").touch()
    (project / "tests/test_archive.py").write_text(
        "from pyz import PYZ\n\ndef test_archive() -> None:\n    assert PYZ.read_text() == 'new'\n"
    )
    (project / "build.py").write_text(build)
    env: Dict[str, str] = dict(os.environ)
    env["PYTHONPATH"] = os.pathsep.join([str(project / "app"), str(project / "tests")])
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "tests/test_archive.py"],
        cwd=project,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_stale_archive_is_rebuilt_before_a_test_runs_it(tmp_path: Path) -> None:
    """A test that imports pyz.py gets an archive that build.py has just rebuilt."""
    done = import_pyz(
        tmp_path,
        "import pathlib\npathlib.Path('dist').mkdir()\n"
        "pathlib.Path('dist/azprov.pyz').write_text('new')\n",
    )

    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 passed")


def test_no_test_runs_a_stale_archive_that_cannot_be_rebuilt(tmp_path: Path) -> None:
    """If the archive cannot be rebuilt, the test session fails with the output of the build."""
    done = import_pyz(tmp_path, "import sys\nsys.exit('build.py: no compiler')\n")

    assert done.returncode == 2
    assert "dist/azprov.pyz is older than its sources, and could not be rebuilt" in done.stdout
    assert "build.py: no compiler" in done.stdout

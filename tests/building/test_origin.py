"""The commit that the archive names: that of the clone or of `git archive`, else none."""

import subprocess
import tarfile
from pathlib import Path
from typing import Dict

import pytest

from origin import Origin, find_origin
from project import ROOT

TIME_S = 1_700_000_000
NOBODY = Origin(commit=None, time_s=315532800)


@pytest.fixture(autouse=True)
def _no_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)


def git(folder: Path, *words: str) -> str:
    who: Dict[str, str] = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "a"), ("EMAIL", "a@b"), ("DATE", f"{TIME_S} +0100"))
    }
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **who},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """One commit of what a build reads."""
    folder = tmp_path / "clone"
    for path in ("app/azprov/__init__.py", "unit/install.sh", "build.py", "README.md"):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("x\n")
    for path in (".gitattributes", "app/archived-commit"):
        (folder / path).write_bytes((ROOT / path).read_bytes())
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "one")
    return folder


def test_a_clone_names_its_commit(clone: Path) -> None:
    """With the time of the commit."""
    assert find_origin(clone) == Origin(git(clone, "rev-parse", "HEAD"), TIME_S)


@pytest.mark.parametrize("path", ["app/azprov/__init__.py", "app/azprov/new.py", "build.py"])
def test_a_changed_clone_says_so(clone: Path, path: str) -> None:
    """Where a file is changed or new that the archive is made from."""
    (clone / path).write_text("changed\n")

    assert find_origin(clone) == Origin(git(clone, "rev-parse", "HEAD") + "-dirty", TIME_S)


def test_what_the_archive_is_not_made_from_may_change(clone: Path) -> None:
    """README and files beside."""
    (clone / "README.md").write_text("changed\n")
    (clone / "notes").write_text("new\n")

    assert find_origin(clone) == Origin(git(clone, "rev-parse", "HEAD"), TIME_S)


def test_what_git_archive_made_names_the_same(clone: Path, tmp_path: Path) -> None:
    """Without any git, and below another clone."""
    git(clone, "archive", "--output", str(tmp_path / "sources.tar"), "HEAD")
    unpacked = clone / "below" / "sources"
    with tarfile.open(tmp_path / "sources.tar") as archive:
        archive.extractall(unpacked)  # noqa: S202 - made above

    assert find_origin(unpacked) == find_origin(clone)


def test_a_clone_of_somebody_else_and_a_hook_of_another(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the variables of a hook nor git's doubt about an owner change the bytes."""
    monkeypatch.setenv("GIT_DIR", str(clone / "another"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(clone / "another index"))
    # git's own switch to have every folder count as somebody else's.
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")

    assert find_origin(clone).commit == git(clone, "rev-parse", "HEAD")


def test_plain_files_have_no_commit(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the time that SOURCE_DATE_EPOCH gives; nor has a clone without a commit."""
    plain = tmp_path / "plain"
    (plain / "app").mkdir(parents=True)
    (plain / "app" / "archived-commit").write_bytes((ROOT / "app/archived-commit").read_bytes())

    assert find_origin(plain) == NOBODY
    git(plain, "init", "--quiet")
    assert find_origin(plain) == NOBODY
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")
    assert find_origin(plain) == Origin(commit=None, time_s=1_600_000_000)
    assert find_origin(clone).time_s == TIME_S

"""The build finds the commit of a git clone, or of an export by `git archive`."""

import subprocess
from pathlib import Path
from typing import Dict

import pytest

from origin import Origin, find_origin
from project import ROOT

TIME_S = 1_700_000_000
UNKNOWN = Origin(commit=None, time_s=315532800)


@pytest.fixture(autouse=True)
def _no_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)


def git(folder: Path, *words: str) -> str:
    who: Dict[str, str] = {
        f"GIT_{role}_{field}": value
        for role in ("AUTHOR", "COMMITTER")
        for field, value in (("NAME", "a"), ("EMAIL", "a@b"), ("DATE", f"{TIME_S} +0100"))
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
    """A clone with one commit, which has the files that a build reads."""
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
    """The origin of a clean clone has the hash and the time of its commit."""
    assert find_origin(clone) == Origin(git(clone, "rev-parse", "HEAD"), TIME_S)


@pytest.mark.parametrize("path", ["app/azprov/__init__.py", "app/azprov/new.py", "build.py"])
def test_a_changed_source_makes_the_commit_dirty(clone: Path, path: str) -> None:
    """The commit is marked as dirty if a file of the build is changed or new."""
    (clone / path).write_text("changed\n")

    assert find_origin(clone) == Origin(git(clone, "rev-parse", "HEAD") + "-dirty", TIME_S)


def test_changed_documentation_leaves_the_commit_clean(clone: Path) -> None:
    """Files that the archive does not depend on, such as README, do not make the commit dirty."""
    (clone / "README.md").write_text("changed\n")
    (clone / "notes").write_text("new\n")

    assert find_origin(clone) == Origin(git(clone, "rev-parse", "HEAD"), TIME_S)


def test_sources_from_git_archive_name_the_commit(clone: Path, tmp_path: Path) -> None:
    """An export by `git archive` has the commit of its clone, even inside another clone."""
    git(clone, "archive", "--output", str(tmp_path / "sources.tar"), "HEAD")
    unpacked = clone / "below" / "sources"
    unpacked.mkdir(parents=True)
    subprocess.run(["tar", "-xf", tmp_path / "sources.tar", "-C", unpacked], check=True)

    assert find_origin(unpacked) == find_origin(clone)


def test_git_variables_and_the_owner_do_not_change_the_commit(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit is found in a git hook of another clone, and in a clone of another owner."""
    monkeypatch.setenv("GIT_DIR", str(clone / "another"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(clone / "another index"))
    # git's own tests use this variable to make every folder look like another owner's.
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")

    assert find_origin(clone).commit == git(clone, "rev-parse", "HEAD")


def test_plain_files_have_no_commit(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sources without a commit have the time SOURCE_DATE_EPOCH, or 1980 if it is not set."""
    plain = tmp_path / "plain"
    (plain / "app").mkdir(parents=True)
    (plain / "app" / "archived-commit").write_bytes((ROOT / "app/archived-commit").read_bytes())

    assert find_origin(plain) == UNKNOWN
    git(plain, "init", "--quiet")
    assert find_origin(plain) == UNKNOWN
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1600000000")
    assert find_origin(plain) == Origin(commit=None, time_s=1_600_000_000)
    assert find_origin(clone).time_s == TIME_S

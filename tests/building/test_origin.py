"""The build finds the commit of a git clone, or of an export by `git archive`."""

import subprocess
from pathlib import Path
from typing import Callable, Dict

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


def fsmonitor(clone: Path, program: str) -> None:
    git(clone, "config", "core.fsmonitor", program)


def included_settings(clone: Path, program: str) -> None:
    (clone / ".git/more").write_text(f"[core]\nfsmonitor = {program}\n")
    git(clone, "config", "include.path", "more")


def settings_of_a_worktree(clone: Path, program: str) -> None:
    git(clone, "config", "extensions.worktreeConfig", "true")
    (clone / ".git/config.worktree").write_text(f"[core]\nfsmonitor = {program}\n")


def filter_of_a_changed_file(clone: Path, program: str) -> None:
    (clone / ".git/info/attributes").write_text("build.py filter=evil\n")
    git(clone, "config", "filter.evil.clean", program)
    (clone / "build.py").write_text("y\n")


def filter_process(clone: Path, program: str) -> None:
    (clone / ".git/info/attributes").write_text("build.py filter=evil\n")
    git(clone, "config", "filter.evil.process", program)
    (clone / "build.py").write_text("y\n")


def submodule(clone: Path, program: str) -> None:
    inner = clone / "app/inner"
    inner.mkdir()
    (inner / "file").write_text("")
    git(inner, "init", "--quiet")
    git(inner, "add", ".")
    git(inner, "commit", "--quiet", "--message", "inner")
    git(clone, "add", "app/inner")
    git(clone, "commit", "--quiet", "--message", "two")
    git(inner, "config", "core.fsmonitor", program)


def missing_object(clone: Path, program: str) -> None:
    for key, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", "ssh://host/path"),
        ("core.sshCommand", program),
    ):
        git(clone, "config", key, value)
    tree = git(clone, "rev-parse", "HEAD^{tree}")
    (clone / ".git/objects" / tree[:2] / tree[2:]).unlink()


def hooks(clone: Path, program: str) -> None:
    for name in ("post-index-change", "fsmonitor-watchman", "reference-transaction"):
        (clone / ".git/hooks" / name).symlink_to(program)


def pagers_and_aliases(clone: Path, program: str) -> None:
    for key in ("core.pager", "pager.status", "pager.rev-list", "pager.rev-parse", "core.editor"):
        git(clone, "config", key, program)
    for key in ("alias.status", "alias.rev-list", "alias.rev-parse", "alias.config"):
        git(clone, "config", key, f"!{program}")


@pytest.mark.parametrize(
    "plant",
    [
        fsmonitor,
        included_settings,
        settings_of_a_worktree,
        filter_of_a_changed_file,
        filter_process,
        submodule,
        missing_object,
        hooks,
        pagers_and_aliases,
    ],
)
def test_no_program_that_a_clone_names_is_run(
    clone: Path, tmp_path: Path, plant: Callable[[Path, str], None]
) -> None:
    """The settings of a clone that someone else made run nothing during a build."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\n: > {tmp_path}/was-run\nexit 1\n")
    program.chmod(0o755)
    plant(clone, str(program))
    (tmp_path / "was-run").unlink(missing_ok=True)

    find_origin(clone)

    assert not (tmp_path / "was-run").exists()


def test_a_clone_with_a_program_in_its_settings_still_names_its_commit(clone: Path) -> None:
    """Only the settings of the clone are left out, and not its commit and its changes."""
    fsmonitor(clone, "/bin/false")
    commit = git(clone, "rev-parse", "HEAD")

    assert find_origin(clone) == Origin(commit, TIME_S)
    (clone / "build.py").chmod(0o755)
    assert find_origin(clone) == Origin(f"{commit}-dirty", TIME_S)
    git(clone, "config", "core.fileMode", "false")
    assert find_origin(clone) == Origin(commit, TIME_S)


def test_a_worktree_names_its_own_commit(clone: Path, tmp_path: Path) -> None:
    """The index and HEAD of a second work tree are not those of the clone."""
    git(clone, "worktree", "add", "--quiet", str(tmp_path / "second"), "HEAD")
    git(clone, "rm", "--quiet", "build.py")
    git(clone, "commit", "--quiet", "--message", "two")
    second = tmp_path / "second"

    assert find_origin(second) == Origin(git(second, "rev-parse", "HEAD"), TIME_S)
    assert find_origin(clone) == Origin(git(clone, "rev-parse", "HEAD"), TIME_S)

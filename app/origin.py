"""Finds the commit that the archive is built from.

The build runs this module; it is not shipped.
"""

import os
import subprocess
import tempfile
from pathlib import Path
from typing import List, NamedTuple, Optional, Tuple

# The archive depends on these files, so a change to one of them makes the commit dirty.
_BUILT_FROM = ("app", "unit", "build.py")
# `git archive` writes time and commit into this file, because .gitattributes has export-subst.
_ARCHIVED = Path("app", "archived-commit")
# Settings of a clone on a file system without modes or links.
_FLAGS = ("core.fileMode", "core.symlinks")
# The user's own settings may name a program inside the clone, such as a folder of hooks.
_NO_PROGRAMS = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_LENGTH_OF_SHA1 = 40
_SHA256 = "[core]\nrepositoryformatversion = 1\n[extensions]\nobjectFormat = sha256\n"


class Origin(NamedTuple):
    """The commit and its time; None and 1980-01-01, the start of zip times, if unknown."""

    commit: Optional[str] = None
    time_s: int = 315532800


def find_origin(root: Path) -> Origin:
    """Find the commit of a git clone, or of an export made by `git archive`.

    The commit is HASH-dirty if files were changed after it. If the commit is unknown, the
    time is SOURCE_DATE_EPOCH, if that is set.
    """
    if (root / ".git").exists():
        try:
            reply, is_dirty = _ask_clone(root)
        except (OSError, subprocess.CalledProcessError):  # no git, or no commit yet
            reply, is_dirty = [], False
    else:
        reply, is_dirty = (root / _ARCHIVED).read_text().split(), False
    if len(reply) == 2 and reply[0].isdigit():
        return Origin(reply[1] + ("-dirty" if is_dirty else ""), int(reply[0]))
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return Origin(time_s=int(epoch)) if epoch.isdigit() else Origin()


def _ask_clone(root: Path) -> Tuple[List[str], bool]:
    """The time and the hash of a clone's commit, and whether files of the build were changed.

    The clone may be someone else's, and its configuration may name programs that git runs:
    core.fsmonitor, filters, hooks, or an ssh that fetches a missing object. With it, git only
    reads a hash, two paths and a few flags. Everything else git finds out in another
    repository, which has only the objects and the index of the clone.
    """
    # safe.directory: the clone of another user, and a hook of another clone, are all right.
    clone = ["-c", "safe.directory=*", f"--git-dir={root / '.git'}"]
    paths = ["--git-path", "objects", "--git-path", "index"]
    commit, objects, index = _git(root, *clone, "rev-parse", "HEAD", *paths).splitlines()
    flags = [word for key in _FLAGS for word in ("-c", f"{key}={_flag(root, clone, key)}")]
    with tempfile.TemporaryDirectory() as folder:
        for name in ("objects", "refs"):
            os.mkdir(os.path.join(folder, name))
        Path(folder, "HEAD").write_text(f"{commit}\n")
        Path(folder, "config").write_text(_SHA256 if len(commit) > _LENGTH_OF_SHA1 else "")
        inert = [*_NO_PROGRAMS, *flags, f"--git-dir={folder}", f"--work-tree={root}"]
        variables = {"GIT_OBJECT_DIRECTORY": objects, "GIT_INDEX_FILE": index}
        one = ("rev-list", "--no-walk", "--timestamp", commit)
        changes = ("status", "--porcelain", "--ignore-submodules=all", "--", *_BUILT_FROM)
        reply = _git(root, *inert, *one, **variables).split()
        return reply, _git(root, *inert, *changes, **variables) != ""


def _flag(root: Path, clone: List[str], key: str) -> str:
    """A setting of the clone that says how its files were checked out; true if it has none."""
    try:
        return _git(root, *clone, "config", "--bool", "--default", "true", key).strip()
    except subprocess.CalledProcessError:  # not true or false
        return "true"


def _git(root: Path, *words: str, **variables: str) -> str:
    """The output of git in a folder, without the variables of a hook that runs this."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command: List[str] = ["git", "--no-optional-locks", *words]
    return subprocess.check_output(
        command,
        cwd=str(root),
        env={**env, **variables},
        stderr=subprocess.DEVNULL,
        universal_newlines=True,
    )

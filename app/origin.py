"""Finds the commit that the archive is built from.

The build runs this module; it is not shipped.
"""

import os
import subprocess
from pathlib import Path
from typing import List, NamedTuple, Optional

# The archive depends on these files, so a change to one of them makes the commit dirty.
_BUILT_FROM = ("app", "unit", "build.py")
# `git archive` writes time and commit into this file, because .gitattributes has export-subst.
_ARCHIVED = Path("app", "archived-commit")


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
            reply = _git(root, "rev-list", "--max-count=1", "--timestamp", "HEAD").split()
            is_dirty = _git(root, "status", "--porcelain", "--", *_BUILT_FROM) != ""
        except (OSError, subprocess.CalledProcessError):  # no git, or no commit yet
            reply, is_dirty = [], False
    else:
        reply, is_dirty = (root / _ARCHIVED).read_text().split(), False
    if len(reply) == 2 and reply[0].isdigit():
        return Origin(reply[1] + ("-dirty" if is_dirty else ""), int(reply[0]))
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return Origin(time_s=int(epoch)) if epoch.isdigit() else Origin()


def _git(root: Path, *words: str) -> str:
    """Ask git about this clone, even if another user owns it or a hook of another clone runs."""
    command: List[str] = ["git", "-c", "safe.directory=*", "--no-optional-locks"]
    command += [f"--git-dir={root / '.git'}", f"--work-tree={root}", *words]
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.check_output(
        command, cwd=str(root), env=env, stderr=subprocess.DEVNULL, universal_newlines=True
    )

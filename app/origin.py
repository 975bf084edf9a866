"""Which commit the sources are of, for the archive to name.

Run by the build, and not shipped.
"""

import os
import subprocess
from pathlib import Path
from typing import List, NamedTuple, Optional

# What goes into the archive, or into how it is made.
_BUILT_FROM = ("app", "unit", "build.py")
# `git archive` writes time and commit into it, as .gitattributes says.
_ARCHIVED = Path("app", "archived-commit")


class Origin(NamedTuple):
    """None and 1980, where zip files begin, for sources that nothing says it of."""

    commit: Optional[str] = None
    time_s: int = 315532800


def find_origin(root: Path) -> Origin:
    """The commit of a git clone, or of what `git archive` made of one.

    A clone whose files are not those of its commit is HASH-dirty. Without either,
    the time is that of SOURCE_DATE_EPOCH, if that is set.
    """
    if (root / ".git").exists():
        try:
            told = _git(root, "rev-list", "--max-count=1", "--timestamp", "HEAD").split()
            is_dirty = _git(root, "status", "--porcelain", "--", *_BUILT_FROM) != ""
        except (OSError, subprocess.CalledProcessError):  # no git, or no commit yet
            told, is_dirty = [], False
    else:
        told, is_dirty = (root / _ARCHIVED).read_text().split(), False
    if len(told) == 2 and told[0].isdigit():
        return Origin(told[1] + ("-dirty" if is_dirty else ""), int(told[0]))
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    return Origin(time_s=int(epoch)) if epoch.isdigit() else Origin()


def _git(root: Path, *words: str) -> str:
    """What git says of this clone, whoever owns it, and whatever clone a hook is run for."""
    command: List[str] = ["git", "-c", "safe.directory=*", "--no-optional-locks"]
    command += [f"--git-dir={root / '.git'}", f"--work-tree={root}", *words]
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.check_output(
        command, cwd=str(root), env=env, stderr=subprocess.DEVNULL, universal_newlines=True
    )

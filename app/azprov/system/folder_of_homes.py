"""What keeps users from having homes in a folder: it is no folder, another user's, or closed.

Rule of this file: it is only imported by `check`, and after a failure.
"""

import os
import stat
from typing import NamedTuple, Optional

from ..formats.host.passwd import Account
from .planting import writers_of
from .root import Root
from .root.paths import ancestry
from .typed_paths import run
from .writers import steps_to

#: The commands that remove an obstacle.
ENTER, OWN = "chmod a+x", "chown root:"


class Obstacle(NamedTuple):
    """A folder on the way to homes that has to be changed."""

    #: As seen from inside the root, without links.
    path: str
    #: The end of a sentence that begins with the path.
    cause: str
    #: ENTER or OWN; empty if there is no folder.
    command: str = ""
    #: Whether a file system that is mounted later may bring the folder.
    is_missing: bool = False

    def fix(self, root: Root) -> str:
        """The next step, with the path as it is named outside the root."""
        hint = f"make {root.outside(self.path)} a folder"
        if self.command == OWN:
            hint = f"if no one else needs that folder, {run(root, 'chown root:', self.path)}"
        elif self.command == ENTER:
            hint = run(root, "chmod a+x", self.path)
        return hint


def find_obstacle(root: Root, folder: str, account: Optional[Account] = None) -> Optional[Obstacle]:
    """What keeps a new user from having a home in a folder, or an account from using it.

    Missing folders are no obstacle, because azprov makes them, except behind a link. Raises
    HostError.
    """
    writers, made = writers_of(root), list(ancestry(folder))
    left = 0
    for path, status, left in steps_to(root, folder):
        if status is None:
            # mkdir(2) makes what the last name of a link leads to.
            is_made = path in made or not left
            cause = "is missing, although a link leads there"
            return None if is_made else Obstacle(path, cause, is_missing=True)
        if stat.S_ISLNK(status.st_mode):
            continue
        if not stat.S_ISDIR(status.st_mode):
            return Obstacle(path, "is not a folder")
        if account is None and writers.is_owned(status):
            return Obstacle(path, f"belongs to the UID {status.st_uid}", OWN)
        if not _lets_in(root, path, status, account):
            mode = f"{stat.S_IMODE(status.st_mode):04o}"
            return Obstacle(path, f"has the mode {mode}, so users cannot enter it", ENTER)
    return Obstacle(folder, "is a link that leads nowhere") if left else None


def _lets_in(root: Root, path: str, status: os.stat_result, account: Optional[Account]) -> bool:
    """Whether a user may enter a folder. True if groups or an access control list decide."""
    if status.st_mode & stat.S_IXOTH or root.acl(path):
        return True
    if account is None:
        return False
    owns = account.uid == status.st_uid and status.st_mode & stat.S_IXUSR
    return bool(account.uid == 0 or owns or status.st_mode & stat.S_IXGRP)

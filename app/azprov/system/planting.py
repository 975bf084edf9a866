"""Who could plant a link on the way to a path, and working there without following it for them.

A link in a folder of a user may lead to a file that this user cannot change. systemd's
CHASE_SAFE and sshd's StrictModes look at the same folders. Folders that a group or everyone may
write to count as well.
"""

import os
import stat
from typing import ContextManager, List, Optional

from ..errors import HostError
from ..formats.host.passwd import Account
from .root import Root
from .root.entry import Owner
from .root.paths import MOST_LINKS, components

# The user and group without rights of their own.
_NOBODY = 65534


def planter_of(root: Root, path: str, *, follow: bool = True) -> Optional[Owner]:
    """The first user, except root and this process's, who could plant a link on the way.

    Every folder counts in which a name is looked up, also on the way of the links themselves.
    A folder of root that others may write to gives a user who has only their rights. Without
    `follow`, the last name may be a link. None if only root could plant one. Raises HostError.
    """
    left, folder, links = components(path), "", 0
    while left:
        if len(left) > 1 or follow:
            planter = _planter(root, folder or "/")
            if planter is not None:
                return planter
        name = left.pop(0)
        here = f"{folder}/{name}"
        target = root.read_link(here) if left or follow else None
        if name == "..":
            folder = folder.rpartition("/")[0]
        elif target is None:
            folder = here
        else:
            links += 1
            if links > MOST_LINKS:
                return None  # no operation follows this path
            left = components(target) + left
            folder = "" if target.startswith("/") else folder
    return None


def owner_of_path(root: Root, path: str, account: Optional[Account] = None) -> Optional[Owner]:
    """The user who decides the rights for a path; None if only root could plant a link there.

    This is the account, if the path leads through its home, as sshd has it. Otherwise it is the
    user who could plant a link. Raises HostError.
    """
    if account is not None and account.uid != 0 and _is_in_home(root, path, account):
        return (account.uid, account.gid)
    return planter_of(root, path)


def remove_planted(root: Root, path: str, account: Optional[Account] = None) -> None:
    """Remove a file or link, with no more rights than the user who could plant links there.

    The owner of a folder may remove everything in it, even if its mode forbids that. Raises
    HostError.
    """
    planter = planter_of(root, path, follow=False)
    if planter is None:
        root.remove(path)
        return
    owner = owner_of_path(root, path, account) or planter
    try:
        with root_of(root, owner) as user_root:
            user_root.remove(path)
    except HostError:
        if not root.remove(path, in_folder_of=owner[0]):
            raise


def root_of(root: Root, planter: Optional[Owner]) -> ContextManager[Root]:
    """The root for a path with that planter: with this user's rights, or without links.

    A group that may write to a folder of root, as syslog may to Ubuntu's /var/log, may not
    write to root's files in it. Nothing in such a folder is reached through a link.
    """
    is_no_user = planter is not None and planter[0] == _NOBODY
    return root.without_links().as_user(None) if is_no_user else root.as_user(planter)


def _planter(root: Root, folder: str) -> Optional[Owner]:
    status = root.status(folder, follow=False)
    # The owner of the whole tree could replace everything in it anyway.
    if folder == "/" or status is None or not stat.S_ISDIR(status.st_mode):
        return None
    if status.st_uid not in (0, os.geteuid()):
        return (status.st_uid, status.st_gid)
    if status.st_mode & stat.S_IWOTH:
        return (_NOBODY, _NOBODY)
    # Like an ordinary user's own group, root's has no other members.
    if status.st_mode & stat.S_IWGRP and status.st_gid not in (0, os.getegid()):
        return (_NOBODY, status.st_gid)
    return None


def _is_in_home(root: Root, path: str, account: Account) -> bool:
    """Whether a path leads through the home, by this name or through links.

    A home of /, which some system users have, is not counted: it belongs to no user.
    """
    home = account.home.rstrip("/")
    if not home:
        return False
    if path.startswith(f"{home}/"):
        return True
    if root.status(home) is None:
        return False
    real_home = root.real_path(home)
    return any(f"{real}/".startswith(f"{real_home}/") for real in _real_folders(root, path))


def _real_folders(root: Root, path: str) -> List[str]:
    """The existing folders above a path, from the top and without the root, links resolved."""
    names = components(path)
    folders = ("/" + "/".join(names[:count]) for count in range(1, len(names)))
    return [root.real_path(folder) for folder in folders if root.status(folder) is not None]

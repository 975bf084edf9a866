"""Who could plant a link on the way to a path, and working there without following it for them.

A link in a folder of a user may lead to a file that this user cannot change.
"""

import stat
from typing import ContextManager, List, NamedTuple, Optional

from ..errors import HostError
from ..formats.host.passwd import Account
from .root import Root
from .root.entry import Owner
from .root.paths import components
from .writers import Writers, steps_to


class Planter(NamedTuple):
    """Who could plant a link in a folder."""

    folder: str
    #: The owner of the folder; None if it is root's and other users may write to it.
    user: Optional[Owner]


def writers_of(root: Root) -> Writers:
    """Who can write in a root. The user of this process is trusted, and needs no link."""
    return Writers(root, trusts_self=True)


def planter_of(
    root: Root, path: str, *, follow: bool = True, writers: Optional[Writers] = None
) -> Optional[Planter]:
    """The first user who could plant a link on the way, except root and this process's user.

    Every folder counts in which a name is looked up, also on the way of the links themselves.
    Without `follow`, the last name may be a link. None if only root could plant one. Raises
    HostError.
    """
    writers = writers or writers_of(root)
    for step in steps_to(root, path):
        if step.left <= (0 if follow else 1):
            return None
        if step.status is None or not stat.S_ISDIR(step.status.st_mode):
            continue
        if writers.is_owned(step.status):
            # The owner of the whole tree has no rights in the folders of root.
            is_top = step.path == "/"
            return Planter(step.path, None if is_top else (step.status.st_uid, step.status.st_gid))
        if writers.is_writable(step.path, step.status):
            return Planter(step.path, None)
    return None


def planter_or_owner(
    root: Root,
    path: str,
    account: Optional[Account] = None,
    *,
    writers: Optional[Writers] = None,
) -> Optional[Planter]:
    """Who decides the rights for a path; None if only root could plant a link there.

    This is the account, if the path leads through its home, as sshd has it. Otherwise it is who
    could plant a link. Raises HostError.
    """
    if account is not None and account.uid != 0 and _is_in_home(root, path, account):
        return Planter(account.home, (account.uid, account.gid))
    return planter_of(root, path, writers=writers)


def remove_planted(
    root: Root,
    path: str,
    account: Optional[Account] = None,
    *,
    writers: Optional[Writers] = None,
) -> None:
    """Remove a file or link, with no more rights than the user who could plant links there.

    The owner of a folder may remove everything in it, even if its mode forbids that. Raises
    HostError.
    """
    planter = planter_of(root, path, follow=False, writers=writers)
    if planter is None:
        root.remove(path)
        return
    planter = planter_or_owner(root, path, account, writers=writers) or planter
    try:
        with root_of(root, planter) as user_root:
            user_root.remove(path)
    except HostError:
        if planter.user is None or not root.remove(path, in_folder_of=planter.user[0]):
            raise


def root_of(root: Root, planter: Optional[Planter]) -> ContextManager[Root]:
    """The root for a path with that planter: with this user's rights, or without links.

    A group that may write to a folder of root, as syslog may to Ubuntu's /var/log, may not
    write to root's files in it. Nothing in such a folder is reached through a link.
    """
    if planter is None or planter.user is not None:
        return root.as_user(None if planter is None else planter.user)
    return root.without_links().as_user(None)


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

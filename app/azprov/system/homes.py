"""Homes of new users: made from /etc/skel, and never taken over from someone else.

A home is made under a temporary name and then renamed, so that it is either complete or
missing.
"""

import logging
import stat
from contextlib import suppress
from itertools import count
from typing import Iterator, NamedTuple, Optional

from ..errors import HostError, NotPermitted
from ..formats.host.passwd import Account
from .planting import planter_of, root_of
from .root import Root

#: The folder of new homes.
HOMES = "/home"

_SKELETON = "/etc/skel"
_PRIVATE_HOME = 0o700
# Without the set-user-ID, set-group-ID and sticky bits: a home has no use for them, and the
# sandbox of the service does not allow the first two.
_PERMISSIONS = 0o777

log = logging.getLogger(__name__)


class _SkeletonEntry(NamedTuple):
    """A link, a file, or a folder (without `link`) in /etc/skel."""

    path: str
    mode: int
    link: Optional[str] = None
    is_folder: bool = False


def free_home(root: Root, name: str) -> str:
    """A path for the home of a new user at which nothing exists.

    What is at /home/NAME is moved aside: it may belong to another user, and its files could
    act as the new user. Where it cannot be moved, as a mounted file system cannot, the new
    home gets another name. Raises NotPermitted.
    """
    home = f"{HOMES}/{name}"
    if root.status(home, follow=False) is None:
        return home
    aside = _unused(root, f"{home}.old")
    try:
        root.rename(home, aside.rpartition("/")[2])
    except NotPermitted:
        raise
    except HostError as error:
        other = _unused(root, f"{home}-2")
        log.warning(
            "%s; the home of the new user %s will be %s", error.summary, name, root.outside(other)
        )
        return other
    log.warning(
        "moved %s to %s, because it is not the home of the new user %s",
        root.outside(home),
        root.outside(aside),
        name,
    )
    return home


def make_home(root: Root, account: Account) -> None:
    """Make a home that does not exist yet from /etc/skel. Raises HostError."""
    parent, _, name = account.home.rstrip("/").rpartition("/")
    owner = (account.uid, account.gid)
    temporary = f"{parent}/.{name}.azprov-new"
    # A user who owns a folder above could plant a link there.
    with root_of(root, planter_of(root, account.home)) as maker:
        maker.remove_tree(temporary)
        if parent:
            maker.make_folders(parent)
        try:
            maker.make_folders(temporary, mode=_PRIVATE_HOME, owner=owner)
            with root.as_user(owner) as user_root:
                for entry in _skeleton(root):
                    _copy(root, user_root, temporary + entry.path, entry)
            maker.rename(temporary, name)
        except HostError:
            with suppress(HostError):
                maker.remove_tree(temporary)
            raise


def _unused(root: Root, path: str) -> str:
    """The path, or the first one with a number at which nothing exists."""
    paths = (path if number == 1 else f"{path}-{number}" for number in count(1))
    return next(path for path in paths if root.status(path, follow=False) is None)


def _skeleton(root: Root, folder: str = "") -> Iterator[_SkeletonEntry]:
    """The entries of /etc/skel, a folder before its content."""
    for name in root.names(f"{_SKELETON}{folder}"):
        path = f"{folder}/{name}"
        inside = f"{_SKELETON}{path}"
        status = root.status(inside, follow=False)
        mode = 0 if status is None else status.st_mode & _PERMISSIONS
        link = root.read_link(inside)
        if link is not None:
            yield _SkeletonEntry(path, mode, link=link)
        elif status is not None and stat.S_ISDIR(status.st_mode):
            yield _SkeletonEntry(path, mode, is_folder=True)
            yield from _skeleton(root, path)
        elif status is not None and stat.S_ISREG(status.st_mode):
            yield _SkeletonEntry(path, mode)


def _copy(root: Root, user_root: Root, path: str, entry: _SkeletonEntry) -> None:
    """Copy one entry, reading with root's rights as useradd does, and writing with the user's."""
    if entry.link is not None:
        user_root.link(path, entry.link)
    elif entry.is_folder:
        user_root.make_folders(path, mode=entry.mode)
    else:
        file = root.open_file(_SKELETON + entry.path)
        if file is not None:
            with file:
                user_root.write(path, file, mode=entry.mode)

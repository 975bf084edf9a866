"""Who other than root can write to a file, and to the folders on the way to it.

A path is as safe as every folder on the way, because anyone who can write to a folder can
replace what is in it, or plant a link there. sshd's StrictModes and systemd's CHASE_SAFE look
at the same folders. A folder that everyone, a group with members, or a user by an access
control list can write to counts like one that belongs to another user.
"""

import os
import stat
from typing import Dict, Iterator, NamedTuple, Optional, Set, Tuple

from ..errors import NotPermitted
from ..formats.host.passwd import groups_with_members, has_login_shell
from .root import Root
from .root.entry import Owner
from .root.paths import MOST_LINKS, components
from .user_database import USER_FOLDERS, read_all_accounts, read_user_file

#: The links that were followed, each with the rest of the path after it.
Followed = Set[Tuple[str, Tuple[str, ...]]]


class Step(NamedTuple):
    """A folder on the way to a path, or what is at its end."""

    #: As seen from inside the root, without links.
    path: str
    #: None if it is missing.
    status: Optional[os.stat_result]
    #: How many names have to be looked up from here on.
    left: int


def steps_to(root: Root, path: str, followed: Optional[Followed] = None) -> Iterator[Step]:
    """Every step of the way to a path, with the way of each link, which is resolved in the root.

    It ends after too many links, and where it continues as an earlier way did, so that each
    link is followed once for all ways with the same `followed`. Raises HostError.
    """
    followed = set() if followed is None else followed
    left, at, links = components(path), "", 0
    status = root.status("/")
    while True:
        yield Step(at or "/", status, len(left))
        if not left:
            return
        name = left.pop(0)
        step = at.rpartition("/")[0] if name == ".." else f"{at}/{name}"
        status = root.status(step or "/", follow=False)
        is_link = status is not None and stat.S_ISLNK(status.st_mode)
        target = root.read_link(step) if is_link else None
        if target is None:
            at = step
            continue
        onwards = (step, tuple(left))
        links += 1
        if links > MOST_LINKS or onwards in followed:
            return
        followed.add(onwards)
        at = "" if target.startswith("/") else at
        left = components(target) + left
        status = root.status(at or "/", follow=False)


class Writers:
    """Judges who other than root can write to a file or folder of a root.

    An ordinary user who made the whole image counts as root, because that user's files become
    root's when the image is packed. With `trusts_self`, the user of this process does as well.
    """

    def __init__(self, root: Root, *, trusts_self: bool) -> None:
        self._root = root
        trusted = {maker_of(root)}
        if trusts_self and os.geteuid():
            trusted.add((os.geteuid(), os.getegid()))
        self._users = {0, *(uid for uid, _ in trusted)}
        self._groups = {gid for uid, gid in trusted if uid}
        # Read once, when it is needed first: an image may have a file for each group.
        self._members: Optional[Dict[int, bool]] = None

    def is_owned(self, status: os.stat_result) -> bool:
        """Whether it belongs to another user than root."""
        return status.st_uid not in self._users

    def is_writable(self, path: str, status: os.stat_result) -> bool:
        """Whether users other than the owner and root can write. Raises HostError.

        A group without members, as Debian's staff, is safe.
        """
        if status.st_mode & stat.S_IWOTH:
            return True
        # These bits are the most that an access control list gives.
        if not status.st_mode & stat.S_IWGRP:
            return False
        acl = self._root.acl(path)
        groups = [status.st_gid]
        if acl:
            from .root.acl import writers_in

            writers = writers_in(acl)
            if not self._users.issuperset(writers.users):
                return True
            groups = writers.groups + (groups if writers.own_group else [])
        return not all(map(self._is_safe, groups))

    def _is_safe(self, gid: int) -> bool:
        return gid in self._groups or self._has_no_members(gid)

    def _has_no_members(self, gid: int) -> bool:
        if self._members is None:
            self._members = self._read_members()
        # The members of a group that no file lists are unknown, as those of a directory.
        return not self._members.get(gid, gid != 0)

    def _read_members(self) -> Dict[int, bool]:
        """Whether users other than root are in the group of each GID that the files have."""
        accounts = read_all_accounts(self._root)
        roots = {account.name for account in accounts if account.uid == 0} | {"root"}
        found: Dict[int, bool] = {}
        for folder in USER_FOLDERS:
            group = read_user_file(self._root, f"{folder}/group")
            groups = groups_with_members(group, self._gshadow(folder), roots)
            for gid, has_members in groups.items():
                found[gid] = found.get(gid, False) or has_members
        for account in accounts:
            # Some distributions have daemons, without a shell, in root's group.
            if account.uid and (account.gid or has_login_shell(account)):
                found[account.gid] = True
        return found

    def _gshadow(self, folder: str) -> bytes:
        """The gshadow in a folder, which only root can read."""
        try:
            return read_user_file(self._root, f"{folder}/gshadow")
        except NotPermitted:
            return b""


def is_of_root(root: Root, path: str) -> bool:
    """Whether only root can change what a path leads to. Raises HostError."""
    writers = Writers(root, trusts_self=False)
    steps = list(steps_to(root, path))
    # With too many links, the way has no end.
    return steps[-1].left == 0 and not any(
        writers.is_owned(status) or writers.is_writable(step, status)
        for step, status, _ in steps
        if status is not None
    )


def maker_of(root: Root) -> Owner:
    """The user and group who made a whole image; those of root if it is root's."""
    statuses = [root.status(path) for path in ("/", "/etc", "/usr")]
    owners = {(status.st_uid, status.st_gid) for status in statuses if status is not None}
    return owners.pop() if len(owners) == 1 else (0, 0)

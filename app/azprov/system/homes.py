"""Homes of new users: made from /etc/skel, and never taken over from someone else.

A home is made under a temporary name and then renamed, so that it is either complete or
missing.
"""

import logging
import os
import stat
from contextlib import suppress
from itertools import count
from typing import List, Optional, Sequence, Tuple

from ..errors import DiskError, HostError, LoginBlocked, NotPermitted, PassingError
from ..formats.host.passwd import Account
from .planting import planter_of, root_of
from .root import Root
from .root.entry import UNFINISHED
from .root.paths import PathResolver

#: The folder of new homes.
HOMES = "/home"

#: Every new home gets the content of this folder.
SKELETON = "/etc/skel"
#: In a home: the lists of hosts of rcp and sshd, and of the principals of Kerberos.
TRUSTED_HOSTS = (".rhosts", ".shosts", ".k5login", ".k5users")
# They let others log in, and in .ssh anything may: the new user's own keys are added later.
_NOT_COPIED = (".ssh", *TRUSTED_HOSTS)
_PRIVATE_HOME = 0o700
# Without the set-user-ID, set-group-ID and sticky bits: a home has no use for them, and the
# sandbox of the service does not allow the first two.
_PERMISSIONS = 0o777
# A toolchain or two in /etc/skel are within these bounds. A folder of that size has about a
# hundred thousand names.
_DEEPEST = 64
_MOST_ENTRIES = 50_000
_MOST_BYTES = 4 << 30
_USUAL_BYTES = 1 << 20
_LARGEST_FOLDER = 8 << 20
# NAME_MAX, less what a name has more while it is written.
_LONGEST_NAME = 255 - len(f".{UNFINISHED}")

log = logging.getLogger(__name__)


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


def make_home(root: Root, account: Account, *, without: Sequence[str] = ()) -> None:
    """Make a home that does not exist yet from /etc/skel, but without files at some paths.

    Raises HostError, and LoginBlocked if something is wrong with the folder of homes.
    """
    parent, _, name = account.home.rstrip("/").rpartition("/")
    owner = (account.uid, account.gid)
    temporary = f"{parent}/.{name}{UNFINISHED}"
    try:
        # A user who owns a folder above could plant a link there.
        with root_of(root, planter_of(root, account.home)) as maker:
            maker.remove_tree(temporary)
            if parent:
                maker.make_folders(parent)
            try:
                maker.make_folders(temporary, mode=_PRIVATE_HOME, owner=owner)
                with root.as_user(owner) as user_root:
                    _SkeletonCopy(root, user_root, temporary).copy()
                    _remove_copied(user_root, account.home, temporary, without)
                maker.rename(temporary, name)
            except HostError:
                with suppress(HostError):
                    maker.remove_tree(temporary)
                raise
    except (DiskError, NotPermitted):
        raise
    except HostError as error:
        from .folder_of_homes import find_obstacle

        obstacle = find_obstacle(root, parent or "/")
        # Without an obstacle, a passing error such as a full table of inodes is over next time.
        if obstacle is None and isinstance(error, PassingError):
            raise
        hint = error.hint if obstacle is None else obstacle.fix(root)
        summary = f"{account.name} gets no home: {error.summary}"
        raise LoginBlocked(summary, hint) from error


def _remove_copied(user_root: Root, home: str, temporary: str, paths: Sequence[str]) -> None:
    """Remove files from a home that still has a temporary name, by their paths in the home."""
    for path in paths:
        copied = f"{temporary}{path[len(home.rstrip('/')) :]}"
        if path.startswith(f"{home.rstrip('/')}/") and user_root.is_file(copied):
            # A link to a file outside stays; the user may not be able to remove that file.
            real = user_root.real_path(copied)
            if real.startswith(f"{user_root.real_path(temporary)}/"):
                user_root.remove(real)


def require_folder_of_homes(root: Root, name: str) -> None:
    """Raises LoginBlocked if a new user could not have a home in /home.

    The step stays open then: a link may lead to a disk that only the next boot has.
    """
    from .folder_of_homes import find_obstacle

    obstacle = find_obstacle(root, HOMES)
    if obstacle is not None:
        shown = root.outside(obstacle.path)
        raise LoginBlocked(f"{name} gets no home: {shown} {obstacle.cause}", obstacle.fix(root))


def _unused(root: Root, path: str) -> str:
    """The path, or the first one with a number at which nothing exists."""
    paths = (path if number == 1 else f"{path}-{number}" for number in count(1))
    return next(path for path in paths if root.status(path, follow=False) is None)


class _SkeletonCopy:
    """Copies /etc/skel, reading with root's rights as useradd does, and writing with the user's.

    What cannot be read, or is beyond the bounds, is left out.
    """

    def __init__(self, root: Root, user_root: Root, home: str) -> None:
        self._root = root
        self._user_root = user_root
        self._home = home
        self._entries_left = _MOST_ENTRIES
        # A new user can log in only if there is space left. A skeleton of the usual size is
        # worth waiting for it: on a full disk, the next run makes the whole home.
        free_bytes = max(_free_bytes(root, home) // 2, _USUAL_BYTES)
        self._bytes_left = min(_MOST_BYTES, free_bytes)
        self._left_out: List[Tuple[str, str]] = []

    def copy(self) -> None:
        """Copy everything, with one warning about what was left out.

        Raises DiskError and NotPermitted.
        """
        folders = [("", 1)]
        while folders and self._entries_left:
            folder, depth = folders.pop()
            folders += [(path, depth + 1) for path in self._copy_files(folder, depth)]
        if folders:
            self._left_out.append((folders[-1][0], f"there are more than {_MOST_ENTRIES} files"))
        if self._left_out:
            path, reason = self._left_out[0]
            log.warning(
                "not everything in %s was copied to a new home: %d files or folders were left "
                "out, such as %s (%s)",
                self._root.outside(SKELETON),
                len(self._left_out),
                self._root.outside(SKELETON + path),
                reason,
            )

    def _copy_files(self, folder: str, depth: int) -> List[str]:
        """Copy what is in a folder, and return the folders of which only the content is missing."""
        found = []
        try:
            names = self._root.names(SKELETON + folder)
        except HostError as error:
            self._leave_out(folder, error)
            return []
        for name in names[: self._entries_left]:
            path = f"{folder}/{name}"
            found += [path] if self._copy(path, depth) else []
        if len(names) > self._entries_left:
            reason = f"there are more than {_MOST_ENTRIES} files"
            self._left_out += [(f"{folder}/{name}", reason) for name in names[self._entries_left :]]
        self._entries_left -= min(len(names), self._entries_left)
        return found

    def _copy(self, path: str, depth: int) -> bool:
        """Copy a link, a regular file or a folder without its content; nothing else.

        Returns whether it is a folder. Raises HostError for what cannot be written.
        """
        source, target = SKELETON + path, self._home + path
        file = None
        try:
            status = self._root.status(source, follow=False)
            mode = 0 if status is None else status.st_mode
            link = self._root.read_link(source) if stat.S_ISLNK(mode) else None
            self._require_bounds(path, depth, status)
            if stat.S_ISREG(mode):
                file = self._root.open_file(source)
        except HostError as error:
            self._leave_out(path, error)
            return False
        if link is not None:
            self._user_root.link(target, link)
        elif stat.S_ISDIR(mode):
            # The user writes what is in it.
            self._user_root.make_folders(target, mode=mode & _PERMISSIONS | _PRIVATE_HOME)
        elif file is not None:
            with file:
                self._user_root.write(target, file, mode=mode & _PERMISSIONS)
        return stat.S_ISDIR(mode)

    def _require_bounds(self, path: str, depth: int, status: Optional[os.stat_result]) -> None:
        """Raises HostError for what is not copied; counts the bytes of a regular file."""
        folder, _, name = path.rpartition("/")
        if not folder and name in _NOT_COPIED:
            raise HostError("others could log in with it as the new user")
        if len(os.fsencode(name)) > _LONGEST_NAME or name.endswith(UNFINISHED):
            raise HostError("its name cannot be used")
        if status is not None and stat.S_ISDIR(status.st_mode):
            if depth >= _DEEPEST or status.st_size > _LARGEST_FOLDER:
                raise HostError("it is too deep, or has too many files")
        elif status is not None and stat.S_ISREG(status.st_mode):
            if status.st_size > self._bytes_left:
                raise HostError("it is too large")
            self._bytes_left -= status.st_size

    def _leave_out(self, path: str, error: HostError) -> None:
        """Note what was not copied. Raises an error again that is not about the file."""
        if isinstance(error, (DiskError, NotPermitted)):
            raise error
        self._left_out.append((path, error.summary))


def _free_bytes(root: Root, folder: str) -> int:
    """The free space of the file system that a folder is on, for a user other than root."""
    try:
        with PathResolver(root.descriptor, folder, follow=True) as entry:
            status = os.fstatvfs(entry.folder)
    except OSError:
        return _MOST_BYTES
    return status.f_bavail * status.f_frsize

"""Emptying a folder, whatever a user has put into it.

Rule of this file: no link is followed and nothing under another mount is touched. Names are
relative to the one folder that is open, so the depth of a tree and the length of its paths do
not matter. A bind mount has the device number of its source, so mounts are told apart by the
kernel's number of the mount, proc_pid_fdinfo(5).

A user may move and make files meanwhile. If that leaves something behind, root becomes the owner
of the top folder and of each folder that is entered: no one else can then move anything out of
it, put anything in, or move it to another folder. This is not done earlier, because a run after a
power cut recognises a home by its owner.
"""

import errno
import os
import re
import stat
from contextlib import suppress
from typing import Callable, List, Optional, Tuple

from ...formats.host.mountinfo import parse_mount_points
from .attributes import explained
from .entry import Entry
from .mount_table import points_below, read_mount_table
from .opening import FOLDER

# With root's rights three are enough.
_MOST_ROUNDS = 20
#: Each level that is entered needs about a kilobyte, and a process of a user can make levels for
#: ever.
DEEPEST = 10_000
# What a user can cause by moving and making files.
_RACES = (
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENOTEMPTY,
)
_CHANGED = "new files appear in it while it is emptied"


def remove_tree(entry: Entry, *, keeps_folder: bool, owner: Optional[int]) -> bool:
    """Remove a folder with everything in it, or anything else; follows no link.

    Returns whether it existed. Raises OSError, and changes nothing if a file system is mounted
    at the folder or inside, or if it does not belong to the user with that UID.
    """
    status = entry.status()
    if status is None:
        return False
    if owner not in (None, status.st_uid):
        raise OSError(errno.EACCES, f"it belongs to the UID {status.st_uid}")
    if stat.S_ISDIR(status.st_mode):
        walk = Walk(os.open(entry.name, FOLDER, dir_fd=entry.folder))
        try:
            if not os.path.samestat(os.fstat(walk.number), status):
                raise OSError(errno.EBUSY, f"{entry.name!a} was replaced meanwhile")
            mounted = points_below(walk.number, parse_mount_points(read_mount_table()))
            if mounted or mount_of(walk.number) != mount_of(entry.folder):
                raise _mounted()
            walk.empty()
            os.fsync(walk.number)
            if not keeps_folder:
                _remove_emptied(entry, walk)
        finally:
            walk.close()
    elif not keeps_folder:
        entry.remove()
    return True


def _remove_emptied(entry: Entry, walk: "Walk") -> None:
    """Remove a folder that was just emptied, although a user may have made new files in it."""
    try:
        entry.remove()
    except OSError as error:
        if error.errno != errno.ENOTEMPTY:
            raise
        walk.take()
        walk.empty()
        entry.remove()


class Walk:
    """A way through a tree, on which one folder is open at a time, beside the one at the top."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._top = os.dup(number)
        self._mount = mount_of(number)
        # Each folder above: its status, the name on the way down, and the remaining names.
        self._above: List[Tuple[os.stat_result, str, List[str]]] = []
        # The owner and mode of the top folder, if root took the tree.
        self._taken: Optional[os.stat_result] = None

    def close(self) -> None:
        """Close the folders; gives the top folder back to its owner, if it still exists."""
        if self._taken is not None:
            with suppress(OSError):
                os.fchown(self._top, self._taken.st_uid, self._taken.st_gid)
                os.fchmod(self._top, stat.S_IMODE(self._taken.st_mode))
        os.close(self.number)
        os.close(self._top)

    def take(self) -> None:
        """Keep everyone but root from changing the tree from now on, if this process is root's."""
        if self._taken is None and os.geteuid() == 0:
            self._taken = os.fstat(self._top)
            _take(self._top)

    def empty(self) -> None:
        """Remove everything in the folder; at the end it is the open one again.

        What a user moved or made meanwhile is removed in another round. Raises OSError, also
        if users still change the tree in the last round, as they only can without root's rights.
        """
        for _ in range(_MOST_ROUNDS):
            self._back_to_top()
            error = self._empty_once()
            if not os.listdir(self._top):
                self._back_to_top()
                return
            self.take()
        raise error or OSError(errno.ENOTEMPTY, _CHANGED)

    def _empty_once(self) -> Optional[OSError]:
        """Remove everything that stays where it is meanwhile; returns the last error of a race."""
        raced = None
        names = os.listdir(self.number)
        while True:
            try:
                folder = self._remove_files(names)
                if folder is not None and len(self._above) == DEEPEST:
                    self._move_to_top(folder)
                elif folder is not None:
                    above = (os.fstat(self.number), folder, names)
                    self._enter(folder)
                    self._above.append(above)
                    names = os.listdir(self.number)
                elif self._above:
                    status, folder, names = self._above.pop()
                    self._return(folder, status)
                    self._remove(folder, os.rmdir)
                else:
                    return raced
            except Moved as error:
                return error
            except OSError as error:
                if error.errno not in _RACES:
                    raise
                raced = error

    def _remove_files(self, names: List[str]) -> Optional[str]:
        """Remove the last names of a list until one is a folder, and return that one."""
        while names:
            name = names.pop()
            with suppress(FileNotFoundError):
                status = os.stat(name, dir_fd=self.number, follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    return name
                self._remove(name, os.unlink)
        return None

    def _enter(self, name: str) -> None:
        """Enter a folder, and take it if the tree is. Raises OSError, and stays outside."""
        number = os.open(name, FOLDER, dir_fd=self.number)
        try:
            self._require_no_mount(number)
            if self._taken is not None:
                _take(number)
                # From now on it cannot be moved.
                self._require_above(number, os.fstat(self.number), name)
        except BaseException:
            os.close(number)
            raise
        os.close(self.number)
        self.number = number

    def _move_to_top(self, name: str) -> None:
        """Move a folder up, for another round. Raises OSError."""
        inode = os.stat(name, dir_fd=self.number, follow_symlinks=False).st_ino
        new = f"azprov.{inode}"
        os.rename(name, new, src_dir_fd=self.number, dst_dir_fd=self._top)

    def _return(self, folder: str, status: os.stat_result) -> None:
        """Go back up; a user may have moved the folder meanwhile. Raises OSError."""
        self._require_above(self.number, status, folder)
        self._open("..", self.number)

    def _require_no_mount(self, number: int) -> None:
        if mount_of(number) != self._mount:
            raise _mounted()

    def _require_above(self, number: int, status: os.stat_result, folder: str) -> None:
        if not os.path.samestat(os.stat("..", dir_fd=number), status):
            raise Moved(folder)

    def _back_to_top(self) -> None:
        self._above = []
        self._open(".", self._top)

    def _open(self, name: str, folder: int) -> None:
        """Make another folder the open one."""
        number = os.open(name, FOLDER, dir_fd=folder)
        os.close(self.number)
        self.number = number

    def _remove(self, name: str, remove: Callable[..., None]) -> None:
        try:
            remove(name, dir_fd=self.number)
        except OSError as error:
            raise explained(error, self.number, name) from error


class Moved(OSError):
    """A folder is no longer where it was entered."""

    def __init__(self, name: str) -> None:
        super().__init__(errno.EBUSY, f"{name!a} was moved meanwhile")


def _take(number: int) -> None:
    """Make root the owner of an open folder, and let no one else write to it; best effort.

    Some file systems on a network do not allow that, and a folder may be immutable.
    """
    with suppress(OSError):
        os.fchown(number, 0, 0)
        os.fchmod(number, 0o700)


def _mounted() -> OSError:
    return OSError(errno.EXDEV, os.strerror(errno.EXDEV))


def mount_of(number: int) -> Tuple[int, int]:
    """The kernel's number of the mount that an open folder is on, or its device without /proc."""
    with suppress(OSError), open(f"/proc/self/fdinfo/{number}", "rb") as file:
        match = re.search(rb"^mnt_id:\s*(\d+)", file.read(), re.MULTILINE)
        if match:
            return int(match.group(1)), 0
    return 0, os.fstat(number).st_dev

"""Emptying a folder, whatever a user has put into it.

Rule of this file: no link is followed and nothing under another mount is touched. Names are
relative to the one folder that is open, so the depth of a tree and the length of its paths do
not matter. A bind mount has the device number of its source, so mounts are told apart by the
kernel's number of the mount, proc_pid_fdinfo(5).
"""

import errno
import os
import re
import stat
from contextlib import suppress
from typing import Callable, Collection, Dict, Iterator, List, Optional, Tuple

from ...formats.host.mountinfo import parse_file_systems, parse_mount_points
from .attributes import explained
from .entry import Entry
from .opening import FOLDER

# File systems on disks that have a device with the major number 0.
_WITHOUT_DEVICE = ("btrfs", "zfs", "bcachefs")


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
            if _mount_points(walk.number) or _mount_of(walk.number) != _mount_of(entry.folder):
                raise _mounted()
            walk.empty()
            os.fsync(walk.number)
        finally:
            os.close(walk.number)
    if not keeps_folder:
        entry.remove()
    return True


def _mount_points(number: int) -> List[str]:
    """The mount points at or below an open folder; none without /proc."""
    try:
        top = os.readlink(f"/proc/self/fd/{number}")
        with open("/proc/self/mountinfo", "rb") as file:
            mounted = parse_mount_points(file.read())
    except OSError:
        return []
    below = top.rstrip("/") + "/"
    return [path for path in mounted if path == top or path.startswith(below)]


def _file_systems() -> Dict[int, str]:
    """The file system of each mount; empty without /proc."""
    with suppress(OSError), open("/proc/self/mountinfo", "rb") as file:
        return parse_file_systems(file.read())
    return {}


class Walk:
    """A way through a tree, on which one folder is open at a time."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._mount = _mount_of(number)
        # Each folder above: its status, the name on the way down, and the remaining names.
        self._above: List[Tuple[os.stat_result, str, List[str]]] = []

    def empty(self) -> None:
        """Remove everything in the folder; at the end it is the open one again."""
        names = os.listdir(self.number)
        while True:
            folder = self._remove_files(names)
            if folder is not None:
                self._above.append((os.fstat(self.number), folder, names))
                self._enter(folder)
                names = os.listdir(self.number)
            elif self._above:
                status, folder, names = self._above.pop()
                self._return(folder, status)
                self._remove(folder, os.rmdir)
            else:
                return

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
        number = os.open(name, FOLDER, dir_fd=self.number)
        os.close(self.number)
        self.number = number
        if name != ".." and _mount_of(number) != self._mount:
            raise _mounted()

    def _return(self, folder: str, status: os.stat_result) -> None:
        """Go back up; a user may have moved the folder meanwhile. Raises OSError."""
        self._enter("..")
        if not os.path.samestat(os.fstat(self.number), status):
            raise OSError(errno.EBUSY, f"{folder!a} was moved meanwhile")

    def _remove(self, name: str, remove: Callable[..., None]) -> None:
        try:
            remove(name, dir_fd=self.number)
        except OSError as error:
            raise explained(error, self.number, name) from error


class Survey(Walk):
    """A look at everything in a root, which changes nothing."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(os.open(".", FOLDER, dir_fd=descriptor))
        self._mounts = _file_systems()

    def close(self) -> None:
        os.close(self.number)

    def path(self, name: str) -> str:
        """The path of a name in the open folder, as seen from inside the root."""
        return "/".join(["", *(folder for _, folder, _ in self._above), name])

    def files(
        self, left_out: Collection[str], skipped: Collection[Tuple[int, int]]
    ) -> Iterator[Tuple[str, os.stat_result]]:
        """The name and status of each file and folder; the open folder is the one with the name.

        Some names at the top are left out, and folders with these devices and inodes are
        skipped. Network file systems and those of the kernel are not entered. Raises OSError.
        """
        names = [name for name in os.listdir(self.number) if name not in left_out]
        while True:
            folder = None
            while names and folder is None:
                name = names.pop()
                with suppress(FileNotFoundError):
                    status = os.stat(name, dir_fd=self.number, follow_symlinks=False)
                    if (status.st_dev, status.st_ino) not in skipped:
                        yield name, status
                        folder = name if stat.S_ISDIR(status.st_mode) else None
            if folder is not None:
                above = (os.fstat(self.number), folder, names)
                names = self._listed(folder, names, above)
            elif self._above:
                status, folder, names = self._above.pop()
                self._return(folder, status)
            else:
                return

    def _listed(
        self, folder: str, names: List[str], above: Tuple[os.stat_result, str, List[str]]
    ) -> List[str]:
        """Enter a folder, and return its names; otherwise those that are left outside."""
        number = None
        try:
            number = os.open(folder, FOLDER, dir_fd=self.number)
            if self._is_local(number):
                below = os.listdir(number)
                os.close(self.number)
                self.number, number = number, None
                self._above.append(above)
                return below
        except (FileNotFoundError, NotADirectoryError):
            pass
        except PermissionError:
            # An ordinary user cannot see every file of an image.
            if os.geteuid() == 0:
                raise
        finally:
            if number is not None:
                os.close(number)
        return names

    def _is_local(self, number: int) -> bool:
        mount = _mount_of(number)
        return (
            mount == self._mount
            or os.major(os.fstat(number).st_dev) != 0
            or self._mounts.get(mount[0]) in _WITHOUT_DEVICE
        )


def _mounted() -> OSError:
    return OSError(errno.EXDEV, os.strerror(errno.EXDEV))


def _mount_of(number: int) -> Tuple[int, int]:
    """The kernel's number of the mount that an open folder is on, or its device without /proc."""
    with suppress(OSError), open(f"/proc/self/fdinfo/{number}", "rb") as file:
        match = re.search(rb"^mnt_id:\s*(\d+)", file.read(), re.MULTILINE)
        if match:
            return int(match.group(1)), 0
    return 0, os.fstat(number).st_dev

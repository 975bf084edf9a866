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
import struct
from contextlib import suppress
from typing import Callable, List, Optional, Tuple

from ...formats.host.mountinfo import parse_mount_points
from .file_errors import Unchangeable
from .opening import FOLDER, look_at, open_regular

# FS_IOC_GETFLAGS of linux/fs.h, where `long` has 8 and 4 bytes, and its flags.
_GET_FLAGS = (0x80086601, 0x80046601)
_UNCHANGEABLE = 0x10 | 0x20


def empty_tree(folder: int, name: str) -> None:
    """Remove everything in a folder with that name; follows no link.

    Raises OSError, and changes nothing if a file system is mounted at the folder or inside.
    """
    walk = Walk(os.open(name, FOLDER, dir_fd=folder))
    try:
        if _mount_points(walk.number) or _mount_of(walk.number) != _mount_of(folder):
            raise _mounted()
        walk.empty()
    finally:
        os.close(walk.number)


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


def explained(error: OSError, folder: int, name: str) -> OSError:
    """The error of removing a name from an open folder; Unchangeable if that is the cause."""
    if error.errno == errno.EPERM:
        if _is_unchangeable(folder, "."):
            return Unchangeable(errno.EPERM, "its folder has the attribute +i or +a")
        if _is_unchangeable(folder, name):
            return Unchangeable(errno.EPERM, f"{name!a} has the attribute +i or +a")
    return error


class Walk:
    """A way through a tree, on which one folder is open at a time."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._mount = _mount_of(number)
        # The folders above: their device and inode, the name on the way down, and what is left.
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
                self._enter("..")
                # A user may have moved the folder meanwhile.
                if not os.path.samestat(os.fstat(self.number), status):
                    raise OSError(errno.EBUSY, f"{folder!a} was moved meanwhile")
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
        if _mount_of(number) != self._mount:
            raise _mounted()

    def _remove(self, name: str, remove: Callable[..., None]) -> None:
        try:
            remove(name, dir_fd=self.number)
        except OSError as error:
            raise explained(error, self.number, name) from error


def _mounted() -> OSError:
    return OSError(errno.EXDEV, os.strerror(errno.EXDEV))


def _mount_of(number: int) -> Tuple[int, int]:
    """The kernel's number of the mount that an open folder is on, or its device without /proc."""
    with suppress(OSError), open(f"/proc/self/fdinfo/{number}", "rb") as file:
        match = re.search(rb"^mnt_id:\s*(\d+)", file.read(), re.MULTILINE)
        if match:
            return int(match.group(1)), 0
    return 0, os.fstat(number).st_dev


def _is_unchangeable(folder: int, name: str) -> bool:
    """Whether a file or folder has an attribute that keeps it from being removed."""
    from fcntl import ioctl

    with suppress(OSError):
        seen = look_at(name, folder)
        if seen is None:
            return False
        try:
            if stat.S_ISDIR(os.fstat(seen).st_mode):
                number = os.open(name, FOLDER, dir_fd=folder)
            else:
                number = open_regular(seen, os.O_RDONLY, name, folder)
        finally:
            os.close(seen)
        try:
            flags = ioctl(number, _GET_FLAGS[struct.calcsize("l") == 4], b"\0" * 8)
            return bool(struct.unpack_from("=I", flags)[0] & _UNCHANGEABLE)
        finally:
            os.close(number)
    return False

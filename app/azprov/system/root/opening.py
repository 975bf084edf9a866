"""Opening a name only after it is known to be that of a regular file or a folder.

Opening a device node, a FIFO or a socket can have effects: a watchdog device restarts the
machine when it is opened, even with O_NONBLOCK. An O_PATH descriptor has none, and refers to
the same file whatever happens to its name. Source: open(2).
"""

import errno
import os
import stat
from typing import BinaryIO, Callable, List, Optional

# PyPy's os lacks it. The number is that of x86 and ARM.
O_PATH: int = getattr(os, "O_PATH", 0o10000000)
#: For a folder that is passed through: a user may be allowed to enter it and not to read it.
#: O_DIRECTORY makes the kernel mount what an automount point is for.
PASSED_FOLDER = O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: For a folder that is read. The kernel refuses anything else without opening it.
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_LOOK = O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK, because the owner of a file may have a lease on it, fcntl(2).
_OPEN = os.O_NONBLOCK | os.O_CLOEXEC
#: Each open file of this process, by its number: proc(5).
OWN_FILES = "/proc/self/fd"
_BLOCK_BYTES = 1 << 16


class OpenFolder:
    """A folder that stays open as long as this object is in use. Raises OSError."""

    def __init__(self, path: str) -> None:
        self.number = os.open(path, O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def __del__(self, close: Callable[[int], None] = os.close) -> None:
        # The folder may not have been opened.
        if hasattr(self, "number"):
            close(self.number)


class NotRegularFile(OSError):
    """Something other than a regular file has the name of one."""


def look_at(name: str, folder: int) -> Optional[int]:
    """An O_PATH descriptor of the file, folder or link of that name; None if the name is unused."""
    try:
        return os.open(name, _LOOK, dir_fd=folder)
    except FileNotFoundError:
        return None


def open_regular(
    seen: int, flags: int, name: str, folder: Optional[int], *, own_files: str = OWN_FILES
) -> int:
    """Open the file of an O_PATH descriptor, which was got by this name in this folder.

    The name counts only where `own_files` is missing, as in a chroot without /proc. Raises
    NotRegularFile without opening anything, and OSError, also if another file has the name.
    """
    status = os.fstat(seen)
    if not stat.S_ISREG(status.st_mode):
        raise NotRegularFile
    try:
        return os.open(f"{own_files}/{seen}", flags | _OPEN)
    except (FileNotFoundError, NotADirectoryError):
        pass
    number = os.open(name, flags | _OPEN | os.O_NOFOLLOW, dir_fd=folder)
    if not os.path.samestat(status, os.fstat(number)):
        os.close(number)
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
    return number


def content_of(number: int, limit_bytes: int) -> Optional[bytes]:
    """The content of an open file; None if it is larger than limit_bytes. Raises OSError."""
    # The size is 0 for files in /proc and /sys.
    if os.fstat(number).st_size > limit_bytes:
        return None
    blocks: List[bytes] = []
    left = limit_bytes + 1
    while left > 0:
        block = os.read(number, min(left, _BLOCK_BYTES))
        if not block:
            return b"".join(blocks)
        blocks.append(block)
        left -= len(block)
    return None


def open_given_file(path: str) -> BinaryIO:
    """Open a regular file by a path that the user gave, for reading; links are followed.

    Raises HostError.
    """
    try:
        seen = os.open(path, O_PATH | os.O_CLOEXEC)
        try:
            # Without /proc, the file is opened by its name, which then may not be a link.
            return open(open_regular(seen, os.O_RDONLY, os.path.realpath(path), None), "rb")
        finally:
            os.close(seen)
    except OSError as error:
        from ...formats.text import printable
        from .file_errors import file_error, not_regular

        shown = printable(path)
        if isinstance(error, NotRegularFile):
            raise not_regular(shown) from error
        raise file_error(f"could not read {shown}", error, is_as_user=False) from error

"""The attributes of chattr(1) that keep even root from removing a file."""

import errno
import os
import stat
import struct
from contextlib import suppress

from ...formats.text import shell_word
from .file_errors import Unchangeable
from .opening import FOLDER, look_at, open_regular

# FS_IOC_GETFLAGS of linux/fs.h, where `long` has 8 and 4 bytes, and its flags.
_GET_FLAGS = (0x80086601, 0x80046601)
_UNCHANGEABLE = 0x10 | 0x20


def explained(error: OSError, folder: int, name: str) -> OSError:
    """The error of removing a name from an open folder; Unchangeable if that is the cause."""
    if error.errno == errno.EPERM:
        if _is_unchangeable(folder, "."):
            return Unchangeable("its folder has the attribute +i or +a", _typed(folder))
        if _is_unchangeable(folder, name):
            return Unchangeable(f"{name!a} has the attribute +i or +a", _typed(folder, f"/{name}"))
    return error


def _typed(folder: int, rest: str = "") -> str:
    """The path of an open folder, or of a file in it, as a word of a command."""
    with suppress(OSError, ValueError):
        return shell_word(os.readlink(f"/proc/self/fd/{folder}").rstrip("/") + rest)
    return "PATH"


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

"""A view of the file systems that this process has alone."""

import os
from typing import Any

CLONE_NEWNS = 0x00020000
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000
#: A file of every Linux that no program needs to mount a disk.
OPEN_FILE = "/proc/version"
_MNT_DETACH = 2


def leave_shared_mounts() -> bool:
    """Give this process mounts of its own, which end with it. False if that is not possible.

    It needs root. Mounts made later are seen by this process and its children only.
    """
    try:
        # Python has os.unshare only from 3.12 on.
        from ctypes import CDLL
    except ImportError:
        return False
    library = CDLL(None)
    if library.unshare(CLONE_NEWNS) != 0:
        return False
    return _mount(library, b"none", b"/", _MS_REC | _MS_PRIVATE)


def show_open_file(number: int) -> bool:
    """Give an open file the path OPEN_FILE for this process and its children; whether it worked.

    For programs that would otherwise open the file again by a path that may lead to another one
    by then. This process must have left the shared mounts.
    """
    from ctypes import CDLL

    return _mount(CDLL(None), b"/proc/self/fd/%d" % number, OPEN_FILE.encode("ascii"), _MS_BIND)


def _mount(library: Any, source: bytes, target: bytes, flags: int) -> bool:
    from ctypes import c_ulong

    return bool(library.mount(source, target, None, c_ulong(flags), None) == 0)


def mount_overlay(lower: int, upper: str, work: str, point: str) -> str:
    """Mount a folder so that changes are written to another one. Empty, or why it failed.

    `lower` is a descriptor of the folder, because its path may contain what the kernel reads as
    the end of an option; the other paths must not.
    """
    from ctypes import CDLL, get_errno

    options = f"lowerdir=/proc/self/fd/{lower},upperdir={upper},workdir={work}"
    library = CDLL(None, use_errno=True)
    if library.mount(b"overlay", os.fsencode(point), b"overlay", None, options.encode()) != 0:
        return os.strerror(get_errno())
    return ""


def detach(point: str) -> None:
    """Remove a mount from this process's own view, also while it is in use."""
    from ctypes import CDLL

    CDLL(None).umount2(os.fsencode(point), _MNT_DETACH)

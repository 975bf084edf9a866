"""Errors of the operating system about a file, as HostError with the next step."""

import errno
import os

from ...errors import DiskError, HostError, NotPermitted, PassingError

_OTHER_HINT = "check the path and its file system"
_HINTS = {
    errno.ENOENT: "check that its folder exists and that no link on the way is broken",
    errno.ENOTDIR: "check the path: one of its folders is a file",
    errno.EISDIR: "move away the folder of this name",
    errno.ELOOP: "fix the links on this path: they form a loop",
    errno.EROFS: "mount the file system writable",
    errno.ENOSPC: "free some space on the file system",
    errno.EDQUOT: "free some space on the file system",
    errno.ENOTEMPTY: "end the processes that make new files in it",
    errno.EMLINK: "remove files that the image does not need",
    errno.EXDEV: "unmount the file system that is mounted inside",
}
# The errors of a path that the next boot finds unchanged. With any other one, such as a
# missing folder, a file system may not have been mounted, or memory was short.
_LASTING_ERRORS = (errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.ELOOP)
_DISK_ERRORS = (errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO)
_PLANTED_HINT = (
    "replace the link on this path, or give its folders to root and let no one else write to them"
)
_AS_USER_HINT = (
    "check that the user has access to this path, and that no link on it leads elsewhere"
)


class Unchangeable(OSError):
    """A file cannot be removed because it or its folder has the attribute +i or +a."""

    def __init__(self, reason: str, path: str) -> None:
        super().__init__(errno.EPERM, reason)
        #: The file or folder with the attribute, as a word of a command on this machine.
        self.path = path


def not_regular(shown: str) -> HostError:
    """The error to raise for a folder, a device or a FIFO in place of a file."""
    return HostError(f"{shown} is not a regular file", "replace it with a regular file")


def file_error(
    summary: str, error: OSError, *, is_as_user: bool, follows_links: bool = True
) -> HostError:
    """The error to raise for a failed operation on a file.

    `is_as_user` is whether the operation was done with another user's rights, and
    `follows_links` whether it would have followed a link.
    """
    if error.errno == errno.ELOOP and not follows_links:
        what = "another user could have planted a link on the way"
        return HostError(f"{summary} ({what})", _PLANTED_HINT)
    summary = f"{summary} ({error.strerror})"
    if isinstance(error, Unchangeable):
        return HostError(summary, f"run chattr -i -a {error.path}")
    if error.errno in (errno.EACCES, errno.EPERM) and is_as_user:
        return HostError(summary, _AS_USER_HINT)
    if error.errno in (errno.EACCES, errno.EPERM) and os.geteuid() != 0:
        return NotPermitted(summary, "run it as root")
    hint = _HINTS.get(error.errno or 0, _OTHER_HINT)
    if error.errno in _DISK_ERRORS:
        return DiskError(summary, hint, is_read_only=error.errno == errno.EROFS)
    return (HostError if error.errno in _LASTING_ERRORS else PassingError)(summary, hint)

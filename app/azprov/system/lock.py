"""The lock that lets only one azprov at a time change a root.

The kernel releases the lock when the process ends. Anyone who can open a file or folder can
lock it, so the lock is on one that only root can open: otherwise any user could keep a first
boot from reporting, or an image from being made.
"""

import errno
import fcntl
import logging
import os
import stat
from contextlib import contextmanager, suppress
from typing import Iterator, Optional, Tuple

from ..errors import HostError
from ..formats.text import seconds
from .clock import Clock
from .root import Root
from .root.opening import FOLDER
from .root.paths import PathResolver
from .state import STATE_FOLDER

#: The lock of the running machine. It exists only while a process has it or waits for it.
LOCK_FILE = "/run/azprov.lock"
# Where that file cannot be made, the first of these that only root can open is locked. No
# distribution makes all of them, and the disk may be read-only.
_FOLDERS = ("/root", STATE_FOLDER, "/lost+found")
# In an image: azprov makes and removes the other one there.
_IMAGE_FOLDERS = ("/root", "/lost+found")
_POLL_S = 0.1
# How long a lock counts that any user can hold: azprov changes an image in less time.
_OPEN_WAIT_S = 1.0
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

log = logging.getLogger(__name__)


@contextmanager
def lock_root(root: Root, clock: Clock, *, wait_s: float) -> Iterator[None]:
    """Keep other azprov processes from changing the root; wait for one that is changing it.

    Raises HostError if that one has not ended after `wait_s` seconds. Without anything that
    can be locked, as on some network file systems, the block runs without a lock; also after
    a second if an image has only a folder to lock that any user may keep locked.
    """
    begin = clock.now()
    is_logged = False
    while True:
        number, path = _open_live(root) if root.is_live else _open_image(root)
        if number is None:
            break
        if _is_locked(root, number, path):
            break
        is_closed = _is_closed(root, os.fstat(number))
        os.close(number)
        most_s = wait_s if is_closed else min(wait_s, _OPEN_WAIT_S)
        left_s = begin + most_s - clock.now()
        if left_s <= 0 and not is_closed:
            log.warning(
                "another process keeps %s locked; any user can do that, so azprov continues "
                "without the lock",
                root,
            )
            number = None
            break
        if left_s <= 0:
            raise HostError(
                f"another azprov is changing {root}", "wait until it has ended, then try again"
            )
        if not is_logged:
            log.info(
                "Waiting for another azprov that is changing %s, %s left", root, seconds(left_s)
            )
            is_logged = True
        clock.sleep(min(_POLL_S, left_s))
    try:
        yield
    finally:
        if number is not None:
            if path == LOCK_FILE:
                with suppress(HostError):
                    root.remove(path)
            os.close(number)


def _open_image(root: Root) -> Tuple[Optional[int], str]:
    """A folder that only root can open, or that of the image. A new file would stay in it."""
    for path in (*_IMAGE_FOLDERS, "/"):
        with suppress(OSError):
            number = _open_folder(root, path)
            if path == "/" or _is_closed(root, os.fstat(number)):
                return number, path
            os.close(number)
    return None, ""


def _open_live(root: Root) -> Tuple[Optional[int], str]:
    """The lock file of the running machine, or a folder that only root can open."""
    for path in (LOCK_FILE, *_FOLDERS):
        with suppress(OSError):
            number = _open_lock_file(root) if path == LOCK_FILE else _open_folder(root, path)
            if _is_closed(root, os.fstat(number)):
                return number, path
            os.close(number)
    return None, ""


def _open_lock_file(root: Root) -> int:
    """The lock file, which is made if it is missing. Raises OSError."""
    while True:
        with PathResolver(root.descriptor, LOCK_FILE, follow=False) as entry:
            if entry.seen is not None:
                return entry.open(os.O_RDWR)
            # Another process may be the first to make it.
            with suppress(FileExistsError):
                return os.open(entry.name, _NEW_FILE, 0o600, dir_fd=entry.folder)


def _open_folder(root: Root, path: str) -> int:
    with PathResolver(root.descriptor, path, follow=True) as entry:
        return os.open(entry.name, FOLDER, dir_fd=entry.folder)


def _is_closed(root: Root, status: os.stat_result) -> bool:
    """Whether only root can open a file or folder, and the user who made the whole image."""
    users = {0, os.fstat(root.descriptor).st_uid}
    group_bits = 0o000 if status.st_gid == 0 else 0o070
    is_usual = stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)
    return is_usual and status.st_uid in users and not status.st_mode & (group_bits | 0o007)


def _is_locked(root: Root, number: int, path: str) -> bool:
    """Take the lock of an open file; False if another process has it, or has just removed it."""
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EINTR)
    if path != LOCK_FILE:
        return True
    try:
        status = root.status(path, follow=False)
    except HostError:
        return False
    return status is not None and os.path.samestat(os.fstat(number), status)

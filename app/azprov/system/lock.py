"""The lock that lets only one azprov at a time change a root.

An existing folder is locked, and the kernel releases the lock when the process ends. No lock
file is made: it would stay in the image, and the disk may be full or read-only.
"""

import errno
import fcntl
import logging
import os
from contextlib import contextmanager, suppress
from typing import Iterator, Optional

from ..errors import HostError
from .clock import Clock
from .root import Root
from .state import STATE_FOLDER

_POLL_S = 0.1

log = logging.getLogger(__name__)


@contextmanager
def lock_root(root: Root, clock: Clock, *, wait_s: float) -> Iterator[None]:
    """Keep other azprov processes from changing the root; wait for one that is changing it.

    Raises HostError if that one has not ended after `wait_s` seconds. If the folder cannot
    be locked, as on some network file systems, the block runs without a lock.
    """
    number = _open_folder(root)
    if number is None:
        yield
        return
    try:
        _lock(number, root, clock, wait_s)
        yield
    finally:
        os.close(number)


def _open_folder(root: Root) -> Optional[int]:
    """The folder to lock; on a live machine the state folder, if only root can open it.

    Any user who can open a folder can lock it, and could keep a first boot from reporting.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    if root.is_live:
        with suppress(OSError):
            number = os.open(STATE_FOLDER, flags)
            if not os.fstat(number).st_mode & 0o077:
                return number
            os.close(number)
    try:
        return os.open(root.path, flags & ~os.O_NOFOLLOW)
    except OSError:
        return None


def _lock(number: int, root: Root, clock: Clock, wait_s: float) -> None:
    until = clock.now() + wait_s
    is_logged = False
    while not _is_locked(number):
        left_s = until - clock.now()
        if left_s <= 0:
            raise HostError(
                f"another azprov is changing {root}", "wait until it has ended, then try again"
            )
        if not is_logged:
            log.info("Waiting for another azprov that is changing %s, %.0f s left", root, left_s)
            is_logged = True
        clock.sleep(min(_POLL_S, left_s))


def _is_locked(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EINTR)
    return True

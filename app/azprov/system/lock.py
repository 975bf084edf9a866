"""One azprov at a time: a lock on a folder that is there, which leaves nothing behind.

The kernel lets go of it when the process ends, however that is. No file is made for it:
an image is to hold what was installed, and its disk may be full or read-only.
"""

import errno
import fcntl
import logging
import os
import time
from contextlib import contextmanager, suppress
from typing import Iterator, Optional

from ..errors import HostError
from .root import Root
from .state import STATE_FOLDER

_POLL_S = 0.1

log = logging.getLogger(__name__)


@contextmanager
def alone(root: Root, *, wait_s: float) -> Iterator[None]:
    """Keep every other azprov from changing that root meanwhile, and wait for one that does.

    Raises HostError if it has not ended after so long. Where the folder cannot be
    locked, as on some network file systems, nobody is kept out.
    """
    number = _folder_to_lock(root)
    if number is None:
        yield
        return
    try:
        _lock(number, root, wait_s)
        yield
    finally:
        os.close(number)


def _folder_to_lock(root: Root) -> Optional[int]:
    """The folder, opened: on a live machine one that only root can open, if it is there.

    Whoever can open a folder can lock it, and keep a first boot from reporting.
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


def _lock(number: int, root: Root, wait_s: float) -> None:
    until = time.monotonic() + wait_s
    is_told = False
    while not _is_locked(number):
        left_s = until - time.monotonic()
        if left_s <= 0:
            raise HostError(
                f"another azprov is changing {root}", "let it end, and run this one again"
            )
        if not is_told:
            log.info("Waiting for another azprov that is changing %s, %.0f s left", root, left_s)
            is_told = True
        time.sleep(min(_POLL_S, left_s))


def _is_locked(number: int) -> bool:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EINTR)
    return True

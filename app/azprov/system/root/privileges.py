"""Lowering the rights of this process to those of one user."""

import errno
import os
from contextlib import contextmanager
from typing import Iterator

from ...errors import HostError, NotPermitted


@contextmanager
def acting_as(uid: int, gid: int) -> Iterator[None]:
    """Lower the effective rights to those of a user and one group until the block ends.

    sshd does the same when it reads a user's files. All threads are affected. Raises
    NotPermitted if this process may not change its user, as only root may.
    """
    old_uid, old_gid = os.geteuid(), os.getegid()
    if (old_uid, old_gid) == (uid, gid):
        yield
        return
    old_groups = os.getgroups()
    try:
        os.setgroups([])
    except OSError as error:
        raise _failed(uid, error) from error
    try:
        try:
            os.setegid(gid)
            os.seteuid(uid)
        except OSError as error:
            raise _failed(uid, error) from error
        yield
    finally:
        os.seteuid(old_uid)
        os.setegid(old_gid)
        os.setgroups(old_groups)


def _failed(uid: int, error: OSError) -> HostError:
    summary = f"could not switch to UID {uid} ({error.strerror})"
    if error.errno == errno.EPERM:
        return NotPermitted(summary, "run it as root")
    return HostError(summary, "check this user's UID and GID in /etc/passwd")

"""Acting as a user: with the rights of that one, and with no more."""

import os
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def acting_as(uid: int, gid: int) -> Iterator[None]:
    """Lower this process's effective rights to those of a user and one group.

    As sshd does where it reads a user's files. Threads are lowered with it. Raises
    PermissionError if only root may do so.
    """
    old_uid, old_gid = os.geteuid(), os.getegid()
    if (old_uid, old_gid) == (uid, gid):
        yield
        return
    old_groups = os.getgroups()
    os.setgroups([])
    try:
        os.setegid(gid)
        os.seteuid(uid)
        yield
    finally:
        os.seteuid(old_uid)
        os.setegid(old_gid)
        os.setgroups(old_groups)

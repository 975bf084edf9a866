"""Namespaces: of networks, for tests that use addresses of the platform, and of users."""

import ctypes
import os
from pathlib import Path
from typing import List

import needs

#: The user who has no number on a machine; azprov never treats this user as a person.
NOBODY = 65534
# linux/sched.h, linux/capability.h
_CLONE_NEWUSER = 0x10000000
_CAPABILITY_VERSION_3 = 0x20080522

UNSHARE = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]


def skip_without_namespaces() -> List[str]:
    """Skip the test if a network namespace cannot be created, or if iproute2 is missing."""
    needs.program("ip")
    return needs.unshare("-n")


def stop_being_nobody() -> None:
    """Let the user 65534 run the tests as user and group 1000 of a new user namespace.

    Nothing changes for other users, or where user namespaces are not allowed. Processes that
    are started later, such as the workers of pytest-xdist, are in the namespace, too.
    """
    uid, gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None)
    if uid != NOBODY or libc.unshare(_CLONE_NEWUSER) != 0:
        return
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text(f"1000 {gid} 1")
    Path("/proc/self/uid_map").write_text(f"1000 {uid} 1")
    # The process that made the namespace has all rights in it, so that no mode of a file would
    # stop it.
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    libc.capset(header, (ctypes.c_uint32 * 6)())

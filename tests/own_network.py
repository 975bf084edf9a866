"""Runs code of a test in a network or mount namespace of its own, within the test's process.

A thread leaves the namespace of the machine, so that other tests keep it. Mark the test with
needs("root", "ip"), or with needs("root", "mount").
"""

import ctypes
import shlex
import subprocess
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Callable, TypeVar

T = TypeVar("T")

# linux/sched.h
CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWNET = 0x40000000


def in_own_network(action: Callable[[], T], *commands: str) -> T:
    """Run `ip` with each of these arguments in a new namespace, and then the action."""

    def act() -> T:
        leave(CLONE_NEWNET)
        for command in commands:
            ip(command)
        return action()

    return in_own_thread(act)


def in_own_mounts(action: Callable[[], T], script: str, folder: Path) -> T:
    """Run a script of sh in a folder in a new mount namespace, and then the action."""

    def act() -> T:
        leave(CLONE_NEWNS)
        command = ["sh", "-ec", f"mount --make-rprivate /; {script}"]
        subprocess.run(command, cwd=folder, check=True)
        return action()

    return in_own_thread(act)


def in_own_thread(act: Callable[[], T]) -> T:
    """Run an action that may leave the namespaces of its thread."""
    result: Future[T] = Future()

    def run() -> None:
        try:
            result.set_result(act())
        except BaseException as error:  # noqa: BLE001 - raised again in the test
            result.set_exception(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return result.result()


def leave(namespaces: int) -> None:
    """Give the calling thread these namespaces of its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(namespaces):
        raise OSError(ctypes.get_errno(), "unshare")


def drop_capabilities() -> None:
    """Take root's rights from the calling thread: capset(2)."""
    libc = ctypes.CDLL(None, use_errno=True)
    version_and_thread, none = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    if libc.capset(version_and_thread, none):
        raise OSError(ctypes.get_errno(), "capset")


def ip(command: str) -> None:
    subprocess.run(["ip", *shlex.split(command)], check=True)

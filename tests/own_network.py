"""Runs code of a test in a network namespace of its own, within the process of the test.

A thread leaves the network of the machine, so that other tests keep it. Mark the test with
needs("root", "ip").
"""

import ctypes
import shlex
import subprocess
import threading
from concurrent.futures import Future
from typing import Callable, TypeVar

T = TypeVar("T")

# linux/sched.h
CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWNET = 0x40000000


def in_own_network(action: Callable[[], T], *commands: str) -> T:
    """Run `ip` with each of these arguments in a new namespace, and then the action."""
    result: Future[T] = Future()

    def run() -> None:
        try:
            leave(CLONE_NEWNET)
            for command in commands:
                ip(command)
            result.set_result(action())
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


def ip(command: str) -> None:
    subprocess.run(["ip", *shlex.split(command)], check=True)

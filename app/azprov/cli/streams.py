"""The standard streams: streams that were closed before the start, or fail while in use."""

import os
import sys
from contextlib import suppress
from typing import TextIO

_STDERR = 2


def occupy_closed_streams() -> None:
    """Open /dev/null in place of closed standard streams.

    Otherwise the next file that is opened would get the number of a standard stream, and
    the output of child processes would be written into it.
    """
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    with suppress(OSError):
        number = os.open(os.devnull, os.O_RDWR)
        while number <= _STDERR:
            number = os.open(os.devnull, os.O_RDWR)
        os.close(number)


def silence(stream: TextIO) -> None:
    """Send everything still buffered, and all later output, to /dev/null.

    Otherwise the interpreter flushes the broken stream at exit and fails with exit code 120.
    """
    with suppress(OSError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)

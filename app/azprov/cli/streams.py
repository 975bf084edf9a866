"""The standard streams: streams that were closed before the start, or fail while in use."""

import os
import select
import sys
from contextlib import suppress
from typing import List, TextIO

_STDERR = 2
# The streams in this run that were silenced because no one reads them.
_unread: List[TextIO] = []


def occupy_closed_streams() -> None:
    """Open /dev/null in place of closed standard streams.

    Otherwise the next file that is opened would get the number of a standard stream, and
    the output of child processes would be written into it.
    """
    _unread.clear()
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
        if _lost_reader(stream):
            _unread.append(stream)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


def are_read() -> bool:
    """Whether neither stdout nor stderr is a pipe that its reader has closed."""
    streams = [stream for stream in (sys.stdout, sys.stderr) if stream is not None]
    return not _unread and not any(map(_lost_reader, streams))


def _lost_reader(stream: TextIO) -> bool:
    poll = select.poll()
    try:
        poll.register(stream.fileno(), 0)
    except (OSError, ValueError):  # in a test, a stream without a descriptor
        return False
    return any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))

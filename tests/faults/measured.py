"""Runs a command and notes how it ended, how long it took and its peak memory.

    python -IS measured.py NOTE LIMIT_S FILES COMMAND [ARGS]

A process of its own, since the peak of a child begins with that of the process
that forks it, and pytest's is larger than azprov's may be. NOTE gets the exit
code (or minus a signal), the seconds and the KiB; FILES limits open files, 0 not.
"""

import os
import resource
import signal
import sys
import time
from typing import Optional


def main() -> None:
    note, limit_s, files, command = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    began = time.monotonic()
    child = os.fork()
    if not child:
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
        os.execv(command[0], command)  # noqa: S606 - the command is a list of the tests' own

    def end(_number: int, _frame: Optional[object]) -> None:
        os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, end)
    signal.alarm(limit_s)
    _, status, usage = os.wait4(child, 0)
    code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
    with open(note, "w") as file:
        file.write(f"{code} {time.monotonic() - began} {usage.ru_maxrss}")


if __name__ == "__main__":
    main()

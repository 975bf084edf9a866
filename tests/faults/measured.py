"""Runs a command and records its exit code, its time and its peak memory.

    python -IS measured.py NOTE LIMIT_S FILES COMMAND [ARGS]

It is a separate process, because the peak of a child includes the memory of the
process that forks it, and pytest uses more than azprov may. The file NOTE gets the exit
code (or minus a signal), the seconds and the KiB. FILES limits open files; 0 means no
limit.
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
        os.execv(command[0], command)  # noqa: S606 - a list of words from the tests

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

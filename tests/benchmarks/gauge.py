"""Runs a command and prints its cost: CPU and wall seconds, peak KiB, exit code.

    python -IS gauge.py COMMAND [ARGS]

This is a process of its own that imports very little: the peak memory of a child includes
the memory of its parent at the fork. The command's stdout is sent to stderr.
"""

import os
import sys
import time


def main() -> None:
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os.dup2(2, 1)
        os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - the arguments are a list
    _, status, usage = os.wait4(pid, 0)
    wall_s = time.perf_counter() - began
    print(
        usage.ru_utime + usage.ru_stime,
        wall_s,
        usage.ru_maxrss,
        os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status),
    )


if __name__ == "__main__":
    main()

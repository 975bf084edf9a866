"""Runs a command and prints what it took: CPU and wall seconds, KiB at the peak, exit code.

    python -IS gauge.py COMMAND [ARGS]

A process of its own, and as small as a Python can be: a child's peak counts from the
memory of the process that started it, however small the child becomes. What the
command prints goes where its errors go.
"""

import os
import sys
import time


def main() -> None:
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os.dup2(2, 1)
        os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - a list, as it came
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

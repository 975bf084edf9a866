"""The bond between a process and the one that started it.

Source: PR_SET_PDEATHSIG(2const) in prctl(2).
"""

import signal

_PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """End this process when the thread that started it ends, even by SIGKILL.

    To be called in the new process, before it becomes another program.
    """
    from ctypes import CDLL

    CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

"""How many files this process has open, for tests that leave none open."""

import gc
import os


def open_files() -> int:
    """The number of open files, without those that only garbage of earlier tests holds."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))

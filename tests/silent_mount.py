"""Runs a command while a program of another user serves a file system, and never answers.

    python silent_mount.py MOUNT_POINT OPTIONS COMMAND...

It is for a mount namespace of its own. Its exit code is 125 if the machine has no FUSE.
"""

import ctypes
import os
import subprocess
import sys
from typing import List

NO_FUSE = 125
#: A command that asks the file system waits until it is killed.
LIMIT_S = 30.0


def main(point: str, options: str, command: List[str]) -> int:
    try:
        number = os.open("/dev/fuse", os.O_RDWR)
    except OSError:
        return NO_FUSE
    data = f"fd={number},rootmode=40000,user_id=1000,group_id=1000{options}"
    mount = ctypes.CDLL(None).mount
    if mount(b"none", os.fsencode(point), b"fuse", 0, data.encode()):
        return NO_FUSE
    return subprocess.run(command, timeout=LIMIT_S, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))

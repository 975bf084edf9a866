"""The kernel's table of mounts, and which of them are below an open folder."""

import os
from contextlib import suppress
from typing import Iterable, List, Optional


def read_mount_table() -> bytes:
    """The content of /proc/self/mountinfo; empty without /proc."""
    with suppress(OSError), open("/proc/self/mountinfo", "rb") as file:
        return file.read()
    return b""


def place_of(number: int) -> Optional[str]:
    """The path of an open folder, as the table has it; None without /proc."""
    with suppress(OSError):
        return os.readlink(f"/proc/self/fd/{number}")
    return None


def points_below(number: int, points: Iterable[str]) -> List[str]:
    """Those of the mount points that are an open folder or below it, as seen from inside it."""
    top = place_of(number)
    if top is None:
        return []
    top = top.rstrip("/")
    return sorted(one[len(top) :] or "/" for one in points if f"{one}/".startswith(f"{top}/"))

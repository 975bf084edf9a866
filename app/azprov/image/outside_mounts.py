"""Mounts that keep deprovision from changing an image, and check from reading it.

A change to a file from outside, mounted inside as for a chroot, changes the machine on which the
image is made. A partition of the image that is mounted in its place is no such mount.
"""

import os
from typing import Iterable, List

from ..errors import HostError
from ..formats.host.mountinfo import parse_mounts, parse_served_mounts
from ..formats.text import printable
from ..system.root import Root
from ..system.root.mount_table import place_of, points_below, read_mount_table
from .leftovers.apply import follows_link
from .leftovers.leftover import EXAMINE, EXAMINE_AS_ROOT, Leftover


def refuse_changes_outside(root: Root, changes: Iterable[Leftover]) -> None:
    """Raise HostError if a change would be made to files from outside the image."""
    mounted = [] if root.is_live else _outside_mounts(root)
    if not mounted:
        return
    for change in changes:
        path = _changed_path(root, change)
        for point in mounted:
            if _is_in(path, point):
                raise HostError(
                    f"files from outside the image are mounted at "
                    f"{printable(root.outside(point))}, and deprovision would change "
                    f"{printable(root.outside(path))}, so nothing was changed",
                    "unmount the file system that is mounted inside",
                )


def refuse_mounts_of_users(root: Root, command: str, *, done: str) -> None:
    """Raise HostError if a user other than root serves a file system for all users in the root.

    The program of that user could keep the command waiting forever; `done` is what the command
    does to files. Those below /run are not
    looked at, and without `allow_other` the kernel keeps root out.
    """
    served = [
        point
        for point, uid in parse_served_mounts(read_mount_table())
        if uid not in (0, os.geteuid())
    ]
    below = points_below(root.descriptor, served)
    found = [point for point in below if point != "/" and not point.startswith("/run/")]
    if found:
        raise HostError(
            f"another user's program serves the FUSE file system at {root.outside(found[0])}, and "
            f"could keep {command} waiting forever, so nothing was {done}",
            "unmount the file system that is mounted inside",
        )


def _changed_path(root: Root, change: Leftover) -> str:
    """What a change is made to, without links; empty if nothing will be changed."""
    if change.action in (EXAMINE, EXAMINE_AS_ROOT):
        return ""
    try:
        return root.real_path(change.path, follow=follows_link(change.action), allow_missing=True)
    except HostError:
        return ""  # the change fails as well, and reports why


def _outside_mounts(root: Root) -> List[str]:
    """The mount points of files from outside, as seen from inside; empty without /proc.

    Their file system is also mounted outside the root, and they are not from the folder of it
    that is the root.
    """
    top = place_of(root.descriptor)
    if top is None:
        return []
    mounts = parse_mounts(read_mount_table())
    outside = {device for device, _, point in mounts if not _is_in(point, top)}
    own_device, own_source = "", ""
    longest = -1
    for device, source, point in mounts:
        if _is_in(top, point) and len(point) >= longest:
            longest = len(point)
            own_device = device
            own_source = f"{source.rstrip('/')}/{top[len(point) :].lstrip('/')}".rstrip("/")
    foreign = [
        point
        for device, source, point in mounts
        if device in outside and not (device == own_device and _is_in(source, own_source))
    ]
    return [point for point in points_below(root.descriptor, foreign) if point != "/"]


def _is_in(path: str, folder: str) -> bool:
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")

"""Files from outside an image that are mounted inside, as for a chroot.

A change to such a file changes the machine on which the image is made. A partition of the
image that is mounted in its place is no such mount.
"""

from typing import Iterable, List

from ..errors import HostError
from ..formats.host.mountinfo import parse_mounts
from ..formats.text import printable
from ..system.root import Root
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
    machine = Root("/")
    top = machine.read_link(f"/proc/self/fd/{root.descriptor}")
    if top is None:
        return []
    mounts = parse_mounts(machine.read("/proc/self/mountinfo") or b"")
    outside = {device for device, _, point in mounts if not _is_in(point, top)}
    own_device, own_source = "", ""
    longest = -1
    for device, source, point in mounts:
        if _is_in(top, point) and len(point) >= longest:
            longest = len(point)
            own_device = device
            own_source = f"{source.rstrip('/')}/{top[len(point) :].lstrip('/')}".rstrip("/")
    return [
        point[len(top.rstrip("/")) :]
        for device, source, point in mounts
        if point != top
        and _is_in(point, top)
        and device in outside
        and not (device == own_device and _is_in(source, own_source))
    ]


def _is_in(path: str, folder: str) -> bool:
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")

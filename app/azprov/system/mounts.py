"""File systems that are mounted late in a boot, and hold the home or the keys of a user.

systemd does not wait for a mount with `nofail` before it starts other services. Files made
below such a mount point disappear when the file system is mounted. Sources: systemd.mount(5),
systemd-escape(1), proc(5) for mountinfo.
"""

import logging
import re
from contextlib import suppress
from typing import Iterator, List, Sequence, Set

from ..errors import HostError
from ..formats.host.mountinfo import parse_mount_points
from .commands import Commands
from .init import SYSTEMD
from .root import Root
from .root.mount_table import points_below, read_mount_table
from .root.paths import ancestry

# systemd-fstab-generator and systemd-gpt-auto-generator write units here.
_GENERATED = (
    "/run/systemd/generator",
    "/run/systemd/generator.early",
    "/run/systemd/generator.late",
    "/run/systemd/system",
)
_MOUNTS = "/proc/self/mountinfo"
# systemd itself waits for 90 s for a disk.
_MOUNT_S = 120.0
# systemd.unit(5), "String escaping for inclusion in unit names".
_ESCAPED = re.compile(rb"[^A-Za-z0-9:_./]|(?<=/)\.|\A\.")

log = logging.getLogger(__name__)


def mount_above(root: Root, paths: Sequence[str], commands: Commands) -> None:
    """Mount the configured file systems at or above the paths that are not mounted yet.

    Only on a live machine. A mount that fails is logged: the files then are on the file
    system below it. Raises HostError.
    """
    if not root.is_live:
        return
    mounted = _mount_points(root)
    folders = [folder for path in paths for folder in _folders(root, path)]
    for folder in dict.fromkeys(folders):
        unit = mount_unit(folder)
        if folder not in mounted and any(
            root.status(f"{units}/{unit}") is not None
            for units in (*SYSTEMD.unit_folders, *_GENERATED)
        ):
            log.info("Waiting for the file system at %s", folder)
            if not commands.run(["systemctl", "start", unit], limit_s=_MOUNT_S):
                log.warning(
                    "%s could not be mounted, so the user's files there will be hidden once it "
                    "is; check systemctl status %s",
                    folder,
                    unit,
                )


def mount_points_in(root: Root, path: str) -> List[str]:
    """The mount points at a folder of a root or inside, as seen from inside the root.

    Empty without /proc; the removal then compares devices. Raises HostError.
    """
    folder = root.real_path(path).rstrip("/")
    points = points_below(root.descriptor, parse_mount_points(read_mount_table()))
    return [one for one in points if f"{one}/".startswith(f"{folder}/")]


def mount_unit(path: str) -> str:
    """The name of systemd's unit that mounts a file system at a path."""
    name = path.strip("/").encode("utf-8", "surrogateescape")
    escaped = _ESCAPED.sub(lambda match: b"\\x%02x" % ord(match.group()), name)
    return escaped.replace(b"/", b"-").decode("ascii") + ".mount"


def _folders(root: Root, path: str) -> Iterator[str]:
    """The path and the folders above it, from the top and without /, also with links resolved."""
    for folder in ancestry(path):
        yield folder
        with suppress(HostError):  # a loop of links leads to no file system
            if root.status(folder) is not None:
                yield root.real_path(folder)


def _mount_points(root: Root) -> Set[str]:
    return set(parse_mount_points(root.read(_MOUNTS) or b""))

"""The files on a disk: its file systems, mounted read-only where no other process sees them."""

import os
from typing import FrozenSet, Iterator, List, NamedTuple, Optional, Tuple

from ..errors import HostError
from ..formats.disk.file_system import HEAD_BYTES, LUKS, LVM, SWAP, FileSystem, parse_file_system
from ..formats.disk.partition_table import BIOS_BOOT, SECTOR_BYTES, Partition
from ..system.commands import Commands
from ..system.private_mounts import OPEN_FILE, leave_shared_mounts, show_open_file
from ..system.root import Root
from ..system.root.opening import open_given_file
from .facts.disk.disk_file import DiskFile
from .facts.disk.partitions import read_table
from .facts.fstab import read_fstab
from .facts.image import Image

#: Where the root is mounted, and so where the paths of the findings begin.
MOUNT_POINT = "/mnt"
#: The reason for someone who may not mount.
ONLY_ROOT = "only root can mount them"
_MOUNT_S = 60.0
# Each one may be mounted, and a table has room for thousands. ChromeOS and Flatcar have 9 to 12.
_MOST_PARTITIONS = 32
# What each file system must not do while it is mounted: replay its log, which would be a change.
_OPTIONS = {"ext4": ",noload", "xfs": ",norecovery,nouuid"}
_SIGNS = ("/etc/os-release", "/usr/lib/os-release")
_VOLUMES = {LVM: "a physical volume of LVM", LUKS: "encrypted"}
_NOT_MOUNTED = (*_VOLUMES, SWAP, "")
# Other folders that fstab mounts are not needed to judge an image.
_NEEDED = ("/usr", "/var", "/etc", "/opt", "/home", "/root", "/boot", "/boot/efi", "/efi")


class Tree(NamedTuple):
    """`root` is None, with a reason, if the root of the disk is not mounted.

    `partition` then is the one that probably has it, None if there is no such one. `others` are
    the partitions that are mounted below the root, by their mount points on this machine. `names`
    are those of all file systems on the disk, such as UUID=... in lower case; empty if the disk
    has something with names that azprov cannot see. `hides_disk` is whether the disk file is below
    MOUNT_POINT.
    """

    root: Optional[Root]
    partition: Optional[Partition]
    reason: str
    others: Tuple[Tuple[Partition, str], ...] = ()
    names: FrozenSet[str] = frozenset()
    hides_disk: bool = False


def mount_tree(disk: DiskFile, commands: Commands) -> Tree:
    """Mount the root and the file systems in its fstab; only this process sees them.

    Raises HostError.
    """
    found = _file_systems(disk)
    mountable = [(one, system) for one, system in found if system.kind not in _NOT_MOUNTED]
    candidate = next((one for one, system in mountable if system.kind != "vfat"), None)
    for partition, system in found:
        if candidate is None and system.kind in _VOLUMES:
            reason = f"partition {partition.number} is {_VOLUMES[system.kind]}"
            return Tree(None, None, reason)
    if candidate is None:
        return Tree(None, None, "no partition has a file system that azprov knows")
    if os.geteuid() != 0:
        return Tree(None, candidate, ONLY_ROOT)
    if not (leave_shared_mounts() and _show_file(disk)):
        return Tree(None, candidate, "this process may not create a mount namespace")
    path = Root("/").real_path(os.path.abspath(disk.path))
    hides_disk = path.startswith(f"{MOUNT_POINT}/")
    for partition, system in mountable:
        if _mount(partition, system, MOUNT_POINT, commands):
            root = _root_below(MOUNT_POINT)
            if root is not None:
                others = _mount_others(root, mountable, commands)
                # Opened again, to see the file systems that were mounted below it.
                seen = Root(root.path)
                return Tree(seen, partition, "", tuple(others), _all_names(found), hides_disk)
            commands.run(["umount", MOUNT_POINT], limit_s=_MOUNT_S)
    return Tree(None, candidate, "no partition that could be mounted has the root of a system")


def _show_file(disk: DiskFile) -> bool:
    """Give the open file a path for mount(8), which leads to no other file; whether it worked.

    The file may be below MOUNT_POINT, where the image could have a link of that name.
    """
    # The kernel needs one that was opened after the process left the shared mounts.
    with open_given_file(disk.path) as file:
        is_same = os.path.samestat(os.fstat(file.fileno()), os.fstat(disk.file.fileno()))
        return is_same and show_open_file(file.fileno())


def _file_systems(disk: DiskFile) -> List[Tuple[Partition, FileSystem]]:
    """The largest partitions with something that azprov knows, the largest one first."""
    table = read_table(disk)
    valid = [one for one in table.partitions if one.first <= one.last < table.end]
    largest = sorted(valid, key=lambda one: one.first - one.last)[:_MOST_PARTITIONS]
    found = [
        (one, parse_file_system(disk.read(one.first * SECTOR_BYTES, HEAD_BYTES))) for one in largest
    ]
    return [(one, system) for one, system in found if one.type != BIOS_BOOT]


def _all_names(found: List[Tuple[Partition, FileSystem]]) -> FrozenSet[str]:
    if any(system.kind in (*_VOLUMES, "") for _, system in found):
        return frozenset()
    return frozenset(name for one in found for name in names_of(*one))


def names_of(partition: Partition, system: FileSystem) -> List[str]:
    """The names for a file system in fstab(5) and after root=, in lower case."""
    names = (("UUID", system.uuid), ("LABEL", system.label), ("PARTUUID", partition.uuid))
    return [f"{kind}={name}".lower() for kind, name in names if name]


def _mount(partition: Partition, system: FileSystem, folder: str, commands: Commands) -> bool:
    offset = partition.first * SECTOR_BYTES
    size = (partition.last - partition.first + 1) * SECTOR_BYTES
    options = f"ro,nosuid,nodev,noexec,loop,offset={offset},sizelimit={size}"
    options += _OPTIONS.get(system.kind, "")
    command = ["mount", "-t", system.kind, "-o", options, OPEN_FILE, folder]
    return commands.run(command, limit_s=_MOUNT_S)


def _root_below(folder: str) -> Optional[Root]:
    """The root of a system in a folder, or in a subvolume of Btrfs such as @."""
    top = Root(folder)
    for name in ("", *sorted(top.names("/"))):
        try:
            if any(top.status(f"/{name}{sign}") is not None for sign in _SIGNS):
                # Not by its name, which may be a link that leads elsewhere on this machine.
                return Root(f"{folder}{top.real_path(f'/{name}')}".rstrip("/"))
        except HostError:
            continue
    return None


def _mount_others(
    root: Root, found: List[Tuple[Partition, FileSystem]], commands: Commands
) -> Iterator[Tuple[Partition, str]]:
    """Mount what the root's fstab has from the same disk. A mount point never leaves the root."""
    # Each folder once, however often fstab has it: the last line is in effect.
    lines = {line.path: line for line in read_fstab(Image(root)) if line.path in _NEEDED}
    for _, line in sorted(lines.items()):
        for partition, system in found:
            if line.device.replace('"', "").lower() in names_of(partition, system):
                folder = Root(root.path).real_path(line.path)
                if _mount(partition, system, f"{root.path}{folder}", commands):
                    yield partition, f"{root.path}{folder}"
                break

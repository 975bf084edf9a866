"""The files on a disk file, which only a mount can show."""

from typing import Iterator

from ...formats.disk.partition_table import LINUX_TYPES, SECTOR_BYTES
from ..facts.disk.disk_file import DiskFile, file_argument
from ..facts.disk.partitions import read_table
from ..finding import NOTE, DiskCheck, Finding, Rule

DISK_TREE = Rule(
    "disk-tree",
    NOTE,
    "the file systems on the disk were not checked, but only what starts it",
    "mount them, and run check --root on the folder",
)


def check_tree(disk: DiskFile) -> Iterator[Finding]:
    """The command mounts the largest partition for Linux, without changing it."""
    table = read_table(disk) if disk.is_readable else None
    if table is None or table.fault or not table.partitions:
        return
    systems = [one for one in table.partitions if one.type in LINUX_TYPES and one.last >= one.first]
    root = max(systems, key=lambda one: one.last - one.first, default=None)
    if root is None:
        yield DISK_TREE.found(
            f"the files on {disk.shown} were not checked, because no partition has a type of Linux",
            "mount its root file system, and run check --root on the folder",
        )
        return
    offset, size = root.first * SECTOR_BYTES, (root.last - root.first + 1) * SECTOR_BYTES
    yield DISK_TREE.found(
        f"the files in partition {root.number} of {disk.shown} were not checked",
        f"mount -o ro,loop,offset={offset},sizelimit={size} {file_argument(disk.path)} /mnt && "
        f"{disk.program} check --root /mnt; umount /mnt",
    )


CHECKS = (DiskCheck(check_tree, (DISK_TREE,)),)

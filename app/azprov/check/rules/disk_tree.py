"""The files on a disk file, which only a mount can show."""

from ...formats.disk.partition_table import SECTOR_BYTES
from ...formats.text import printable
from ..facts.disk.disk_file import DiskFile, file_argument
from ..finding import NOTE, Finding, Rule
from ..mounted_disk import MOUNT_POINT, Tree

DISK_TREE = Rule(
    "disk-tree",
    NOTE,
    "the files on the disk were not checked, or were mounted for the check only",
    "mount them, to run check --root on the folder or to apply fixes",
)


def report_tree(disk: DiskFile, tree: Tree) -> Finding:
    """How the files were checked, or how to check them."""
    root = tree.partition
    if root is None:
        return DISK_TREE.found(
            f"the files on {disk.shown} were not checked: {tree.reason}",
            "mount its root file system, and run check --root on the folder",
        )
    offset, size = root.first * SECTOR_BYTES, (root.last - root.first + 1) * SECTOR_BYTES
    options = f"loop,offset={offset},sizelimit={size}"
    file = file_argument(disk.path)
    if tree.root is not None:
        return DISK_TREE.found(
            f"partition {root.number} of {disk.shown} was mounted for this check only, and the "
            f"paths of its files begin with {printable(tree.root.path)}",
            f"to apply the fixes, run mount -o {options} {file} {MOUNT_POINT}",
        )
    return DISK_TREE.found(
        f"the files in partition {root.number} of {disk.shown} were not checked: {tree.reason}",
        f"mount -o ro,{options} {file} {MOUNT_POINT} && {disk.program} check --root "
        f"{MOUNT_POINT}; umount {MOUNT_POINT}",
    )

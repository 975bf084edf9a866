"""The files on a disk file, which only a mount can show."""

from ...formats.disk.partition_table import SECTOR_BYTES, Partition
from ...formats.text import printable, shell_word
from ..facts.disk.disk_file import DiskFile, file_argument
from ..finding import NOTE, Finding, Rule
from ..mounted_disk import MOUNT_POINT, ONLY_ROOT, Tree

DISK_TREE = Rule(
    "disk-tree",
    NOTE,
    "the files on the disk were not checked, or were mounted for the check only",
    "mount them, to run check --root on the folder or to apply fixes",
)


def report_tree(disk: DiskFile, tree: Tree) -> Finding:
    """How the files were checked, or how to check them."""
    partition = tree.partition
    if tree.root is None or partition is None:
        as_root = tree.reason == ONLY_ROOT
        return DISK_TREE.found(
            f"the files on {disk.shown} were not checked: {tree.reason}",
            f"run {disk.program} check --image {file_argument(disk.path)} as root"
            if as_root
            else "mount its root file system, and run check --root on the folder",
        )
    mounted = ((partition, MOUNT_POINT), *tree.others)
    numbers = " and ".join(str(one.number) for one, _ in mounted)
    what = f"partitions {numbers}" if tree.others else f"partition {numbers}"
    commands = " && ".join(_mount_command(disk.path, *one) for one in mounted)
    fix = f"to apply the fixes, run {commands}"
    if tree.others and tree.hides_disk:
        # In its place, the second command could find a link of the image.
        fix = f"to apply the fixes, move the file out of {MOUNT_POINT}, and check it again"
    return DISK_TREE.found(
        f"{what} of {disk.shown} {'were' if tree.others else 'was'} mounted for this check only, "
        f"and the paths of the files begin with {printable(tree.root.path)}",
        fix,
    )


def _mount_command(path: str, partition: Partition, folder: str) -> str:
    offset = partition.first * SECTOR_BYTES
    size = (partition.last - partition.first + 1) * SECTOR_BYTES
    file = file_argument(path)
    return f"mount -o loop,offset={offset},sizelimit={size} {file} {shell_word(folder)}"

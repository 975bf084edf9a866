"""The beginning of a partition: a file system with its names, or a volume.

Sources: the kernel's documentation of ext4, XFS, Btrfs and EROFS, and blkid(8) for the forms of
the names; read 2026-11-27.
"""

import struct
from typing import NamedTuple
from uuid import UUID

#: The superblock of Btrfs is the last one.
HEAD_BYTES = (64 << 10) + 4096

#: The kinds that are no file systems.
LVM, LUKS, SWAP = "LVM", "LUKS", "swap"
_BTRFS_AT = 64 << 10
# The mark of each kind and its place; then the places of UUID and label, and the label's size.
_KINDS = (
    (LUKS, b"LUKS\xba\xbe", 0, 0, 0, 0),
    (LVM, b"LABELONE", 512, 0, 0, 0),
    ("ext4", b"\x53\xef", 1024 + 56, 1024 + 104, 1024 + 120, 16),
    ("xfs", b"XFSB", 0, 32, 108, 12),
    ("btrfs", b"_BHRfS_M", _BTRFS_AT + 64, _BTRFS_AT + 32, _BTRFS_AT + 299, 256),
    ("erofs", b"\xe2\xe1\xf5\xe0", 1024, 1024 + 48, 1024 + 64, 16),
    ("squashfs", b"hsqs", 0, 0, 0, 0),
    (SWAP, b"SWAPSPACE2", 4086, 1036, 1052, 16),
)
# The mark of FAT32, and of the two others; then the places of serial number and label.
_FATS = ((b"FAT", 82, 67, 71), (b"FAT", 54, 39, 43))


class FileSystem(NamedTuple):
    """`kind` is a name for mount -t, LVM, LUKS or SWAP, or empty; `uuid` is that of blkid(8)."""

    kind: str
    uuid: str = ""
    label: str = ""


def parse_file_system(head: bytes) -> FileSystem:
    """The content of a partition by its first HEAD_BYTES."""
    head = head.ljust(HEAD_BYTES, b"\0")
    for kind, mark, mark_at, uuid_at, label_at, size in _KINDS:
        if head.startswith(mark, mark_at):
            label = head[label_at : label_at + size].partition(b"\0")[0].decode("utf-8", "replace")
            uuid = str(UUID(bytes=head[uuid_at : uuid_at + 16])) if uuid_at else ""
            return FileSystem(kind, uuid, label)
    for mark, mark_at, number_at, label_at in _FATS:
        if head.startswith(mark, mark_at) and head[510:512] == b"\x55\xaa":
            (number,) = struct.unpack_from("<I", head, number_at)
            label = head[label_at : label_at + 11].decode("latin-1").rstrip()
            return FileSystem("vfat", f"{number >> 16:04X}-{number & 0xFFFF:04X}", label)
    return FileSystem("")

"""File systems by the beginning of a partition, written byte by byte from their documentation."""

from typing import Dict

import pytest

from azprov.formats.disk.file_system import HEAD_BYTES, FileSystem, parse_file_system

UUID = bytes(range(0x10, 0x20))
UUID_TEXT = "10111213-1415-1617-1819-1a1b1c1d1e1f"


def head(parts: Dict[int, bytes]) -> bytes:
    """The first bytes of a partition, with these bytes at their places and 0xFF elsewhere."""
    content = bytearray(b"\xff" * 69_632)
    for place, part in parts.items():
        content[place : place + len(part)] = part
    return bytes(content)


def test_the_superblock_of_btrfs_is_read() -> None:
    """It has 4096 bytes, 64 KiB after the beginning."""
    assert HEAD_BYTES == 69_632


@pytest.mark.parametrize(
    ("parts", "system"),
    [
        (
            {1080: b"\x53\xef", 1128: UUID, 1144: b"sixteen letters!"},
            FileSystem("ext4", UUID_TEXT, "sixteen letters!"),
        ),
        (
            {0: b"XFSB", 32: UUID, 108: b"twelve chars"},
            FileSystem("xfs", UUID_TEXT, "twelve chars"),
        ),
        (
            {65_600: b"_BHRfS_M", 65_568: UUID, 65_835: b"a" * 256},
            FileSystem("btrfs", UUID_TEXT, "a" * 256),
        ),
        (
            {1024: b"\xe2\xe1\xf5\xe0", 1072: UUID, 1088: b"sixteen letters!"},
            FileSystem("erofs", UUID_TEXT, "sixteen letters!"),
        ),
        (
            {4086: b"SWAPSPACE2", 1036: UUID, 1052: b"sixteen letters!"},
            FileSystem("swap", UUID_TEXT, "sixteen letters!"),
        ),
        ({0: b"hsqs"}, FileSystem("squashfs")),
        ({0: b"LUKS\xba\xbe"}, FileSystem("LUKS")),
        ({512: b"LABELONE"}, FileSystem("LVM")),
        (
            {82: b"FAT32   ", 67: b"\x78\x56\x34\x12", 71: b"EFI SYSTEM ", 510: b"\x55\xaa"},
            FileSystem("vfat", "1234-5678", "EFI SYSTEM"),
        ),
        (
            {54: b"FAT16   ", 39: b"\x0f\x00\xbc\x0a", 43: b"ELEVEN CHAR", 510: b"\x55\xaa"},
            FileSystem("vfat", "0ABC-000F", "ELEVEN CHAR"),
        ),
    ],
)
def test_a_file_system_has_a_mark_and_names(parts: Dict[int, bytes], system: FileSystem) -> None:
    """The UUID and the label are those that blkid prints; a label may fill its field."""
    assert parse_file_system(head(parts)) == system


def test_a_label_ends_at_a_zero() -> None:
    """A shorter label is padded, and bytes that are not UTF-8 are replaced."""
    parts = {0: b"XFSB", 32: UUID, 108: b"a\xffb\0c"}

    assert parse_file_system(head(parts)).label == "a\ufffdb"


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {1081: b"\x53\xef"},
        {1: b"XFSB"},
        {82: b"FAT32   "},
        {82: b"FAT32   ", 510: b"\x55"},
        {83: b"FAT32   ", 510: b"\x55\xaa"},
    ],
)
def test_an_unknown_content_has_no_kind(parts: Dict[int, bytes]) -> None:
    """A mark at another place, or without the end of the boot sector, means nothing."""
    assert parse_file_system(head(parts)) == FileSystem("", "", "")


def test_a_small_partition_is_read() -> None:
    """Its missing bytes are zeros: a mark alone has a UUID of zeros and no label."""
    zeros = "00000000-0000-0000-0000-000000000000"

    assert parse_file_system(b"XFSB") == FileSystem("xfs", zeros, "")
    assert parse_file_system(b"") == FileSystem("", "", "")

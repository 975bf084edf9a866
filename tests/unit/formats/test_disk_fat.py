"""FAT file systems, by bytes that were written from Microsoft's specification."""

import struct
from typing import Any, Dict, List

import pytest

from azprov.formats.disk.fat import Entry, Fat, parse_fat, parse_folder


def sector(
    *,
    sector_bytes: int = 512,
    per_cluster: int = 4,
    reserved: int = 1,
    tables: int = 2,
    root_entries: int = 512,
    few: int = 40_000,
    table: int = 64,
    many: int = 0,
    table32: int = 0,
    end: bytes = b"\x55\xaa",
) -> bytes:
    """A boot sector; the usual one has 161 sectors before its clusters."""
    fields = struct.pack("<HBHB", sector_bytes, per_cluster, reserved, tables)
    fields += struct.pack("<HHBH", root_entries, few, 0xF8, table)
    fields += struct.pack("<HHII", 0x1111, 0x2222, 0x33333333, many)
    fat32 = struct.pack("<IHHI", table32, 0x4444, 0x5555, 7)
    return (b"\xeb\x58\x90mkfs.fat" + fields + fat32).ljust(510, b"\x66") + end


def test_fat16_has_its_root_folder_before_its_clusters() -> None:
    """The tables begin after the reserved sectors, and the root folder after the tables."""
    assert parse_fat(sector()) == Fat(
        bits=16,
        table_offset=512,
        root_offset=66_048,
        root_bytes=16_384,
        root_cluster=0,
        data_offset=82_432,
        cluster_bytes=2048,
        clusters=9959,
    )


def test_fat32_has_its_root_folder_in_a_cluster() -> None:
    """A small one has fewer clusters than it should: only it has no 16-bit size of the table."""
    found = parse_fat(
        sector(reserved=32, root_entries=0, few=0, table=0, many=8192, table32=64, per_cluster=1)
    )

    assert found == Fat(
        bits=32,
        table_offset=16_384,
        root_offset=81_920,
        root_bytes=0,
        root_cluster=7,
        data_offset=81_920,
        cluster_bytes=512,
        clusters=8032,
    )


@pytest.mark.parametrize(
    ("sectors", "clusters", "bits"),
    [(4245, 4084, 12), (4246, 4085, 16), (65_685, 65_524, 16), (65_686, 65_525, 32)],
)
def test_the_number_of_clusters_decides_about_the_table(
    sectors: int, clusters: int, bits: int
) -> None:
    """The limits are those of the specification."""
    found = parse_fat(sector(per_cluster=1, few=0, many=sectors))

    assert (found.clusters, found.bits) == (clusters, bits)


def test_the_clusters_begin_at_a_whole_sector() -> None:
    """17 entries of 32 bytes need two sectors."""
    found = parse_fat(sector(root_entries=17))

    assert (found.root_offset, found.root_bytes, found.data_offset) == (66_048, 544, 67_072)


def test_a_file_system_without_space_has_no_clusters() -> None:
    """The sizes in a boot sector need not fit together."""
    assert parse_fat(sector(few=10)).clusters == 0


@pytest.mark.parametrize("size", [512, 1024, 2048, 4096])
@pytest.mark.parametrize("per_cluster", [1, 2, 4, 8, 16, 32, 64, 128])
def test_all_sizes_of_the_specification_are_read(size: int, per_cluster: int) -> None:
    """Sectors of 512 to 4096 bytes, and clusters of 1 to 128 sectors."""
    found = parse_fat(sector(sector_bytes=size, per_cluster=per_cluster))

    assert (found.table_offset, found.cluster_bytes) == (size, per_cluster * size)


@pytest.mark.parametrize(
    "wrong",
    [
        {"end": b"\x55\xab"},
        {"end": b"\x54\xaa"},
        {"sector_bytes": 0},
        {"sector_bytes": 256},
        {"sector_bytes": 513},
        {"sector_bytes": 8192},
        {"per_cluster": 0},
        {"per_cluster": 3},
        {"per_cluster": 9},
        {"per_cluster": 129},
        {"reserved": 0},
        {"tables": 0},
        {"table": 0, "table32": 0},
    ],
)
def test_other_sectors_are_no_fat(wrong: Dict[str, Any]) -> None:
    """ext4 also has room for a boot sector, and many of these end in 55 AA."""
    with pytest.raises(ValueError, match="it has no FAT file system"):
        parse_fat(sector(**wrong))


def entry(name: bytes, attributes: int, high: int = 0, low: int = 0, size: int = 0) -> bytes:
    return struct.pack("<11sB8sH4sHI", name, attributes, b"\1" * 8, high, b"\1" * 4, low, size)


def listed(*entries: bytes) -> List[Entry]:
    return parse_folder(b"".join(entries))


def test_a_folder_lists_its_files_and_folders() -> None:
    """A cluster has 32 bits, and a name may lack its suffix."""
    assert listed(
        entry(b"BOOTX64 EFI", 0x20, 0x0012, 0x3456, 900_000),
        entry(b"EFI        ", 0x10, 0, 5),
        entry(b"READ ME TXT", 0x21, 0, 6, 1),
        entry(b"FOLDER  D  ", 0x31, 0, 8),
        entry(b"\xe4       \xf6  ", 0x00),
    ) == [
        Entry("BOOTX64.EFI", False, 0x123456, 900_000),
        Entry("EFI", True, 5, 0),
        Entry("READ ME.TXT", False, 6, 1),
        Entry("FOLDER.D", True, 8, 0),
        Entry("ä.ö", False, 0, 0),
    ]


def test_deleted_files_labels_and_long_names_are_left_out() -> None:
    """A long name has the attributes of a label, and a short name beside it."""
    assert listed(
        entry(b"\xe5OOTX64 EFI", 0x20),
        entry(b"MY DISK    ", 0x08),
        entry(b"Ab\0o\0o\0t\0x\0", 0x0F),
        entry(b"A          ", 0x20, 0, 1),
    ) == [Entry("A", False, 1, 0)]


def test_a_folder_ends_at_an_entry_that_begins_with_zero() -> None:
    """Bytes after that entry were never written."""
    first, second = entry(b"A          ", 0), entry(b"B          ", 0)

    assert listed(first, bytes(32), second) == [Entry("A", False, 0, 0)]
    assert listed(first, b"\0" + second[1:], second) == [Entry("A", False, 0, 0)]


def test_an_entry_that_is_cut_off_is_left_out() -> None:
    """A disk may end in a folder."""
    whole = entry(b"A          ", 0)

    assert [len(parse_folder((whole * 2)[:size])) for size in (0, 31, 32, 63, 64)] == [
        0,
        0,
        1,
        1,
        2,
    ]

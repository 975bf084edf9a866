"""The partition table of a disk file, with the fault of each of its copies."""

from functools import lru_cache
from typing import List, NamedTuple

from ....formats.disk.partition_table import (
    EXTENDED_TYPES,
    PROTECTIVE,
    SECTOR_BYTES,
    GptHeader,
    Partition,
    has_boot_code,
    is_table,
    parse_gpt_entries,
    parse_gpt_header,
    parse_mbr,
)
from .disk_file import DiskFile

GPT, MBR = "GPT", "MBR"
# Far more logical partitions than Linux has names for.
_MOST_LOGICAL = 128
_LARGE_SECTOR_BYTES = 4096


class Table(NamedTuple):
    """`kind` is empty without a table. The faults are empty if a copy is right, and for MBR.

    `end` is the sector after the last one that partitions may have. `made_for` is the size in
    bytes of the disk for which a GPT was made; 0 without one.
    """

    kind: str
    partitions: List[Partition]
    has_boot_code: bool
    fault: str = ""
    backup_fault: str = ""
    end: int = 0
    made_for: int = 0


@lru_cache(maxsize=1)
def read_table(disk: DiskFile) -> Table:
    """The table of an open disk file, read once, since most rules ask for it. Raises HostError."""
    first = disk.read(0, SECTOR_BYTES)
    sectors = disk.size // SECTOR_BYTES
    partitions = parse_mbr(first) if is_table(first) else []
    has_code = is_table(first) and has_boot_code(first)
    if any(one.type == PROTECTIVE for one in partitions):
        return _read_gpt(disk, sectors, has_code)
    kind = MBR if partitions else ""
    logical = [
        inner for one in partitions if one.type in EXTENDED_TYPES for inner in _logical(disk, one)
    ]
    primary = [one for one in partitions if one.type not in EXTENDED_TYPES]
    return Table(kind, [*primary, *logical], has_code, end=sectors)


def _read_gpt(disk: DiskFile, sectors: int, has_code: bool) -> Table:
    try:
        header = _header(disk, 1)
        partitions = _entries(disk, header)
    except ValueError as error:
        reason = str(error)
        if disk.read(_LARGE_SECTOR_BYTES, 8) == b"EFI PART":
            reason = f"it is made for sectors of {_LARGE_SECTOR_BYTES} bytes"
        return Table(GPT, [], has_code, fault=reason, end=sectors)
    made_for = (header.other_sector + 1) * SECTOR_BYTES
    if header.last_usable >= sectors:
        # Linux refuses it (is_gpt_valid in block/partitions/efi.c).
        fault = f"it was made for a disk of {made_for} bytes, and this one has {disk.size}"
        return Table(GPT, [], has_code, fault=fault, end=sectors, made_for=made_for)
    backup_fault = ""
    try:
        backup = _header(disk, header.other_sector)
        if _entries(disk, backup) != partitions:
            backup_fault = "it has other partitions"
        elif header.other_sector != sectors - 1:
            backup_fault = "it is not at the end of the disk"
    except ValueError as error:
        backup_fault = str(error)
    return Table(
        GPT,
        partitions,
        has_code,
        backup_fault=backup_fault,
        end=header.last_usable + 1,
        made_for=made_for,
    )


def _header(disk: DiskFile, sector: int) -> GptHeader:
    data = disk.read(sector * SECTOR_BYTES, SECTOR_BYTES)
    if len(data) < SECTOR_BYTES:
        raise ValueError("it is beyond the end of the disk")
    header = parse_gpt_header(data)
    if header.sector != sector:
        raise ValueError(f"it was made for sector {header.sector}, and is in sector {sector}")
    return header


def _entries(disk: DiskFile, header: GptHeader) -> List[Partition]:
    data = disk.read(header.entries_sector * SECTOR_BYTES, header.entries_bytes)
    return parse_gpt_entries(header, data)


def _logical(disk: DiskFile, extended: Partition) -> List[Partition]:
    """The partitions in an extended one: a chain of tables, each with one and a link."""
    found: List[Partition] = []
    sector = extended.first
    for number in range(5, 5 + _MOST_LOGICAL):
        table = disk.read(sector * SECTOR_BYTES, SECTOR_BYTES)
        entries = parse_mbr(table) if is_table(table) else []
        links = [one for one in entries if one.type in EXTENDED_TYPES]
        found += [
            Partition(number, sector + one.first, sector + one.last, one.type)
            for one in entries
            if one not in links
        ]
        if not links:
            break
        sector = extended.first + links[0].first
    return found

"""FAT12, FAT16 and FAT32: where the parts of a file system are, and the entries of folders.

Source: Microsoft's FAT specification of 2000 (fatgen103), read 2026-11-27.
"""

import struct
from typing import List, NamedTuple

BOOT_SECTOR_BYTES = 512
_PARAMETERS = struct.Struct("<HBHBHHxHxxxxxxxxII")
_PARAMETERS_AT = 11
_ROOT_CLUSTER_AT = 44
_ENTRY = struct.Struct("<11sB8xH4xHI")
_FOLDER, _LABEL = 0x10, 0x08
_END, _DELETED = 0x00, 0xE5


class Fat(NamedTuple):
    """A file system. Offsets and sizes are in bytes from its beginning.

    `root_cluster` is where the root folder begins in FAT32; the other two have it at
    `root_offset`, with `root_bytes`.
    """

    bits: int
    table_offset: int
    root_offset: int
    root_bytes: int
    root_cluster: int
    data_offset: int
    cluster_bytes: int
    clusters: int


class Entry(NamedTuple):
    """A file or folder by its short name, such as BOOTX64.EFI."""

    name: str
    is_folder: bool
    cluster: int
    size: int


def parse_fat(sector: bytes) -> Fat:
    """The file system that a boot sector describes. Raises ValueError if it is not FAT."""
    (sector_bytes, per_cluster, reserved, tables, root_entries, few, table, many, table32) = (
        _PARAMETERS.unpack_from(sector, _PARAMETERS_AT)
    )
    if (
        sector[510:512] != b"\x55\xaa"
        or sector_bytes not in (512, 1024, 2048, 4096)
        or per_cluster not in (1, 2, 4, 8, 16, 32, 64, 128)
        or not reserved
        or not tables
        or not (table or table32)
    ):
        raise ValueError("it has no FAT file system")
    table_bytes = (table or table32) * sector_bytes
    root_offset = reserved * sector_bytes + tables * table_bytes
    root_bytes = root_entries * 32
    data_offset = root_offset + -(-root_bytes // sector_bytes) * sector_bytes
    cluster_bytes = per_cluster * sector_bytes
    clusters = max(0, (few or many) * sector_bytes - data_offset) // cluster_bytes
    bits = 12 if clusters < 4085 else 16 if clusters < 65525 else 32
    if not table:
        # Only FAT32 has this field; a small one may have fewer clusters than it should.
        bits = 32
    (root_cluster,) = struct.unpack_from("<I", sector, _ROOT_CLUSTER_AT)
    return Fat(
        bits,
        reserved * sector_bytes,
        root_offset,
        root_bytes,
        root_cluster if bits == 32 else 0,
        data_offset,
        cluster_bytes,
        clusters,
    )


def parse_folder(data: bytes) -> List[Entry]:
    """The files and folders in the bytes of a folder."""
    found = []
    for place in range(0, len(data) - _ENTRY.size + 1, _ENTRY.size):
        name, attributes, high, low, size = _ENTRY.unpack_from(data, place)
        if name[0] == _END:
            break
        if name[0] == _DELETED or attributes & _LABEL:
            continue
        base, suffix = (part.decode("latin-1").rstrip() for part in (name[:8], name[8:]))
        found.append(
            Entry(
                f"{base}.{suffix}" if suffix else base,
                bool(attributes & _FOLDER),
                high << 16 | low,
                size,
            )
        )
    return found

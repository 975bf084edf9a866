"""Disk files for tests of `check --image`, written from the specifications of UEFI and FAT.

They share no code with azprov. Sectors have 512 bytes, and a disk has 8 MiB.
"""

import struct
import uuid
import zlib
from pathlib import Path
from typing import Dict, NamedTuple, Optional, Sequence, Tuple

SECTOR = 512
SECTORS = 8 << 11
ESP = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
LINUX = "0FC63DAF-8483-4772-8E79-3D69D8477DE4"
#: An ESP of 4 MiB and a root of 2 MiB, as first sector, last sector and type.
USUAL = ((2048, 10239, ESP), (10240, 14335, LINUX))


class Part(NamedTuple):
    """Bytes to write at a sector."""

    sector: int
    data: bytes


def write_disk(path: Path, parts: Sequence[Part], *, sectors: int = SECTORS) -> Path:
    """Write a sparse file, cut off after its last sector."""
    with open(path, "wb") as file:
        for part in parts:
            file.seek(part.sector * SECTOR)
            file.write(part.data)
        file.truncate(sectors * SECTOR)
    return path


def vhd_footer(size: int, *, kind: int = 2) -> bytes:
    """The footer of a VHD; kind 2 is fixed and 3 is dynamic."""
    footer = struct.pack(
        ">8sIIQI4sI4sQQIII16sB427x",
        b"conectix",
        2,
        0x10000,
        0xFFFFFFFFFFFFFFFF,
        0,
        b"qem2",
        0x50003,
        b"Wi2k",
        size,
        size,
        0,
        kind,
        0,
        bytes(16),
        0,
    )
    return footer[:64] + struct.pack(">I", ~sum(footer) & 0xFFFFFFFF) + footer[68:]


def mbr(*entries: Tuple[int, int, int], code: bytes = b"") -> bytes:
    """A first sector with partitions (type, first sector, number of sectors) and boot code."""
    table = b"".join(struct.pack("<B3xB3xII", 0, *entry) for entry in entries)
    return code.ljust(446, b"\0") + table.ljust(64, b"\0") + b"\x55\xaa"


def gpt(
    partitions: Sequence[Tuple[int, int, str]] = USUAL,
    *,
    sectors: int = SECTORS,
    code: bytes = b"",
    backup: bool = True,
) -> Tuple[Part, ...]:
    """A GPT with its protective MBR and its backup."""
    entries = b"".join(
        struct.pack("<16s16sQQQ72x", uuid.UUID(kind).bytes_le, bytes(16), first, last, 0)
        for first, last, kind in partitions
    ).ljust(128 * 128, b"\0")
    last = sectors - 1
    parts = [
        Part(0, mbr((0xEE, 1, last), code=code)),
        Part(1, _header(1, last, 2, entries, sectors)),
        Part(2, entries),
    ]
    if backup:
        parts += [
            Part(last - 32, entries),
            Part(last, _header(last, 1, last - 32, entries, sectors)),
        ]
    return tuple(parts)


def _header(own: int, other: int, entries_at: int, entries: bytes, sectors: int) -> bytes:
    def pack(checksum: int) -> bytes:
        fields = (b"EFI PART", 0x10000, 92, checksum, 0, own, other, 34, sectors - 34, bytes(16))
        return struct.pack("<8sIIIIQQQQ16sQIII", *fields, entries_at, 128, 128, zlib.crc32(entries))

    return pack(zlib.crc32(pack(0))).ljust(SECTOR, b"\0")


def fat(files: Dict[str, bytes], *, bits: int, sectors: int = 8192) -> bytes:
    """A FAT file system with these files in EFI/BOOT; each has one cluster or more."""
    per_cluster = 4 if bits == 12 else 1
    table_sectors = 64
    cluster = per_cluster * SECTOR
    table: Dict[int, int] = {}
    clusters: Dict[int, bytes] = {}
    end = {12: 0xFFF, 16: 0xFFFF, 32: 0xFFFFFFF}[bits]

    def store(data: bytes) -> int:
        # Every second cluster, so that each file is in pieces.
        first = 3 + 2 * len(clusters)
        pieces = [data[at : at + cluster] for at in range(0, len(data), cluster)] or [b""]
        for number, piece in enumerate(pieces):
            clusters[first + 2 * number] = piece
            table[first + 2 * number] = end if number == len(pieces) - 1 else first + 2 * number + 2
        return first

    boot = b"".join(_entry(name, 0x20, store(data), len(data)) for name, data in files.items())
    boot = _entry(".", 0x10, 0, 0) + b"\xe5" + bytes(31) + boot
    efi = _entry("BOOT", 0x10, store(boot), 0)
    root = _entry("ESP", 0x08, 0, 0) + _entry("EFI", 0x10, store(efi), 0)
    root_cluster = store(root) if bits == 32 else 0
    root_entries = 0 if bits == 32 else 512
    sector = b"\xeb\x58\x90mkfs.fat" + struct.pack(
        "<HBHBHHBHHHII",
        SECTOR,
        per_cluster,
        32,
        2,
        root_entries,
        sectors if bits != 32 else 0,
        0xF8,
        0 if bits == 32 else table_sectors,
        0,
        0,
        0,
        sectors,
    )
    if bits == 32:
        sector += struct.pack("<IHHI", table_sectors, 0, 0, root_cluster)
    image = bytearray(sectors * SECTOR)
    image[: len(sector)] = sector
    image[510:512] = b"\x55\xaa"
    packed = _table(table, bits)
    image[32 * SECTOR : 32 * SECTOR + len(packed)] = packed
    data_at = (32 + 2 * table_sectors) * SECTOR
    image[data_at : data_at + len(root)] = root if bits != 32 else bytes(len(root))
    data_at += root_entries * 32
    for number, piece in clusters.items():
        at = data_at + (number - 2) * cluster
        image[at : at + len(piece)] = piece
    return bytes(image)


def _table(table: Dict[int, int], bits: int) -> bytes:
    numbers = [table.get(number, 0) for number in range(max(table) + 2)]
    if bits == 12:
        pairs = zip(numbers[::2], [*numbers[1::2], 0])
        return b"".join((low | high << 12).to_bytes(3, "little") for low, high in pairs)
    return b"".join(number.to_bytes(bits // 8, "little") for number in numbers)


def _entry(name: str, attributes: int, cluster: int, size: int) -> bytes:
    base, _, suffix = name.partition(".") if name != "." else (".", "", "")
    short = base.ljust(8).encode() + suffix.ljust(3).encode()
    return struct.pack("<11sB8xH4xHI", short, attributes, cluster >> 16, cluster & 0xFFFF, size)


def esp(loaders: Dict[str, bytes], *, bits: int = 32, sector: int = 2048) -> Part:
    """An EFI system partition at its usual place."""
    return Part(sector, fat(loaders, bits=bits))


def as_vhd(disk: Path, *, footer: Optional[bytes] = None) -> Path:
    """Append the footer of a fixed VHD, by default the right one."""
    size = disk.stat().st_size
    path = disk.with_suffix(".vhd")
    path.write_bytes(disk.read_bytes() + (vhd_footer(size) if footer is None else footer))
    return path

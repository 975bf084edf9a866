"""Partition tables: MBR, and GPT with its two copies. All numbers are of sectors of 512 bytes.

Source: UEFI 2.10, chapter 5, read 2026-11-27.
"""

import struct
import zlib
from typing import List, NamedTuple
from uuid import UUID

SECTOR_BYTES = 512
#: The types of partitions that azprov knows: of GPT, then of MBR.
ESP_TYPES = ("c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "ef")
#: GRUB's partition without a file system.
BIOS_BOOT = "21686148-6449-6e6f-744e-656564454649"
PROTECTIVE = "ee"
#: A partition that holds a list of others.
EXTENDED_TYPES = ("05", "0f", "85")

_MBR_ENTRY = struct.Struct("<B3xB3xII")
_MBR_ENTRIES_AT = 446
_BOOT_CODE_BYTES = 440
_GPT_HEADER = struct.Struct("<8sIII4xQQQQ16sQIII")
_GPT_ENTRY = struct.Struct("<16s16sQQ")
_GPT_SIGNATURE = b"EFI PART"
_HEADER_CHECKSUM_AT = slice(16, 20)
_NO_TYPE = UUID(int=0)
# 128 entries of 128 bytes are usual.
_MOST_ENTRIES_BYTES = 1 << 20


class Partition(NamedTuple):
    """A partition: its first and last sector, and its type, a GUID or two hexadecimal digits.

    `uuid` is what follows PARTUUID= in fstab(5); empty for a logical partition.
    """

    number: int
    first: int
    last: int
    type: str
    uuid: str = ""


class GptHeader(NamedTuple):
    """A header of GPT: where it and its other copy are, and where the entries are."""

    sector: int
    other_sector: int
    first_usable: int
    last_usable: int
    entries_sector: int
    entry_count: int
    entry_bytes: int
    checksum: int

    @property
    def entries_bytes(self) -> int:
        return self.entry_count * self.entry_bytes


def has_boot_code(sector: bytes) -> bool:
    """Whether the first sector of a disk has a program that a BIOS would start."""
    return any(sector[:_BOOT_CODE_BYTES]) and is_table(sector)


def is_table(sector: bytes) -> bool:
    """Whether a sector ends like a partition table of MBR."""
    return sector[510:512] == b"\x55\xaa"


def parse_mbr(sector: bytes) -> List[Partition]:
    """The partitions in a sector: those of the disk, or the two of a link in an extended one."""
    found = []
    (signature,) = struct.unpack_from("<I", sector, _BOOT_CODE_BYTES)
    for number in range(4):
        _, kind, first, count = _MBR_ENTRY.unpack_from(
            sector, _MBR_ENTRIES_AT + number * _MBR_ENTRY.size
        )
        if kind and count:
            uuid = f"{signature:08x}-{number + 1:02x}"
            found.append(Partition(number + 1, first, first + count - 1, f"{kind:02x}", uuid))
    return found


def parse_gpt_header(sector: bytes) -> GptHeader:
    """A header of GPT. Raises ValueError with its fault."""
    mark, _, size, checksum, own, other, first, last, _, entries, count, entry_bytes, crc = (
        _GPT_HEADER.unpack_from(sector)
    )
    if mark != _GPT_SIGNATURE:
        raise ValueError("it has no signature")
    if not _GPT_HEADER.size <= size <= len(sector):
        raise ValueError(f"its header has {size} bytes")
    header = bytearray(sector[:size])
    header[_HEADER_CHECKSUM_AT] = bytes(4)
    if zlib.crc32(header) != checksum:
        raise ValueError("the checksum of its header is wrong")
    if entry_bytes < 128 or entry_bytes % 8 or count * entry_bytes > _MOST_ENTRIES_BYTES:
        raise ValueError(f"it has {count} entries of {entry_bytes} bytes")
    return GptHeader(own, other, first, last, entries, count, entry_bytes, crc)


def parse_gpt_entries(header: GptHeader, entries: bytes) -> List[Partition]:
    """The partitions of GPT. Raises ValueError if the entries do not match their header."""
    if len(entries) != header.entries_bytes or zlib.crc32(entries) != header.checksum:
        raise ValueError("the checksum of its entries is wrong")
    found = []
    for number in range(header.entry_count):
        kind, uuid, first, last = _GPT_ENTRY.unpack_from(entries, number * header.entry_bytes)
        guid = UUID(bytes_le=kind)
        if guid != _NO_TYPE:
            found.append(Partition(number + 1, first, last, str(guid), str(UUID(bytes_le=uuid))))
    return found

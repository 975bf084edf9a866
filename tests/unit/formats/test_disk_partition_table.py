"""Partition tables, written byte by byte from chapter 5 of the UEFI specification."""

import struct
import uuid
import zlib
from typing import Any, Dict, Tuple

import pytest

from azprov.formats.disk.partition_table import (
    BIOS_BOOT,
    ESP_TYPES,
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

ROOT = "0fc63daf-8483-4772-8e79-3d69d8477de4"
UNIQUE = "12345678-9abc-def0-1122-334455667788"


def test_the_types_are_those_of_the_specification() -> None:
    """The ESP, the three kinds of extended partitions, and GRUB's own partition."""
    assert SECTOR_BYTES == 512
    assert ESP_TYPES == ("c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "ef")
    assert BIOS_BOOT == "21686148-6449-6e6f-744e-656564454649"
    assert (PROTECTIVE, EXTENDED_TYPES) == ("ee", ("05", "0f", "85"))


def mbr(*entries: Tuple[int, int, int]) -> bytes:
    """A first sector with a signature, and entries of type, first sector and number of sectors."""
    table = b"".join(
        struct.pack("<B3sB3sII", 0x80, b"\1\1\1", kind, b"\2\2\2", first, count)
        for kind, first, count in entries
    )
    return bytes(440) + b"\x78\x56\x34\x12\0\0" + table.ljust(64, b"\0") + b"\x55\xaa"


def test_an_mbr_has_four_partitions() -> None:
    """Their UUIDs are those of PARTUUID=: the signature of the disk, and the number."""
    sector = mbr((0x83, 2048, 1000), (0, 1, 1), (0x05, 4096, 0), (0xEF, 8192, 1))

    assert parse_mbr(sector) == [
        Partition(1, 2048, 3047, "83", "12345678-01"),
        Partition(4, 8192, 8192, "ef", "12345678-04"),
    ]
    assert parse_mbr(mbr((0x05, 63, 10))) == [Partition(1, 63, 72, "05", "12345678-01")]


def test_a_table_has_a_mark_at_its_end() -> None:
    """The last two bytes of the sector are 55 AA."""
    assert is_table(mbr())
    assert not is_table(mbr()[:511])
    assert not is_table(mbr()[:510] + b"\xaa\x55")
    assert not is_table(b"\0" + mbr())


def test_boot_code_is_before_the_signature_of_the_disk() -> None:
    """The signature, in byte 440 and later, is no program."""
    assert not has_boot_code(mbr((0x83, 1, 1)))
    assert has_boot_code(bytes(439) + b"\1" + mbr()[440:])
    assert has_boot_code(b"\xeb" + mbr()[1:])
    assert not has_boot_code(b"\xeb" + mbr()[1:510] + bytes(2))


def header(
    *,
    signature: bytes = b"EFI PART",
    size: int = 92,
    count: int = 128,
    entry_bytes: int = 128,
    sectors: int = 1,
) -> bytes:
    """A header of GPT with a right checksum, and different numbers in all fields."""

    def pack(checksum: int) -> bytes:
        fields = (signature, 0x10000, size, checksum, 0xFFFF, 1, 9999, 34, 9966)
        rest = (uuid.UUID(UNIQUE).bytes_le, 2, count, entry_bytes, 0xABCDEF)
        packed = struct.pack("<8sIIIIQQQQ16sQIII", *fields, *rest)
        return packed.ljust(512 * sectors, b"\x77")

    return pack(zlib.crc32(pack(0)[:size]))


def test_a_header_says_where_everything_is() -> None:
    """The header itself, its other copy, the space for partitions, and the entries."""
    found = parse_gpt_header(header())

    assert found == GptHeader(
        sector=1,
        other_sector=9999,
        first_usable=34,
        last_usable=9966,
        entries_sector=2,
        entry_count=128,
        entry_bytes=128,
        checksum=0xABCDEF,
    )
    assert found.entries_bytes == 16_384


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"signature": b"EFI TRAP"}, "it has no signature"),
        ({"size": 91}, "its header has 91 bytes"),
        ({"size": 513}, "its header has 513 bytes"),
        ({"entry_bytes": 120}, "it has 128 entries of 120 bytes"),
        ({"entry_bytes": 132}, "it has 128 entries of 132 bytes"),
        ({"entry_bytes": 0}, "it has 128 entries of 0 bytes"),
        ({"count": 8193}, "it has 8193 entries of 128 bytes"),
    ],
)
def test_a_wrong_header_is_refused(wrong: Dict[str, Any], fault: str) -> None:
    """The error names its fault."""
    with pytest.raises(ValueError, match=f"^{fault}$"):
        parse_gpt_header(header(**wrong))


@pytest.mark.parametrize(
    "right", [{"size": 512}, {"entry_bytes": 136}, {"count": 8192}, {"count": 1}, {"count": 0}]
)
def test_unusual_headers_are_read(right: Dict[str, Any]) -> None:
    """The header may fill its sector, and the entries may have 1 MiB."""
    assert parse_gpt_header(header(**right)).sector == 1


@pytest.mark.parametrize("place", [8, 16, 19, 20, 24, 91])
def test_a_changed_byte_of_a_header_is_noticed(place: int) -> None:
    """The checksum is that of the header with zeros in place of the checksum."""
    damaged = bytearray(header())
    damaged[place] ^= 1

    with pytest.raises(ValueError, match=r"^the checksum of its header is wrong$"):
        parse_gpt_header(bytes(damaged))


def test_bytes_after_the_header_do_not_count() -> None:
    """They are not in the checksum."""
    assert parse_gpt_header(header()[:92] + bytes(420)).sector == 1


def gpt_entry(kind: str, first: int, last: int, *, size: int = 128) -> bytes:
    guids = uuid.UUID(kind).bytes_le + uuid.UUID(UNIQUE).bytes_le
    return (guids + struct.pack("<QQ", first, last)).ljust(size, b"\x11")


@pytest.mark.parametrize("size", [128, 256])
def test_entries_have_the_type_and_uuid_of_a_partition(size: int) -> None:
    """An entry without a type is unused, and still counts."""
    unused = gpt_entry(str(uuid.UUID(int=0)), 1, 2, size=size)
    entries = (
        gpt_entry(ROOT, 2048, 4095, size=size) + unused + gpt_entry(ROOT, 5000, 5000, size=size)
    )
    head = GptHeader(1, 9999, 34, 9966, 2, 3, size, zlib.crc32(entries))

    assert parse_gpt_entries(head, entries) == [
        Partition(1, 2048, 4095, ROOT, UNIQUE),
        Partition(3, 5000, 5000, ROOT, UNIQUE),
    ]


def test_damaged_entries_are_refused() -> None:
    """Each has to be there, and their checksum has to be that of the header."""
    entries = gpt_entry(ROOT, 2048, 4095) * 2
    wanted = "^the checksum of its entries is wrong$"

    with pytest.raises(ValueError, match=wanted):
        parse_gpt_entries(GptHeader(1, 9, 3, 8, 2, 2, 128, zlib.crc32(entries) ^ 1), entries)
    with pytest.raises(ValueError, match=wanted):
        parse_gpt_entries(GptHeader(1, 9, 3, 8, 2, 3, 128, zlib.crc32(entries)), entries)

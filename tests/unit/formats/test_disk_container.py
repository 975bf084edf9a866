"""The formats of disk files, by bytes that were written from their specifications."""

import struct

import pytest

from azprov.formats.disk.container import (
    FOOTER_BYTES,
    HEAD_BYTES,
    Footer,
    container_of,
    parse_footer,
)

RAW = bytes(512)


def footer(*, kind: int = 2, checksum: int = 0xFFFFFC20) -> bytes:
    """A footer of 8 MiB: the sum of its other bytes is 861 (conectix), 128 (size) and 2 (type)."""
    fields = b"conectix" + bytes(40) + struct.pack(">QIII", 8 << 20, 0, kind, checksum)
    return fields.ljust(512, b"\0")


def test_one_sector_of_each_end_is_needed() -> None:
    """The marks of all formats are in the first 512 bytes, and a footer has 512."""
    assert (HEAD_BYTES, FOOTER_BYTES) == (512, 512)


@pytest.mark.parametrize(
    ("place", "mark", "name"),
    [
        (0, b"vhdxfile", "VHDX"),
        (0, b"QFI\xfb", "qcow2 file"),
        (0, b"KDMV", "VMDK"),
        (0, b"# Disk DescriptorFile", "VMDK"),
        (64, b"\x7f\x10\xda\xbe", "VDI"),
        (0, b"\x1f\x8b", "compressed file"),
        (0, b"BZh", "compressed file"),
        (0, b"\xfd7zXZ\0", "compressed file"),
        (0, b"\x28\xb5\x2f\xfd", "compressed file"),
        (0, b"PK\3\4", "compressed file"),
        (0, b"conectix", "dynamic VHD"),
    ],
)
def test_a_format_is_found_by_its_mark(place: int, mark: bytes, name: str) -> None:
    """Each mark counts at its place only, and only if it is whole."""
    head = (bytes(place) + mark).ljust(512, b"\0")

    assert container_of(head, RAW) == name
    assert container_of(b"\1" + head, RAW) == "raw disk"
    assert container_of(head.replace(mark, mark[:-1] + b"?"), RAW) == "raw disk"


@pytest.mark.parametrize(
    ("end", "name"),
    [
        (footer(), "fixed VHD"),
        (footer(kind=3), "dynamic VHD"),
        (footer(kind=1), "dynamic VHD"),
        (footer()[:511], "raw disk"),
        (b"\0" + footer()[:511], "raw disk"),
        (RAW, "raw disk"),
        (b"", "raw disk"),
    ],
)
def test_a_vhd_is_found_by_its_footer(end: bytes, name: str) -> None:
    """Only the type 2 is a fixed one, whose disk begins at the first byte."""
    assert container_of(RAW, end) == name


def test_a_footer_has_the_size_and_a_checksum() -> None:
    """The checksum is the complement of the sum of all other bytes."""
    assert parse_footer(footer()) == Footer(8 << 20, is_intact=True)
    assert parse_footer(footer(checksum=0xFFFFFC21)) == Footer(8 << 20, is_intact=False)
    assert parse_footer(footer()[:-1] + b"\1") == Footer(8 << 20, is_intact=False)

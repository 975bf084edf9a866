"""Programs for UEFI firmware, written byte by byte from the specification of the format."""

import struct
from typing import Optional

import pytest

from azprov.formats.host.portable_executable import (
    AARCH64,
    HEADER_BYTES,
    X86_64,
    Program,
    Section,
    parse_program,
)

NO_CERTIFICATE = (0, 0)


def coff(machine: int, sections: int, optional_bytes: int) -> bytes:
    """A header of 24 bytes, at byte 128 of a file, as linkers write it."""
    start = b"MZ" + bytes(58) + struct.pack("<I", 128) + bytes(64)
    return start + b"PE\0\0" + struct.pack("<HH12xHH", machine, sections, optional_bytes, 2)


def optional(*, magic: int = 0x20B, directories: int = 16, certificate_bytes: int = 0) -> bytes:
    """The optional header; its fifth directory is that of the certificates."""
    fields = struct.pack("<H", magic) + bytes({0x20B: 106, 0x10B: 90}[magic])
    return fields + struct.pack("<I32xII88x", directories, 0x5000, certificate_bytes)


def section(name: bytes, used: int, stored: int, offset: int) -> bytes:
    return struct.pack("<8sIIII16x", name, used, 0x1000, stored, offset)


TEXT = section(b".text", 300, 512, 1024)


def program(head: bytes = b"", **others: int) -> Optional[Program]:
    """The program that has these fields in its optional header, and one section."""
    header = optional(**others)
    return parse_program(coff(0x8664, 1, len(header)) + header + TEXT + head)


def test_the_machines_are_those_of_the_two_architectures() -> None:
    """Firmware starts only programs for its own processor."""
    assert (X86_64, AARCH64) == (0x8664, 0xAA64)


def test_enough_of_a_file_is_read() -> None:
    """8 KiB: the headers of boot loaders and unified kernels have at most 4096 bytes."""
    assert HEADER_BYTES == 8192


@pytest.mark.parametrize("magic", [0x10B, 0x20B], ids=["PE32", "PE32+"])
def test_a_program_has_a_machine_and_sections(magic: int) -> None:
    """Both forms of the optional header are read."""
    assert program(magic=magic) == Program(0x8664, False, [Section(".text", 1024, 300)])


@pytest.mark.parametrize("magic", [0x10B, 0x20B], ids=["PE32", "PE32+"])
@pytest.mark.parametrize(
    ("directories", "certificate_bytes", "is_signed"),
    [(16, 1, True), (5, 1, True), (4, 1, False), (16, 0, False), (0, 2000, False)],
)
def test_a_signed_program_has_a_certificate(
    magic: int, directories: int, certificate_bytes: int, is_signed: bool
) -> None:
    """It is the fifth directory, which a file with fewer directories does not have."""
    found = program(magic=magic, directories=directories, certificate_bytes=certificate_bytes)

    assert found is not None
    assert found.is_signed is is_signed


def test_the_size_of_a_section_is_that_of_its_content() -> None:
    """The file is padded after the content, and an object file has no used size."""
    header = optional()
    sections = (
        section(b".osrel", 100, 512, 4096)
        + section(b".cmdline", 600, 512, 4608)
        + section(b".linux", 0, 1024, 5120)
    )

    found = parse_program(coff(0xAA64, 3, len(header)) + header + sections)

    assert found == Program(
        0xAA64,
        False,
        [
            Section(".osrel", 4096, 100),
            Section(".cmdline", 4608, 512),
            Section(".linux", 5120, 1024),
        ],
    )


@pytest.mark.parametrize(("count", "listed"), [(0, 0), (1, 1), (2, 2), (3, 2), (65535, 2)])
def test_only_sections_in_the_head_are_listed(count: int, listed: int) -> None:
    """A header may claim more sections than the head has, and the last one may be cut off."""
    header = optional()

    found = parse_program(coff(0x8664, count, len(header)) + header + TEXT + TEXT + TEXT[:-1])

    assert found is not None
    assert len(found.sections) == listed


def test_an_optional_header_beyond_the_head_has_no_sections() -> None:
    """The size of the optional header is not trusted."""
    found = parse_program(coff(0x8664, 2, 65535) + optional() + TEXT)

    assert found == Program(0x8664, False, [])


def test_a_name_that_is_not_utf_8_is_shown() -> None:
    """Its wrong bytes are replaced."""
    header = optional()

    found = parse_program(coff(0x8664, 1, len(header)) + header + section(b"a\xffX", 1, 1, 1))

    assert found is not None
    assert [one.name for one in found.sections] == ["a\ufffdX"]


SOUND = coff(0x8664, 0, 240) + optional()
WRONG = {
    "empty": b"",
    "a script": b"#!/bin/sh\n".ljust(4096, b"\n"),
    "the first two bytes alone": b"MZ",
    "another mark at its start": b"ZM" + SOUND[2:],
    "another mark of the header": SOUND[:128] + b"NE\0\0" + SOUND[132:],
    "another optional header": SOUND[:152] + struct.pack("<H", 0x107) + SOUND[154:],
    "a header beyond the head": b"MZ" + bytes(58) + struct.pack("<I", 1 << 31) + bytes(4096),
}


@pytest.mark.parametrize("fault", WRONG)
def test_other_files_are_no_programs(fault: str) -> None:
    """The firmware starts none of them."""
    assert parse_program(SOUND) is not None
    assert parse_program(WRONG[fault]) is None


def test_a_head_that_is_cut_off_anywhere_is_no_program() -> None:
    """All fields up to the directory of the certificates are needed: 304 bytes here."""
    assert parse_program(SOUND[:304]) == Program(0x8664, False, [])
    assert [size for size in range(304) if parse_program(SOUND[:size])] == []

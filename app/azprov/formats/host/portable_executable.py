"""Portable executables: UEFI firmware starts boot loaders and unified kernels in this format.

Source: https://learn.microsoft.com/windows/win32/debug/pe-format, read 2026-11-27.
"""

import struct
from typing import List, NamedTuple, Optional

#: The headers of boot loaders and unified kernels have at most 4096 bytes.
HEADER_BYTES = 8192
#: The machines of AMD64 and ARM64.
X86_64, AARCH64 = 0x8664, 0xAA64

_COFF = struct.Struct("<4sHHIIIHH")
_SECTION = struct.Struct("<8s4I16x")
# Where the directories begin in the optional header, by its magic number.
_DIRECTORIES = {0x10B: 96, 0x20B: 112}
_CERTIFICATES = 4


class Section(NamedTuple):
    """A section: its name, and which bytes of the file are its content."""

    name: str
    offset: int
    size: int


class Program(NamedTuple):
    """A program. A unified kernel can have several sections of one name, for its profiles."""

    machine: int
    is_signed: bool
    sections: List[Section]


def parse_program(head: bytes) -> Optional[Program]:
    """The program that a file begins with; None if it is no program for UEFI firmware."""
    if not head.startswith(b"MZ"):
        return None
    try:
        (start,) = struct.unpack_from("<I", head, 60)
        mark, machine, count, _, _, _, optional_bytes, _ = _COFF.unpack_from(head, start)
        optional = start + _COFF.size
        (kind,) = struct.unpack_from("<H", head, optional)
        if mark != b"PE\0\0" or kind not in _DIRECTORIES:
            return None
        directories = optional + _DIRECTORIES[kind]
        (directory_count,) = struct.unpack_from("<I", head, directories - 4)
        _, size = struct.unpack_from("<II", head, directories + 8 * _CERTIFICATES)
    except struct.error:
        return None
    first = optional + optional_bytes
    count = min(count, (len(head) - first) // _SECTION.size)
    sections = [_section(head, first + number * _SECTION.size) for number in range(count)]
    return Program(machine, directory_count > _CERTIFICATES and size > 0, sections)


def _section(head: bytes, at: int) -> Section:
    name, used, _, stored, offset = _SECTION.unpack_from(head, at)
    text = name.rstrip(b"\0").decode("utf-8", "replace")
    return Section(text, offset, min(used, stored) if used else stored)

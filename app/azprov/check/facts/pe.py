"""Programs for UEFI firmware: whether they are signed, and their sections.

Source: https://learn.microsoft.com/windows/win32/debug/pe-format, read 2026-11-27.
"""

import struct
from typing import Dict, NamedTuple, Optional, Tuple

#: The headers of boot loaders and unified kernels have less.
HEADER_BYTES = 8192
_COFF = struct.Struct("<4sHHIIIHH")
_SECTION = struct.Struct("<8s4I16x")
# Where the directories begin in the optional header, by its magic number.
_DIRECTORIES = {0x10B: 96, 0x20B: 112}
_CERTIFICATES = 4
_MOST_SECTIONS = 96


class Program(NamedTuple):
    """`sections` has the offset in the file and the size of each section by name."""

    is_signed: bool
    sections: Dict[str, Tuple[int, int]]


def parse_program(head: bytes) -> Optional[Program]:
    """The program that a file begins with; None if it is no program for UEFI firmware."""
    if not head.startswith(b"MZ") or len(head) < 64:
        return None
    (start,) = struct.unpack_from("<I", head, 60)
    try:
        magic, _, sections, _, _, _, optional_bytes, _ = _COFF.unpack_from(head, start)
        optional = start + _COFF.size
        (kind,) = struct.unpack_from("<H", head, optional)
        if magic != b"PE\0\0" or kind not in _DIRECTORIES:
            return None
        directories = optional + _DIRECTORIES[kind]
        (count,) = struct.unpack_from("<I", head, directories - 4)
        _, size = struct.unpack_from("<II", head, directories + 8 * _CERTIFICATES)
        found = {}
        for number in range(min(sections, _MOST_SECTIONS)):
            at = optional + optional_bytes + number * _SECTION.size
            name, used, _, stored, offset = _SECTION.unpack_from(head, at)
            name = name.rstrip(b"\0").decode("ascii", "replace")
            found[name] = (offset, min(used, stored) if used else stored)
    except struct.error:
        return None
    return Program(count > _CERTIFICATES and size > 0, found)

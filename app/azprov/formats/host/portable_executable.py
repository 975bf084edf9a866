"""The sections of PE files, which are programs of the firmware such as unified kernel images.

Source: https://learn.microsoft.com/windows/win32/debug/pe-format, read 2026-11-27.
"""

import struct
from typing import List, NamedTuple

_MARK, _SIGNATURE = b"MZ", b"PE\0\0"
# The place of the signature, the number of sections with the size of the optional header after
# it, and a section: its name, its sizes in memory and in the file, and its place in the file.
_PLACE, _PLACE_AT = struct.Struct("<L"), 0x3C
_COUNTS = struct.Struct("<4s2xH12xH2x")
_SECTION = struct.Struct("<8sL4xLL16x")


class Section(NamedTuple):
    """A section of a PE file: its name, and which bytes of the file are its content."""

    name: str
    offset: int
    size: int


def parse_sections(head: bytes) -> List[Section]:
    """The sections by the first bytes of a file; none if it is not a PE file."""
    if not head.startswith(_MARK) or len(head) < _PLACE_AT + _PLACE.size:
        return []
    (place,) = _PLACE.unpack_from(head, _PLACE_AT)
    if place + _COUNTS.size > len(head):
        return []
    signature, count, optional_bytes = _COUNTS.unpack_from(head, place)
    start = place + _COUNTS.size + optional_bytes
    if signature != _SIGNATURE:
        return []
    found = []
    for number in range(min(count, (len(head) - start) // _SECTION.size)):
        name, size, bytes_in_file, offset = _SECTION.unpack_from(
            head, start + number * _SECTION.size
        )
        text = name.rstrip(b"\0").decode("utf-8", "replace")
        found.append(Section(text, offset, min(size, bytes_in_file)))
    return found

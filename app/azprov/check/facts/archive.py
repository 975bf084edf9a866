"""Whether an azprov.pyz is whole, decided without trusting its sizes.

Rule of this file: memory and time have a bound that is checked before they are needed. A
zip file can name entries that expand without end, overlap, or use a slow compression.
Source: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3 and 4.4.
"""

import struct
import zipfile
from typing import BinaryIO, List

from ...formats.bounds import (
    ARCHIVE_BYTES,
    ARCHIVE_DIRECTORY_BYTES,
    ARCHIVE_ENTRIES,
    ARCHIVE_UNPACKED_BYTES,
)
from ...formats.text import printable

# Only azprov's archive has this file.
_PART = "azprov/__main__.py"
_END = struct.Struct("<4s4H2LH")
_END_MARK, _LOCATOR_MARK = b"PK\x05\x06", b"PK\x06\x07"
_LOCATOR_BYTES = 20
_LOCAL_HEADER_BYTES = 30
_PIECE_BYTES = 1 << 16


def flaw_of(file: BinaryIO) -> str:
    """What is wrong with an azprov.pyz, as the end of a sentence; empty if it is whole."""
    size = file.seek(0, 2)
    if size > ARCHIVE_BYTES:
        return "is far larger than azprov"
    try:
        flaw = _flaw_of_end(file, size)
        if flaw:
            return flaw
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            if _PART not in archive.namelist():
                return "is not azprov"
            return _flaw_of_entries(entries, archive.start_dir) or _damage(archive, entries)
    # zipfile and zlib raise nearly any exception for a damaged archive.
    except Exception as error:  # noqa: BLE001 - see above; the class does not matter
        return f"is damaged ({printable(str(error), 60)})"


def _flaw_of_end(file: BinaryIO, size: int) -> str:
    """The record at the end says how large the directory is, which zipfile reads into memory."""
    start = max(0, size - _END.size - _LOCATOR_BYTES)
    file.seek(start)
    tail = file.read()
    if len(tail) < _END.size or tail[-_END.size :][:4] != _END_MARK:
        return "is damaged (it does not end as a zip file)"
    _, _, _, here, entries, directory_bytes, _, comment = _END.unpack(tail[-_END.size :])
    has_locator = tail[: -_END.size].startswith(_LOCATOR_MARK)
    if has_locator or here != entries or comment:
        return "is not azprov"
    if entries > ARCHIVE_ENTRIES or directory_bytes > ARCHIVE_DIRECTORY_BYTES:
        return "has far more files than azprov"
    return ""


def _flaw_of_entries(entries: List[zipfile.ZipInfo], start_of_directory: int) -> str:
    if len(entries) > ARCHIVE_ENTRIES:
        return "has far more files than azprov"
    if len({entry.filename for entry in entries}) != len(entries):
        return "has two files of the same name"
    if any(
        entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & 1
        for entry in entries
    ):
        return "has a file with an unusual compression"
    if sum(entry.file_size for entry in entries) > ARCHIVE_UNPACKED_BYTES:
        return "is far larger than azprov when it is unpacked"
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            return "has files that overlap"
        end = entry.header_offset + _LOCAL_HEADER_BYTES + entry.compress_size
    return "has files that overlap" if end > start_of_directory else ""


def _damage(archive: zipfile.ZipFile, entries: List[zipfile.ZipInfo]) -> str:
    """The first entry with a wrong checksum."""
    for entry in entries:
        try:
            with archive.open(entry) as content:
                while content.read(_PIECE_BYTES):
                    pass
        except zipfile.BadZipFile:
            return f"is damaged at {printable(entry.filename, 60)}"
    return ""

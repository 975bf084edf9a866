"""Archives in an image that pose as azprov.pyz."""

import io
import struct
import zipfile
from typing import Callable, Dict

import pytest

from azprov.check.facts.archive import flaw_of
from project import SMALL_ARCHIVE

MAIN = "azprov/__main__.py"


def packed(kind: int = zipfile.ZIP_DEFLATED, **files: bytes) -> bytes:
    """An archive with azprov's main module and more files."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", kind) as archive:
        archive.writestr(MAIN, "")
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


def doubled() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(MAIN, "")
        archive.writestr("a", "")
        archive.writestr("b", "")
    return written.getvalue().replace(b"b", b"a")


def overlapping() -> bytes:
    """Two names in the directory for one local header."""
    content = packed(zipfile.ZIP_STORED, a=b"x", b=b"x")
    directory = content.index(b"PK\x01\x02")
    entries = content[directory:].split(b"PK\x01\x02")[1:]
    first = struct.unpack("<L", entries[1][38:42])[0]
    entries[2] = entries[2][:38] + struct.pack("<L", first) + entries[2][42:]
    return content[:directory] + b"".join(b"PK\x01\x02" + entry for entry in entries)


def many() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(MAIN, "")
        for number in range(2000):
            archive.writestr(str(number), "")
    return written.getvalue()


def with_end(position: int, form: str, value: int) -> bytes:
    """An archive whose last record has another value."""
    content = bytearray(packed())
    struct.pack_into(form, content, len(content) - 22 + position, value)
    return bytes(content)


def with_locator() -> bytes:
    """An archive with a record of zip64, which zipfile believes more than the others."""
    content = packed()
    return content[:-22] + b"PK\x06\x07" + bytes(16) + content[-22:]


FLAWED: Dict[str, Callable[[], bytes]] = {
    "has a file with an unusual compression": lambda: packed(zipfile.ZIP_LZMA, a=b"x" * 99),
    "has two files of the same name": doubled,
    "has files that overlap": overlapping,
    "has far more files than azprov": many,
    "is far larger than azprov when it is unpacked": lambda: packed(a=bytes((1 << 26) + 1)),
    "is not azprov": with_locator,
    "is far larger than azprov": lambda: bytes((1 << 24) + 1),
    "is damaged (it does not end as a zip file)": lambda: b"PK\x03\x04",
}


@pytest.mark.parametrize("flaw", FLAWED)
def test_an_archive_is_refused_before_it_is_unpacked(flaw: str) -> None:
    """Compressions, sizes, names and positions are checked before memory is taken for them."""
    assert flaw_of(io.BytesIO(FLAWED[flaw]())) == flaw


def test_bzip2_is_refused() -> None:
    """A small bzip2 file can take gigabytes of memory."""
    content = packed(zipfile.ZIP_BZIP2, a=b"x" * 99)

    assert flaw_of(io.BytesIO(content)) == "has a file with an unusual compression"


def test_a_directory_that_claims_to_be_large_is_not_read() -> None:
    """zipfile would read as many bytes as the last record says."""
    content = io.BytesIO(with_end(12, "<L", 1 << 30))

    assert flaw_of(content) == "has far more files than azprov"


def test_content_with_another_checksum_is_damaged() -> None:
    """Every file of the archive is unpacked once."""
    content = packed(zipfile.ZIP_STORED, a=b"content").replace(b"content", b"CONTENT")

    assert flaw_of(io.BytesIO(content)) == "is damaged at a"


def test_a_whole_archive_has_no_flaw() -> None:
    """The archive that other tests install is accepted."""
    assert flaw_of(io.BytesIO(SMALL_ARCHIVE)) == ""
    assert flaw_of(io.BytesIO(packed(a=b"x" * 999))) == ""

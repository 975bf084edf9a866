"""Which kernel modules an initramfs holds: cpio archives in a row, the last one compressed.

Source: https://www.kernel.org/doc/html/latest/driver-api/early-userspace/buffer-format.html,
read 2026-11-22. zstd and lz4 are beyond the standard library of most Pythons.
"""

import bz2
import gzip
import lzma
import zlib
from typing import BinaryIO, FrozenSet, NamedTuple, Optional, Set, cast

from ...errors import HostError
from ...formats.text import printable
from ...system.root import Root

# Unpacked; one with every module there is has about 300 MB.
_LIMIT_BYTES = 1 << 29
_MOST_ENTRIES = 200_000
_MOST_PADDING_BYTES = 1 << 20
_LONGEST_NAME_BYTES = 4096
_PIECE_BYTES = 1 << 18
_HEADER_BYTES = 110
_CPIO = (b"070701", b"070702")
_END = b"TRAILER!!!"

_UNREADABLE = (
    (b"\x28\xb5\x2f\xfd", "it is packed with zstd"),
    (b"\x02\x21\x4c\x18", "it is packed with lz4"),
    (b"\x04\x22\x4d\x18", "it is packed with lz4"),
    (b"\x89LZO", "it is packed with lzop"),
    (b"MZ", "it is a unified kernel image"),
)


class Content(NamedTuple):
    """The modules found of those looked for, and why that may not be all; empty if it is."""

    found: FrozenSet[str]
    unread: str


def find_modules(root: Root, path: str, wanted: FrozenSet[str]) -> Content:
    """Look for modules, by name without .ko and its compression, until all are found."""
    found: Set[str] = set()
    try:
        file = root.open_file(path)
        if file is None:
            return Content(frozenset(), "it is not there")
        with file:
            unread = _search(file, wanted, found)
    except HostError as error:
        unread = error.summary
    except (OSError, EOFError, ValueError, MemoryError, zlib.error, lzma.LZMAError) as error:
        unread = f"it is damaged: {printable(str(error), 60)}"
    return Content(frozenset(found), unread)


class _Reader:
    """A file read from front to end, and not without end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _LIMIT_BYTES

    def some(self, count: int) -> bytes:
        """So many bytes, fewer at the end. Raises ValueError when it becomes too many."""
        self._left -= count
        if self._left < 0:
            raise ValueError("it is too large")
        return self._file.read(count)

    def take(self, count: int) -> bytes:
        """So many bytes. Raises EOFError if there are not."""
        taken = self.some(count)
        if len(taken) < count:
            raise EOFError("it ends too early")
        return taken

    def skip(self, count: int) -> None:
        for begun in range(0, count, _PIECE_BYTES):
            self.take(min(_PIECE_BYTES, count - begun))


def _search(file: BinaryIO, wanted: FrozenSet[str], found: Set[str], *, depth: int = 0) -> str:
    """Go through the archives; why not through all of them, empty if it was."""
    reader = _Reader(file)
    padding = 0
    while not wanted <= found:
        # Archives begin at a multiple of four, and zeros fill the way there.
        start = reader.some(4)
        if not start.strip(b"\0"):
            padding += len(start)
            if not start:
                return ""
            if padding > _MOST_PADDING_BYTES:
                return "its form is not known"
            continue
        magic = start + reader.some(2)
        if magic in _CPIO:
            _search_cpio(reader, wanted, found)
            continue
        for known, reason in _UNREADABLE:
            if magic.startswith(known):
                return reason
        if depth:
            return "its form is not known"
        file.seek(-len(magic), 1)
        unpacked = _unpacked(file, magic)
        if unpacked is None:
            return "its form is not known"
        return _search(unpacked, wanted, found, depth=depth + 1)
    return ""


def _unpacked(file: BinaryIO, magic: bytes) -> Optional[BinaryIO]:
    if magic.startswith(b"\x1f\x8b"):
        return cast(BinaryIO, gzip.GzipFile(fileobj=file))
    if magic.startswith((b"\xfd7zXZ", b"\x5d\0\0")):
        return cast(BinaryIO, lzma.LZMAFile(file))
    if magic.startswith(b"BZh"):
        return cast(BinaryIO, bz2.BZ2File(file))
    return None


def _search_cpio(reader: _Reader, wanted: FrozenSet[str], found: Set[str]) -> None:
    """One archive, its first magic read, up to its trailer; the form is cpio(5)'s newc."""
    for _ in range(_MOST_ENTRIES):
        header = reader.take(_HEADER_BYTES - len(_CPIO[0]))
        size, length = int(header[48:56], 16), int(header[88:96], 16)
        if not 0 < length <= _LONGEST_NAME_BYTES:
            raise ValueError("a cpio header is wrong")
        name = reader.take(length + -(_HEADER_BYTES + length) % 4)[: length - 1]
        if name == _END:
            return
        module, dot, _ = name.rpartition(b"/")[2].decode("ascii", "replace").partition(".ko")
        if dot and module.replace("-", "_") in wanted:
            found.add(module.replace("-", "_"))
            if wanted <= found:
                return
        reader.skip(size + -size % 4)
        if reader.take(len(_CPIO[0])) not in _CPIO:
            raise ValueError("a cpio header is missing")
    raise ValueError("it has too many entries")

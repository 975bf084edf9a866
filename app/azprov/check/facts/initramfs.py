"""Which kernel modules are in an initramfs.

An initramfs is a series of cpio archives, of which the last one may be compressed.

Source: https://www.kernel.org/doc/html/latest/driver-api/early-userspace/buffer-format.html,
read 2026-11-22. The standard library of most Pythons has no zstd and no lz4.
"""

import bz2
import gzip
import lzma
import zlib
from typing import BinaryIO, FrozenSet, NamedTuple, Optional, Set, cast

from ...errors import HostError
from ...formats.text import printable
from ...system.root import Root

# Of unpacked content. An initramfs with all modules has about 300 MB.
_LIMIT_BYTES = 1 << 29
_MOST_ENTRIES = 200_000
_MOST_PADDING_BYTES = 1 << 20
_LONGEST_NAME_BYTES = 4096
_PIECE_BYTES = 1 << 18
_HEADER_BYTES = 110
_CPIO = (b"070701", b"070702")
_END = b"TRAILER!!!"

_UNREADABLE = (
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd"),
    (b"\x02\x21\x4c\x18", "it is compressed with lz4"),
    (b"\x04\x22\x4d\x18", "it is compressed with lz4"),
    (b"\x89LZO", "it is compressed with lzop"),
    (b"MZ", "it is a unified kernel image"),
)


class Search(NamedTuple):
    """The wanted modules that were found, and why there may be more; empty if all was read."""

    found: FrozenSet[str]
    problem: str


def find_modules(root: Root, path: str, wanted: FrozenSet[str]) -> Search:
    """Search for modules until all are found.

    A name has underscores, and no ".ko" or suffix of a compression.
    """
    found: Set[str] = set()
    try:
        file = root.open_file(path)
        if file is None:
            return Search(frozenset(), "it does not exist")
        with file:
            problem = _search(file, wanted, found)
    except HostError as error:
        problem = error.summary
    except (OSError, EOFError, ValueError, MemoryError, zlib.error, lzma.LZMAError) as error:
        problem = f"it is damaged: {printable(str(error), 60)}"
    return Search(frozenset(found), problem)


class _Reader:
    """Reads a file from front to end, up to a limit."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _LIMIT_BYTES

    def some(self, count: int) -> bytes:
        """The next `count` bytes, or fewer at the end. Raises ValueError above the limit."""
        self._left -= count
        if self._left < 0:
            raise ValueError("it is too large")
        return self._file.read(count)

    def take(self, count: int) -> bytes:
        """The next `count` bytes. Raises EOFError if the file ends before."""
        taken = self.some(count)
        if len(taken) < count:
            raise EOFError("it ends too early")
        return taken

    def skip(self, count: int) -> None:
        for begun in range(0, count, _PIECE_BYTES):
            self.take(min(_PIECE_BYTES, count - begun))


def _search(file: BinaryIO, wanted: FrozenSet[str], found: Set[str], *, depth: int = 0) -> str:
    """Search the archives; the result is the problem that ended the search, empty if none did."""
    reader = _Reader(file)
    padding = 0
    while not wanted <= found:
        # An archive starts at a multiple of four bytes, after padding with zeros.
        start = reader.some(4)
        if not start.strip(b"\0"):
            padding += len(start)
            if not start:
                return ""
            if padding > _MOST_PADDING_BYTES:
                return "its format is not known"
            continue
        magic = start + reader.some(2)
        if magic in _CPIO:
            _search_cpio(reader, wanted, found)
            continue
        for known, reason in _UNREADABLE:
            if magic.startswith(known):
                return reason
        if depth:
            return "its format is not known"
        file.seek(-len(magic), 1)
        unpacked = _unpacked(file, magic)
        if unpacked is None:
            return "its format is not known"
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
    """Search one archive, after its first magic number, in the newc format of cpio(5)."""
    for _ in range(_MOST_ENTRIES):
        header = reader.take(_HEADER_BYTES - len(_CPIO[0]))
        size, length = int(header[48:56], 16), int(header[88:96], 16)
        if not 0 < length <= _LONGEST_NAME_BYTES:
            raise ValueError("a cpio header is invalid")
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

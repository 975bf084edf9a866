"""Which kernel modules are in an initramfs.

An initramfs is a series of cpio archives, of which the last one may be compressed.

Source: https://www.kernel.org/doc/html/latest/driver-api/early-userspace/buffer-format.html,
read 2026-11-22. The standard library of most Pythons has no zstd and no lz4.
"""

import bz2
import lzma
import zlib
from typing import Any, BinaryIO, FrozenSet, NamedTuple, Optional, Set

from ...errors import HostError
from ...formats.bounds import (
    DECOMPRESSOR_BYTES,
    INITRAMFS_BYTES,
    INITRAMFS_RATIO,
    INITRAMFS_UNPACKED_BYTES,
)
from ...formats.text import printable
from ...system.root import Root

_MOST_ENTRIES = 200_000
_MOST_STREAMS = 100
_MOST_PADDING_BYTES = 1 << 20
_LONGEST_NAME_BYTES = 4096
_PIECE_BYTES = 1 << 16
# A small initramfs may well expand more.
_ALWAYS_UNPACKED_BYTES = 1 << 24
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


class Allowance:
    """What may still be read of all initramfs of an image, compressed and unpacked."""

    def __init__(self) -> None:
        self._packed_left = INITRAMFS_BYTES
        self._unpacked_left = INITRAMFS_UNPACKED_BYTES

    def spend(self, packed: int, unpacked: int) -> None:
        """Raises ValueError if that is more than is left."""
        self._packed_left -= packed
        self._unpacked_left -= unpacked
        if self._packed_left < 0 or self._unpacked_left < 0:
            raise ValueError("it is too large")


class Search(NamedTuple):
    """The wanted modules that were found, and why there may be more; empty if all was read."""

    found: FrozenSet[str]
    problem: str


def find_modules(
    root: Root, path: str, wanted: FrozenSet[str], allowance: Optional[Allowance] = None
) -> Search:
    """Search for modules until all are found, with one allowance for all files of an image.

    A name has underscores, and no ".ko" or suffix of a compression.
    """
    found: Set[str] = set()
    try:
        file = root.open_file(path)
        if file is None:
            return Search(frozenset(), "it does not exist")
        with file:
            source = _File(file, allowance or Allowance())
            problem = _search(_Reader(source), wanted, found)
    except HostError as error:
        problem = error.summary
    except (OSError, EOFError, ValueError, MemoryError, zlib.error, lzma.LZMAError) as error:
        problem = f"it is damaged: {printable(str(error), 60)}"
    return Search(frozenset(found), problem)


class _File:
    """The bytes of an open file."""

    def __init__(self, file: BinaryIO, allowance: Allowance) -> None:
        self._file = file
        self.allowance = allowance

    def piece(self) -> bytes:
        """The next bytes, none at the end. Raises ValueError above the allowance."""
        content = self._file.read(_PIECE_BYTES)
        self.allowance.spend(len(content), 0)
        return content


class _Unpacked:
    """The unpacked bytes of one compressed stream, or of several that follow each other."""

    def __init__(self, magic: bytes, rest: "_Reader") -> None:
        self.allowance = rest.allowance
        self._magic = magic
        self._rest = rest
        self._stream = _decompressor(magic)
        self._streams = 1
        self._packed = self._unpacked = 0

    def piece(self) -> bytes:
        """The next bytes, none at the end. Raises ValueError above the allowance."""
        while True:
            if self._stream.eof:
                self._rest.put_back(self._stream.unused_data)
                if self._rest.peek(len(self._magic)) != self._magic:
                    return b""
                self._streams += 1
                if self._streams > _MOST_STREAMS:
                    raise ValueError("it has too many parts")
                self._stream = _decompressor(self._magic)
            packed = self._next_packed()
            content: bytes = self._stream.decompress(packed, _PIECE_BYTES)
            self._unpacked += len(content)
            self.allowance.spend(0, len(content))
            most = max(_ALWAYS_UNPACKED_BYTES, self._packed * INITRAMFS_RATIO)
            if self._unpacked > most:
                raise ValueError(f"it expands more than {INITRAMFS_RATIO}-fold")
            if content:
                return content
            if not packed and not self._stream.eof:
                raise EOFError("it ends too early")

    def _next_packed(self) -> bytes:
        """The input for the next piece: the rest of the last one, or more of the file."""
        tail = getattr(self._stream, "unconsumed_tail", b"")
        if tail or not getattr(self._stream, "needs_input", True):
            return bytes(tail)
        packed = self._rest.some(_PIECE_BYTES)
        self._packed += len(packed)
        return packed


def _decompressor(magic: bytes) -> Any:
    if magic.startswith(_GZIP):
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    if magic.startswith(_BZIP2):
        return bz2.BZ2Decompressor()
    return lzma.LZMADecompressor(memlimit=DECOMPRESSOR_BYTES)


_GZIP, _BZIP2 = b"\x1f\x8b", b"BZh"
_COMPRESSIONS = (_GZIP, _BZIP2, b"\xfd7zXZ", b"\x5d\0\0")


class _Reader:
    """Reads pieces from front to end, as many bytes as are asked for."""

    def __init__(self, source: Any) -> None:
        self.allowance: Allowance = source.allowance
        self._source = source
        self._held = b""
        self._at = 0

    def some(self, count: int) -> bytes:
        """The next `count` bytes, at most a piece, or fewer at the end. Raises ValueError."""
        while len(self._held) - self._at < count:
            piece = self._source.piece()
            if not piece:
                break
            self._held, self._at = self._held[self._at :] + piece, 0
        taken = self._held[self._at : self._at + count]
        self._at += len(taken)
        return taken

    def peek(self, count: int) -> bytes:
        taken = self.some(count)
        self.put_back(taken)
        return taken

    def put_back(self, content: bytes) -> None:
        self._held, self._at = content + self._held[self._at :], 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes. Raises EOFError if the file ends before."""
        taken = self.some(count)
        if len(taken) < count:
            raise EOFError("it ends too early")
        return taken

    def skip(self, count: int) -> None:
        for begun in range(0, count, _PIECE_BYTES):
            self.take(min(_PIECE_BYTES, count - begun))


def _search(reader: _Reader, wanted: FrozenSet[str], found: Set[str], *, depth: int = 0) -> str:
    """Search the archives; the result is the problem that ended the search, empty if none did."""
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
        kind = next((known for known in _COMPRESSIONS if magic.startswith(known)), b"")
        if depth or not kind:
            return "its format is not known"
        reader.put_back(magic)
        return _search(_Reader(_Unpacked(kind, reader)), wanted, found, depth=depth + 1)
    return ""


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

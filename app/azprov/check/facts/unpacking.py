"""Unpacks the compressed parts of an initramfs, with bounds for time and memory.

Where the standard library cannot, a program of this machine does. It runs without a shell,
with the rest of the open file as its input.
"""

import bz2
import importlib
import lzma
import os
import resource
import shutil
import subprocess
import zlib
from typing import Any, BinaryIO, Sequence, Tuple, Type

from ...formats.bounds import (
    DECOMPRESSOR_BYTES,
    INITRAMFS_BYTES,
    INITRAMFS_RATIO,
    INITRAMFS_UNPACKED_BYTES,
    UNPACKER_BYTES,
    UNPACKER_S,
)

PIECE_BYTES = 1 << 16
_MOST_STREAMS = 100
# A small initramfs may well expand more.
_ALWAYS_UNPACKED_BYTES = 1 << 24
# The window of `zstd -19` has 8 MB; that of --ultra -22 has 128 MB.
_ZSTD_WINDOW_BITS = DECOMPRESSOR_BYTES.bit_length() - 1

_GZIP, _BZIP2, _ZSTD = b"\x1f\x8b", b"BZh", b"\x28\xb5\x2f\xfd"
_IN_EVERY_PYTHON = (_GZIP, _BZIP2, b"\xfd7zXZ", b"\x5d\0\0")
_BY_PROGRAM = (
    (_ZSTD, "zstd"),
    (b"\x02\x21\x4c\x18", "lz4"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"\x89LZO", "lzop"),
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


class FileBytes:
    """The bytes of an open file from its position on, at most `size`."""

    def __init__(self, file: BinaryIO, allowance: Allowance, size: int) -> None:
        self.file = file
        self.allowance = allowance
        self._left = size

    def piece(self) -> bytes:
        """The next bytes, none at the end. Raises ValueError above the allowance."""
        content = self.file.read(min(PIECE_BYTES, self._left))
        self._left -= len(content)
        self.allowance.spend(len(content), 0)
        return content

    def rewind(self, count: int) -> int:
        """Go back by the last bytes of a piece; returns how many bytes follow."""
        self._left += count
        self.file.seek(-count, os.SEEK_CUR)
        return self._left


class Reader:
    """Reads pieces from front to end, as many bytes as are asked for."""

    def __init__(self, source: Any) -> None:
        self.source = source
        self.allowance: Allowance = source.allowance
        self._held = b""
        self._at = 0

    def some(self, count: int) -> bytes:
        """The next `count` bytes, at most a piece, or fewer at the end. Raises ValueError."""
        while len(self._held) - self._at < count:
            piece = self.source.piece()
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
        for begun in range(0, count, PIECE_BYTES):
            self.take(min(PIECE_BYTES, count - begun))

    def rewind(self) -> int:
        """Leave the rest to another reader of the same file; returns how many bytes follow."""
        left: int = self.source.rewind(len(self._held) - self._at)
        return left


def unpacked(magic: bytes, rest: Reader, folders: Sequence[str]) -> Tuple[Any, str]:
    """The content of a compressed part as a source for a Reader, or why it cannot be read.

    `rest` begins with the part, and `magic` is its first bytes. A program is looked for in the
    folders. Without a source and a reason, the part is not compressed.
    """
    kind = next((known for known in _IN_EVERY_PYTHON if magic.startswith(known)), b"")
    if not kind and magic.startswith(_ZSTD) and _zstd() is not None:
        kind = _ZSTD
    if kind:
        return _Unpacked(kind, rest), ""
    name = next((name for known, name in _BY_PROGRAM if magic.startswith(known)), "")
    if not name:
        return None, ""
    program = shutil.which(name, path=os.pathsep.join(folders))
    if program is None:
        return None, f"it is compressed with {name}"
    return _ByProgram(program, rest), ""


def errors() -> Tuple[Type[Exception], ...]:
    """What a damaged part raises."""
    zstd = _zstd()
    others: Tuple[Type[Exception], ...] = () if zstd is None else (zstd.ZstdError,)
    return (OSError, EOFError, ValueError, MemoryError, zlib.error, lzma.LZMAError, *others)


def _zstd() -> Any:
    """The module of Python 3.14 and newer, or None."""
    try:
        return importlib.import_module("compression.zstd")
    except ImportError:
        return None


class _Unpacked:
    """The unpacked bytes of one compressed stream, or of several that follow each other."""

    def __init__(self, magic: bytes, rest: Reader) -> None:
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
            content: bytes = self._stream.decompress(packed, PIECE_BYTES)
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
        packed = self._rest.some(PIECE_BYTES)
        self._packed += len(packed)
        return packed

    def close(self) -> None:
        """Nothing is open."""


def _decompressor(magic: bytes) -> Any:
    if magic.startswith(_GZIP):
        return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    if magic.startswith(_BZIP2):
        return bz2.BZ2Decompressor()
    if magic.startswith(_ZSTD):
        zstd = _zstd()
        limit = {zstd.DecompressionParameter.window_log_max: _ZSTD_WINDOW_BITS}
        return zstd.ZstdDecompressor(options=limit)
    return lzma.LZMADecompressor(memlimit=DECOMPRESSOR_BYTES)


class _ByProgram:
    """What a program writes that unpacks the rest of a file."""

    def __init__(self, program: str, rest: Reader) -> None:
        packed = rest.rewind()
        self.allowance = rest.allowance
        self.allowance.spend(packed, 0)
        self._program = program
        self._most = max(_ALWAYS_UNPACKED_BYTES, packed * INITRAMFS_RATIO)
        self._unpacked = 0
        file = rest.source.file
        # The program continues where Python's buffer ends for the reader.
        os.lseek(file.fileno(), file.tell(), os.SEEK_SET)
        self._process = subprocess.Popen(
            [program, "-dcq"],
            env={"LC_ALL": "C"},
            stdin=file.fileno(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            # No thread can be running: azprov starts none.
            preexec_fn=_limit,  # noqa: PLW1509 - see above
        )
        self._output: Any = self._process.stdout

    def piece(self) -> bytes:
        """The next bytes, none at the end. Raises ValueError above the allowance."""
        content: bytes = self._output.read(PIECE_BYTES)
        # What follows the part in the file is an error to the program; a reader notices an
        # archive that ends too early.
        if not content and self._process.wait() and not self._unpacked:
            raise ValueError(f"{self._program} cannot unpack it")
        self._unpacked += len(content)
        self.allowance.spend(0, len(content))
        if self._unpacked > self._most:
            raise ValueError(f"it expands more than {INITRAMFS_RATIO}-fold")
        return content

    def close(self) -> None:
        """End the program."""
        self._process.kill()
        self._process.communicate()


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (UNPACKER_S, UNPACKER_S))
    resource.setrlimit(resource.RLIMIT_AS, (UNPACKER_BYTES, UNPACKER_BYTES))

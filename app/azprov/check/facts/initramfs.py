"""Which kernel modules are in an initramfs.

An initramfs is a series of cpio archives, of which the last one may be compressed. A unified
kernel has it in a section.

Source: https://www.kernel.org/doc/html/latest/driver-api/early-userspace/buffer-format.html,
read 2026-11-22.
"""

import os
from typing import FrozenSet, NamedTuple, Optional, Sequence, Set

from ...errors import HostError
from ...formats.host.portable_executable import HEADER_BYTES, parse_program
from ...formats.text import printable
from ...system.root import Root
from .unpacking import Allowance, FileBytes, Reader, errors, unpacked

_MOST_ENTRIES = 200_000
_MOST_PADDING_BYTES = 1 << 20
_LONGEST_NAME_BYTES = 4096
_HEADER_BYTES = 110
_CPIO = (b"070701", b"070702")
_END = b"TRAILER!!!"
#: The problem with a unified kernel that has no initramfs.
NO_INITRD = "it is a kernel without an initramfs"


class Search(NamedTuple):
    """The wanted modules that were found, and why there may be more; empty if all was read."""

    found: FrozenSet[str]
    problem: str


def find_modules(
    root: Root,
    path: str,
    wanted: FrozenSet[str],
    allowance: Optional[Allowance] = None,
    *,
    folders: Sequence[str] = (),
) -> Search:
    """Search for modules until all are found, with one allowance for all files of an image.

    A name has underscores, and no ".ko" or suffix of a compression. The folders may have programs
    that unpack what Python cannot.
    """
    found: Set[str] = set()
    try:
        file = root.open_file(path)
        if file is None:
            return Search(frozenset(), "it does not exist")
        with file:
            start, size = 0, os.fstat(file.fileno()).st_size
            head = file.read(HEADER_BYTES)
            if head.startswith(b"MZ"):
                program = parse_program(head)
                sections = program.sections if program is not None else []
                initrd = next((one for one in sections if one.name == ".initrd"), None)
                if initrd is None:
                    return Search(frozenset(), NO_INITRD)
                start, size = initrd.offset, initrd.size
            file.seek(start)
            source = FileBytes(file, allowance or Allowance(), size)
            problem = _search(Reader(source), wanted, found, folders)
    except HostError as error:
        problem = error.summary
    except errors() as error:
        problem = f"it is damaged: {printable(str(error), 60)}"
    return Search(frozenset(found), problem)


def _search(
    reader: Reader,
    wanted: FrozenSet[str],
    found: Set[str],
    folders: Sequence[str],
    *,
    depth: int = 0,
) -> str:
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
        reader.put_back(magic)
        content, reason = (None, "") if depth else unpacked(magic, reader, folders)
        if content is None:
            return reason or "its format is not known"
        try:
            return _search(Reader(content), wanted, found, folders, depth=depth + 1)
        finally:
            content.close()
    return ""


def _search_cpio(reader: Reader, wanted: FrozenSet[str], found: Set[str]) -> None:
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

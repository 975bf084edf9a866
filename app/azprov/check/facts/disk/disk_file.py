"""A file that holds a disk, and how its bytes are read."""

import os
from typing import BinaryIO, NamedTuple, Optional

from ....formats.disk.container import (
    FIXED_VHD,
    FOOTER_BYTES,
    HEAD_BYTES,
    RAW,
    Footer,
    container_of,
    parse_footer,
)
from ....formats.text import printable, shell_word
from ....system.root.file_errors import file_error
from ....system.root.opening import open_given_file


class DiskFile(NamedTuple):
    """An open file. `size` is that of the disk in bytes, without the footer of a VHD.

    `program` is the command that started azprov, for fixes that run it again.
    """

    path: str
    file: BinaryIO
    container: str
    size: int
    footer: Optional[Footer]
    program: str

    @property
    def shown(self) -> str:
        return printable(self.path)

    @property
    def is_readable(self) -> bool:
        """Whether the file has the bytes of the disk in their order."""
        return self.container in (RAW, FIXED_VHD)

    def read(self, offset: int, count: int) -> bytes:
        """The bytes of the disk from an offset; fewer at its end. Raises HostError."""
        count = min(count, self.size - offset)
        if count <= 0:
            return b""
        return _read(self.file, self.path, offset, count)


def open_disk(path: str, program: str = "python3 azprov.pyz") -> DiskFile:
    """Open a disk file, for reading only. Raises HostError."""
    file = open_given_file(path)
    size = os.fstat(file.fileno()).st_size
    head = _read(file, path, 0, HEAD_BYTES)
    end = _read(file, path, max(0, size - FOOTER_BYTES), FOOTER_BYTES)
    container = container_of(head, end)
    if container != FIXED_VHD:
        return DiskFile(path, file, container, size, None, program)
    footer = parse_footer(end)
    return DiskFile(path, file, container, size - FOOTER_BYTES, footer, program)


def file_argument(path: str) -> str:
    """A path as a word of a shell command that is no option.

    QEMU takes a path such as nbd:x for an address.
    """
    try:
        return shell_word(path if path.startswith("/") else f"./{path}")
    except ValueError:
        return "FILE"


def _read(file: BinaryIO, path: str, offset: int, count: int) -> bytes:
    try:
        return os.pread(file.fileno(), count, offset)
    except OSError as error:
        raise file_error(f"could not read {printable(path)}", error, is_as_user=False) from error

"""A qcow2 file that needs another file is recognized by its header."""

import struct

import pytest

from azprov.formats.disk.container import needs_other_file


def header(*, version: int = 3, backing: int = 0, features: int = 0) -> bytes:
    """The first 512 bytes of a qcow2 file, as QEMU's docs/interop/qcow2.txt describes them."""
    start = struct.pack(">4sIQ", b"QFI\xfb", version, backing)
    return (start.ljust(72, b"\0") + struct.pack(">Q", features)).ljust(512, b"\0")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (header(), False),
        (header(backing=0x1A8), True),
        (header(features=0b100), True),
        (header(features=0b011), False),
        (header(version=2, features=0b100), False),  # version 2 has no features
        (header(version=2, backing=0x68), True),
    ],
)
def test_a_backing_or_data_file_is_another_file(head: bytes, expected: bool) -> None:
    """A backing file and an external data file hold a part of the disk."""
    assert needs_other_file(head) is expected

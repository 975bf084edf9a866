"""The formats of disk files: raw, the VHDs of Hyper-V, and those of other hypervisors.

Sources: Microsoft's Virtual Hard Disk Image Format Specification of 2006, [MS-VHDX], and QEMU's
docs/interop/qcow2.txt; read 2026-11-27.
"""

import struct
from typing import NamedTuple

#: The beginning and the end of a file that these functions need.
HEAD_BYTES = 512
FOOTER_BYTES = 512

RAW = "raw disk"
FIXED_VHD = "fixed VHD"
DYNAMIC_VHD = "dynamic VHD"
VHDX = "VHDX"
QCOW2 = "qcow2 file"
VMDK = "VMDK"
VDI = "VDI"
COMPRESSED = "compressed file"

_COOKIE = b"conectix"
_MARKS = (
    (0, b"vhdxfile", VHDX),
    (0, b"QFI\xfb", QCOW2),
    (0, b"KDMV", VMDK),
    (0, b"# Disk DescriptorFile", VMDK),
    (64, b"\x7f\x10\xda\xbe", VDI),
    (0, b"\x1f\x8b", COMPRESSED),
    (0, b"BZh", COMPRESSED),
    (0, b"\xfd7zXZ\0", COMPRESSED),
    (0, b"\x28\xb5\x2f\xfd", COMPRESSED),
    (0, b"PK\3\4", COMPRESSED),
    # A dynamic VHD begins with a copy of its footer.
    (0, _COOKIE, DYNAMIC_VHD),
)
# The current size, the type of the disk and the checksum, by their places in the footer.
_SIZE, _TYPE_AND_CHECKSUM = (struct.Struct(">Q"), 48), (struct.Struct(">II"), 60)
_CHECKSUM_AT = slice(64, 68)
_FIXED = 2
# In a qcow2 file: where the name of its backing file is, and the features that a reader must know.
_BACKING, _FEATURES = (struct.Struct(">Q"), 8), (struct.Struct(">Q"), 72)
_VERSION = (struct.Struct(">I"), 4)
_EXTERNAL_DATA = 0x4


class Footer(NamedTuple):
    """The footer of a VHD: the size of the disk in bytes, and whether the checksum is right."""

    size: int
    is_intact: bool


def container_of(head: bytes, end: bytes) -> str:
    """The format of a file by its first and its last bytes."""
    for place, mark, name in _MARKS:
        if head.startswith(mark, place):
            return name
    if not end.startswith(_COOKIE) or len(end) < FOOTER_BYTES:
        return RAW
    kind, _ = _TYPE_AND_CHECKSUM[0].unpack_from(end, _TYPE_AND_CHECKSUM[1])
    return FIXED_VHD if kind == _FIXED else DYNAMIC_VHD


def needs_other_file(head: bytes) -> bool:
    """Whether a qcow2 file, by its first HEAD_BYTES, has a part of the disk in another file."""
    (backing,) = _BACKING[0].unpack_from(head, _BACKING[1])
    (version,) = _VERSION[0].unpack_from(head, _VERSION[1])
    (features,) = _FEATURES[0].unpack_from(head, _FEATURES[1])
    return bool(backing) or (version >= 3 and bool(features & _EXTERNAL_DATA))


def parse_footer(footer: bytes) -> Footer:
    """The footer of a fixed VHD, which has FOOTER_BYTES."""
    (size,) = _SIZE[0].unpack_from(footer, _SIZE[1])
    _, checksum = _TYPE_AND_CHECKSUM[0].unpack_from(footer, _TYPE_AND_CHECKSUM[1])
    total = sum(footer) - sum(footer[_CHECKSUM_AT])
    return Footer(size, checksum == ~total & 0xFFFFFFFF)

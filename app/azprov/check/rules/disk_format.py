"""Whether Azure accepts a disk file: its format, its footer and its size.

Source: https://learn.microsoft.com/azure/virtual-machines/linux/create-upload-generic, read
2026-11-27.
"""

from typing import Iterator

from ...formats.disk import container
from ..facts.disk.disk_file import DiskFile, file_argument
from ..facts.disk.partitions import GPT, read_table
from ..finding import ERROR, NOTE, DiskCheck, Finding, Rule

_MIB = 1 << 20
_QEMU_NAMES = {
    container.RAW: "raw",
    container.DYNAMIC_VHD: "vpc",
    container.VHDX: "vhdx",
    container.QCOW2: "qcow2",
    container.VMDK: "vmdk",
    container.VDI: "vdi",
}
_ACCEPTED = "Azure accepts only fixed VHDs"

DISK_FORMAT = Rule(
    "disk-format",
    ERROR,
    "the file is not a fixed VHD, and Azure accepts nothing else",
    "convert it with qemu-img convert -O vpc -o subformat=fixed,force_size",
)
VHD_FOOTER = Rule(
    "vhd-footer",
    ERROR,
    "the footer of the VHD is damaged or does not fit the file, so Azure refuses it",
    "convert the disk again",
)
DISK_SIZE = Rule(
    "disk-size",
    ERROR,
    "the size of the disk is not a whole number of MiB, so Azure refuses it",
    "enlarge the raw disk to a whole number of MiB, and convert it with force_size",
)


def check_format(disk: DiskFile) -> Iterator[Finding]:
    """Find a wrong format. A raw disk is only a note, because one command converts it."""
    kind = disk.container
    if kind == container.FIXED_VHD or not has_table(disk):
        return
    if kind == container.COMPRESSED:
        yield DISK_FORMAT.found(
            f"{disk.shown} is a compressed file, and {_ACCEPTED}",
            "unpack it, and check the unpacked file",
        )
    elif _lacks_footer(disk):
        yield DISK_FORMAT.found(
            f"{disk.shown} has no footer of a VHD, so it was cut short or is a raw disk, and "
            f"{_ACCEPTED}",
            f"copy it again if it was cut short, or run {convert_to_vhd(disk, 'raw')} if it is raw",
        )
    elif kind == container.RAW:
        yield DISK_FORMAT.found(
            f"{disk.shown} is a raw disk, and {_ACCEPTED}",
            convert_to_vhd(disk, "raw"),
            severity=NOTE,
        )
    else:
        article = "a" if kind in (container.DYNAMIC_VHD, container.QCOW2) else "of the format"
        yield DISK_FORMAT.found(
            f"{disk.shown} is {article} {kind}, and {_ACCEPTED}; its content was not checked",
            f"run {convert_to_vhd(disk, _QEMU_NAMES[kind])}, and check the new file",
        )


def check_footer(disk: DiskFile) -> Iterator[Finding]:
    footer = disk.footer
    if footer is None:
        return
    if not footer.is_intact:
        reason = "has a wrong checksum"
    elif footer.size != disk.size:
        reason = f"says that the disk has {footer.size} bytes, but the file has {disk.size} of them"
    else:
        return
    yield VHD_FOOTER.found(
        f"the footer of {disk.shown} {reason}, so Azure refuses the file",
        "convert the disk again with qemu-img convert -O vpc -o subformat=fixed,force_size",
    )


def check_size(disk: DiskFile) -> Iterator[Finding]:
    if disk.size % _MIB == 0 or _lacks_footer(disk) or not disk.is_readable:
        return
    if not has_table(disk):
        return
    what = f"the disk in {disk.shown} has {disk.size} bytes, which is not a whole number of MiB"
    if disk.container == container.RAW:
        fix = f"truncate --size=%1MiB {file_argument(disk.path)}"
    else:
        fix = enlarge_vhd(disk)
    yield DISK_SIZE.found(f"{what}, so Azure refuses it", fix)


def enlarge_vhd(disk: DiskFile) -> str:
    """The commands that make a VHD of whole MiB from one of another size."""
    raw = file_argument(f"{_stem(disk.path)}.raw")
    steps = [
        f"qemu-img convert -f vpc -O raw {file_argument(disk.path)} {raw}",
        f"truncate --size=%1MiB {raw}",
    ]
    if read_table(disk).kind == GPT:
        steps.append(f"sfdisk --relocate gpt-bak-std {raw}")
    target = file_argument(f"{_stem(disk.path)}-fixed.vhd")
    steps.append(f"qemu-img convert -f raw -O vpc -o subformat=fixed,force_size {raw} {target}")
    return " && ".join(steps)


def has_table(disk: DiskFile) -> bool:
    """Whether a file has a partition table, or a format in which it could have one."""
    return not disk.is_readable or bool(read_table(disk).kind)


def may_be_changed(disk: DiskFile) -> bool:
    """Whether tools for raw disks may change the file; the footer of a VHD is not for them."""
    return disk.container == container.RAW and not _lacks_footer(disk)


def _lacks_footer(disk: DiskFile) -> bool:
    return disk.container == container.RAW and disk.path.lower().endswith(".vhd")


def convert_to_vhd(disk: DiskFile, name: str) -> str:
    stem = _stem(disk.path)
    target = f"{stem}.vhd" if f"{stem}.vhd" != disk.path else f"{stem}-fixed.vhd"
    return (
        f"qemu-img convert -f {name} -O vpc -o subformat=fixed,force_size "
        f"{file_argument(disk.path)} {file_argument(target)}"
    )


def _stem(path: str) -> str:
    """The path without the ending of a disk file."""
    for suffix in (".raw", ".img", ".vhd", ".vhdx", ".qcow2", ".vmdk", ".vdi"):
        if path.lower().endswith(suffix) and len(path) > len(suffix):
            return path[: -len(suffix)]
    return path


CHECKS = (
    DiskCheck(check_format, (DISK_FORMAT,)),
    DiskCheck(check_footer, (VHD_FOOTER,)),
    DiskCheck(check_size, (DISK_SIZE,)),
)

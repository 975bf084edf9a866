"""The EFI system partition, if the tree has its files: what the firmware starts by default.

Source: UEFI 2.10, section 3.5.1.1, read 2026-11-27: without a boot entry of its own, as for a new
VM, the firmware starts EFI/BOOT/BOOTX64.EFI.
"""

from typing import Iterator, List, NamedTuple, Tuple

from ...formats.host.portable_executable import HEADER_BYTES, parse_program
from ...formats.host.shim import SHIM_BYTES, is_csv, missing_loader
from .architecture import ARM, X86, architecture
from .boot_loader import efi_folders
from .files import read_once
from .image import Image

_SUFFIXES = {X86: ("x64",), ARM: ("aa64",), "": ("x64", "aa64")}
#: The programs of a BIOS boot loader, with which a VM of generation 1 starts.
_BIOS = (
    "/boot/grub/i386-pc/core.img",
    "/boot/grub2/i386-pc/core.img",
    "/boot/extlinux/ldlinux.sys",
    "/boot/syslinux/ldlinux.sys",
    "/boot/ldlinux.sys",
)


class Esp(NamedTuple):
    """The paths of the programs on EFI system partitions, and of those that firmware starts.

    `suffix` is the end of their names for the architecture of the image.
    """

    programs: List[str]
    started: List[str]
    suffix: str

    @property
    def loaders(self) -> List[str]:
        """What the firmware starts, or may start, and what a shim beside it starts."""
        names = ("boot", "shim", "grub", "systemd-boot")
        folders = {path.rpartition("/")[0] for path in self.started or self.programs}
        return [
            path
            for path in self.programs
            if path.rpartition("/")[0] in folders
            and path.rpartition("/")[2].lower().startswith(names)
            and path.lower().endswith(f"{self.suffix}.efi")
        ]


@read_once
def read_esp(image: Image) -> Esp:
    """The programs are empty if the image has none, such as if the partition is not mounted."""
    suffixes = _SUFFIXES[architecture(image)]
    programs = [
        path
        for folder in efi_folders(image)
        for path in image.matching(folder)
        if path.upper().endswith(".EFI")
    ]
    names = [f"/BOOT/BOOT{suffix.upper()}.EFI" for suffix in suffixes]
    started = [path for path in programs if path.upper().endswith(tuple(names))]
    if all(path.upper().startswith("/BOOT/EFI/LINUX/") for path in programs):
        # Unified kernels may also be on an extended boot partition at /boot.
        programs = []
    suffix = next(
        (one for one in suffixes for path in programs if path.lower().endswith(f"{one}.efi")),
        suffixes[0],
    )
    return Esp(programs, started, suffix)


def missing_beside_shim(image: Image) -> Iterator[Tuple[str, str]]:
    """The path of each shim that the firmware starts, and the name of a file that it misses."""
    for path in read_esp(image).started:
        folder = path.rpartition("/")[0]
        efi = folder.rpartition("/")[0]
        others = [one for one in image.matching(efi) if one != folder]
        has_csv = any(is_csv(name) for one in others for name in image.names(one))
        missing = missing_loader(image.head(path, SHIM_BYTES), image.names(folder), has_csv=has_csv)
        if missing:
            yield path, missing


def starts_with_bios(image: Image) -> bool:
    return image.is_there(*_BIOS)


def unsigned_programs(image: Image, paths: List[str]) -> List[str]:
    """Those of the files that are programs for UEFI firmware without a certificate."""
    found = []
    for path in paths:
        program = parse_program(image.head(path, HEADER_BYTES))
        if program is not None and not program.is_signed:
            found.append(path)
    return found

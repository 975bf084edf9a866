"""The boot loaders that the firmware of a new VM finds on a disk.

Source: UEFI 2.10, section 3.5.1.1, read 2026-11-27: without a boot entry of its own, as for a
new VM, the firmware starts EFI/BOOT/BOOTX64.EFI from any EFI system partition.
"""

from functools import lru_cache
from typing import List, NamedTuple

from ....formats.disk.fat import Entry
from ....formats.disk.partition_table import ESP_TYPES
from ....formats.host.portable_executable import AARCH64, HEADER_BYTES, X86_64, parse_program
from ....formats.host.shim import SHIM_BYTES, is_csv, missing_loader
from .disk_file import DiskFile
from .fat_files import FatFiles, find
from .partitions import read_table

# A disk has one or two, and a table has room for thousands that are at the same place.
_MOST_ESPS = 8
LOADERS = {"BOOTX64.EFI": X86_64, "BOOTAA64.EFI": AARCH64}


class Loader(NamedTuple):
    """A file in EFI/BOOT by its name. `fits` is whether it is a program for that architecture.

    `missing` is the file that it does not find if it is a shim, or empty.
    """

    name: str
    fits: bool
    is_signed: bool
    missing: str


class Esp(NamedTuple):
    """An EFI system partition; `fault` is why its files could not be read, or empty."""

    number: int
    loaders: List[Loader]
    fault: str


@lru_cache(maxsize=1)
def read_esps(disk: DiskFile) -> List[Esp]:
    """The EFI system partitions of an open disk file, read once. Raises HostError."""
    found: List[Esp] = []
    for partition in read_table(disk).partitions:
        if partition.type in ESP_TYPES:
            loaders: List[Loader] = []
            fault = f"{_MOST_ESPS} others are before it on the disk"
            if len(found) < _MOST_ESPS:
                try:
                    loaders, fault = _loaders(FatFiles(disk, partition)), ""
                except ValueError as error:
                    fault = str(error)
            found.append(Esp(partition.number, loaders, fault))
    return found


def _loaders(files: FatFiles) -> List[Loader]:
    entries = files.folder("EFI", "BOOT")
    found = []
    for name, machine in LOADERS.items():
        entry = find(entries, name)
        if entry is not None and not entry.is_folder:
            program = parse_program(files.head(entry, HEADER_BYTES))
            fits = program is not None and program.machine == machine
            missing = _missing(files, entry, entries) if fits else ""
            found.append(Loader(name, fits, program is not None and program.is_signed, missing))
    return found


def _missing(files: FatFiles, shim: Entry, beside: List[Entry]) -> str:
    folders = [one.name for one in files.folder("EFI") if one.is_folder]
    others = [name.upper() for name in folders if name.upper() not in ("BOOT", ".", "..")]
    has_csv = any(is_csv(one.name) for name in others for one in files.folder("EFI", name))
    names = [one.name for one in beside]
    return missing_loader(files.head(shim, SHIM_BYTES), names, has_csv=has_csv)

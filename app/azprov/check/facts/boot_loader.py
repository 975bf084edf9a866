"""The boot loader configurations of an image, and the kernels that they start.

Sources: GRUB's manual, SYSLINUX's page on its configuration, and
https://uapi-group.org/specifications/specs/boot_loader_specification, read 2026-11-26.
"""

import re
from typing import List, NamedTuple, Tuple

from ...formats.host.config_syntax import uncommented
from .files import Files, read_once
from .kernels import installed_kernels

#: Where partitions for boot loaders are mounted; a boot loader may also read the root itself.
PARTITIONS = ("/boot", "/efi", "/boot/efi")
GRUB_FILES = ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg")
_FILES = (
    *GRUB_FILES,
    "/boot/grub2/grubenv",
    # The variables of the menus of Photon and Azure Linux.
    "/boot/photon.cfg",
    "/boot/mariner.cfg",
    "/boot/systemd.cfg",
    "/boot/extlinux/extlinux.conf",
    "/boot/extlinux.conf",
    "/extlinux.conf",
    "/boot/syslinux/syslinux.cfg",
    "/boot/syslinux.cfg",
    "/syslinux.cfg",
)
_ENTRY_STARTS = ("menuentry", "label")
_KERNELS = ("linux", "linux16", "linuxefi", "kernel")
_INITRDS = ("initrd", "initrd16", "initrdefi")
# The commands of an entry that starts something other than a Linux kernel.
_OTHER_COMMANDS = ("chainloader", "multiboot", "multiboot2", "configfile", "blscfg")
# Programs that are started like a kernel.
_NO_KERNEL = re.compile(r"memtest|memdisk|ipxe|netboot|\.(c32|com|bss|bin|0)\Z")
_DEFAULT = re.compile(r"^[ \t]*(?:set[ \t]+)?(?:default|fallback)=[\"']?([^\"'\s]*)", re.MULTILINE)
# The values that grub-mkconfig writes if the first entry is the default.
_FIRST_ENTRY = ("0", "${next_entry}")


class Entry(NamedTuple):
    """An entry of a boot menu: its file, and the paths in it as they are written.

    `kernel` is empty if the entry starts something other than a Linux kernel.
    """

    path: str
    kernel: str
    initrds: Tuple[str, ...]


class Configuration(NamedTuple):
    """The entries of one boot loader, and whether it always starts the first one."""

    entries: List[Entry]
    starts_first: bool


@read_once
def configuration_files(image: Files) -> List[str]:
    """The usual files whether they exist or not, and the files that an image has elsewhere."""
    return [*_files(image), *_entry_files(image)]


@read_once
def unified_kernels(image: Files) -> List[str]:
    """The images of a kernel, its initrd and its command line, installed or beside the modules."""
    folders = [path for path in efi_folders(image) if path.upper().endswith("/LINUX")]
    folders += [kernel.folder for kernel in installed_kernels(image)]
    return [path for folder in folders for path in image.matching(folder, ".efi")]


@read_once
def configurations(image: Files) -> List[Configuration]:
    """The configurations that start a Linux kernel."""
    found = []
    texts = {path: image.text(path) for path in _files(image)}
    for path, text in texts.items():
        is_grub = path.endswith("grub.cfg")
        starts_first = is_grub and all(value in _FIRST_ENTRY for value in _DEFAULT.findall(text))
        found.append(Configuration(_entries(path, text), starts_first))
    # systemd-boot always reads the files in loader/entries, GRUB only after a blscfg command.
    has_grub = any(texts[path] for path in GRUB_FILES)
    if (
        not has_grub
        or any("blscfg" in text for text in texts.values())
        or image.is_there(*[f"{partition}/loader/loader.conf" for partition in PARTITIONS])
    ):
        entries = [
            entry for path in _entry_files(image) for entry in _entries(path, image.text(path))
        ]
        found.append(Configuration(entries, starts_first=False))
    return [one for one in found if any(entry.kernel for entry in one.entries)]


def _files(image: Files) -> List[str]:
    """The files of GRUB and SYSLINUX, and those in the folders of distributions on the ESP."""
    others = [f"{folder}/grub.cfg" for folder in efi_folders(image)]
    return [*_FILES, *[path for path in others if image.is_there(path)]]


@read_once
def efi_folders(image: Files) -> List[str]:
    """The folders in EFI of each partition. FAT allows any case of letters in that name."""
    return [
        folder
        for partition in PARTITIONS
        for efi in image.matching(partition)
        # The partition at /boot/efi is not the folder EFI of the one at /boot.
        if efi.upper().endswith("/EFI") and not _named(image, efi, "EFI")
        for folder in image.matching(efi)
    ]


def _named(image: Files, folder: str, name: str) -> List[str]:
    return [path for path in image.matching(folder) if path.rpartition("/")[2].upper() == name]


def _entry_files(image: Files) -> List[str]:
    return [
        path
        for partition in PARTITIONS
        if "loader" in image.names(partition)
        for path in image.matching(f"{partition}/loader/entries", ".conf")
    ]


def _entries(path: str, text: str) -> List[Entry]:
    """The entries of a menu in their order. One parser serves the forms of all boot loaders."""
    entries = []
    kernel = ""
    initrds: List[str] = []
    is_begun = False
    for line in [*uncommented(text), "label end"]:
        word, *values = line.split()
        key = word.lower()
        if key in _ENTRY_STARTS or (is_begun and key in (*_KERNELS, *_OTHER_COMMANDS)):
            if is_begun:
                entries.append(Entry(path, kernel, tuple(initrds)))
            kernel, initrds, is_begun = "", [], False
        if key in _OTHER_COMMANDS:
            is_begun = True
        elif key in _KERNELS and values:
            kernel = "" if _NO_KERNEL.search(values[0]) else values[0]
            is_begun = True
        elif key in _INITRDS:
            initrds += " ".join(values).partition(" #")[0].replace(",", " ").split()
        elif key == "append":
            for value in re.findall(r"(?<!\S)initrd=(\S+)", line):
                initrds += value.split(",")
    return entries

"""The configurations of boot loaders that an image has, and the kernels that they start.

Sources: GRUB's manual, SYSLINUX's page on its configuration, and
https://uapi-group.org/specifications/specs/boot_loader_specification, read 2026-11-26.
"""

import re
from typing import List, NamedTuple, Tuple

from ...formats.host.config_syntax import parse_assignments, uncommented
from ..rules.kernel import kernels
from .image import Image

#: Where the partitions that a boot loader reads are mounted, beside the root itself.
PARTITIONS = ("/boot", "/efi", "/boot/efi")
GRUB_FILES = ("/boot/grub/grub.cfg", "/boot/grub2/grub.cfg")
_FILES = (
    *(*GRUB_FILES, "/boot/grub2/grubenv"),
    *("/boot/extlinux/extlinux.conf", "/boot/extlinux.conf", "/extlinux.conf"),
    *("/boot/syslinux/syslinux.cfg", "/boot/syslinux.cfg", "/syslinux.cfg"),
)
_COMMAND_LINES = ("/etc/kernel/cmdline", "/usr/lib/kernel/cmdline")

_KERNEL_LINE = re.compile(r"((linux|linux16|linuxefi|options|append)\b|kernelopts=)", re.IGNORECASE)
_BEGINS = ("menuentry", "label")
_KERNELS = ("linux", "linux16", "linuxefi", "kernel")
_INITRDS = ("initrd", "initrd16", "initrdefi")
# What an entry may start in place of a kernel, and what is started like one.
_OTHERS = ("chainloader", "multiboot", "multiboot2", "configfile", "blscfg")
_NO_KERNEL = re.compile(r"memtest|memdisk|ipxe|netboot|\.(c32|com|bss|bin|0)\Z")
_DEFAULT = re.compile(r"^\s*(?:set\s+)?(?:default|fallback)=[\"']?([^\"'\s]*)", re.MULTILINE)
# As grub-mkconfig writes it where the first entry is the one to be started.
_FIRST = ("0", "${next_entry}")


class Entry(NamedTuple):
    """What is started by a line of a menu, as the file says it; `kernel` is empty for the rest."""

    path: str
    kernel: str
    initrds: Tuple[str, ...]


class Configuration(NamedTuple):
    """The entries of one boot loader, and whether the first of them is the one to be started."""

    entries: List[Entry]
    starts_first: bool


def configuration_files(image: Image) -> List[str]:
    """The usual files, also where they are not there, and what else is there."""
    return [*_files(image), *_entry_files(image)]


def command_lines(image: Image) -> List[Tuple[str, str]]:
    """The kernel's command lines with their files: what boots, else what it is made from."""
    found = [
        (path, line)
        for path in configuration_files(image)
        for line in uncommented(image.text(path))
        if _KERNEL_LINE.match(line)
    ]
    # With Fedora's boot loader specification grub.cfg has only what leads to the entries.
    if found:
        return found
    for path in ["/etc/default/grub", *image.matching("/etc/default/grub.d", ".cfg")]:
        settings = parse_assignments(image.text(path))
        found += [
            (path, settings[name])
            for name in sorted(settings)
            if name.startswith("GRUB_CMDLINE_LINUX")
        ]
    return found + [
        (path, " ".join(uncommented(image.text(path))))
        for path in _COMMAND_LINES
        if image.is_there(path)
    ]


def update_grub(image: Image) -> str:
    """The command that writes grub.cfg anew."""
    update = "update-grub" if image.tool == "apt-get" else "grub2-mkconfig -o /boot/grub2/grub.cfg"
    if image.tool in ("pacman", "apk"):
        update = "grub-mkconfig -o /boot/grub/grub.cfg"
    return image.inside(update)


def _files(image: Image) -> List[str]:
    """The files of GRUB and SYSLINUX; those of a distribution's own folder if they are there."""
    own = [f"{folder}/grub.cfg" for folder in _efi_folders(image)]
    return [*_FILES, *[path for path in own if image.is_there(path)]]


def _efi_folders(image: Image) -> List[str]:
    """The folders in EFI of each partition, whose names FAT has in any case of letters."""
    return [
        folder
        for partition in PARTITIONS
        for efi in image.matching(partition)
        if efi.upper().endswith("/EFI")
        for folder in image.matching(efi)
    ]


def _entry_files(image: Image) -> List[str]:
    return [
        path
        for partition in PARTITIONS
        if "loader" in image.names(partition)
        for path in image.matching(f"{partition}/loader/entries", ".conf")
    ]


def unified_kernels(image: Image) -> List[str]:
    """Images of a kernel with its initrd and command line, on their partition or still to go."""
    folders = [path for path in _efi_folders(image) if path.upper().endswith("/LINUX")]
    folders += [kernel.folder for kernel in kernels(image)]
    return [path for folder in folders for path in image.matching(folder, ".efi")]


def configurations(image: Image) -> List[Configuration]:
    """Those that start a kernel."""
    found = []
    texts = {path: image.text(path) for path in _files(image)}
    for path, text in texts.items():
        is_grubs = path.endswith("grub.cfg")
        is_first = is_grubs and all(value in _FIRST for value in _DEFAULT.findall(text))
        found.append(Configuration(_entries(path, text), is_first))
    # GRUB reads the entries where it is told to, systemd-boot always.
    has_grub = any(texts[path] for path in GRUB_FILES)
    if (
        not has_grub
        or any("blscfg" in text for text in texts.values())
        or image.is_there(*[f"{partition}/loader/loader.conf" for partition in PARTITIONS])
    ):
        entries = [
            entry for path in _entry_files(image) for entry in _entries(path, image.text(path))
        ]
        found.append(Configuration(entries, False))
    return [one for one in found if any(entry.kernel for entry in one.entries)]


def _entries(path: str, text: str) -> List[Entry]:
    """What a menu starts, in its order; the forms of all boot loaders are near enough."""
    entries = []
    kernel = ""
    initrds: List[str] = []
    is_begun = False
    for line in [*uncommented(text), "label end"]:
        word, *values = line.split()
        key = word.lower()
        if key in _BEGINS or (is_begun and key in (*_KERNELS, *_OTHERS)):
            if is_begun:
                entries.append(Entry(path, kernel, tuple(initrds)))
            kernel, initrds, is_begun = "", [], False
        if key in _OTHERS:
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

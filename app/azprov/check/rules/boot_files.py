"""Whether what starts the kernel finds it, and its initrd, and whether anything starts it.

Rule of this file: a path counts as there wherever a boot loader may take it to lie, in a
partition of its own or below a subvolume, and so does one with a variable or a device in it.
"""

import os
import re
import shlex
from typing import Iterator, List, Optional, Tuple, Union

from ..facts.boot_loader import (
    GRUB_FILES,
    PARTITIONS,
    Configuration,
    Entry,
    configuration_files,
    configurations,
    unified_kernels,
    update_grub,
)
from ..facts.image import Image
from ..finding import ERROR, NOTE, WARNING, Finding
from .kernel import kernels, rebuild_initramfs

# Of limine and rEFInd, which are known to be there and not read.
_UNREAD_FILES = (
    *("/boot/limine.conf", "/boot/limine/limine.conf", "/limine.conf", "/boot/limine.cfg"),
    *("/boot/refind_linux.conf", "/boot/EFI/refind/refind.conf", "/efi/EFI/refind/refind.conf"),
    *("/boot/efi/EFI/refind/refind.conf", "/boot/efi/EFI/limine/limine.conf"),
)
_GRUB_MAKERS = [
    f"{folder}/{name}"
    for folder in ("/usr/sbin", "/usr/bin", "/sbin")
    for name in ("grub-mkconfig", "grub2-mkconfig")
]
_KERNEL_FILES = ("vmlinuz", "vmlinux", "bzImage", "zImage", "Image", "kernel-")
# A path without variables, devices, patterns and quotes.
_PLAIN = re.compile(r"[A-Za-z0-9/._][A-Za-z0-9/._+~@=-]*\Z")


def check_boot_files(image: Image) -> Iterator[Finding]:
    """A boot loader that does not find a file goes on without it, or not at all."""
    found = [_missing(image, one) for one in configurations(image)]
    # By another boot loader, which may be that of the other generation of VMs.
    boots = None in found or bool(unified_kernels(image))
    for missing in found:
        if missing is None:
            continue
        entry, path = missing
        what = "initrd"
        cost = "the kernel finds no root"
        if path == entry.kernel:
            what, cost = "kernel", "nothing starts"
        cost += " by it" if boots else " and the deployment fails after 40 minutes"
        yield Finding(
            "boot-file-missing",
            WARNING if boots else ERROR,
            f"{image.shown(entry.path)} starts the {what} {path}, which is not there, so {cost}",
            _mend(image, entry, path),
        )


def check_boot_loader(image: Image) -> Iterator[Finding]:
    """A machine that runs was started by something; an image may be all that there is yet."""
    has_file = _has_kernel_file(image)
    if image.root.is_live or not (kernels(image) or has_file):
        return
    places = [*configuration_files(image), *unified_kernels(image), *_UNREAD_FILES]
    has_loader = image.is_there(*places)
    # What is named was judged before.
    named = [entry.kernel for one in configurations(image) for entry in one.entries]
    if has_loader and (has_file or any(map(_PLAIN.match, named))):
        return
    image.require(*PARTITIONS)
    if not has_file:
        yield Finding(
            "kernel-file-none",
            NOTE,
            f"a kernel's modules are installed, and no kernel was found in {image.shown('/boot')} "
            "or beside them, so whether this root boots is not known; a disk made of it later has "
            "to bring one",
            "install the kernel's package again, or see that the disk has a kernel",
        )
        return
    yield Finding(
        "boot-loader-none",
        NOTE,
        "a kernel is installed, and no configuration of a boot loader that is known here starts "
        "it, so whether this root boots is not known; a disk made of it later has to bring one",
        f"write {image.shown(GRUB_FILES[0])}, or what else it is started by, and check again",
    )


def _has_kernel_file(image: Image) -> bool:
    """Whether there is one by its name, where distributions and kernel-install(8) put it."""
    folders = ["", *PARTITIONS]
    # As /boot/MACHINE-ID/VERSION/linux.
    for _ in range(2):
        folders += [f"{folder}/{name}" for folder in folders[1:] for name in image.names(folder)]
    folders += [kernel.folder for kernel in kernels(image)]
    return bool(unified_kernels(image)) or any(
        name.startswith(_KERNEL_FILES) or name == "linux"
        for folder in folders
        for name in image.names(folder)
        if image.is_there(f"{folder}/{name}")
    )


def _missing(image: Image, configuration: Configuration) -> Optional[Tuple[Entry, str]]:
    """The first entry with what it lacks, if no entry that may be started has all."""
    entries = configuration.entries[:1] if configuration.starts_first else configuration.entries
    lacking = []
    for entry in entries:
        paths = [
            path for path in (entry.kernel, *entry.initrds) if not _is_there(image, entry, path)
        ]
        if not paths and entry.kernel:
            return None
        lacking += [(entry, path) for path in paths if entry.kernel]
    return lacking[0] if lacking else None


def _is_there(image: Image, entry: Entry, path: str) -> bool:
    """Raises HostError where that cannot be seen, for which an error would be too much."""
    names = [name for name in path.split("/") if name]
    if not _PLAIN.match(path) or not names:
        return True
    # The first ones may be subvolumes, which FAT has not.
    is_whole = _is_outside(image, path) or entry.path.startswith(("/efi/", "/boot/efi/"))
    most = 1 if is_whole else len(names)
    return any(
        image.root.status("/".join([base, *names[count:]])) is not None
        for base in ("", entry.path.rpartition("/")[0], *PARTITIONS)
        for count in range(most)
    )


def _is_outside(image: Image, path: str) -> bool:
    """Whether it is a path of the machine that the image is made on.

    As grub-mkconfig writes it in a chroot that is no file system of its own.
    """
    return not image.root.is_live and path.startswith(os.path.realpath(image.root.path) + "/")


def _mend(image: Image, entry: Entry, path: str) -> str:
    shown = image.shown(entry.path)
    if _is_outside(image, path):
        return f"take {os.path.realpath(image.root.path)} out of the paths in {shown}"
    base = next((base for base in ("", "/boot") if image.is_there(base + entry.kernel)), "")
    named = image.link(base + path) or path
    for kernel in kernels(image):
        if path != entry.kernel and re.search(f"-{re.escape(kernel.version)}(\\.img)?$", named):
            return rebuild_initramfs(image, kernel)
    link = _link(image, base, entry, path)
    if link:
        return link
    # Without its settings somebody wrote grub.cfg by hand.
    is_made = entry.path in GRUB_FILES and image.is_there("/etc/default/grub")
    if is_made and image.is_program(*_GRUB_MAKERS):
        return update_grub(image)
    return f"write a kernel and an initrd that are there into {shown}"


def _link(image: Image, base: str, entry: Entry, path: str) -> str:
    """The command that makes a link such as Debian's /initrd.img; empty where it is none."""
    folder, _, name = f"{base}{path}".rpartition("/")
    held = [one for one in image.names("/boot") if one.startswith(f"{name}-")]
    if not name or folder not in ("", "/boot") or not held:
        return ""
    # The version of the kernel that is started, where a link tells it.
    started = image.link(base + entry.kernel).partition("vmlinuz-")[2]
    versions = [started] if started else [kernel.version for kernel in kernels(image)]
    of_kernels = [one for one in held if one[len(name) + 1 :] in versions]
    target = max(of_kernels or held, key=_natural)
    return f"ln -sf {'' if folder else 'boot/'}{shlex.quote(target)} {image.typed(base + path)}"


def _natural(name: str) -> List[Union[str, int]]:
    """By what to sort names so that 6.10 comes after 6.9."""
    parts = re.split(r"([0-9]+)", name)
    return [int(part) if index % 2 else part for index, part in enumerate(parts)]


RULES = (check_boot_files, check_boot_loader)

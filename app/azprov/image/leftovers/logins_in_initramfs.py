"""Logins to an SSH server in the initramfs, which has copies of the keys that deprovision removes.

An initramfs may be packed with a program that this Python cannot read, so none is opened.

Sources: README.initramfs of Debian's dropbear, README of dracut-sshd, of dracut-crypt-ssh and of
mkinitcpio-tinyssh; read 2026-11-27.
"""

from typing import Iterator, Tuple

from ...formats.patterns import matches
from ...system.root import Root
from .boot_partitions import boot_files
from .matching import matching_paths
from .open_login import OpenLogin

_UPDATE_INITRAMFS = "update-initramfs -u -k all"
_DRACUT = "dracut -f --regenerate-all"
_MKINITCPIO = "mkinitcpio -P"
# The settings or the hook of each server: a folder, a pattern of names, and the command that
# makes every initramfs again.
_SERVERS: Tuple[Tuple[str, str, str], ...] = (
    ("/etc/dropbear", "initramfs", _UPDATE_INITRAMFS),
    ("/etc", "dropbear-initramfs", _UPDATE_INITRAMFS),
    ("/etc/tinyssh", "initramfs", _UPDATE_INITRAMFS),
    ("/etc", "tinyssh-initramfs", _UPDATE_INITRAMFS),
    *(
        (f"{folder}/initramfs-tools/hooks", pattern, _UPDATE_INITRAMFS)
        for folder in ("/etc", "/usr/share")
        for pattern in ("*dropbear*", "*tinyssh*", "*sshd*")
    ),
    ("/etc/initramfs-tools/root", ".ssh", _UPDATE_INITRAMFS),
    ("/etc", "dracut-sshd", _DRACUT),
    ("/usr/lib/dracut/modules.d", "*sshd*", _DRACUT),
    ("/usr/lib/dracut/modules.d", "*crypt-ssh*", _DRACUT),
    *(
        (f"{folder}/initcpio/install", pattern, _MKINITCPIO)
        for folder in ("/etc", "/usr/lib")
        for pattern in ("*dropbear*", "*tinyssh*", "*sshd*")
    ),
)
# Of mkinitcpio, dracut and initramfs-tools; and unified kernel images.
_INITRAMFS = ("init*", "*.efi")
# systemd's kernel-install uses /boot/ID/VERSION/initrd, and the ESP has EFI/Linux.
_DEEPEST = 2


def find_in_initramfs(root: Root) -> Iterator[OpenLogin]:
    """Each initramfs of an image that has an SSH server for it. Raises HostError."""
    servers = [
        (path, command)
        for folder, pattern, command in _SERVERS
        for path in matching_paths(root, folder, pattern)
    ]
    if not servers:
        return
    path, command = servers[0]
    for file in filter(_is_initramfs, boot_files(root, deepest=_DEEPEST)):
        yield OpenLogin(
            f"someone may be able to log in to the SSH server in {root.outside(file)}, because "
            f"{root.outside(path)} sets one up: that file may still have keys that were removed "
            "from the image",
            f"run {command} in the image, unless that was done after the keys were removed",
        )


def _is_initramfs(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    # Boot loaders are programs of the firmware, too.
    is_loader = name.endswith(".efi") and not folder.endswith("/EFI/Linux")
    return not is_loader and any(matches(name, pattern) for pattern in _INITRAMFS)

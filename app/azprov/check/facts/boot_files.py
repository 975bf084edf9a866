"""The kernel and initrd files that boot menus name, but that do not exist.

Rule of this file: a boot loader may read a partition of its own or a subvolume, so a
path counts as existing if it exists below any of them. A path with a variable or a
device in it counts as existing too.
"""

import os
import re
from typing import List, NamedTuple, Optional

from ...formats.bounds import PATH_CHARACTERS
from .boot_loader import PARTITIONS, Configuration, Entry
from .image import Image

# The names before a path in a subvolume, such as @/.snapshots/1/snapshot.
_DEEPEST_SUBVOLUME = 5
# A path without variables, devices, patterns and quotes.
_PLAIN = re.compile(r"[A-Za-z0-9/._][A-Za-z0-9/._+~@=-]*\Z")


class MissingFile(NamedTuple):
    """An entry of a boot menu, and the path in it that does not exist."""

    entry: Entry
    path: str

    @property
    def is_kernel(self) -> bool:
        return self.path == self.entry.kernel


def missing_file(image: Image, configuration: Configuration) -> Optional[MissingFile]:
    """The first missing file; None if any entry that may be started has all its files.

    Raises HostError if a path cannot be looked up, since a guess would be an error.
    """
    entries = configuration.entries[:1] if configuration.starts_first else configuration.entries
    missing: List[MissingFile] = []
    for entry in entries:
        paths = [path for path in (entry.kernel, *entry.initrds) if not _exists(image, entry, path)]
        if not paths and entry.kernel:
            return None
        missing += [MissingFile(entry, path) for path in paths if entry.kernel]
    return missing[0] if missing else None


def outer_path(image: Image) -> str:
    """The path of the image on this machine, without links."""
    try:
        # The kernel knows it, even if the folder was renamed meanwhile.
        return os.readlink(f"/proc/self/fd/{image.root.descriptor}")
    except OSError:
        return os.path.abspath(image.root.path)


def is_path_outside(image: Image, path: str) -> bool:
    """Whether a path of a boot menu is one of the machine on which the image is made.

    grub-mkconfig writes such paths in a chroot that is not a file system of its own.
    """
    return not image.root.is_live and path.startswith(f"{outer_path(image)}/")


def _exists(image: Image, entry: Entry, path: str) -> bool:
    names = [name for name in path.split("/") if name]
    if len(path) > PATH_CHARACTERS or not _PLAIN.match(path) or not names:
        return True
    # The first names of a path may be a subvolume, but not on FAT.
    has_no_subvolume = is_path_outside(image, path) or entry.path.startswith(
        ("/efi/", "/boot/efi/")
    )
    most = 1 if has_no_subvolume else min(len(names), _DEEPEST_SUBVOLUME)
    image.spend(most)
    return any(
        image.root.status("/".join([base, *names[count:]])) is not None
        for base in ("", entry.path.rpartition("/")[0], *PARTITIONS)
        for count in range(most)
    )

"""Whether fstab and root= name file systems that are on the disk.

Sources: fstab(5), systemd-fstab-generator(8) and bootparam(7).
"""

from typing import FrozenSet, Iterator, List

from ...formats.text import printable
from ..boot_fixes import edit_command_line
from ..facts.fstab import FSTAB, read_fstab
from ..facts.image import Image
from ..facts.kernel_command_line import find_in_every_entry, values_of
from ..finding import ERROR, Check, Finding, Rule

# Without these, systemd ends in the emergency shell. Other folders can be on data disks. The root
# itself is mounted before fstab is read.
_SYSTEM = ("/usr", "/var", "/boot", "/boot/efi", "/efi", "/home", "/opt")
_KINDS = ("uuid=", "label=", "partuuid=")

DISK_NAMES = Rule(
    "disk-names",
    ERROR,
    "fstab or root= names a file system that is not on the disk, so the boot stops",
    "write the UUID or the label that the file system has",
)


def names_check(names: FrozenSet[str]) -> Check:
    """The check against the names of all file systems on a disk, in lower case.

    Without names nothing is compared.
    """
    return Check(lambda image: check_names(image, names) if names else iter(()), (DISK_NAMES,))


def check_names(image: Image, names: FrozenSet[str]) -> Iterator[Finding]:
    def is_missing(name: str) -> bool:
        lower = name.replace('"', "").lower()
        return lower.startswith(_KINDS) and lower not in names

    def has_missing_root(words: List[str]) -> bool:
        return any(map(is_missing, values_of(words, "root")))

    line = find_in_every_entry(image, has_missing_root)
    if line is not None:
        root = next(filter(is_missing, values_of(line.words, "root")))
        yield DISK_NAMES.found(
            f"{image.shown(line.path)} has root={printable(root, 60)}, and no file system on the "
            "disk has that name, so the initramfs never finds the root",
            edit_command_line(image, line.path, "write the name of the root's file system into"),
        )
    for mount in read_fstab(image):
        is_optional = "nofail" in mount.options or "noauto" in mount.options
        if mount.path in _SYSTEM and not is_optional and is_missing(mount.device):
            shown = image.edited(FSTAB)
            yield DISK_NAMES.found(
                f"{shown} mounts {mount.path} from {printable(mount.device, 60)}, and no file "
                "system on the disk has that name, so the boot stops in the emergency shell",
                f"write the name of that file system into {shown}",
            )

"""fstab and root= are compared with the names of the file systems on a disk file."""

from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from azprov.check import apply
from azprov.check.facts.image import Image
from azprov.check.mounted_disk import names_of
from azprov.check.rules.disk_names import names_check
from azprov.formats.disk.file_system import HEAD_BYTES, FileSystem, parse_file_system
from azprov.formats.disk.partition_table import Partition
from azprov.system.root import Root
from check.image_changes import grub
from sound_image import VMLINUZ, Change, change

NAMES = frozenset({"uuid=0000", "label=root", "partuuid=1234", "uuid=12ab-34cd", "label=esp"})


def linux(*roots: str) -> Change:
    """A menu with an entry for each root."""
    return grub("".join(f"linux /{VMLINUZ} root={root} console=ttyS0\n" for root in roots))


def fstab(*lines: str) -> Change:
    return {"etc/fstab": "".join(f"{line}\n" for line in lines)}


SOUND: Dict[str, Change] = {
    "the sound image": {},
    "a label": linux("LABEL=root"),
    "a partition": linux("PARTUUID=1234"),
    "quotation marks": linux('"LABEL=root"'),
    "a device": linux("/dev/sda1"),
    "a mapped device": linux("/dev/mapper/vg-root"),
    "one entry of two": linux("UUID=9999", "UUID=0000"),
    "a variable": linux("${root}"),
    "the ESP": fstab("UUID=12AB-34CD /boot/efi vfat defaults 0 2", "LABEL=ESP /efi vfat defaults"),
    "an optional one": fstab("UUID=9999 /var ext4 nofail 0 2", "UUID=9999 /opt ext4 noauto"),
    "a data disk": fstab("UUID=9999 /data ext4 defaults 0 2"),
    "the root in fstab": fstab("UUID=9999 / ext4 defaults 0 1"),
}
BROKEN: Dict[str, Tuple[Change, str]] = {
    "root by UUID": (
        linux("UUID=9999"),
        "boot/grub/grub.cfg has root=UUID=9999, and no file system on the disk has that name, so "
        "the initramfs never finds the root",
    ),
    "root by label": (
        linux("LABEL=other"),
        "boot/grub/grub.cfg has root=LABEL=other, and no file system on the disk has that name, "
        "so the initramfs never finds the root",
    ),
    "both entries": (
        linux("UUID=9999", "UUID=8888"),
        "boot/grub/grub.cfg has root=UUID=9999, and no file system on the disk has that name, so "
        "the initramfs never finds the root",
    ),
    "/boot": (
        fstab("UUID=9999 /boot ext4 defaults 0 2"),
        "etc/fstab mounts /boot from UUID=9999, and no file system on the disk has that name, so "
        "the boot stops in the emergency shell",
    ),
    "the ESP": (
        fstab("PARTUUID=9999 /boot/efi vfat defaults 0 2"),
        "etc/fstab mounts /boot/efi from PARTUUID=9999, and no file system on the disk has that "
        "name, so the boot stops in the emergency shell",
    ),
}


def found(image: Path) -> List[str]:
    findings = apply(names_check(NAMES), Image(Root(str(image))))
    return [one.what.replace(f"{image}/", "") for one in findings]


@pytest.mark.parametrize("case", SOUND)
def test_names_that_are_on_the_disk_are_silent(case: str, image: Path) -> None:
    """Names of devices, and of what the boot does not need, are not compared."""
    change(image, SOUND[case])

    assert found(image) == []


@pytest.mark.parametrize("case", BROKEN)
def test_a_name_that_is_not_on_the_disk_is_an_error(case: str, image: Path) -> None:
    """Such a VM never comes up."""
    changes, what = BROKEN[case]
    change(image, changes)

    assert found(image) == [what]


def test_nothing_is_compared_with_unknown_names(image: Path) -> None:
    """A volume of LVM has file systems with names that azprov does not see."""
    change(image, linux("UUID=9999"))

    assert list(apply(names_check(frozenset()), Image(Root(str(image))))) == []


UUID = bytes(range(16))
SERIAL = b"\xcd\x34\xab\x12"
TEXT = "00010203-0405-0607-0809-0a0b0c0d0e0f"


def head(*parts: Tuple[int, bytes]) -> bytes:
    content = bytearray(HEAD_BYTES)
    for place, data in parts:
        content[place : place + len(data)] = data
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "system"),
    [
        (
            head((1080, b"\x53\xef"), (1128, UUID), (1144, b"root\0x")),
            FileSystem("ext4", TEXT, "root"),
        ),
        (head((0, b"XFSB"), (32, UUID), (108, b"data")), FileSystem("xfs", TEXT, "data")),
        (
            head((65600, b"_BHRfS_M"), (65568, UUID), (65835, b"b")),
            FileSystem("btrfs", TEXT, "b"),
        ),
        (head((4086, b"SWAPSPACE2"), (1036, UUID)), FileSystem("swap", TEXT, "")),
        (
            head((82, b"FAT32   "), (67, SERIAL), (71, b"ESP".ljust(11)), (510, b"U\xaa")),
            FileSystem("vfat", "12AB-34CD", "ESP"),
        ),
        (
            head((54, b"FAT16   "), (39, SERIAL), (43, b"ESP".ljust(11)), (510, b"U\xaa")),
            FileSystem("vfat", "12AB-34CD", "ESP"),
        ),
        (head((512, b"LABELONE")), FileSystem("LVM")),
        (head((0, b"LUKS\xba\xbe")), FileSystem("LUKS")),
        (head(), FileSystem("")),
        (b"", FileSystem("")),
    ],
)
def test_a_file_system_is_known_by_its_first_bytes(content: bytes, system: FileSystem) -> None:
    """UUID and label are those that blkid(8) prints."""
    assert parse_file_system(content) == system


def test_the_names_of_a_file_system() -> None:
    """Linux and systemd ignore the case of a UUID."""
    partition = Partition(1, 2048, 4095, "83", "1234ABCD-01")

    assert names_of(partition, FileSystem("vfat", "12AB-34CD", "ESP")) == [
        "uuid=12ab-34cd",
        "label=esp",
        "partuuid=1234abcd-01",
    ]

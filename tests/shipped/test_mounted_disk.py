"""`check --image` as root: the files on the disk are checked, and nothing stays mounted."""

import json
import subprocess
import sys
from pathlib import Path
from typing import List, Tuple

import pytest

from check.image_changes import pe
from pyz import PYZ, azprov, azprov_without_root
from sound_image import GRUB, change, make_sound

pytestmark = pytest.mark.needs("root", "sfdisk", "mkfs.ext4", "mount", "unshare")

LAYOUT = """label: gpt
start=1MiB, size=8MiB, type=uefi
start=9MiB, size=40MiB, type=linux
start=49MiB, size=8MiB, type=linux
"""
FSTAB = "LABEL=root / ext4 errors=remount-ro 0 1\nLABEL=boot /boot ext4 defaults 0 2\n"


def run(*command: str, text: str = "") -> str:
    done = subprocess.run(command, input=text, check=True, text=True, capture_output=True)
    return done.stdout


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A sound root, to which a test may add faults before it becomes a disk."""
    folder = make_sound(tmp_path / "image")
    menu = (folder / GRUB).read_text()
    change(folder, {"etc/fstab": FSTAB, GRUB: menu.replace("root=UUID=0000", "root=LABEL=root")})
    return folder


def make_disk(image: Path) -> Path:
    """A disk with an ESP, the root and a separate /boot."""
    disk = image.parent / "disk.raw"
    boot = image.parent / "boot"
    (image / "boot").rename(boot)
    (image / "boot").mkdir()
    with open(disk, "wb") as file:
        file.truncate(64 << 20)
    run("sfdisk", "--quiet", str(disk), text=LAYOUT)
    for folder, label, start, size in ((image, "root", 9, 40), (boot, "boot", 49, 8)):
        options = ["-q", "-L", label, "-d", str(folder), "-E", f"offset={start << 20}"]
        run("mkfs.ext4", *options, str(disk), f"{size}M")
    return disk


def add_loader(disk: Path) -> None:
    """Make the ESP's file system, with a signed boot loader."""
    (disk.parent / "loader").write_bytes(pe(signed=True))
    run("mformat", "-i", f"{disk}@@1M", "-T", str(8 << 11), "-v", "ESP", "::")
    run("mmd", "-i", f"{disk}@@1M", "::/EFI", "::/EFI/BOOT")
    run("mcopy", "-i", f"{disk}@@1M", str(disk.parent / "loader"), "::/EFI/BOOT/BOOTX64.EFI")


def found(out: str) -> List[Tuple[str, str]]:
    return [(one["rule"], one["what"]) for one in json.loads(out)["findings"]]


def test_the_files_on_a_disk_are_checked(image: Path) -> None:
    """Both partitions are read: the root has a fault, and the kernel is in /boot."""
    with open(image / "etc" / "fstab", "a", encoding="ascii") as file:
        file.write("/dev/sdb1 /data ext4 defaults 0 2\n")
    disk = make_disk(image)
    mounts = Path("/proc/self/mountinfo").read_text()

    code, out, _ = azprov("check", "--json", "--image", disk)

    assert code == 1
    assert found(out) == [
        (
            "esp-fallback",
            f"the EFI system partition 1 of {disk} cannot be read: it has no FAT file system, so a "
            "VM of generation 2 does not boot and its deployment fails after 40 minutes",
        ),
        (
            "fstab-by-name",
            "/mnt/etc/fstab mounts /data from /dev/sdb1, a name that differs between sizes and "
            "boots of VMs, so the boot may stop in the emergency shell",
        ),
        ("disk-format", f"{disk} is a raw disk, and Azure accepts only fixed VHDs"),
        (
            "disk-tree",
            f"partitions 2 and 3 of {disk} were mounted for this check only, and the paths of the "
            "files begin with /mnt",
        ),
    ]
    assert Path("/proc/self/mountinfo").read_text() == mounts
    assert run("losetup", "--associated", str(disk)) == ""


def test_the_disk_is_not_changed(image: Path) -> None:
    """Not even its log is replayed, as a usual mount would do."""
    disk = make_disk(image)
    before = disk.read_bytes()

    azprov("check", "--image", disk)

    assert disk.read_bytes() == before


def test_an_ordinary_user_is_told_to_be_root(image: Path) -> None:
    """Only root can mount; what can be checked without a mount is checked."""
    disk = make_disk(image)
    disk.chmod(0o644)
    disk.parent.chmod(0o755)

    _, out, _ = azprov_without_root("check", "--json", "--image", disk.name, folder=disk.parent)

    note = next(one for one in json.loads(out)["findings"] if one["rule"] == "disk-tree")
    assert note["what"] == "the files on disk.raw were not checked: only root can mount them"
    assert note["fix"].endswith(" check --image ./disk.raw as root")


def test_the_fixes_can_be_applied_where_the_note_says(image: Path) -> None:
    """Its commands mount the root and what is below it, for writing."""
    disk = make_disk(image)

    _, out, _ = azprov("check", "--json", "--image", disk)

    note = next(one for one in json.loads(out)["findings"] if one["rule"] == "disk-tree")
    prefix, commands = note["fix"].split("run ", 1)
    assert prefix == "to apply the fixes, "
    listed = f"{commands} && touch /mnt/etc/a && ls /mnt/boot/grub; umount /mnt/boot /mnt"
    assert run("unshare", "--mount", "sh", "-c", listed) == "grub.cfg\n"


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (bytes(512) + b"LABELONE", "partition 2 is a physical volume of LVM"),
        (b"LUKS\xba\xbe", "partition 2 is encrypted"),
        (bytes(1080) + b"\x53\xef", "no partition that could be mounted has the root of a system"),
        (b"", "no partition has a file system that azprov knows"),
    ],
)
def test_files_that_cannot_be_mounted_are_a_note(head: bytes, reason: str, tmp_path: Path) -> None:
    """The disk is checked all the same."""
    disk = tmp_path / "disk.raw"
    disk.touch()
    with open(disk, "r+b") as file:
        file.truncate(64 << 20)
    run("sfdisk", "--quiet", str(disk), text=LAYOUT)
    with open(disk, "r+b") as file:
        file.seek(9 << 20)
        file.write(head)

    code, out, _ = azprov("check", "--json", "--image", disk)

    assert code == 1
    assert [what.partition(": ")[2] for rule, what in found(out) if rule == "disk-tree"] == [reason]


@pytest.mark.needs("mformat", "mcopy")
def test_a_boot_partition_by_a_wrong_name_is_an_error(image: Path) -> None:
    """The boot would wait for it, and stop in the emergency shell."""
    change(image, {"etc/fstab": FSTAB.replace("LABEL=boot", "LABEL=BOOT2")})
    disk = make_disk(image)
    add_loader(disk)

    code, out, _ = azprov("check", "--json", "--image", disk)

    assert code == 1
    assert [what for rule, what in found(out) if rule == "disk-names"] == [
        "/mnt/etc/fstab mounts /boot from LABEL=BOOT2, and no file system on the disk has that "
        "name, so the boot stops in the emergency shell"
    ]


def test_a_mount_point_that_is_a_link_stays_in_the_image(image: Path) -> None:
    """The link leads to a folder of the image, not of this machine."""
    disk = make_disk(image)
    run("rm", "-r", str(image / "boot"))
    change(image, {"boot": "-> /var/kernels"})
    (image / "var" / "kernels").mkdir(parents=True)
    options = ["-q", "-F", "-L", "root", "-d", str(image), "-E", f"offset={9 << 20}"]
    run("mkfs.ext4", *options, str(disk), "40M")

    _, out, _ = azprov("check", "--json", "--image", disk)

    assert [rule for rule, _ in found(out)] == ["esp-fallback", "disk-format", "disk-tree"]


def test_a_disk_below_the_mount_point_is_read_whatever_the_image_has_there(image: Path) -> None:
    """The image's link leads to a disk of this machine, which is not mounted in its place."""
    secret = image.parent / "secret.raw"
    change(image, {"disk.raw": f"-> {secret}"})
    disk = make_disk(image)
    with open(secret, "wb") as file:
        file.truncate(64 << 20)
    (image.parent / "stranger").mkdir()
    (image.parent / "stranger" / "vmlinuz-1").touch()
    options = ["-q", "-L", "boot", "-d", str(image.parent / "stranger"), "-E", f"offset={49 << 20}"]
    run("mkfs.ext4", *options, str(secret), "8M")
    _, expected, _ = azprov("check", "--json", "--image", disk)

    prepare = f"mount -t tmpfs none /mnt && mv {disk} /mnt/disk.raw && cd /mnt"
    command = f"{prepare} && {sys.executable} -I {PYZ} check --json --image disk.raw || true"
    out = run("unshare", "--mount", "sh", "-c", command)

    rules = [rule for rule, _ in found(expected)]
    assert [rule for rule, _ in found(out)] == rules == ["esp-fallback", "disk-format", "disk-tree"]
    note = next(one for one in json.loads(out)["findings"] if one["rule"] == "disk-tree")
    assert note["fix"] == ("to apply the fixes, move the file out of /mnt, and check it again")


@pytest.mark.needs("mformat", "mcopy")
def test_a_sound_vhd_should_provision(image: Path) -> None:
    """The last line says so if its files were checked as well."""
    disk = make_disk(image)
    add_loader(disk)

    code, out, err = azprov("check", "--image", disk)

    assert (code, err) == (0, "")
    assert out.splitlines()[-1] == (
        f"0 errors, 0 warnings, 2 notes: {disk} should provision on Azure, once it is converted"
    )

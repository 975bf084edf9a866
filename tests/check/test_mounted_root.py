"""The root of a system on a mounted disk, whatever links the disk has."""

from pathlib import Path

from azprov.check.facts.disk.disk_file import open_disk
from azprov.check.mounted_disk import _file_systems, _mount_others, _root_below
from azprov.formats.disk.file_system import FileSystem
from azprov.formats.disk.partition_table import Partition
from azprov.system.root import Root
from check.disk_files import LINUX, Part, gpt, write_disk
from ports import Recorder
from sound_image import change

SQUASHFS = b"hsqs"


def test_a_link_on_a_disk_does_not_lead_to_this_machine(tmp_path: Path) -> None:
    """On the disk, /proc/self/root can be a folder; here, it is the root of this machine."""
    change(
        tmp_path,
        {"proc/self/root/etc/os-release": "ID=debian\n", "@": "-> /proc/self/root"},
    )

    root = _root_below(str(tmp_path))

    assert root is not None
    assert (root.path, root.is_live) == (f"{tmp_path}/proc/self/root", False)


def test_a_root_in_a_subvolume_is_found(tmp_path: Path) -> None:
    """Btrfs shows its subvolumes as folders of the file system."""
    change(tmp_path, {"@/usr/lib/os-release": "ID=debian\n", "@home/ops/a": ""})

    root = _root_below(str(tmp_path))

    assert root is not None
    assert root.path == f"{tmp_path}/@"


def test_a_disk_of_many_partitions_has_few_that_are_mounted(tmp_path: Path) -> None:
    """A mount may take a minute, and a partition table has room for thousands."""
    partitions = [(2048, 2048 + number, LINUX) for number in range(100)]
    parts = [*gpt(partitions), Part(2048, SQUASHFS)]
    disk = open_disk(str(write_disk(tmp_path / "disk.raw", parts)))

    with disk.file:
        found = _file_systems(disk)

    assert [partition.number for partition, _ in found] == list(range(100, 68, -1))


def test_a_folder_is_mounted_once_however_often_fstab_has_it(tmp_path: Path) -> None:
    """Each line of fstab could mount the same partition again."""
    change(tmp_path, {"etc/fstab": "LABEL=a /home ext4\nLABEL=b /home ext4\n" * 3000, "home/a": ""})
    found = [(Partition(1, 2048, 4095, LINUX), FileSystem("ext4", "", "b"))]
    commands = Recorder()

    others = list(_mount_others(Root(str(tmp_path)), found, commands))

    assert [folder for _, folder in others] == [f"{tmp_path}/home"]
    assert commands.commands == [
        ["mount", "-t", "ext4", "-o"]
        + ["ro,nosuid,nodev,noexec,loop,offset=1048576,sizelimit=1048576,noload"]
        + ["/proc/version", f"{tmp_path}/home"]
    ]

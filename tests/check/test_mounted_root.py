"""The root of a system on a mounted disk, whatever links the disk has."""

from pathlib import Path

from azprov.check.mounted_disk import _root_below
from sound_image import change


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

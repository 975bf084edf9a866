"""Access control lists are kept with a file, and give no rights to new files and folders."""

import os
from pathlib import Path

import pytest

from access_lists import ACCESS, DEFAULT, rendered
from azprov.system.root import Root
from azprov.system.root.entry import Entry
from azprov.system.root.opening import O_PATH
from person import UID

# In a user namespace, the kernel knows only the number of the user who runs the tests.
EVE = UID
#: user::rwx, eve:r--, group::---, mask::r--, other::---. The mode shows the mask: 0740.
BACKUP = rendered(user=EVE, rights=4, mask=4, own_group=0, other=0)
#: What every new file and folder would let eve do.
GENEROUS = rendered(user=EVE, rights=7, mask=7)


def lists_of(path: Path) -> "list[str]":
    return [name for name in os.listxattr(path) if name in (ACCESS, DEFAULT)]


def test_a_replaced_file_keeps_its_list(tmp_path: Path) -> None:
    """Without the list, the group would have the rights of the mask."""
    file = tmp_path / "file"
    file.write_text("old")
    os.setxattr(file, ACCESS, BACKUP)

    Root(str(tmp_path)).write("/file", b"new")

    assert file.read_text() == "new"
    assert os.getxattr(file, ACCESS) == BACKUP
    assert file.stat().st_mode & 0o777 == 0o740


@pytest.mark.parametrize(("mode", "mask"), [(0o600, 0), (0o640, 4), (0o755, 5)])
def test_a_new_mode_limits_the_list(tmp_path: Path, mode: int, mask: int) -> None:
    """The group's bits of a mode are the mask: the group itself gets nothing by them."""
    file = tmp_path / "file"
    file.write_text("old")
    os.setxattr(file, ACCESS, BACKUP)

    Root(str(tmp_path)).write("/file", b"new", mode=mode)

    assert file.stat().st_mode & 0o777 == mode
    entries = os.getxattr(file, ACCESS)
    assert entries[20:28] == b"\x04\0\0\0\xff\xff\xff\xff"
    assert entries[28:32] == b"\x10\0" + bytes([mask, 0])


@pytest.mark.parametrize("old", [False, True])
def test_a_file_gets_no_rights_from_its_folder(tmp_path: Path, old: bool) -> None:
    """The folder's default list would let eve write; a file with a plain mode keeps only that."""
    if old:
        (tmp_path / "file").write_text("old")
        (tmp_path / "file").chmod(0o664)
    os.setxattr(tmp_path, DEFAULT, GENEROUS)

    Root(str(tmp_path)).write("/file", b"new")

    assert lists_of(tmp_path / "file") == []
    assert (tmp_path / "file").stat().st_mode & 0o777 == (0o664 if old else 0o644)


def test_a_folder_gets_no_rights_from_its_folder(tmp_path: Path) -> None:
    """It passes no rights on to the files that are made in it later, either."""
    os.setxattr(tmp_path, DEFAULT, GENEROUS)

    Root(str(tmp_path)).make_folders("/a/b", mode=0o775)

    for folder in (tmp_path / "a", tmp_path / "a/b"):
        assert lists_of(folder) == []
        assert folder.stat().st_mode & 0o777 == 0o775


@pytest.mark.parametrize("is_folder", [False, True])
def test_a_list_is_read_without_proc(tmp_path: Path, is_folder: bool) -> None:
    """In a chroot without /proc the file or folder itself is opened."""
    path = tmp_path / "it"
    path.mkdir() if is_folder else path.write_text("")
    os.setxattr(path, ACCESS, BACKUP)
    folder, seen = os.open(tmp_path, os.O_RDONLY), os.open(path, O_PATH)
    try:
        entry = Entry(folder, "it", "/it", seen)

        assert entry.acl(own_files="/nowhere") == BACKUP
        os.removexattr(path, ACCESS)
        assert entry.acl(own_files="/nowhere") == b""
    finally:
        os.close(folder)
        os.close(seen)

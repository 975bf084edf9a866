"""A root that remembers what it found: one look-up for each path, and the same answers."""

import os
from pathlib import Path
from typing import List, Optional

import pytest

from azprov.check.facts.snapshot import Snapshot
from azprov.errors import HostError
from azprov.system.root import Root


class Watched(Root):
    """A root that notes each path that is looked up in it."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.looked_up: List[str] = []

    def status(self, path: str, *, follow: bool = True) -> Optional[os.stat_result]:
        self.looked_up.append(path)
        return super().status(path, follow=follow)

    def names(self, path: str) -> List[str]:
        self.looked_up.append(path)
        return super().names(path)

    def read(self, path: str, *, limit_bytes: int = 1 << 20) -> Optional[bytes]:
        self.looked_up.append(path)
        return super().read(path, limit_bytes=limit_bytes)

    def read_link(self, path: str) -> Optional[str]:
        self.looked_up.append(path)
        return super().read_link(path)


@pytest.fixture
def root(tmp_path: Path) -> Watched:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root")
    (tmp_path / "etc/link").symlink_to("passwd")
    return Watched(tmp_path)


def test_a_status_is_looked_up_once(root: Watched) -> None:
    """The second answer comes from memory, for paths that exist and paths that do not."""
    snapshot = Snapshot(root)

    sizes = [snapshot.status("/etc/passwd") for _ in range(2)]
    missing = [snapshot.status("/etc/shadow") for _ in range(2)]

    assert [status.st_size for status in sizes if status is not None] == [4, 4]
    assert missing == [None, None]
    assert root.looked_up == ["/etc", "/etc/passwd", "/etc/shadow"]


def test_a_link_and_its_target_are_remembered_apart(root: Watched) -> None:
    """The status of a link is not that of the file that it names."""
    snapshot = Snapshot(root)

    statuses = [snapshot.status("/etc/link", follow=follow) for follow in (True, False, True)]

    assert [oct(status.st_mode)[:4] for status in statuses if status] == ["0o10", "0o12", "0o10"]


def test_the_names_in_a_folder_are_listed_once(root: Watched) -> None:
    """The second list of names comes from memory."""
    snapshot = Snapshot(root)

    assert [snapshot.names("/etc") for _ in range(2)] == [["link", "passwd"]] * 2
    assert root.looked_up == ["/etc", "/etc"]


def test_nothing_is_looked_up_in_a_missing_folder(root: Watched) -> None:
    """What is in a missing folder, or below a file, is missing too."""
    snapshot = Snapshot(root)

    assert snapshot.status("/usr/lib/systemd/system") is None
    assert snapshot.names("/usr/lib/systemd") == []
    assert snapshot.read("/usr/etc/passwd") is None
    assert snapshot.read_link("/usr/bin/python3") is None
    assert snapshot.status("/etc/passwd/deeper/still") is None
    assert root.looked_up == ["/usr", "/etc", "/etc/passwd"]


def test_files_and_links_are_read_in_folders_that_exist(root: Watched) -> None:
    """Contents and targets of links come from the image itself."""
    snapshot = Snapshot(root)

    assert snapshot.read("/etc/link") == b"root"
    assert snapshot.read_link("/etc/link") == "passwd"
    assert snapshot.read_link("/etc/passwd") is None


@pytest.mark.parametrize("depth", [15, 17, 1500])
def test_a_path_of_any_depth_is_looked_up(root: Watched, depth: int) -> None:
    """A path with many folders costs one look-up, and no recursion."""
    path = "/missing" + "/d" * depth

    assert Snapshot(root).status(path) is None
    assert root.looked_up == (["/missing"] if depth < 16 else [path])


def test_more_paths_than_are_remembered_are_looked_up_again(root: Watched) -> None:
    """An image cannot make a check remember more than a bound."""
    snapshot = Snapshot(root, most_remembered=2)
    for _ in range(2):
        snapshot.status("/etc/passwd")
        snapshot.status("/etc/shadow")
        snapshot.names("/etc")

    first_round = ["/etc", "/etc/passwd", "/etc/shadow", "/etc"]
    assert root.looked_up == [*first_round, "/etc/shadow", "/etc"]


def test_an_error_names_the_path_and_not_its_folder(root: Watched) -> None:
    """A folder that cannot be looked up gives the error of the path itself."""
    loop = Path(str(root)) / "loop"
    loop.symlink_to("loop")
    snapshot = Snapshot(root)
    expected = f"could not examine {loop}/file (Too many levels of symbolic links)"

    for _ in range(2):
        with pytest.raises(HostError) as error:
            snapshot.status("/loop/file")
        assert error.value.summary == expected


def test_another_user_does_not_get_what_was_remembered(root: Watched) -> None:
    """Rights decide what is found, so a root with other rights looks for itself."""
    snapshot = Snapshot(root)
    snapshot.status("/etc/passwd")

    with snapshot.as_user(None) as user_root:
        assert user_root is root
    with pytest.raises(HostError):
        snapshot.without_links().read("/etc/link")

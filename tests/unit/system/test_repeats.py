"""Links cannot make a small image seem huge: reading one file by many names has a bound."""

from pathlib import Path

import pytest

from azprov.errors import HostError
from azprov.system.root import Root


def make_names(folder: Path, count: int) -> None:
    for number in range(count):
        (folder / f"{number}").symlink_to("large")


def test_a_file_with_many_names_is_read_a_few_times_only(tmp_path: Path) -> None:
    """After eight more readings of one megabyte, the next name of the same file is an error."""
    (tmp_path / "large").write_bytes(b"x" * (1 << 20))
    make_names(tmp_path, 10)
    root = Root(str(tmp_path))

    assert [len(root.read(f"/{number}") or b"") for number in range(9)] == [1048576] * 9
    with pytest.raises(HostError) as caught:
        root.read("/9")

    assert str(caught.value) == (
        f"could not read {tmp_path}/9 (too many names lead to the same files); remove files "
        "that the image does not need"
    )


def test_hard_links_are_counted_like_links(tmp_path: Path) -> None:
    """Further names of a file cost nothing in an image, whatever kind of link they are."""
    (tmp_path / "large").write_bytes(b"x" * (1 << 20))
    for number in range(10):
        (tmp_path / f"{number}").hardlink_to(tmp_path / "large")
    root = Root(str(tmp_path))

    with pytest.raises(HostError, match="too many names"):
        [root.read(f"/{number}") for number in range(10)]


def test_the_same_path_is_read_as_often_as_needed(tmp_path: Path) -> None:
    """Each search may read a file of accounts again: that is no work which an image makes."""
    (tmp_path / "large").write_bytes(b"x" * (1 << 20))
    root = Root(str(tmp_path))

    assert {len(root.read("/large") or b"") for _ in range(20)} == {1048576}


def test_small_files_may_have_any_number_of_names(tmp_path: Path) -> None:
    """A system has many links to small files, such as enabled services, and all are read."""
    (tmp_path / "large").write_bytes(b"x" * 4096)
    make_names(tmp_path, 3000)
    root = Root(str(tmp_path))

    assert {len(root.read(f"/{number}") or b"") for number in range(3000)} == {4096}


def test_a_folder_with_many_names_is_listed_a_few_times_only(tmp_path: Path) -> None:
    """The homes of many users could all lead to one folder with many files."""
    (tmp_path / "large").mkdir()
    for number in range(2000):
        (tmp_path / "large" / f"{number}").touch()
    make_names(tmp_path, 100)
    root = Root(str(tmp_path))

    with pytest.raises(HostError, match=r"could not list .*/66 \(too many names"):
        [root.names(f"/{number}") for number in range(100)]


def test_opening_a_file_of_any_size_is_counted(tmp_path: Path) -> None:
    """Only the beginning of a large file is read, but that of each of its names."""
    (tmp_path / "large").write_bytes(b"x")
    make_names(tmp_path, 200)
    root = Root(str(tmp_path))

    def size(number: int) -> int:
        file = root.open_file(f"/{number}")
        assert file is not None
        with file:
            return len(file.read())

    with pytest.raises(HostError, match=r"could not read .*/129 \(too many names"):
        [size(number) for number in range(200)]


def test_a_root_with_a_user_s_rights_has_the_same_bound(tmp_path: Path) -> None:
    """Another Root for the same folder does not begin to count again."""
    (tmp_path / "large").write_bytes(b"x" * (1 << 20))
    make_names(tmp_path, 10)
    root = Root(str(tmp_path))
    other = root.without_links()

    assert root.read("/large") is not None
    with pytest.raises(HostError, match="too many names"):
        [root.read(f"/{number}") for number in range(10)]
    with pytest.raises(HostError):
        other.read("/9")

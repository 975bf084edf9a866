"""The content of a new home: /etc/skel of an image, whatever it holds."""

import logging
import os
from pathlib import Path
from typing import Callable, Dict, List, Tuple

import pytest

from azprov.formats.host.passwd import Account
from azprov.system.homes import make_home
from azprov.system.root import Root
from images import deep_tree

USER = Account("ops", os.geteuid(), os.getegid(), "/home/ops", "/bin/sh")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    (tmp_path / "home").mkdir()
    (tmp_path / "etc/skel").mkdir(parents=True)
    (tmp_path / "etc/skel/.profile").write_text("profile\n")
    return tmp_path


def make(image: Path) -> Path:
    make_home(Root(str(image)), USER)
    return image / "home/ops"


def test_everything_in_a_skeleton_is_copied(image: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Files, folders and links are; a FIFO, which no shell needs, is not."""
    skeleton = image / "etc/skel"
    (skeleton / "a/b").mkdir(parents=True)
    (skeleton / "a/b/tool").write_bytes(b"x" * 3_000_000)
    (skeleton / "a/b/tool").chmod(0o4755)
    (skeleton / "a/link").symlink_to("/etc/passwd")
    os.mkfifo(skeleton / "fifo")

    home = make(image)

    assert (home / "a/b/tool").stat().st_size == 3_000_000
    assert (home / "a/b/tool").stat().st_mode & 0o7777 == 0o755
    assert os.readlink(home / "a/link") == "/etc/passwd"
    assert sorted(os.listdir(home)) == [".profile", "a"]
    assert caplog.messages == []


def large(skeleton: Path) -> None:
    """Make a file of 5 TB that takes no space."""
    with (skeleton / "large").open("wb") as file:
        file.truncate(5 << 40)


def long_name(skeleton: Path) -> None:
    """Use the longest name, which leaves no room for that of a temporary file."""
    (skeleton / ("n" * 255)).write_text("")


def long_folder(skeleton: Path) -> None:
    """Use the longest name for a folder with a file."""
    (skeleton / ("n" * 255)).mkdir()
    (skeleton / ("n" * 255) / "file").write_text("")


def temporary_name(skeleton: Path) -> None:
    """Use the name that a file has while it is written, for a folder with a file."""
    (skeleton / "..profile.azprov-new").mkdir()
    (skeleton / "..profile.azprov-new" / "file").write_text("")


HOSTILE: Dict[str, Tuple[Callable[[Path], None], str]] = {
    "large": (large, "1 files or folders were left out, such as {0}/large (it is too large)"),
    "long name": (long_name, "1 files or folders were left out, such as {0}/" + "n" * 255),
    "temporary name": (
        temporary_name,
        "1 files or folders were left out, such as {0}/..profile.azprov-new",
    ),
    "long folder": (long_folder, "1 files or folders were left out, such as {0}/" + "n" * 255),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_skeleton_does_not_stop_a_first_boot(
    name: str, image: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What is beyond the bounds is left out with one warning; the rest is copied."""
    plant, told = HOSTILE[name]
    plant(image / "etc/skel")

    home = make(image)

    assert (home / ".profile").read_text() == "profile\n"
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert told.format(image / "etc/skel") in caplog.messages[0]


def test_files_of_a_skeleton_that_let_someone_log_in_are_not_copied(
    image: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A key in a skeleton would be a key of every new user; a folder further down is no home."""
    skeleton = image / "etc/skel"
    (skeleton / ".ssh").mkdir()
    (skeleton / ".ssh/authorized_keys").write_text("ssh-ed25519 AAAA builder\n")
    for name in (".rhosts", ".shosts", ".k5login"):
        (skeleton / name).write_text("builder.example.net\n")
    (skeleton / ".k5users").symlink_to("/etc/k5users")
    (skeleton / "backup/.ssh").mkdir(parents=True)

    home = make(image)

    assert sorted(os.listdir(home)) == [".profile", "backup"]
    assert os.listdir(home / "backup") == [".ssh"]
    (message,) = caplog.messages
    assert "5 files or folders were left out, such as " in message
    assert message.endswith(" (others could log in with it as the new user)")


def test_a_folder_that_no_one_may_write_to_is_copied_with_its_files(image: Path) -> None:
    """The user gets the rights that are needed to write the files."""
    folder = image / "etc/skel/templates"
    folder.mkdir()
    (folder / "file").write_text("text\n")
    folder.chmod(0o555)

    home = make(image)

    assert (home / "templates/file").read_text() == "text\n"
    assert (home / "templates").stat().st_mode & 0o777 == 0o755


def test_a_deep_skeleton_is_copied_up_to_a_bound(
    image: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Python's recursion would end at 1000 folders."""
    skeleton = image / "etc/skel"
    with deep_tree(skeleton, depth=1500, name="d"):
        home = make(image)

    assert (home / ("d/" * 63)).is_dir()
    assert not (home / ("d/" * 64)).exists()
    assert f"1 files or folders were left out, such as {skeleton}" + "/d" * 64 in caplog.messages[0]


class Crowded(Root):
    """A root in which some folders have many names, which no disk has to hold."""

    def __init__(self, image: Path, counts: Dict[str, int]) -> None:
        super().__init__(str(image))
        self._counts = counts

    def names(self, path: str) -> List[str]:
        if path in self._counts:
            return [f"{number}" for number in range(self._counts[path])]
        return super().names(path)

    def status(self, path: str, *, follow: bool = True) -> "os.stat_result | None":
        last = path.rpartition("/")[2]
        return None if last.isdigit() else super().status(path, follow=follow)


@pytest.mark.parametrize(
    ("counts", "left_out"),
    [
        ({"/etc/skel/a": 49_997}, 0),
        ({"/etc/skel/a": 49_998}, 1),
        ({"/etc/skel/b": 60_000}, 10_004),
        ({"/etc/skel/a": 30_000, "/etc/skel/b": 30_000}, 10_003),
    ],
)
def test_the_number_of_files_has_a_bound(
    counts: Dict[str, int], left_out: int, image: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """After 50,000 names nothing more is looked at."""
    for name in ("a", "b"):
        (image / "etc/skel" / name).mkdir()

    make_home(Crowded(image, counts), USER)

    told = [message for message in caplog.messages if "more than 50000 files" in message]
    assert len(told) == bool(left_out)
    if left_out:
        assert f": {left_out} files or folders" in told[0]

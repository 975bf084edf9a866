"""The content of a new home: /etc/skel of an image, whatever it holds."""

import logging
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional, Tuple

import pytest

from azprov.errors import PassingError
from azprov.formats.host.passwd import Account
from azprov.system.accounts import create_account
from azprov.system.homes import make_home
from azprov.system.root import Root
from images import deep_tree
from own_network import in_own_mounts
from ports import NoCommands

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
    """Make a file of more than 4 GiB that takes no space."""
    with (skeleton / "large").open("wb") as file:
        file.truncate((4 << 30) + 1)


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
    "long name": (
        long_name,
        "1 files or folders were left out, such as {0}/" + "n" * 255 + " (its name cannot be used)",
    ),
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


class LargeFolder(Root):
    """A root in which the folder a in /etc/skel has this size, as if it had many names."""

    def __init__(self, image: Path, size: int) -> None:
        super().__init__(str(image))
        self._size = size

    def status(self, path: str, *, follow: bool = True) -> "os.stat_result | None":
        status = super().status(path, follow=follow)
        if path != "/etc/skel/a" or status is None:
            return status
        return os.stat_result([*status[:6], self._size, *status[7:]])


@pytest.mark.parametrize(("size", "is_copied"), [(8 << 20, True), ((8 << 20) + 1, False)])
def test_a_folder_with_too_many_names_is_not_read(
    size: int, is_copied: bool, image: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A list of its names could need more memory than the machine has."""
    (image / "etc/skel/a").mkdir()

    make_home(LargeFolder(image, size), USER)

    assert (image / "home/ops/a").exists() is is_copied
    assert any("it is too deep, or has too many files" in text for text in caplog.messages) is (
        not is_copied
    )


def make_on_small_disk(image: Path, disk: str) -> List[str]:
    """Make the home on a file system of this size, and return the names in it."""
    script = f"mount -t tmpfs -o mode=755,size={disk} none home"
    return in_own_mounts(lambda: sorted(os.listdir(make(image))), script, image)


@pytest.mark.needs("root", "mount")
@pytest.mark.parametrize(
    ("disk", "size", "is_copied"),
    [
        ("8m", 4 << 20, True),
        ("8m", (4 << 20) + 1, False),
        ("1m", 900_000, True),
        ("1920k", 1 << 20, True),
        ("1920k", (1 << 20) + 1, False),
    ],
)
def test_a_new_home_leaves_half_of_the_free_space(
    disk: str, size: int, is_copied: bool, image: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A skeleton of up to 1 MiB is copied anyway, since the next run can complete that home."""
    (image / "etc/skel/.profile").unlink()
    with (image / "etc/skel/tool").open("wb") as file:
        file.truncate(size)

    assert make_on_small_disk(image, disk) == (["tool"] if is_copied else [])
    assert any("(it is too large)" in text for text in caplog.messages) is not is_copied


@pytest.mark.needs("root", "mount")
def test_all_files_of_a_skeleton_share_the_free_space(
    image: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The second of two files is left out, because both need more than half of it."""
    (image / "etc/skel/.profile").unlink()
    for name in "ab":
        with (image / "etc/skel" / name).open("wb") as file:
            file.truncate((2 << 20) + 1)

    assert len(make_on_small_disk(image, "8m")) == 1
    assert "1 files or folders were left out" in caplog.messages[0]


class Moving(Root):
    """A root in which a new home is moved away before its content is copied."""

    @contextmanager
    def as_user(self, owner: Optional[Tuple[int, int]]) -> Iterator["Root"]:
        if owner is not None:
            os.rename(self.outside("/home/.ops.azprov-new"), self.outside("/home/moved"))
        with super().as_user(owner) as root:
            yield root


def test_a_home_that_is_moved_before_its_content_is_copied_is_no_lasting_error(
    image: Path,
) -> None:
    """The owner of the folder of homes could do that; the next run makes the home."""
    with pytest.raises(PassingError, match=r"/\.profile \(No such file or directory\)"):
        make_home(Moving(str(image)), USER)

    assert make(image).is_dir()


@pytest.mark.needs("root")  # a new user gets a home
@pytest.mark.parametrize(
    ("setting", "name"),
    [(".keys/x", ".keys/x"), ("%h/.keys/%u", ".keys/ops"), (".keys/%U", ".keys/1000")],
)
def test_a_key_of_a_skeleton_is_no_key_of_a_new_user(image: Path, setting: str, name: str) -> None:
    """AuthorizedKeysFile may name another folder than .ssh; the other files there are copied."""
    (image / "etc/ssh").mkdir()
    (image / "etc/ssh/sshd_config").write_text(f"AuthorizedKeysFile {setting}\n")
    (image / "etc/skel/.other").mkdir()
    (image / "etc/skel/.keys").symlink_to(".other")
    for file in (name, ".keys/readme"):
        (image / "etc/skel" / file).write_text("text\n")

    create_account(Root(str(image)), "ops", NoCommands())

    assert os.listdir(image / "home/ops/.keys") == ["readme"]
    assert (image / "home/ops/.profile").read_text() == "profile\n"


@pytest.mark.needs("root")
def test_a_key_outside_a_new_home_is_not_removed_through_a_link(image: Path) -> None:
    """A link of the skeleton may lead to any file of the image."""
    (image / "etc/ssh").mkdir()
    (image / "etc/ssh/sshd_config").write_text("AuthorizedKeysFile .keys/passwd\n")
    (image / "etc/skel/.keys").symlink_to("/etc")
    (image / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")

    create_account(Root(str(image)), "ops", NoCommands())

    assert "ops:*:1000:" in (image / "etc/passwd").read_text()

"""How files and folders are opened: nothing else is opened by mistake, and nothing stays open."""

import fcntl
import os
from pathlib import Path

import pytest

from azprov.errors import HostError
from azprov.system.root.opening import FOLDER, PASSED_FOLDER, open_given_file
from open_files import open_files


@pytest.mark.parametrize("flags", [FOLDER, PASSED_FOLDER], ids=["read", "passed"])
@pytest.mark.parametrize("name", ["link", "file", "fifo"])
def test_what_took_the_place_of_a_folder_is_not_opened(
    tmp_path: Path, name: str, flags: int
) -> None:
    """The owner of a folder may replace it at any moment, also by a FIFO, which would block."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "fifo")

    with pytest.raises(NotADirectoryError):
        os.open(tmp_path / name, flags)


def test_reading_a_given_file_leaves_nothing_open(tmp_path: Path) -> None:
    """A link is followed, and the file is closed by the one who asked for it."""
    (tmp_path / "report.xml").write_text("<Health/>")
    (tmp_path / "link").symlink_to("report.xml")
    before = open_files()

    with open_given_file(str(tmp_path / "link")) as file:
        assert file.read() == b"<Health/>"
        assert open_files() == before + 1

    assert open_files() == before


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("fifo", r"/fifo is not a regular file; replace it with a regular file\Z"),
        ("missing", r"could not read .*/missing \(No such file or directory\); "),
    ],
)
def test_a_given_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, reason: str) -> None:
    """Nothing stays open then."""
    os.mkfifo(tmp_path / "fifo")
    before = open_files()

    with pytest.raises(HostError, match=reason):
        open_given_file(str(tmp_path / name))

    assert open_files() == before


def test_a_lease_of_its_owner_does_not_delay_the_opening_of_a_file(tmp_path: Path) -> None:
    """fcntl(2): without O_NONBLOCK the kernel would wait up to 45 seconds."""
    (tmp_path / "file").write_text("")

    with open_given_file(str(tmp_path / "file")) as file:
        assert fcntl.fcntl(file, fcntl.F_GETFL) & os.O_NONBLOCK

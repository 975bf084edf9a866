"""Ejecting the provisioning DVD, without a drive: the ioctl is an argument."""

import errno
import logging
import os
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from azprov.system.provisioning_dvd import eject_dvd
from azprov.system.root import Root
from open_files import open_files

EJECT = (0x5309, 0)
STATUS = (0x5326, 0x7FFFFFFF)


class Drive:
    """A drive with a disc or without one, which may refuse requests."""

    def __init__(self, status: int = 4, refused: Tuple[int, ...] = (), reason: int = 0) -> None:
        self.calls: List[Tuple[int, int]] = []
        self._status = status
        self._refused = refused
        self._reason = reason

    def ioctl(self, descriptor: int, request: int, argument: int) -> int:
        os.fstat(descriptor)
        self.calls.append((request, argument))
        if request in self._refused:
            raise OSError(self._reason, os.strerror(self._reason))
        return self._status if request == STATUS[0] else 0


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/sr0").write_text("")
    return tmp_path


#: What a drive does, the requests that it gets, and the line in the log.
DRIVES: Dict[str, Tuple[Drive, List[Tuple[int, int]], List[str]]] = {
    "a disc": (Drive(), [STATUS, EJECT], ["Ejected the provisioning DVD"]),
    "no disc": (Drive(status=1), [STATUS], []),
    "an open tray": (Drive(status=2), [STATUS], []),
    "an unknown state": (Drive(status=0), [STATUS, EJECT], ["Ejected the provisioning DVD"]),
    "a mounted disc": (
        Drive(refused=(EJECT[0],), reason=errno.EBUSY),
        [STATUS, EJECT],
        ["could not eject the provisioning DVD in /dev/sr0: Device or resource busy"],
    ),
    "no drive but a file": (
        Drive(refused=(STATUS[0],), reason=errno.ENOTTY),
        [STATUS],
        ["could not eject the provisioning DVD in /dev/sr0: Inappropriate ioctl for device"],
    ),
    "no medium": (Drive(refused=(STATUS[0],), reason=errno.ENOMEDIUM), [STATUS], []),
}


@pytest.mark.parametrize("case", DRIVES)
def test_a_disc_is_ejected_and_a_failure_is_one_line(
    machine: Path, caplog: pytest.LogCaptureFixture, case: str
) -> None:
    """The drive is closed again, and nothing is raised."""
    caplog.set_level(logging.INFO)
    drive, calls, lines = DRIVES[case]
    root = Root(str(machine))
    before = open_files()

    eject_dvd(root, drive.ioctl)

    assert drive.calls == calls
    assert caplog.messages == lines
    assert open_files() == before


def test_a_machine_without_a_drive_has_no_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Most images are tested on machines that have no drive."""
    caplog.set_level(logging.INFO)
    drive = Drive()

    eject_dvd(Root(str(tmp_path)), drive.ioctl)

    assert (drive.calls, caplog.messages) == ([], [])


@pytest.mark.parametrize("kind", ["file", "fifo"])
def test_the_kernel_refuses_what_is_no_drive(
    machine: Path, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """A file or a named pipe gives one line, and nothing waits for a writer."""
    if kind == "fifo":
        (machine / "dev/sr0").unlink()
        os.mkfifo(machine / "dev/sr0")

    eject_dvd(Root(str(machine)))

    (line,) = caplog.messages
    assert line.startswith("could not eject the provisioning DVD in /dev/sr0: ")

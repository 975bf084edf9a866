"""The lock of a root: who waits, how long, and what may be locked on the running machine."""

import fcntl
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Iterator, List

import pytest

from azprov.errors import HostError
from azprov.system.lock import _is_closed, lock_root
from azprov.system.root import Root
from ports import FakeClock


class Holder(FakeClock):
    """A clock during whose sleeps another program gives back the lock of a folder."""

    def __init__(self, folder: Path, *, for_s: float) -> None:
        super().__init__()
        self._number = os.open(folder, os.O_RDONLY)
        fcntl.flock(self._number, fcntl.LOCK_EX)
        self._ends_at = self.now() + for_s

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.now() >= self._ends_at:
            self.end()

    def end(self) -> None:
        with suppress(OSError):
            os.close(self._number)


@pytest.fixture
def clocks() -> Iterator[List[Holder]]:
    made: List[Holder] = []
    yield made
    for clock in made:
        clock.end()


def test_a_locked_root_is_waited_for(
    tmp_path: Path, clocks: List[Holder], caplog: pytest.LogCaptureFixture
) -> None:
    """One line says so, and the lock is tried ten times a second."""
    caplog.set_level(logging.INFO)
    clock = Holder(tmp_path, for_s=0.45)
    clocks.append(clock)

    with lock_root(Root(str(tmp_path)), clock, wait_s=30.0):
        pass

    assert clock.sleeps == [0.1] * 5
    assert caplog.messages == [f"Waiting for another azprov that is changing {tmp_path}, 30 s left"]


def test_a_root_that_stays_locked_is_an_error(tmp_path: Path, clocks: List[Holder]) -> None:
    """The last pause is shorter, so that the wait ends at its limit."""
    clock = Holder(tmp_path, for_s=60.0)
    clocks.append(clock)

    with pytest.raises(HostError) as failure, lock_root(Root(str(tmp_path)), clock, wait_s=0.25):
        pass

    assert str(failure.value) == (
        f"another azprov is changing {tmp_path}; wait until it has ended, then try again"
    )
    assert clock.sleeps == pytest.approx([0.1, 0.1, 0.05])


def test_the_lock_is_released_at_the_end(tmp_path: Path) -> None:
    """The next process does not wait, and no file stays in the image."""
    for _ in range(2):
        with lock_root(Root(str(tmp_path)), FakeClock(), wait_s=0.0):
            assert os.listdir(tmp_path) == []


def test_a_root_without_a_folder_is_not_locked(tmp_path: Path) -> None:
    """The command then says what is missing."""
    root = Root(str(tmp_path))
    tmp_path.rmdir()

    with lock_root(root, FakeClock(), wait_s=0.0):
        pass


@pytest.mark.needs("root")
@pytest.mark.parametrize(
    ("mode", "uid", "gid", "is_only_roots"),
    [
        (0o600, 0, 0, True),
        (0o660, 0, 0, True),
        (0o660, 0, 7, False),
        (0o640, 0, 7, False),
        (0o600, 0, 7, True),
        (0o604, 0, 0, False),
        (0o601, 0, 0, False),
        (0o600, 7, 0, False),
    ],
)
def test_only_a_file_that_other_users_cannot_open_is_locked(
    tmp_path: Path, mode: int, uid: int, gid: int, is_only_roots: bool
) -> None:
    """Otherwise any user could keep a first boot from reporting."""
    path = tmp_path / "lock"
    path.touch()
    os.chown(path, uid, gid)
    path.chmod(mode)

    assert _is_closed(Root(str(tmp_path)), path.stat()) is is_only_roots


@pytest.mark.needs("root")
def test_a_folder_of_the_user_who_made_an_image_is_closed(tmp_path: Path) -> None:
    """That user could change everything in the image without azprov."""
    (tmp_path / "root").mkdir(mode=0o700)
    for path in (tmp_path, tmp_path / "root"):
        os.chown(path, 7, 7)

    assert _is_closed(Root(str(tmp_path)), (tmp_path / "root").stat())


@pytest.mark.parametrize("closed", ["root", "lost+found"])
def test_an_image_is_locked_where_other_users_cannot(
    closed: str, tmp_path: Path, clocks: List[Holder]
) -> None:
    """A user who locks the image's folder does not delay anything."""
    tmp_path.chmod(0o755)
    (tmp_path / closed).mkdir(parents=True)
    (tmp_path / closed).chmod(0o700)
    clock = Holder(tmp_path, for_s=60.0)
    clocks.append(clock)

    with lock_root(Root(str(tmp_path)), clock, wait_s=30.0):
        other = FakeClock()
        with pytest.raises(HostError), lock_root(Root(str(tmp_path)), other, wait_s=0.0):
            pass

    assert clock.sleeps == []


def test_a_folder_that_azprov_makes_is_no_lock_of_an_image(
    tmp_path: Path, clocks: List[Holder]
) -> None:
    """A process that starts later would lock that one, beside the first process."""
    tmp_path.chmod(0o700)
    clock = Holder(tmp_path, for_s=60.0)
    clocks.append(clock)
    (tmp_path / "var/lib/azprov").mkdir(parents=True)
    (tmp_path / "var/lib/azprov").chmod(0o700)

    with pytest.raises(HostError), lock_root(Root(str(tmp_path)), clock, wait_s=0.0):
        pass


def test_a_user_delays_an_image_without_a_closed_folder_for_a_second_at_most(
    tmp_path: Path, clocks: List[Holder]
) -> None:
    """The usual wait for another azprov is longer, and any user can hold this lock."""
    tmp_path.chmod(0o755)
    clock = Holder(tmp_path, for_s=60.0)
    clocks.append(clock)

    with lock_root(Root(str(tmp_path)), clock, wait_s=10.0):
        pass

    assert sum(clock.sleeps) == pytest.approx(1.0)


def test_a_folder_that_any_user_can_lock_is_not_waited_for_in_vain(
    tmp_path: Path, clocks: List[Holder], caplog: pytest.LogCaptureFixture
) -> None:
    """A user can delay azprov where no folder of an image is closed, but not stop it."""
    tmp_path.chmod(0o755)
    clock = Holder(tmp_path, for_s=60.0)
    clocks.append(clock)

    with lock_root(Root(str(tmp_path)), clock, wait_s=0.25):
        pass

    assert clock.sleeps == pytest.approx([0.1, 0.1, 0.05])
    assert caplog.messages[-1] == (
        f"another process keeps {tmp_path} locked; any user can do that, so azprov continues "
        "without the lock"
    )


def test_the_lock_of_a_live_machine_is_a_file_that_only_root_can_open(tmp_path: Path) -> None:
    """It exists only while a process has it, so that nothing of it stays."""
    (tmp_path / "run").mkdir()
    lock = tmp_path / "run/azprov.lock"
    root = Root(str(tmp_path))
    root.is_live = True

    for _ in range(2):
        with lock_root(root, FakeClock(), wait_s=0.0):
            assert lock.stat().st_mode == 0o100600
            with pytest.raises(HostError), lock_root(root, FakeClock(), wait_s=0.0):
                pass
        assert os.listdir(tmp_path / "run") == []


def test_a_file_that_others_can_open_is_no_lock_of_a_live_machine(
    tmp_path: Path, clocks: List[Holder]
) -> None:
    """The next one is a folder, of which the lock does not make any."""
    for folder in ("run", "root"):
        (tmp_path / folder).mkdir()
    (tmp_path / "root").chmod(0o700)
    lock = tmp_path / "run/azprov.lock"
    lock.touch()
    lock.chmod(0o644)
    root = Root(str(tmp_path))
    root.is_live = True
    clock = Holder(lock, for_s=60.0)
    clocks.append(clock)

    with lock_root(root, clock, wait_s=0.0), pytest.raises(HostError), lock_root(
        root, FakeClock(), wait_s=0.0
    ):
        pass

    assert lock.exists()

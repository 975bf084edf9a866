"""Sending records to the Hyper-V host: appending to the pool of the KVP daemon."""

import fcntl
import os
import resource
from pathlib import Path
from typing import Optional

import pytest

from azprov.errors import HostError
from azprov.formats.platform.kvp import RECORD_BYTES, parse_pool, render_record
from azprov.system.kvp import POOL, send_to_host
from azprov.system.root import Root
from ports import FakeClock

#: When the machines below started, by the wall clock of FakeClock.
BOOT = 1_795_317_600 - 100


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    (tmp_path / "var/lib/hyperv").mkdir(parents=True)
    (tmp_path / "var/lib/hyperv/.kvp_pool_1").write_bytes(b"")
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/uptime").write_text("100.00 50.00\n")
    return tmp_path


def send(machine: Path, clock: Optional[FakeClock] = None) -> None:
    send_to_host(Root(str(machine)), "key", "2", clock or FakeClock())


def pool_of(machine: Path) -> Path:
    return machine / POOL[1:]


def fill(machine: Path, content: bytes, *, written_at: float = BOOT + 1) -> None:
    pool_of(machine).write_bytes(content)
    os.utime(pool_of(machine), (written_at, written_at))


def test_a_record_is_appended(machine: Path) -> None:
    """Records that other programs wrote during this boot are kept."""
    fill(machine, render_record("other", "1"))

    send(machine)

    assert parse_pool(pool_of(machine).read_bytes()) == [("other", "1"), ("key", "2")]


def test_records_from_before_this_boot_are_dropped(machine: Path) -> None:
    """Old records are of an earlier boot, or of the VM from which the image was made."""
    fill(machine, render_record("other", "1"), written_at=BOOT - 1)

    send(machine)

    assert parse_pool(pool_of(machine).read_bytes()) == [("key", "2")]


def test_without_an_uptime_all_records_are_kept(machine: Path) -> None:
    """Old records may be from this boot if there is no /proc/uptime."""
    (machine / "proc/uptime").unlink()
    fill(machine, render_record("other", "1"))

    send(machine)

    assert parse_pool(pool_of(machine).read_bytes()) == [("other", "1"), ("key", "2")]


def test_half_a_record_is_removed(machine: Path) -> None:
    """A part of a record that filled the disk is removed, because it would spoil later ones."""
    fill(machine, render_record("other", "1"))
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (RECORD_BYTES + 100, old[1]))
    try:
        with pytest.raises(HostError, match="there is no space for a record"):
            send(machine)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)

    assert pool_of(machine).read_bytes() == render_record("other", "1")


def test_an_incomplete_record_is_overwritten(machine: Path) -> None:
    """Records after an incomplete one would be misread."""
    fill(machine, render_record("other", "1") + b"torn")

    send(machine)

    assert parse_pool(pool_of(machine).read_bytes()) == [("other", "1"), ("key", "2")]


def test_a_full_pool_is_not_changed(machine: Path) -> None:
    """The host reads at most 1024 records."""
    fill(machine, bytes(RECORD_BYTES) * 1024)

    with pytest.raises(HostError, match="is full"):
        send(machine)

    assert pool_of(machine).stat().st_size == 2560 * 1024


def test_without_a_daemon_nothing_is_written(tmp_path: Path) -> None:
    """If the pool is missing, there is no daemon, and the pool is not created."""
    with pytest.raises(HostError, match="there is no Hyper-V KVP daemon"):
        send(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_waiting_for_the_lock_ends(machine: Path) -> None:
    """A program that keeps the pool locked cannot keep a VM from reporting."""
    clock = FakeClock()
    with pool_of(machine).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(HostError, match=r"keeps .* locked"):
            send(machine, clock)

    assert 2.0 <= clock.now() - 1000.0 < 2.2

    assert pool_of(machine).read_bytes() == b""


def test_a_pool_that_is_a_fifo_is_an_error(machine: Path) -> None:
    """Opening a FIFO for writing would wait for a reader."""
    pool_of(machine).unlink()
    os.mkfifo(pool_of(machine))

    with pytest.raises(HostError):
        send(machine)

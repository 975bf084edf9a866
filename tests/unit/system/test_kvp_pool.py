"""Sending records to the Hyper-V host: appending to the pool of the KVP daemon."""

import fcntl
import os
import resource
from pathlib import Path
from typing import List, Optional, Tuple

import pytest

from azprov.errors import HostError
from azprov.formats.platform.kvp import RECORD_BYTES, parse_pool, render_record
from azprov.system.kvp_pool import POOL, NoDaemon, PoolLocked, has_daemon, send_to_host
from azprov.system.root import Root
from ports import FakeClock


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    (tmp_path / "var/lib/hyperv").mkdir(parents=True)
    (tmp_path / "var/lib/hyperv/.kvp_pool_1").write_bytes(b"")
    (tmp_path / "proc/sys/kernel/random").mkdir(parents=True)
    (tmp_path / "proc/sys/kernel/random/boot_id").write_text("boot-1\n")
    return tmp_path


def send(machine: Path, clock: Optional[FakeClock] = None) -> None:
    send_to_host(Root(str(machine)), "key", "2", clock or FakeClock(), may_wait=True)


def pool_of(machine: Path) -> Path:
    return machine / POOL[1:]


def fill(machine: Path, content: bytes) -> None:
    pool_of(machine).write_bytes(content)


def reboot(machine: Path) -> None:
    (machine / "proc/sys/kernel/random/boot_id").write_text("boot-2\n")


def records(machine: Path) -> List[Tuple[str, str]]:
    return parse_pool(pool_of(machine).read_bytes())


def test_a_record_is_appended(machine: Path) -> None:
    """Records that other programs wrote are kept."""
    fill(machine, render_record("other", "1"))

    send(machine)

    assert records(machine) == [("other", "1"), ("key", "2")]


def test_a_key_has_one_record(machine: Path) -> None:
    """The newest value replaces all others of its key, in place of the first one."""
    old = [("a", "1"), ("key", "1"), ("b", "1"), ("key", "3"), ("keys", "1")]
    fill(machine, b"".join(render_record(key, value) for key, value in old) + b"torn")

    send(machine)
    send(machine)

    assert records(machine) == [("a", "1"), ("key", "2"), ("b", "1"), ("keys", "1")]
    assert pool_of(machine).stat().st_size == 4 * 2560


def test_records_from_before_this_boot_are_dropped(machine: Path) -> None:
    """Old records are of an earlier boot, or of the VM from which the image was made."""
    fill(machine, render_record("old", "1"))
    send(machine)
    reboot(machine)
    with pool_of(machine).open("ab") as pool:
        pool.write(render_record("new", "1"))

    send(machine)

    assert records(machine) == [("new", "1"), ("key", "2")]


def test_records_of_this_boot_survive_a_change_of_the_clock(machine: Path) -> None:
    """The boot id says which boot it is; the times of the pool say nothing."""
    send(machine)
    with pool_of(machine).open("ab") as pool:
        pool.write(render_record("new", "1"))
    os.utime(pool_of(machine), (1, 1))

    send(machine)

    assert records(machine) == [("key", "2"), ("new", "1")]


def test_a_pool_that_another_program_emptied_is_kept(machine: Path) -> None:
    """cloud-init empties the pool at a boot and fills it again."""
    fill(machine, render_record("old", "1") * 3)
    send(machine)
    reboot(machine)
    fill(machine, render_record("new", "1"))

    send(machine)

    assert records(machine) == [("new", "1"), ("key", "2")]


@pytest.mark.parametrize("boot_id", ["", None])
def test_without_a_boot_id_all_records_are_kept(machine: Path, boot_id: Optional[str]) -> None:
    """Old records may be from this boot if the kernel gives no boot id."""
    path = machine / "proc/sys/kernel/random/boot_id"
    fill(machine, render_record("other", "1"))
    send(machine)
    path.unlink() if boot_id is None else path.write_text(boot_id)

    send(machine)
    send(machine)

    assert records(machine) == [("other", "1"), ("key", "2")]


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
    with pytest.raises(NoDaemon, match="there is no Hyper-V KVP daemon"):
        send(tmp_path)

    assert list(tmp_path.iterdir()) == []


def test_a_locked_pool_is_written_after_a_while(machine: Path) -> None:
    """Any user can read the pool, and so keep it locked, but not keep a record from the host."""
    clock = FakeClock()
    with pool_of(machine).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        send(machine, clock)

    assert 2.0 <= clock.now() - 1000.0 < 2.2
    assert records(machine) == [("key", "2")]


def test_a_locked_pool_is_not_waited_for_before_a_report(machine: Path) -> None:
    """The record is written later, and nothing sleeps now."""
    clock = FakeClock()
    root = Root(str(machine))
    with pool_of(machine).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(PoolLocked, match=r"keeps .* locked"):
            send_to_host(root, "key", "2", clock, may_wait=False)

    assert clock.sleeps == []
    assert pool_of(machine).read_bytes() == b""
    send_to_host(root, "key", "2", clock, may_wait=False)
    assert records(machine) == [("key", "2")]


def test_a_pool_that_is_a_fifo_is_an_error(machine: Path) -> None:
    """Opening a FIFO for writing would wait for a reader."""
    pool_of(machine).unlink()
    os.mkfifo(pool_of(machine))

    with pytest.raises(HostError):
        send(machine)


@pytest.mark.parametrize(
    ("path", "is_daemon"),
    [
        ("usr/sbin/hv_kvp_daemon", True),
        ("usr/sbin/hypervkvpd", True),
        ("usr/lib/hyper-v/bin/hv_kvp_daemon", True),
        ("usr/sbin/hv_vss_daemon", False),
    ],
)
def test_a_daemon_is_found_where_distributions_have_it(
    tmp_path: Path, path: str, is_daemon: bool
) -> None:
    """Debian and Alpine, Fedora and Azure Linux, and SUSE."""
    assert not has_daemon(Root(str(tmp_path)))
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text("ELF")

    assert has_daemon(Root(str(tmp_path))) is is_daemon

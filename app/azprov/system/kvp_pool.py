"""Sending a key and a value to the Hyper-V host, without any network.

The record is written to a pool file of the guest, from which hv_kvp_daemon sends it on.
"""

import fcntl
import logging
import os
from contextlib import suppress
from typing import List

from ..errors import HostError
from ..formats.platform.kvp import RECORD_BYTES, key_of, render_record, split_records
from .clock import Clock
from .root import Root

POOL = "/var/lib/hyperv/.kvp_pool_1"
# Debian, Ubuntu and Alpine; Fedora and Azure Linux; SUSE.
_DAEMONS = (
    "/usr/sbin/hv_kvp_daemon",
    "/usr/sbin/hypervkvpd",
    "/usr/lib/hyper-v/bin/hv_kvp_daemon",
)
# KVP_RECORDS_MAX of the daemon's pools; cloud-init and azure-init have the same limit.
_MOST_RECORDS = 1024
# Other programs hold the lock only while they write a few records.
_LOCK_S = 2.0
_POLL_S = 0.05
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
# An attribute of the pool: the boot in which azprov last wrote, and the records at that time.
_NOTE = "user.azprov.boot"
_LONGEST_BOOT_ID = 100

log = logging.getLogger(__name__)


class NoDaemon(HostError):
    """The pool is missing, so no daemon would send a record on, at least not yet."""


class PoolLocked(HostError):
    """Another program has the lock of the pool, at this moment or for as long as it likes."""


def send_to_host(root: Root, key: str, value: str, clock: Clock, *, may_wait: bool) -> None:
    """Write the record of a key, in place of older records of that key.

    The records that the pool had at azprov's last write in an earlier boot are dropped:
    they may be of another VM, from which the image was made. With `may_wait`, the record is
    written without the lock if another program does not give it back: any user can keep it,
    because all can read the pool. Raises HostError, NoDaemon if the pool is missing, and
    PoolLocked without `may_wait`.
    """
    if root.status(POOL) is None:
        raise NoDaemon(f"there is no Hyper-V KVP daemon ({POOL} is missing)")
    with root.open_shared(POOL) as pool:
        if not _is_locked(pool, clock, wait_s=_LOCK_S if may_wait else 0.0):
            if not may_wait:
                raise PoolLocked(f"another program keeps {POOL} locked")
            log.info(
                "another process keeps %s locked; any user can do that, so azprov writes without "
                "the lock",
                POOL,
            )
        boot = (root.read(_BOOT_ID) or b"").strip()
        old = split_records(os.pread(pool, _MOST_RECORDS * RECORD_BYTES, 0))
        current = old[_count_stale(pool, boot, len(old)) :]
        _replace(pool, old, _with_record(current, render_record(key, value)))
        _note(pool, boot)


def has_daemon(root: Root) -> bool:
    """Whether the daemon that makes the pool is installed, so that it may still start."""
    return any(root.status(path) is not None for path in _DAEMONS)


def _with_record(records: List[bytes], record: bytes) -> List[bytes]:
    """The records with a new one at the position of the first one with its key."""
    same = [number for number, old in enumerate(records) if key_of(old) == key_of(record)]
    if not same and len(records) >= _MOST_RECORDS:
        raise HostError(f"{POOL} is full")
    others = [old for old in records if key_of(old) != key_of(record)]
    position = same[0] if same else len(others)
    return others[:position] + [record] + others[position:]


def _replace(pool: int, old: List[bytes], new: List[bytes]) -> None:
    """Write the records that differ, so that the others are in the pool at every moment."""
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    start, rest = same * RECORD_BYTES, b"".join(new[same:])
    written = 0
    try:
        written = os.pwrite(pool, rest, start)
    finally:
        os.ftruncate(pool, start + written // RECORD_BYTES * RECORD_BYTES)
    if written != len(rest):
        raise HostError(f"there is no space for a record in {POOL}")


def _count_stale(pool: int, boot: bytes, count: int) -> int:
    """The number of records from before this boot; 0 if the pool has no note.

    The time of a record does not count: clocks are set while a VM boots. If the pool became
    smaller since the note, another program has emptied it.
    """
    try:
        noted_boot, noted_count = os.getxattr(pool, _NOTE).split()
        stale = int(noted_count)
    except (OSError, ValueError):
        return 0
    return stale if boot and noted_boot != boot and 0 < stale <= count else 0


def _note(pool: int, boot: bytes) -> None:
    """Note this boot and the number of records; best effort, as some disks have no attributes."""
    count = os.fstat(pool).st_size // RECORD_BYTES
    with suppress(OSError):
        os.setxattr(pool, _NOTE, b"%s %d" % (boot[:_LONGEST_BOOT_ID], count))


def _is_locked(pool: int, clock: Clock, *, wait_s: float) -> bool:
    """Take the lock of the pool; False if another program still has it after `wait_s` seconds."""
    until = clock.now() + wait_s
    while True:
        try:
            fcntl.flock(pool, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if clock.now() >= until:
                return False
            clock.sleep(_POLL_S)
        else:
            return True

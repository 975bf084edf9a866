"""Sending a key and a value to the Hyper-V host, without any network.

The record is appended to a pool file of the guest, from which hv_kvp_daemon sends it on.
"""

import fcntl
import os

from ..errors import HostError
from ..formats.platform.kvp import RECORD_BYTES, render_record
from .clock import Clock
from .root import Root

POOL = "/var/lib/hyperv/.kvp_pool_1"
# KVP_RECORDS_MAX of the daemon's pools; cloud-init and azure-init have the same limit.
_MOST_RECORDS = 1024
# Other programs hold the lock only while they write a few records.
_LOCK_S = 2.0
_POLL_S = 0.05


def send_to_host(root: Root, key: str, value: str, clock: Clock) -> None:
    """Append a record, and drop the records from before this boot.

    Raises HostError, also if there is no daemon that would send the record on.
    """
    if root.status(POOL) is None:
        raise HostError(f"there is no Hyper-V KVP daemon, {POOL} is missing")
    with root.open_shared(POOL) as pool:
        _lock(pool, clock)
        _append(pool, render_record(key, value), _booted_at(root, clock))


def _append(pool: int, record: bytes, booted_at: float) -> None:
    status = os.fstat(pool)
    size = 0 if status.st_mtime < booted_at else status.st_size // RECORD_BYTES * RECORD_BYTES
    if size >= _MOST_RECORDS * RECORD_BYTES:
        raise HostError(f"{POOL} is full")
    os.ftruncate(pool, size)
    written = 0
    try:
        written = os.write(pool, record)
    finally:
        if written != len(record):
            os.ftruncate(pool, size)
    if written != len(record):
        raise HostError(f"there is no space for a record in {POOL}")


def _lock(pool: int, clock: Clock) -> None:
    until = clock.now() + _LOCK_S
    while not _is_locked(pool):
        if clock.now() > until:
            raise HostError(f"another program keeps {POOL} locked")
        clock.sleep(_POLL_S)


def _is_locked(pool: int) -> bool:
    try:
        fcntl.flock(pool, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _booted_at(root: Root, clock: Clock) -> float:
    """When this boot began, as wall time; 0 if /proc has no uptime."""
    uptime = (root.read("/proc/uptime") or b"").split()
    try:
        return clock.wall_time() - float(uptime[0])
    except (IndexError, ValueError):
        return 0.0

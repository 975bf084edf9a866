"""Telling the Hyper-V host by a key and a value, without any network.

The records are appended to the guest's pool, from which hv_kvp_daemon hands them on.
"""

import fcntl
import os
import time

from ..errors import HostError
from ..formats.platform.kvp import RECORD_BYTES, render_record
from .root import Root

POOL = "/var/lib/hyperv/.kvp_pool_1"
# KVP_RECORDS_MAX of the daemon's pools, as cloud-init and azure-init keep to.
_MOST_RECORDS = 1024
# Whoever else appends holds the lock for as long as it takes to write a few records.
_LOCK_S = 2.0
_POLL_S = 0.05


def tell_host(root: Root, key: str, value: str) -> None:
    """Append a record. Raises HostError, also where no daemon would hand it on.

    What stood in the pool before this boot is dropped: nobody handed that on either.
    """
    if root.status(POOL) is None:
        raise HostError(f"there is no Hyper-V KVP daemon, no {POOL}")
    with root.open_shared(POOL) as pool:
        _lock(pool)
        _append(pool, render_record(key, value), _booted_at(root))


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
        raise HostError(f"{POOL} cannot grow")


def _lock(pool: int) -> None:
    until = time.monotonic() + _LOCK_S
    while not _is_locked(pool):
        if time.monotonic() > until:
            raise HostError(f"another program keeps {POOL} locked")
        time.sleep(_POLL_S)


def _is_locked(pool: int) -> bool:
    try:
        fcntl.flock(pool, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _booted_at(root: Root) -> float:
    """The wall clock's time of this boot; 0 where /proc does not say."""
    uptime = (root.read("/proc/uptime") or b"").split()
    try:
        return time.time() - float(uptime[0])
    except (IndexError, ValueError):
        return 0.0

"""Whether the partition table of a disk file is sound.

Source: UEFI 2.10, chapter 5, read 2026-11-27.
"""

from typing import Iterator

from ..facts.disk.disk_file import DiskFile, file_argument
from ..facts.disk.partitions import GPT, read_table
from ..finding import ERROR, NOTE, DiskCheck, Finding, Rule
from .disk_format import may_be_changed

# Disks of Azure have physical sectors of 4096 bytes.
_ALIGNED = 8

PARTITION_TABLE = Rule(
    "partition-table",
    ERROR,
    "the disk has no partition table, or a damaged one",
    "partition the disk again",
)
PARTITIONS = Rule(
    "partitions",
    ERROR,
    "partitions overlap, or are not on the disk",
    "partition the disk again, or enlarge it",
)
GPT_BACKUP = Rule(
    "gpt-backup",
    NOTE,
    "the second copy of the GPT is damaged, or is not at the end of the disk",
    "write it again with sfdisk --relocate gpt-bak-std, before the disk becomes a VHD",
)
ALIGNMENT = Rule(
    "partition-alignment",
    NOTE,
    "a partition does not begin at a multiple of 4096 bytes, so writing to it is slow",
    "begin the partition at a whole MiB",
)


def check_table(disk: DiskFile) -> Iterator[Finding]:
    if not disk.is_readable:
        return
    table = read_table(disk)
    again = "partition the disk again, for example with sfdisk"
    if table.fault and table.made_for > disk.size:
        size = table.made_for
        yield PARTITION_TABLE.found(
            f"the GPT of {disk.shown} is not usable: {table.fault}; Linux refuses it",
            f"copy the file again if it was cut short, or run truncate --size={size} "
            f"{file_argument(disk.path)}"
            if may_be_changed(disk)
            else f"copy the file again if it was cut short, or run truncate --size={size} on the "
            "raw disk, and convert it again",
        )
    elif table.fault:
        yield PARTITION_TABLE.found(
            f"the GPT of {disk.shown} is damaged: {table.fault}; firmware or Linux may refuse it",
            f"restore it from its second copy, for example with gdisk, or {again}",
        )
    elif not table.kind:
        yield PARTITION_TABLE.found(
            f"{disk.shown} has no partition table, so it is not the disk of a VM", again
        )
    elif not table.partitions:
        yield PARTITION_TABLE.found(
            f"the {table.kind} of {disk.shown} has no partitions, so no VM starts from it", again
        )


def check_partitions(disk: DiskFile) -> Iterator[Finding]:
    table = read_table(disk) if disk.is_readable else None
    if table is None:
        return
    furthest = None
    for one in sorted(table.partitions, key=lambda one: one.first):
        if one.last < one.first or one.last >= table.end:
            yield PARTITIONS.found(
                f"partition {one.number} of {disk.shown} ends beyond the disk, so the file was cut "
                "short or the disk is smaller than the one on which it was made",
                "make the file again, with the size that the disk had",
            )
        if furthest is not None and one.first <= furthest.last:
            yield PARTITIONS.found(
                f"partitions {furthest.number} and {one.number} of {disk.shown} overlap, so each "
                "destroys the other's files",
                "partition the disk again, for example with sfdisk",
            )
        if furthest is None or one.last > furthest.last:
            furthest = one


def check_backup(disk: DiskFile) -> Iterator[Finding]:
    """Find a damaged second GPT. A VM starts without it, and sfdisk writes it again."""
    table = read_table(disk) if disk.is_readable else None
    if table is None or table.kind != GPT or not table.backup_fault:
        return
    command = "sfdisk --relocate gpt-bak-std"
    yield GPT_BACKUP.found(
        f"the second copy of the GPT of {disk.shown} is not usable: {table.backup_fault}",
        f"{command} {file_argument(disk.path)}"
        if may_be_changed(disk)
        else f"run {command} on the raw disk, and convert it again; on a VHD it would overwrite "
        "the footer",
    )


def check_alignment(disk: DiskFile) -> Iterator[Finding]:
    table = read_table(disk) if disk.is_readable else None
    for one in table.partitions if table is not None else []:
        if one.first % _ALIGNED:
            yield ALIGNMENT.found(
                f"partition {one.number} of {disk.shown} begins at sector {one.first}, which is "
                "not a multiple of 8, so writing to it is slow",
                "partition the disk again, with each partition at a whole MiB",
            )


CHECKS = (
    DiskCheck(check_table, (PARTITION_TABLE,)),
    DiskCheck(check_partitions, (PARTITIONS,)),
    DiskCheck(check_backup, (GPT_BACKUP,)),
    DiskCheck(check_alignment, (ALIGNMENT,)),
)

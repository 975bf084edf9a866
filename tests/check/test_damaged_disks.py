"""Laws of `check --image` for any bytes: it ends, without an exception and without a change."""

import os
import struct
from pathlib import Path
from typing import List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.check import check_disk
from azprov.check.facts.disk.disk_file import open_disk
from azprov.check.facts.disk.loaders import read_esps
from azprov.check.finding import SEVERITIES
from check.disk_files import ESP, SECTORS, Part, as_vhd, esp, gpt, write_disk
from check.image_changes import pe

#: Where the tables are: the first sectors, the ESP's first ones, its FAT and folders, the end.
_PLACES = [range(3 * 512), range(1 << 20, (1 << 20) + 100 * 512), range((8 << 20) - 512, 8 << 20)]
CHANGES = st.lists(
    st.tuples(
        st.one_of(*(st.integers(place.start, place.stop - 1) for place in _PLACES)),
        st.binary(min_size=1, max_size=8),
    ),
    min_size=1,
    max_size=6,
)


@given(CHANGES)
def test_a_damaged_disk_never_stops_a_check(
    tmp_path_factory: pytest.TempPathFactory, changes: List[Tuple[int, bytes]]
) -> None:
    """Every damage is a finding, or does not matter."""
    folder: Path = tmp_path_factory.getbasetemp()
    path = folder / "damaged.vhd"
    if not path.exists():
        parts = (*gpt(), esp({"BOOTX64.EFI": pe(signed=True)}))
        as_vhd(write_disk(folder / "damaged.raw", parts))
    with open(path, "r+b", buffering=0) as file:
        before = [(place, os.pread(file.fileno(), len(data), place)) for place, data in changes]
        for place, data in changes:
            os.pwrite(file.fileno(), data, place)
        try:
            disk = open_disk(str(path))
            with disk.file:
                findings = check_disk(disk)
        finally:
            for place, data in before:
                os.pwrite(file.fileno(), data, place)
    assert [one for one in findings if one.severity not in SEVERITIES or not one.fix] == []


def test_of_many_efi_partitions_only_the_first_ones_are_read(tmp_path: Path) -> None:
    """A table has room for thousands of partitions that are all at the same place."""
    table = gpt([(2048, 10239, ESP)] * 20)
    disk = open_disk(str(write_disk(tmp_path / "disk", (*table, esp({"BOOTX64.EFI": b"x"})))))
    with disk.file:
        esps = read_esps(disk)

    assert [len(one.loaders) for one in esps] == [1] * 8 + [0] * 12
    assert {one.fault for one in esps[8:]} == {"8 others are before it on the disk"}


@pytest.mark.parametrize("bits", [16, 32])
def test_a_folder_that_never_ends_is_not_read_to_the_end(tmp_path: Path, bits: int) -> None:
    """Each EFI partition may have a chain of clusters that leads to itself, or a huge root."""
    part = esp({"BOOTX64.EFI": b"x"}, bits=bits)
    data = bytearray(part.data)
    if bits == 32:
        (root,) = struct.unpack_from("<I", data, 44)
        struct.pack_into("<I", data, 32 * 512 + root * 4, root)
        place, entries = (32 + 2 * 64 + root - 2) * 512, 16
    else:
        struct.pack_into("<H", data, 17, 4096)
        place, entries = (32 + 2 * 64) * 512, 4096
    data[place : place + entries * 32] = b"XXXXXXXXYYY".ljust(32, b"\0") * entries
    disk = open_disk(str(write_disk(tmp_path / "disk", (*gpt(), Part(part.sector, bytes(data))))))
    with disk.file:
        esps = read_esps(disk)

    assert [(one.loaders, one.fault) for one in esps] == [
        ([], "a folder in it has 4096 entries or more")
    ]


@given(st.binary(max_size=2048))
def test_any_bytes_are_a_disk_without_a_table_or_a_broken_one(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    """Such a file has at least one error, whatever it is."""
    path: Path = tmp_path_factory.getbasetemp() / "any.raw"
    path.write_bytes(content)
    disk = open_disk(str(path))
    with disk.file:
        findings = check_disk(disk)
    assert "error" in [one.severity for one in findings]
    assert path.stat().st_size == len(content) < SECTORS

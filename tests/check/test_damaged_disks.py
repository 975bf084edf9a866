"""Laws of `check --image` for any bytes: it ends, without an exception and without a change."""

import os
from pathlib import Path
from typing import List, Tuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.check import check_disk
from azprov.check.facts.disk.disk_file import open_disk
from azprov.check.finding import SEVERITIES
from check.disk_files import SECTORS, as_vhd, esp, gpt, write_disk
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

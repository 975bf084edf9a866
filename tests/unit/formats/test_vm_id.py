"""VM ids: which texts are one, and which two are the same VM's."""

from typing import Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.formats.platform.vm_id import is_same_vm, parse_vm_id

VM = "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90"
SWAPPED = "a2c1d0b1-f453-8e4a-8d57-0a3c1f6e2d90"
OTHER = "07e5d1f4-9c0b-4b57-8a44-63d7a6ac1f0e"

VM_IDS = st.uuids().map(str)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (VM, VM, True),
        (VM, SWAPPED, True),
        (SWAPPED, VM, True),
        (VM, OTHER, False),
        (None, VM, False),
        (VM, None, False),
        (None, None, False),
    ],
)
def test_an_id_is_the_same_vm_byte_swapped_too(
    one: Optional[str], other: Optional[str], same: bool
) -> None:
    """Firmware of generation 1 VMs has the id byte-swapped; a missing id matches no VM."""
    assert is_same_vm(one, other) is same


@given(VM_IDS, VM_IDS)
def test_being_the_same_vm_is_symmetric_and_reflexive(one: str, other: str) -> None:
    """The order of two ids does not matter, and every id is the same as itself."""
    assert is_same_vm(one, other) == is_same_vm(other, one)
    assert is_same_vm(one, one)


@pytest.mark.parametrize(
    ("text", "vm_id"),
    [
        (VM.upper() + "\n", VM),
        ("00000000-0000-0000-0000-000000000000", None),
        ("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", None),
        ("Not Settable", None),
        ("", None),
        (VM[:-1], None),
        (VM + VM, None),
    ],
)
def test_only_real_ids_are_accepted(text: str, vm_id: Optional[str]) -> None:
    """Case and white space are ignored; zeros, words and empty text are not an id."""
    assert parse_vm_id(text) == vm_id

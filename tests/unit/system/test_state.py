"""The state file: which steps are done for which VM."""

from pathlib import Path
from typing import List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.errors import HostError
from azprov.formats.platform.vm_id import parse_vm_id
from azprov.system.firmware import read_vm_id
from azprov.system.root import Root
from azprov.system.state import (
    State,
    is_of_another_vm,
    parse_state,
    read_state,
    render_state,
    write_state,
)

VM = "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90"
VM_IDS = st.uuids().map(str)


@given(VM_IDS.filter(lambda vm_id: parse_vm_id(vm_id) is not None), st.lists(st.text()))
def test_a_rendered_state_parses_to_the_same_state(vm_id: str, done: List[str]) -> None:
    """The id and the names of the steps survive the file."""
    state = State(vm_id, tuple(done))

    assert parse_state(render_state(state)) == state


@given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(lambda x: str(x).encode()))
def test_a_damaged_state_raises_only_value_error(content: bytes) -> None:
    """No content makes the parser raise another exception."""
    try:
        parse_state(content)
    except ValueError:
        return


def test_a_written_state_is_private_and_is_read_back(tmp_path: Path) -> None:
    """Only root can read the folder."""
    (tmp_path / "var").mkdir()
    root = Root(str(tmp_path))

    write_state(root, State(VM, ("hostname", "ready")))

    path = tmp_path / "var/lib/azprov/state.json"
    assert path.read_text() == (
        '{"vm_id": "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90", "done": ["hostname", "ready"]}\n'
    )
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert read_state(root) == State(VM, ("hostname", "ready"))


@pytest.mark.parametrize("kind", ["absent", "folder"])
def test_a_vm_id_or_state_that_cannot_be_read_counts_as_missing(tmp_path: Path, kind: str) -> None:
    """A missing file or a folder in its place raises no error."""
    if kind == "folder":
        (tmp_path / "sys/class/dmi/id/product_uuid").mkdir(parents=True)
        (tmp_path / "var/lib/azprov/state.json").mkdir(parents=True)

    assert read_vm_id(Root(str(tmp_path))) is None
    assert read_state(Root(str(tmp_path))) == State(None)


def test_a_state_that_cannot_be_written_is_named_whatever_is_in_its_way(tmp_path: Path) -> None:
    """The sentence is the same whether the folder or the file cannot be made."""
    (tmp_path / "var/lib").mkdir(parents=True)
    (tmp_path / "var/lib/azprov").write_text("")
    with pytest.raises(HostError) as no_file:
        write_state(Root(str(tmp_path)), State(VM))
    (tmp_path / "var/lib/azprov").unlink()
    (tmp_path / "var/lib").rmdir()
    (tmp_path / "var/lib").write_text("")
    with pytest.raises(HostError) as no_folder:
        write_state(Root(str(tmp_path)), State(VM))

    sentence = f"could not write {tmp_path}/var/lib/azprov/state.json (Not a directory)"
    assert (no_file.value.summary, no_folder.value.summary) == (sentence, sentence)


def test_a_state_that_is_nested_too_deeply_is_damaged() -> None:
    """Python's own error for it is no ValueError."""
    with pytest.raises(ValueError, match=r"^JSON is nested too deeply$"):
        parse_state(b"[" * 100000)


VM = "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90"
OTHER_VM = "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d91"


@pytest.mark.parametrize(
    ("content", "vm_id", "is_of_another"),
    [
        (f'{{"vm_id": "{OTHER_VM}", "done": []}}', VM, True),
        (f'{{"vm_id": "{VM}", "done": []}}', VM, False),
        (f'{{"vm_id": "{OTHER_VM}", "done": []}}', None, False),
        ('{"vm_id": "", "done": []}', VM, False),
        ("damaged", VM, False),
        (None, VM, False),
    ],
)
def test_only_two_known_ids_show_a_copy(
    tmp_path: Path, content: Optional[str], vm_id: Optional[str], is_of_another: bool
) -> None:
    """A damaged or missing state is not that of another VM."""
    if content is not None:
        (tmp_path / "var/lib/azprov").mkdir(parents=True)
        (tmp_path / "var/lib/azprov/state.json").write_text(content)

    assert is_of_another_vm(Root(str(tmp_path)), vm_id) is is_of_another

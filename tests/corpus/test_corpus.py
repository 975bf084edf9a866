"""What `check` finds in small images of many distributions, sound and broken."""

from pathlib import Path
from typing import Callable, Dict

import pytest

from corpus import (
    alpine,
    arch,
    azure_linux,
    debian,
    embedded,
    gentoo,
    ostree,
    others,
    redhat,
    suse,
    ubuntu,
    void,
)
from corpus.tree import Tree, copy, judge, make
from sound_image import change

_FAMILIES = (
    alpine,
    arch,
    azure_linux,
    debian,
    embedded,
    gentoo,
    ostree,
    others,
    redhat,
    suse,
    ubuntu,
    void,
)
TREES: Dict[str, Tree] = {name: tree for family in _FAMILIES for name, tree in family.TREES.items()}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Tree], Path]:
    """A function that returns the folder of a tree without its changes, which is made once."""
    folders: Dict[int, Path] = {}

    def folder_of(tree: Tree) -> Path:
        key = id(tree.files)
        if key not in folders:
            folders[key] = tmp_path_factory.mktemp("tree") / "image"
            make(folders[key], tree)
        return folders[key]

    return folder_of


@pytest.mark.parametrize("name", TREES)
def test_check_finds_what_is_broken_and_nothing_else(
    tmp_path: Path, made: Callable[[Tree], Path], name: str
) -> None:
    """A sound tree has no error and no warning, and a broken one those of its fault only."""
    tree = TREES[name]
    copy(made(tree), tmp_path / "image")
    change(tmp_path / "image", tree.changes)

    assert judge(tmp_path / "image") == {
        "error": tree.errors.split(),
        "warning": tree.warnings.split(),
    }

"""Trees that a user changes while they are emptied or looked at."""

import os
from pathlib import Path
from typing import Callable, Dict, List, Optional, Tuple

import pytest

from azprov.errors import HostError
from azprov.system.root import Root
from azprov.system.root.privileges import acting_as
from azprov.system.root.survey import Survey
from azprov.system.root.tree import Walk
from images import deep_tree
from open_files import open_files
from own_network import in_own_mounts

EVE = 1001
DENIED, MISSING = "PermissionError", "FileNotFoundError"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of eve, with folders in folders, beside another folder of eve's."""
    tmp_path.chmod(0o755)
    for name in ("home/a/b/c", "other"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "home/a/b/c/file").write_text("")
    if os.geteuid() == 0:
        for path in (tmp_path / "other", tmp_path / "home", *(tmp_path / "home").rglob("*")):
            os.chown(path, EVE, EVE)
    return tmp_path / "home"


class Attacked(Walk):
    """A walk during which eve does something at a moment, each time that it comes."""

    def __init__(self, home: Path, moment: str, attack: Callable[[], None]) -> None:
        super().__init__(os.open(home, os.O_RDONLY))
        self._moment = moment
        self._attack = attack
        self.results: List[str] = []

    def _attack_at(self, moment: str) -> None:
        if moment != self._moment:
            return
        try:
            with acting_as(EVE, EVE):
                self._attack()
            self.results.append("done")
        except OSError as error:
            self.results.append(type(error).__name__)

    def _empty_once(self) -> Optional[OSError]:
        self._attack_at("before a round")
        result = super()._empty_once()
        self._attack_at("after a round")
        return result

    def _require_no_mount(self, number: int) -> None:
        self._attack_at("before a folder is taken")
        super()._require_no_mount(number)

    def _enter(self, name: str) -> None:
        super()._enter(name)
        self._attack_at(f"in {name}")


def rename(top: int, old: str, new: str) -> Callable[[], None]:
    """Move a file by names below an open folder: eve may not come to its own path."""
    return lambda: os.rename(old, new, src_dir_fd=top, dst_dir_fd=top)


def create(top: int, path: str) -> Callable[[], None]:
    return lambda: os.mkdir(path, dir_fd=top)


#: What eve tries, at which moment, and how each attempt ends: before root takes the tree, and
#: then afterwards.
ATTACKS: Dict[str, Tuple[str, str, str, List[str], List[str]]] = {
    "move a folder that is open": ("in c", "home/a/b/c", "other/c", ["done"], [DENIED]),
    "move a folder on the way": ("in c", "home/a/b", "other/b", ["done"], [DENIED]),
    "move a folder at the top": ("in c", "home/a", "other/a", ["done"], [DENIED]),
    "give a folder another name": ("in c", "home/a/b", "home/a/z", ["done"], [DENIED]),
    "give a folder at the top another name": (
        "in c", "home/a", "home/z", ["done"], [DENIED]
    ),
    "make a file in an open folder": ("in c", "", "home/a/b/c/new", ["done"], [DENIED]),
    "move a folder before it is taken": (
        "before a folder is taken", "home/a", "other/a", ["done", MISSING, MISSING],
        [DENIED, DENIED, DENIED],
    ),
    "make files at the top": ("before a round", "", "home/new", ["done"], [DENIED]),
    "make files at the top afterwards": (
        "after a round", "", "home/new", ["done", DENIED], [DENIED]
    ),
}  # fmt: skip


@pytest.mark.needs("root")
@pytest.mark.parametrize("is_taken", [False, True])
@pytest.mark.parametrize("name", ATTACKS)
def test_a_tree_is_emptied_although_its_owner_changes_it(
    name: str, is_taken: bool, home: Path
) -> None:
    """Nothing above the tree is removed, and the top folder keeps its owner."""
    moment, old, new, before, after = ATTACKS[name]
    top = os.open(home.parent, os.O_RDONLY)
    walk = Attacked(home, moment, rename(top, old, new) if old else create(top, new))
    if is_taken:
        walk.take()

    walk.empty()
    walk.close()
    os.close(top)

    assert walk.results == (after if is_taken else before)
    assert os.listdir(home) == []
    assert sorted(os.listdir(home.parent)) == ["home", "other"]
    assert (home.stat().st_uid, home.stat().st_mode & 0o777) == (EVE, 0o755)


@pytest.mark.needs("root")
def test_with_the_rights_of_the_owner_the_rounds_end(home: Path) -> None:
    """Without root's rights the owner can make new files forever; the error says so."""
    top = os.open(home.parent, os.O_RDONLY)
    walk = Attacked(home, "after a round", create(top, "home/new"))

    with acting_as(EVE, EVE), pytest.raises(
        OSError, match="new files appear in it while it is emptied"
    ):
        walk.empty()
    walk.close()
    os.close(top)

    assert walk.results == ["done"] * 20


@pytest.mark.needs("root")
def test_a_folder_in_which_files_appear_is_named_by_the_last_error(home: Path) -> None:
    """In each round, the kernel refuses to remove that folder."""
    top = os.open(home.parent, os.O_RDONLY)
    names = iter(range(100))

    def make_two() -> None:
        name = f"home/a/{next(names)}"
        create(top, name)()
        create(top, f"{name}/b")()

    walk = Attacked(home, "in b", make_two)
    with acting_as(EVE, EVE), pytest.raises(OSError, match="Directory not empty"):
        walk.empty()
    walk.close()
    os.close(top)

    assert walk.results == ["done"] * 20


@pytest.mark.needs("root")
def test_a_folder_that_is_moved_in_each_round_is_named(home: Path) -> None:
    """Nothing is removed in the folder that is above it now."""
    top = os.open(home.parent, os.O_RDONLY)
    os.mkdir("other/c", dir_fd=top)
    os.chown("other/c", EVE, EVE, dir_fd=top)

    def exchange() -> None:
        for old, new in (
            ("home/a/b/c", "other/d"),
            ("other/c", "home/a/b/c"),
            ("other/d", "other/c"),
        ):
            rename(top, old, new)()

    walk = Attacked(home, "in c", exchange)
    with acting_as(EVE, EVE), pytest.raises(OSError, match="'c' was moved meanwhile"):
        walk.empty()
    walk.close()
    os.close(top)

    assert walk.results == ["done"] * 20
    assert os.listdir(home.parent / "other") == ["c"]


@pytest.mark.needs("root", "mount")
def test_a_file_system_that_is_mounted_meanwhile_is_not_emptied(home: Path) -> None:
    """A bind mount has the device number of the tree, but another number of the mount."""
    (home.parent / "other/file").write_text("")

    def act() -> None:
        before = open_files()
        walk = Walk(os.open(home, os.O_RDONLY))
        with pytest.raises(OSError, match="Invalid cross-device link"):
            walk.empty()
        walk.close()
        assert open_files() == before

    in_own_mounts(act, "mount --bind other home/a/b", home.parent)

    assert (home.parent / "other/file").exists()


@pytest.mark.needs("root")
def test_the_top_folder_is_given_back(home: Path) -> None:
    """Otherwise the next run would not know the home as that of its user."""
    walk = Attacked(home, "in c", lambda: None)
    walk.take()
    walk.take()
    assert home.stat().st_uid == 0

    walk.close()

    assert (home.stat().st_uid, home.stat().st_mode & 0o777) == (EVE, 0o755)


class Looking(Survey):
    """A look during which a folder is moved as soon as it is entered."""

    def __init__(self, root: Root, moves: Dict[str, Callable[[], None]]) -> None:
        super().__init__(root.descriptor)
        self._moves = moves

    def look(self) -> List[str]:
        """The paths that were seen."""
        seen = []
        for name, _ in self.files((), ()):
            seen.append(self.path(name))
            if name in self._moves:
                self._moves.pop(name)()
        self.close()
        return seen


@pytest.mark.parametrize(
    ("moved", "is_partial", "seen"),
    [
        ({}, False, ["/home", "/home/a", "/home/a/b", "/home/a/b/c", "/home/a/b/c/file", "/other"]),
        (
            {"file": ("home/a/b/c", "other/c")},
            True,
            ["/home", "/home/a", "/home/a/b", "/home/a/b/c", "/home/a/b/c/file", "/other",
             "/other/c", "/other/c/file"],
        ),
        (
            {"file": ("home/a", "other/a")},
            True,
            ["/home", "/home/a", "/home/a/b", "/home/a/b/c", "/home/a/b/c/file", "/other",
             "/other/a", "/other/a/b", "/other/a/b/c", "/other/a/b/c/file"],
        ),
    ],
)  # fmt: skip
def test_a_look_at_all_files_goes_on_where_a_folder_was_moved(
    moved: Dict[str, Tuple[str, str]], is_partial: bool, seen: List[str], home: Path
) -> None:
    """It goes on in the next folder above that is where it was, and the result says so."""
    top = os.open(home.parent, os.O_RDONLY)
    moves = {name: rename(top, old, new) for name, (old, new) in moved.items()}
    looking = Looking(Root(str(home.parent)), moves)

    paths = looking.look()
    os.close(top)

    assert sorted(set(paths)) == seen
    assert looking.is_partial is is_partial


def test_a_look_goes_on_beside_a_folder_that_was_moved(home: Path) -> None:
    """The other files of the folder above are still seen, and each once."""
    beside = {f"/home/a/{number}" for number in range(20)}
    for path in beside:
        (home.parent / path[1:]).touch()
    top = os.open(home.parent, os.O_RDONLY)
    looking = Looking(Root(str(home.parent)), {"file": rename(top, "home/a/b/c", "other/c")})

    paths = looking.look()
    os.close(top)

    assert sorted(path for path in paths if path in beside) == sorted(beside)


def test_a_file_that_is_removed_during_a_look_is_left_out(home: Path) -> None:
    """The look goes on with the other files."""
    for name in ("1", "2"):
        (home.parent / "other" / name).touch()
    top = os.open(home.parent / "other", os.O_RDONLY)
    moves = {one: rename(top, other, "3") for one, other in (("1", "2"), ("2", "1"))}

    paths = Looking(Root(str(home.parent / "other")), moves).look()
    os.close(top)

    assert paths in (["/1"], ["/2"])


@pytest.mark.parametrize("moved", ["", "home/a/b/c", "home/a"])
def test_a_look_leaves_no_file_open(moved: str, home: Path) -> None:
    """A root has more folders than a process may have open files."""
    root, top = Root(str(home.parent)), os.open(home.parent, os.O_RDONLY)
    before = open_files()

    Looking(root, {"file": rename(top, moved, "other/x")} if moved else {}).look()

    assert open_files() == before
    os.close(top)


@pytest.mark.needs("root")
def test_a_folder_that_an_ordinary_user_cannot_read_is_passed_over(home: Path) -> None:
    """Such a user cannot see every file of an image."""
    os.chown(home / "a/b", 0, 0)
    (home / "a/b").chmod(0o700)
    looking = Looking(Root(str(home.parent)), {})

    with acting_as(EVE, EVE):
        paths = looking.look()

    assert sorted(paths) == ["/home", "/home/a", "/home/a/b", "/other"]


@pytest.mark.needs("root")
def test_a_home_of_a_user_with_processes_is_removed(home: Path) -> None:
    """The removal of a whole folder ends, too."""
    root = Root(str(home.parent))

    assert root.remove_tree("/home", owner=EVE)

    assert os.listdir(home.parent) == ["other"]
    with pytest.raises(HostError, match="it belongs to the UID 1001"):
        root.remove_tree("/other", owner=0)


class Growing(Walk):
    """A walk during which a process makes a level below each folder that is entered."""

    levels = 12_000
    deepest = 0

    def _enter(self, name: str) -> None:
        super()._enter(name)
        self.deepest = max(self.deepest, len(self._above) + 1)
        if self.levels:
            self.levels -= 1
            os.mkdir("d", dir_fd=self.number)


def test_a_tree_that_grows_below_the_walk_is_emptied_in_pieces(home: Path) -> None:
    """Each open level needs memory, and a process can make levels forever."""
    walk = Growing(os.open(home, os.O_RDONLY))

    walk.empty()
    walk.close()

    assert os.listdir(home) == []
    assert (walk.levels, walk.deepest) == (0, 10_000)


def test_a_look_at_all_files_ends_in_a_tree_that_grows(home: Path) -> None:
    """A process that makes levels forever would keep the look busy. The result says so."""
    with deep_tree(home, depth=10_100):
        root = Root(str(home))
        survey = Survey(root.descriptor)
        folders = [name for name, _ in survey.files((), set()) if name == "d"]
        survey.close()

    assert len(folders) == 10_001
    assert survey.is_too_deep is True
    assert survey.is_partial is False

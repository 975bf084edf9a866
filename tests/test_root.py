"""Files below a root: nothing leads out, nothing is half written."""

import os
import stat
import string
from pathlib import Path
from typing import Dict, List

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azprov.errors import HostError
from azprov.host.root import Root


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    return folder


def test_reading_and_writing(inside: Path) -> None:
    """A file comes back as it was written; none is None."""
    root = Root(str(inside))

    assert root.read("/a") is None
    assert root.read("/no/such") is None
    root.write("/a", b"1", mode=0o640)
    root.write("/a", b"2")
    root.write("/b", b"3")

    assert root.read("/a") == b"2"
    assert stat.S_IMODE((inside / "a").stat().st_mode) == 0o640
    assert stat.S_IMODE((inside / "b").stat().st_mode) == 0o644
    root.write("/a", b"2", mode=0o600)
    assert stat.S_IMODE((inside / "a").stat().st_mode) == 0o600
    assert sorted(os.listdir(inside)) == ["a", "b"]


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("/link", "/real"),
        ("/link", "real"),
        ("/link", "../../../real"),
        ("/link", "/folder/../real"),
        ("/link", "/folder/../../../real"),
        ("/folder/link", "../real"),
        ("/folder/link", "/folder/up/real"),
    ],
)
def test_links_resolve_inside(inside: Path, link: str, target: str) -> None:
    """Absolute ones, and such as climb above the top, as they would with the root as /."""
    (inside / "folder").mkdir()
    (inside / "folder" / "up").symlink_to("..")
    (inside / link[1:]).symlink_to(target)
    root = Root(str(inside))

    root.write(link, b"written")

    assert (inside / "real").read_bytes() == b"written"
    assert root.read(link) == b"written"
    assert root.real_path(link) == "/real"
    assert (inside / link[1:]).is_symlink()


def test_a_link_to_the_outside_finds_nothing(inside: Path) -> None:
    """What it names out there is neither read nor written."""
    outside = inside.parent / "outside" / "secret"
    (inside / "link").symlink_to(outside)
    root = Root(str(inside))

    assert root.read("/link") is None
    with pytest.raises(HostError):
        root.write("/link", b"written")
    assert outside.read_text() == "secret"


def test_links_in_a_circle_end(inside: Path) -> None:
    """With an error, not for ever."""
    (inside / "a").symlink_to("b")
    (inside / "b").symlink_to("a")

    with pytest.raises(HostError, match="Too many levels of symbolic links"):
        Root(str(inside)).read("/a")


@pytest.mark.parametrize("kind", ["folder", "fifo", "device", "large"])
def test_only_regular_files_of_some_size_are_read(inside: Path, kind: str) -> None:
    """A FIFO does not block, a device is not read, a large file is told."""
    path = inside / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        if os.geteuid() != 0:
            pytest.skip("only root makes devices")
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    else:
        with path.open("wb") as file:
            file.truncate(1 << 30)

    with pytest.raises(HostError):
        Root(str(inside)).read("/x")


def test_a_large_file_is_opened(inside: Path) -> None:
    """To be read as far as is needed; none is None, and a link out finds nothing."""
    with (inside / "x").open("wb") as file:
        file.write(b"first")
        file.truncate(1 << 40)
    (inside / "link").symlink_to(inside.parent / "outside" / "secret")
    os.mkfifo(inside / "fifo")
    root = Root(str(inside))

    opened = root.open_file("/x")

    assert opened is not None
    with opened:
        assert opened.read(5) == b"first"
    assert root.open_file("/none") is None
    assert root.open_file("/link") is None
    with pytest.raises(HostError, match="is no regular file"):
        root.open_file("/fifo")


def test_a_leftover_of_a_power_cut_is_in_nobodys_way(inside: Path) -> None:
    """Not even when it is a link to somewhere else."""
    secret = inside.parent / "outside" / "secret"
    (inside / ".a.azprov-new").symlink_to(secret)

    Root(str(inside)).write("/a", b"1")

    assert (inside / "a").read_bytes() == b"1"
    assert secret.read_text() == "secret"
    assert os.listdir(inside) == ["a"]


def test_a_failed_write_leaves_the_old_file(inside: Path) -> None:
    """And nothing beside it."""
    (inside / "a").mkdir()

    with pytest.raises(HostError, match=r"could not write .*/a \(Is a directory\)"):
        Root(str(inside)).write("/a", b"1")

    assert os.listdir(inside) == ["a"]


def test_folders_are_made_once(inside: Path) -> None:
    """What was made is told, so that it can be taken away."""
    root = Root(str(inside))

    assert root.make_folders("/a/b/c") == ["/a", "/a/b", "/a/b/c"]
    assert root.make_folders("/a/b/d") == ["/a/b/d"]
    assert root.make_folders("/a/b") == []
    assert root.names("/a/b") == ["c", "d"]
    assert root.names("/none") == []


def test_links_are_made_and_replaced(inside: Path) -> None:
    """In one step, whatever was there."""
    root = Root(str(inside))
    root.link("/l", "/x")
    root.link("/l", "/y")

    assert root.read_link("/l") == "/y"
    assert root.read_link("/none") is None
    assert root.status("/l") is None
    assert root.status("/l", follow=False) is not None
    assert root.remove("/l")
    assert not root.remove("/l")


def test_a_tree_is_removed_and_no_link_followed(inside: Path) -> None:
    """Links go, what they name stays."""
    (inside / "a/b/c").mkdir(parents=True)
    (inside / "a/b/file").write_text("1")
    (inside / "a/link").symlink_to(inside.parent / "outside")
    (inside / "a/file-link").symlink_to("../kept")
    (inside / "kept").write_text("1")
    (inside / "top").symlink_to("a")
    root = Root(str(inside))

    assert root.remove_tree("/a")
    assert not root.remove_tree("/a")
    assert root.remove_tree("/top")

    assert os.listdir(inside) == ["kept"]
    assert (inside.parent / "outside" / "secret").exists()


def test_a_move_is_to_a_name_beside(inside: Path) -> None:
    """Content and mode stay."""
    (inside / "a").mkdir()
    (inside / "a/x").write_text("1")
    root = Root(str(inside))

    root.move("/a/x", "y")

    assert (inside / "a/y").read_text() == "1"
    with pytest.raises(HostError, match="could not move"):
        root.move("/a/x", "y")


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root acts as others")
USER = (54321, 54322)


@needs_root
def test_acting_as_a_user(inside: Path) -> None:
    """What is made is the user's, what the user may not do fails, and then all is as before."""
    inside.chmod(0o755)
    (inside / "home").mkdir()
    os.chown(inside / "home", *USER)
    (inside / "etc").mkdir()
    (inside / "etc/secret").write_text("1")
    (inside / "etc/secret").chmod(0o600)
    (inside / "home/etc").symlink_to("/etc")
    root = Root(str(inside))

    with root.as_user(USER):
        root.make_folders("/home/own", mode=0o700)
        root.write("/home/own/file", b"1", mode=0o600)
        for path in ("/home/etc/secret", "/home/etc/new", "/etc/new"):
            with pytest.raises(HostError, match="Permission denied"):
                root.write(path, b"2")
        with pytest.raises(HostError, match="Permission denied"):
            root.read("/home/etc/secret")

    for path in ("home/own", "home/own/file"):
        status = (inside / path).stat()
        assert (status.st_uid, status.st_gid) == USER
    assert stat.S_IMODE((inside / "home/own").stat().st_mode) == 0o700
    assert (inside / "etc/secret").read_text() == "1"
    assert os.listdir(inside / "etc") == ["secret"]
    assert os.geteuid() == 0
    root.write("/etc/new", b"3")


@needs_root
def test_acting_as_a_user_below_a_closed_folder(inside: Path) -> None:
    """The way to the root is not the user's to go."""
    (inside / "home").mkdir()
    os.chown(inside / "home", *USER)
    inside.parent.chmod(0o700)
    inside.chmod(0o755)
    root = Root(str(inside))

    with root.as_user(USER):
        root.write("/home/file", b"1")

    assert (inside / "home/file").stat().st_uid == USER[0]


@needs_root
def test_rights_come_back_after_a_failure(inside: Path) -> None:
    """Groups too."""
    groups = os.getgroups()

    with pytest.raises(KeyError), Root(str(inside)).as_user(USER):
        raise KeyError

    assert (os.geteuid(), os.getegid(), os.getgroups()) == (0, 0, groups)


@needs_root
def test_owners(inside: Path) -> None:
    """A file keeps its owner where none is given, and has it from the start where one is."""
    root = Root(str(inside))
    root.write("/a", b"1", owner=USER)
    root.write("/a", b"2")
    root.make_folders("/b", owner=USER)

    for name in ("a", "b"):
        status = (inside / name).stat()
        assert (status.st_uid, status.st_gid) == USER


def test_an_open_file_is_a_regular_one(inside: Path) -> None:
    """And is never made."""
    (inside / "a").write_text("1")
    root = Root(str(inside))

    with root.open_shared("/a") as number:
        os.write(number, b"2")
    assert (inside / "a").read_text() == "12"
    with pytest.raises(HostError, match="could not append to"), root.open_shared("/b"):
        raise AssertionError
    os.mkfifo(inside / "fifo")
    with pytest.raises(HostError, match="no regular file"), root.open_shared("/fifo"):
        raise AssertionError


NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES | st.sampled_from(["..", "."]), min_size=1, max_size=4)
TARGETS = st.builds(
    lambda start, path: start + "/".join(path),
    st.sampled_from(["", "/", "../", "/../../", "OUTSIDE/"]),
    PATHS,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    links=st.dictionaries(NAMES, TARGETS, max_size=3),
    below=st.dictionaries(NAMES, TARGETS, max_size=2),
    path=PATHS,
    content=st.binary(max_size=4),
)
def test_no_path_leads_out(
    tmp_path_factory: pytest.TempPathFactory,
    links: Dict[str, str],
    below: Dict[str, str],
    path: List[str],
    content: bytes,
) -> None:
    """Whatever links there are, the world outside the root stays as it is."""
    world = tmp_path_factory.mktemp("world")
    outside = world / "outside"
    outside.mkdir()
    for name in string.ascii_lowercase[:3]:
        (outside / name).write_text(name)
    inside = world / "root"
    (inside / "d").mkdir(parents=True)
    for folder, made in ((inside, links), (inside / "d", below)):
        for name, target in made.items():
            (folder / name).symlink_to(target.replace("OUTSIDE", str(outside)))
    root = Root(str(inside))

    for place in ("/" + "/".join(path), "/d/" + "/".join(path)):
        for change in (
            lambda place=place: root.write(place, content),
            lambda place=place: root.make_folders(place),
            lambda place=place: root.link(place, "x"),
            lambda place=place: root.remove(place),
            lambda place=place: root.move(place, "m"),
            lambda place=place: root.remove_tree(place),
        ):
            try:
                change()
            except HostError:
                continue

    assert sorted(path.name for path in world.iterdir()) == ["outside", "root"]
    assert {path.name: path.read_text() for path in outside.iterdir()} == {
        "a": "a",
        "b": "b",
        "c": "c",
    }

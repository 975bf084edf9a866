"""Files below a root: nothing leads out, nothing is half written."""

import os
import stat
import string
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, List

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from azprov.errors import HostError, NotPermitted
from azprov.system.root import Root
from azprov.system.root.privileges import acting_as
from pyz import ROOT

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root acts as others")
USER = (54321, 54322)


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


def test_folders_that_lie_too_deep_are_told(inside: Path) -> None:
    """A user may lay as many in each other as they like."""
    (inside / "a").mkdir()
    folder = os.open(inside / "a", os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("a", dir_fd=folder)
        below = os.open("a", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(folder)

    with pytest.raises(HostError, match=r"lie too deep|Too many open files"):
        Root(str(inside)).remove_tree("/a")
    subprocess.run(["rm", "-rf", inside / "a"], check=True)


@needs_root
def test_what_fails_leaves_nothing_half_made(inside: Path) -> None:
    """Neither a link beside its place nor a folder that is not as it was asked for."""
    (inside / "folder").mkdir()
    os.chown(inside / "folder", *USER)
    inside.chmod(0o755)
    root = Root(str(inside))

    with pytest.raises(HostError, match="could not make the link"):
        root.link("/folder", "/x")
    with pytest.raises(HostError, match="it is done as its user"), root.as_user(USER):
        root.make_folders("/folder/new", owner=(1, 1))

    assert [str(path.relative_to(inside)) for path in inside.rglob("*")] == ["folder"]


def test_a_folder_that_a_power_cut_left_is_in_nobodys_way(inside: Path) -> None:
    """It was not under its name yet."""
    (inside / ".a.azprov-new").mkdir(mode=0o700)

    assert Root(str(inside)).make_folders("/a") == ["/a"]

    assert os.listdir(inside) == ["a"]
    assert stat.S_IMODE((inside / "a").stat().st_mode) == 0o755


def changes_of(act: Callable[[], object]) -> List[str]:
    """The system calls that change folders, and those that make it durable, in their order."""
    calls: List[str] = []

    def note(_frame: object, event: str, function: object) -> None:
        name = getattr(function, "__name__", "")
        if event == "c_return" and name in ("fsync", "mkdir", "rename", "symlink", "unlink"):
            calls.append(name)

    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return calls


def test_every_change_is_durable(inside: Path) -> None:
    """Content before its name, and the name before the end: a power cut takes neither back."""
    root = Root(str(inside))

    assert changes_of(lambda: root.write("/a", b"1")) == ["fsync", "rename", "fsync"]
    assert changes_of(lambda: root.move("/a", "b")) == ["rename", "fsync"]
    assert changes_of(lambda: root.remove("/b")) == ["unlink", "fsync"]
    assert changes_of(lambda: root.link("/a", "/x")) == ["symlink", "rename", "fsync"]
    assert changes_of(lambda: root.make_folders("/c")) == ["mkdir", "rename", "fsync"]


def test_no_file_stays_open(inside: Path) -> None:
    """Whatever is done, and where it fails."""
    (inside / "up").symlink_to("folder/..")
    (inside / "folder").mkdir()
    os.mkfifo(inside / "fifo")
    root = Root(str(inside))
    before = os.listdir("/proc/self/fd")

    root.write("/up/up/a", b"1")
    root.link("/folder/link", "/up/a")
    root.read("/folder/link")
    root.names("/folder")
    root.make_folders("/up/b/c")
    root.remove_tree("/up/b")
    with root.as_user((os.geteuid(), os.getegid())), root.open_shared("/a"):
        pass
    for path in ("/fifo", "/folder"):
        with pytest.raises(HostError, match="is no regular file"):
            root.read(path)

    assert os.listdir("/proc/self/fd") == before


def test_only_the_machines_own_root_is_live(inside: Path) -> None:
    """However it is written."""
    (inside / "link").symlink_to("/")

    assert Root("/").is_live
    assert Root("/.").is_live
    assert Root(str(inside / "link")).is_live
    assert not Root(str(inside)).is_live


@needs_root
def test_who_is_not_root_is_told_so(inside: Path) -> None:
    """By an exit code of its own."""
    inside.chmod(0o755)

    with acting_as(*USER), pytest.raises(NotPermitted, match="run it as root"):
        Root(str(inside)).write("/a", b"1")


def test_nobody_else_reads_what_is_half_made(inside: Path) -> None:
    """From its first moment; shadow is written so."""
    modes = set()

    def look(_frame: object, _event: str, _function: object) -> None:
        for path in inside.glob(".*.azprov-new"):
            modes.add(stat.S_IMODE(path.lstat().st_mode))

    sys.setprofile(look)
    try:
        Root(str(inside)).write("/a", b"1", mode=0o600)
        Root(str(inside)).make_folders("/b", mode=0o700)
    finally:
        sys.setprofile(None)

    assert modes == {0o600, 0o700}


def test_a_file_keeps_its_label(inside: Path) -> None:
    """SELinux would let nobody at it else."""
    (inside / "a").write_text("1")
    try:
        os.setxattr(inside / "a", "security.selinux", b"system_u:object_r:etc_t:s0")
    except OSError:
        pytest.skip("no labels can be given here")

    Root(str(inside)).write("/a", b"2")

    assert (inside / "a").read_text() == "2"
    assert os.getxattr(inside / "a", "security.selinux") == b"system_u:object_r:etc_t:s0"


def test_what_is_mounted_within_is_left(inside: Path) -> None:
    """In a name space of its own, where something can be mounted."""
    (inside / "a/b").mkdir(parents=True)
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'app')!r}); "
        f"from azprov.system.root import Root; "
        f"Root({str(inside)!r}).remove_tree('/a')"
    )
    script = 'cd "$1" && mount -t tmpfs none a/b && touch a/b/x || exit 9; "$2" -c "$3"; ls a/b'
    command = ["unshare", "-m" if os.geteuid() == 0 else "-rm", "sh", "-c", script, "sh"]

    done = subprocess.run(
        [*command, str(inside), sys.executable, code], capture_output=True, text=True, check=False
    )

    if done.returncode in (1, 9):
        pytest.skip("nothing can be mounted here")
    assert done.stdout == "x\n"
    assert "unmount the file system that is mounted within" in done.stderr


def test_as_many_links_as_the_kernel_follows(inside: Path) -> None:
    """And not one more."""
    (inside / "0").write_text("1")
    for number in range(1, 42):
        (inside / str(number)).symlink_to(str(number - 1))
    root = Root(str(inside))

    assert root.read("/40") == b"1"
    with pytest.raises(HostError, match="Too many levels"):
        root.read("/41")


def test_a_move_is_to_a_name_beside(inside: Path) -> None:
    """Content and mode stay."""
    (inside / "a").mkdir()
    (inside / "a/x").write_text("1")
    root = Root(str(inside))

    root.move("/a/x", "y")

    assert (inside / "a/y").read_text() == "1"
    with pytest.raises(HostError, match="could not move"):
        root.move("/a/x", "y")


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
def test_acting_as_a_user_through_a_folder_that_only_lets_through(inside: Path) -> None:
    """Who may enter need not be able to read."""
    (inside / "closed/home").mkdir(parents=True)
    os.chown(inside / "closed/home", *USER)
    inside.chmod(0o755)
    (inside / "closed").chmod(0o711)

    root = Root(str(inside))

    with root.as_user(USER):
        root.write("/closed/home/file", b"1")

    assert (inside / "closed/home/file").stat().st_uid == USER[0]


@needs_root
def test_rights_come_back_after_a_failure(inside: Path) -> None:
    """Groups too, of which none is a user's."""
    groups = os.getgroups()
    os.setgroups([4, 5])
    try:
        with pytest.raises(KeyError) as failure, Root(str(inside)).as_user(USER):
            raise KeyError((os.geteuid(), os.getegid(), os.getgroups()))

        assert failure.value.args == ((*USER, []),)
        assert (os.geteuid(), os.getegid(), os.getgroups()) == (0, 0, [4, 5])
    finally:
        os.setgroups(groups)


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


@pytest.mark.parametrize("path", ["/a\0b", "/a\0b/c", "/\udc00\ud800"])
def test_a_path_that_no_kernel_can_be_told_of(inside: Path, path: str) -> None:
    """As a broken file may name one; the sentence is on one line."""
    root = Root(str(inside))

    for act in (root.read, root.status, root.names, root.remove, root.make_folders):
        with pytest.raises(HostError, match=r"\(Invalid argument\)") as caught:
            act(path)
        assert str(caught.value).isprintable()
    with pytest.raises(HostError, match=r"could not write .*a\?b"):
        root.write("/a\nb/c", b"")


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

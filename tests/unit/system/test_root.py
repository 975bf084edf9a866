"""Files below a root: no path leads outside, and no file is half written."""

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

import needs
from azprov.errors import HostError, NotPermitted
from azprov.system.root import Root
from azprov.system.root.privileges import acting_as
from images import deep_tree
from open_files import open_files
from project import ROOT

needs_root = pytest.mark.needs("root")
USER, OTHER = (54321, 54322), (54323, 54324)


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret").write_text("secret")
    return folder


def test_a_written_file_is_read_back(inside: Path) -> None:
    """A file keeps its mode, a new file gets 0644, and a missing file is read as None."""
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
    """Links are resolved as if the root were /, also absolute ones and ones with many `..`."""
    (inside / "folder").mkdir()
    (inside / "folder" / "up").symlink_to("..")
    (inside / link[1:]).symlink_to(target)
    root = Root(str(inside))

    root.write(link, b"written")

    assert (inside / "real").read_bytes() == b"written"
    assert root.read(link) == b"written"
    assert root.real_path(link) == "/real"
    assert (inside / link[1:]).is_symlink()


def test_a_link_to_the_outside_is_broken(inside: Path) -> None:
    """A file outside the root is neither read nor written through a link."""
    outside = inside.parent / "outside" / "secret"
    (inside / "link").symlink_to(outside)
    root = Root(str(inside))

    assert root.read("/link") is None
    with pytest.raises(HostError):
        root.write("/link", b"written")
    assert outside.read_text() == "secret"


def test_links_that_form_a_loop_are_an_error(inside: Path) -> None:
    """Two links that name each other raise HostError instead of looping forever."""
    (inside / "a").symlink_to("b")
    (inside / "b").symlink_to("a")

    with pytest.raises(HostError, match="Too many levels of symbolic links"):
        Root(str(inside)).read("/a")


@pytest.mark.parametrize("kind", ["folder", "fifo", "device", "large"])
def test_only_small_regular_files_are_read(inside: Path, kind: str) -> None:
    """A folder, a FIFO, a device and a file above the limit raise HostError at once."""
    path = inside / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        needs.root()
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    else:
        with path.open("wb") as file:
            file.truncate(1 << 30)

    with pytest.raises(HostError):
        Root(str(inside)).read("/x")


def test_a_large_file_can_be_opened(inside: Path) -> None:
    """`open_file` has no size limit, stays inside the root, and opens only regular files."""
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
    with pytest.raises(HostError, match="is not a regular file"):
        root.open_file("/fifo")


def test_a_temporary_file_from_a_power_cut_is_replaced(inside: Path) -> None:
    """A link under the temporary name is removed and not followed."""
    secret = inside.parent / "outside" / "secret"
    (inside / ".a.azprov-new").symlink_to(secret)

    Root(str(inside)).write("/a", b"1")

    assert (inside / "a").read_bytes() == b"1"
    assert secret.read_text() == "secret"
    assert os.listdir(inside) == ["a"]


def test_a_failed_write_leaves_the_old_file(inside: Path) -> None:
    """A failed write changes nothing and leaves no temporary file."""
    (inside / "a").mkdir()

    with pytest.raises(HostError, match=r"could not write .*/a \(Is a directory\)"):
        Root(str(inside)).write("/a", b"1")

    assert os.listdir(inside) == ["a"]


def test_making_folders_returns_the_new_ones(inside: Path) -> None:
    """The caller learns which folders were made, so that it can remove them again."""
    root = Root(str(inside))

    assert root.make_folders("/a/b/c") == ["/a", "/a/b", "/a/b/c"]
    assert root.make_folders("/a/b/d") == ["/a/b/d"]
    assert root.make_folders("/a/b") == []
    assert root.names("/a/b") == ["c", "d"]
    assert root.names("/none") == []


def test_links_are_made_and_replaced(inside: Path) -> None:
    """Making a link replaces a link of that name; a link can be read and removed."""
    root = Root(str(inside))
    root.link("/l", "/x")
    root.link("/l", "/y")

    assert root.read_link("/l") == "/y"
    assert root.read_link("/none") is None
    assert root.status("/l") is None
    assert root.status("/l", follow=False) is not None
    assert root.remove("/l")
    assert not root.remove("/l")


def test_removing_a_tree_follows_no_link(inside: Path) -> None:
    """Links in the tree are removed, and their targets are kept."""
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


@pytest.mark.parametrize(("depth", "name"), [(1500, "d"), (3000, "d"), (50, "n" * 255)])
def test_a_deep_tree_is_removed(inside: Path, depth: int, name: str) -> None:
    """The number of nested folders and the length of their paths have no limit.

    Python's recursion ends at 1000, a process may have 1024 open files, and the kernel accepts
    paths of 4096 bytes.
    """
    (inside / "a").mkdir()
    with deep_tree(inside / "a", depth=depth, name=name):
        assert Root(str(inside)).remove_tree("/a")

        assert os.listdir(inside) == []


@pytest.mark.needs("root", "chattr")
@pytest.mark.parametrize("flag", ["i", "a"])
def test_an_attribute_that_prevents_the_removal_is_named(inside: Path, flag: str) -> None:
    """Even root cannot remove such a file before chattr removes the attribute."""
    (inside / "a").mkdir()
    (inside / "a/file").write_text("")
    for path, what in ((inside / "a/file", "'file' has"), (inside / "a", "its folder has")):
        subprocess.run(["chattr", f"+{flag}", str(path)], check=True)
        try:
            with pytest.raises(HostError) as raised:
                Root(str(inside)).remove_tree("/a")
            with pytest.raises(HostError) as raised_by_file:
                Root(str(inside)).remove("/a/file")
        finally:
            subprocess.run(["chattr", f"-{flag}", str(path)], check=True)
        cause = f"{what} the attribute +i or +a); run chattr -i -a {path}"
        assert str(raised.value) == f"could not remove {inside}/a ({cause}"
        assert str(raised_by_file.value) == f"could not remove {inside}/a/file ({cause}"


@needs_root
def test_a_failed_operation_leaves_no_temporary_name(inside: Path) -> None:
    """No failed link is left behind, and no folder whose owner could not be set."""
    (inside / "folder").mkdir()
    os.chown(inside / "folder", *USER)
    inside.chmod(0o755)
    root = Root(str(inside))

    with pytest.raises(HostError, match="could not make the link"):
        root.link("/folder", "/x")
    refused = pytest.raises(HostError, match="check that the user has access to this path")
    with root.as_user(USER) as user_root, refused:
        user_root.make_folders("/folder/new", owner=(1, 1))

    assert [str(path.relative_to(inside)) for path in inside.rglob("*")] == ["folder"]


def test_a_temporary_folder_from_a_power_cut_is_replaced(inside: Path) -> None:
    """A folder under the temporary name does not stop the next attempt."""
    (inside / ".a.azprov-new").mkdir(mode=0o700)

    assert Root(str(inside)).make_folders("/a") == ["/a"]

    assert os.listdir(inside) == ["a"]
    assert stat.S_IMODE((inside / "a").stat().st_mode) == 0o755


def changes_of(act: Callable[[], object]) -> List[str]:
    """The system calls that change folders or make changes durable, in order."""
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
    """A file's content, or a new folder, is synced before the rename, and its folder after it."""
    root = Root(str(inside))

    assert changes_of(lambda: root.write("/a", b"1")) == ["fsync", "rename", "fsync"]
    assert changes_of(lambda: root.rename("/a", "b")) == ["rename", "fsync"]
    assert changes_of(lambda: root.remove("/b")) == ["unlink", "fsync"]
    assert changes_of(lambda: root.link("/a", "/x")) == ["symlink", "rename", "fsync"]
    assert changes_of(lambda: root.make_folders("/c")) == ["mkdir", "fsync", "rename", "fsync"]


def test_no_descriptor_stays_open(inside: Path) -> None:
    """Every operation closes its descriptors, also when it fails."""
    (inside / "up").symlink_to("folder/..")
    (inside / "folder").mkdir()
    os.mkfifo(inside / "fifo")
    root = Root(str(inside))
    before = open_files()

    root.write("/up/up/a", b"1")
    root.link("/folder/link", "/up/a")
    root.read("/folder/link")
    root.sync("/folder/link")
    root.names("/folder")
    root.make_folders("/up/b/c")
    root.remove_tree("/up/b")
    with root.as_user((os.geteuid(), os.getegid())) as user_root, user_root.open_shared("/a"):
        pass
    for path in ("/fifo", "/folder"):
        with pytest.raises(HostError, match="is not a regular file"):
            root.read(path)

    assert open_files() == before


def test_a_path_is_shown_up_to_the_longest_that_a_program_can_use(tmp_path: Path) -> None:
    """A root may have deeper folders; the kernel takes 4096 bytes."""
    shown = Root(str(tmp_path)).outside("/" + "a" * 5000)

    assert len(shown) == 4096
    assert shown.startswith(f"{tmp_path}/aaa")


def test_only_the_machines_own_root_is_live(inside: Path) -> None:
    """A root is live if its path leads to /, also through a link."""
    (inside / "link").symlink_to("/")

    assert Root("/").is_live
    assert Root("/.").is_live
    assert Root(str(inside / "link")).is_live
    assert not Root(str(inside)).is_live


@needs_root
def test_a_user_without_rights_is_asked_to_run_as_root(inside: Path) -> None:
    """A refused write raises NotPermitted, which has an exit code of its own."""
    inside.chmod(0o755)

    with acting_as(*USER), pytest.raises(NotPermitted, match="run it as root"):
        Root(str(inside)).write("/a", b"1")


def test_temporary_files_are_private(inside: Path) -> None:
    """A new version is never readable by others, not even for a moment; shadow needs that."""
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


def test_a_replaced_file_keeps_its_selinux_label(inside: Path) -> None:
    """Without its label, SELinux would deny access to the new file."""
    (inside / "a").write_text("1")
    try:
        os.setxattr(inside / "a", "security.selinux", b"system_u:object_r:etc_t:s0")
    except OSError:
        pytest.skip("this file system has no SELinux labels")

    Root(str(inside)).write("/a", b"2")

    assert (inside / "a").read_text() == "2"
    assert os.getxattr(inside / "a", "security.selinux") == b"system_u:object_r:etc_t:s0"


MOUNTS = {
    "a file system": "mount -t tmpfs none a/b && touch a/b/x",
    "a bind mount": "touch other/x && mount --bind other a/b",
    "a bind mount of a file": "touch a/b/x other/x && mount --bind other/x a/b/x",
    "a bind mount at the top": "touch other/x && mkdir other/b && touch other/b/x && "
    "mount --bind other a",
    "a name with a blank": 'mv a/b "a/b c" && ln -s "b c" a/b && mount --bind other "a/b c" && '
    "touch other/x",
}


@pytest.mark.needs("unshare", "mount")
@pytest.mark.parametrize("mount", MOUNTS)
def test_nothing_is_removed_if_a_file_system_is_mounted_inside(inside: Path, mount: str) -> None:
    """A bind mount has the device number of the tree. Tested in a mount namespace."""
    (inside / "a/b").mkdir(parents=True)
    (inside / "a/before").write_text("")
    (inside / "other").mkdir()
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'app')!r}); "
        f"from azprov.system.root import Root; "
        f"Root({str(inside)!r}).remove_tree('/a')"
    )
    script = f'cd "$1" && {{ {MOUNTS[mount]}; }} || exit 9; "$2" -c "$3"; ls a/b other; exit 0'
    command = [*needs.unshare("-m"), "sh", "-c", script, "sh"]

    done = subprocess.run(
        [*command, str(inside), sys.executable, code], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("x\n") >= 1
    assert "unmount the file system that is mounted inside" in done.stderr
    assert (inside / "a/before").exists()
    # Outside that namespace nothing is mounted.
    assert Root(str(inside)).remove_tree("/a")


def test_forty_links_are_followed(inside: Path) -> None:
    """The limit is that of the kernel: a chain of 41 links is an error."""
    (inside / "0").write_text("1")
    for number in range(1, 42):
        (inside / str(number)).symlink_to(str(number - 1))
    root = Root(str(inside))

    assert root.read("/40") == b"1"
    with pytest.raises(HostError, match="Too many levels"):
        root.read("/41")


def test_a_path_has_at_most_2048_steps(inside: Path) -> None:
    """The kernel has a limit, too."""
    (inside / "a").mkdir()
    (inside / "b").write_text("1")
    root = Root(str(inside))

    assert root.read("/a/.." * 1023 + "/b") == b"1"
    with pytest.raises(HostError, match="Too many levels of symbolic links"):
        root.read("/a/.." * 1024 + "/b")


def test_a_file_is_renamed(inside: Path) -> None:
    """A renamed file keeps its content, and renaming a missing file is an error."""
    (inside / "a").mkdir()
    (inside / "a/x").write_text("1")
    root = Root(str(inside))

    root.rename("/a/x", "y")

    assert (inside / "a/y").read_text() == "1"
    with pytest.raises(HostError, match="could not rename"):
        root.rename("/a/x", "y")


@needs_root
def test_operations_as_a_user_have_only_that_users_rights(inside: Path) -> None:
    """New files belong to the user, and what the user may not do fails, through links too."""
    inside.chmod(0o755)
    (inside / "home").mkdir()
    os.chown(inside / "home", *USER)
    (inside / "etc").mkdir()
    (inside / "etc/secret").write_text("1")
    (inside / "etc/secret").chmod(0o600)
    (inside / "home/etc").symlink_to("/etc")
    root = Root(str(inside))

    with root.as_user(USER) as user_root:
        user_root.make_folders("/home/own", mode=0o700)
        user_root.write("/home/own/file", b"1", mode=0o600)
        for path in ("/home/etc/secret", "/home/etc/new", "/etc/new"):
            with pytest.raises(HostError, match="Permission denied"):
                user_root.write(path, b"2")
        with pytest.raises(HostError, match="Permission denied"):
            user_root.read("/home/etc/secret")

    for path in ("home/own", "home/own/file"):
        status = (inside / path).stat()
        assert (status.st_uid, status.st_gid) == USER
    assert stat.S_IMODE((inside / "home/own").stat().st_mode) == 0o700
    assert (inside / "etc/secret").read_text() == "1"
    assert os.listdir(inside / "etc") == ["secret"]


@needs_root
def test_the_first_root_keeps_its_rights(inside: Path) -> None:
    """`as_user` gives another Root; the one it was called on can still write as root."""
    inside.chmod(0o755)
    (inside / "home").mkdir()
    os.chown(inside / "home", *USER)
    root = Root(str(inside))

    with root.as_user(USER) as user_root:
        user_root.write("/home/a", b"1")
        root.write("/b", b"2")
        user_root.write("/home/c", b"3")

    owners = {name: (inside / name).stat().st_uid for name in ("home/a", "b", "home/c")}
    assert owners == {"home/a": USER[0], "b": 0, "home/c": USER[0]}


@needs_root
def test_users_can_be_nested(inside: Path) -> None:
    """Each Root acts as its own user, in any order, and the outer ones work after the inner."""
    inside.chmod(0o755)
    for name, owner in (("one", USER), ("two", OTHER)):
        (inside / name).mkdir(mode=0o700)
        os.chown(inside / name, *owner)
    root = Root(str(inside))

    with root.as_user(USER) as one, one.as_user(OTHER) as two:
        for made, folder in ((two, "two"), (one, "one"), (two, "two")):
            made.write(f"/{folder}/file", b"1")
        with pytest.raises(HostError, match="Permission denied"):
            two.write("/one/file", b"2")
        with pytest.raises(HostError, match="Permission denied"):
            one.read("/two/file")
        with two.as_user((0, 0)) as again:
            again.write("/root-file", b"1")

    assert (inside / "one/file").read_text() == "1"
    for name, owner in (("one/file", USER), ("two/file", OTHER), ("root-file", (0, 0))):
        status = (inside / name).stat()
        assert (status.st_uid, status.st_gid) == owner
    assert os.geteuid() == 0


def test_without_a_user_it_is_the_same_root(inside: Path) -> None:
    """`as_user(None)` gives the Root itself, for callers that may have no user."""
    root = Root(str(inside))

    with root.as_user(None) as same:
        assert same is root


def test_the_root_of_a_user_is_the_same_folder(inside: Path) -> None:
    """The Root of a user has the path of the first one, and is live if the first one is."""
    for root in (Root(str(inside)), Root("/")):
        with root.as_user(USER) as user_root:
            assert user_root.path == root.path
            assert user_root.is_live == root.is_live
            assert user_root.outside("/etc") == root.outside("/etc")


@needs_root
def test_only_root_may_act_as_another_user(inside: Path) -> None:
    """An operation as a user raises NotPermitted in a process that is not root."""
    inside.chmod(0o755)

    refused = pytest.raises(NotPermitted, match="could not switch to UID 54323")
    with Root(str(inside)).as_user(OTHER) as user_root, acting_as(*USER), refused:
        user_root.read("/a")


@needs_root
def test_a_number_that_no_user_can_have_is_an_error(inside: Path) -> None:
    """The kernel rejects it, and the rights of this process stay unchanged."""
    user = ((1 << 32) - 1, 1)
    with Root(str(inside)).as_user(user) as user_root, pytest.raises(HostError) as rejected:
        user_root.read("/a")

    assert str(rejected.value) == (
        "could not switch to UID 4294967295 (Invalid argument); "
        "check this user's UID and GID in /etc/passwd"
    )
    assert (os.geteuid(), os.getegid()) == (0, 0)


@needs_root
def test_a_user_need_not_be_able_to_reach_the_root(inside: Path) -> None:
    """The root's folder was opened before the rights are lowered."""
    (inside / "home").mkdir()
    os.chown(inside / "home", *USER)
    inside.parent.chmod(0o700)
    inside.chmod(0o755)

    with Root(str(inside)).as_user(USER) as user_root:
        user_root.write("/home/file", b"1")

    assert (inside / "home/file").stat().st_uid == USER[0]


@needs_root
def test_a_user_need_not_be_able_to_read_folders_on_the_way(inside: Path) -> None:
    """The right to enter a folder is enough to reach a file below it."""
    (inside / "closed/home").mkdir(parents=True)
    os.chown(inside / "closed/home", *USER)
    inside.chmod(0o755)
    (inside / "closed").chmod(0o711)

    with Root(str(inside)).as_user(USER) as user_root:
        user_root.write("/closed/home/file", b"1")

    assert (inside / "closed/home/file").stat().st_uid == USER[0]


@needs_root
def test_rights_are_restored_after_a_failure() -> None:
    """User, group and further groups are as before, and a user has no further groups."""
    groups = os.getgroups()
    os.setgroups([4, 5])
    try:
        with pytest.raises(KeyError) as failure, acting_as(*USER):
            raise KeyError((os.geteuid(), os.getegid(), os.getgroups()))

        assert failure.value.args == ((*USER, []),)
        assert (os.geteuid(), os.getegid(), os.getgroups()) == (0, 0, [4, 5])
    finally:
        os.setgroups(groups)


@needs_root
def test_a_file_keeps_its_owner(inside: Path) -> None:
    """A replaced file keeps its owner if none is given; new files and folders get the given one."""
    root = Root(str(inside))
    root.write("/a", b"1", owner=USER)
    root.write("/a", b"2")
    root.make_folders("/b", owner=USER)

    for name in ("a", "b"):
        status = (inside / name).stat()
        assert (status.st_uid, status.st_gid) == USER


def test_only_an_existing_regular_file_is_shared(inside: Path) -> None:
    """`open_shared` neither creates a file nor opens anything but a regular file."""
    (inside / "a").write_text("1")
    root = Root(str(inside))

    with root.open_shared("/a") as number:
        os.pwrite(number, b"2", 1)
    assert (inside / "a").read_text() == "12"
    with pytest.raises(HostError, match="could not write"), root.open_shared("/b"):
        raise AssertionError
    os.mkfifo(inside / "fifo")
    with pytest.raises(HostError, match="not a regular file"), root.open_shared("/fifo"):
        raise AssertionError


NAMES = st.sampled_from(["a", "b", "c"])
PATHS = st.lists(NAMES | st.sampled_from(["..", "."]), min_size=1, max_size=4)
TARGETS = st.builds(
    lambda start, path: start + "/".join(path),
    st.sampled_from(["", "/", "../", "/../../", "OUTSIDE/"]),
    PATHS,
)


@pytest.mark.parametrize("path", ["/a\0b", "/a\0b/c", "/\udc00\ud800"])
def test_a_text_that_cannot_be_a_path_is_an_error(inside: Path, path: str) -> None:
    """A damaged file may name such a path; the message is printable, on one line."""
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
def test_no_path_leads_outside(
    tmp_path_factory: pytest.TempPathFactory,
    links: Dict[str, str],
    below: Dict[str, str],
    path: List[str],
    content: bytes,
) -> None:
    """Whatever links there are, files outside the root stay unchanged."""
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

    for target in ("/" + "/".join(path), "/d/" + "/".join(path)):
        for change in (
            lambda target=target: root.write(target, content),
            lambda target=target: root.make_folders(target),
            lambda target=target: root.link(target, "x"),
            lambda target=target: root.remove(target),
            lambda target=target: root.rename(target, "m"),
            lambda target=target: root.remove_tree(target),
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


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("a/b/c/link", "/top"),
        ("a/b/link", "/top"),
        ("a/b/c/link", "../../../top"),
        ("a/b/c/link", "../x/../../../top"),
    ],
)
def test_links_deep_below_the_root_lead_to_its_top(inside: Path, link: str, target: str) -> None:
    """An absolute target begins at the root, and each .. goes up by one folder."""
    (inside / "a/b/c").mkdir(parents=True)
    (inside / "a/b/x").mkdir()
    for folder in ("a", "a/b", "a/b/c"):
        (inside / folder / "top").write_text(folder)
    (inside / "top").write_text("the top")
    (inside / link).symlink_to(target)

    assert Root(str(inside)).read("/" + link) == b"the top"

"""The root is opened once, and nothing is opened before it is known to be a regular file."""

import itertools
import os
import socket
import stat
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

import needs
from azprov.errors import HostError
from azprov.image.deprovision import carry_out, plan
from azprov.system.root import Root
from azprov.system.root.opening import open_given_file, open_regular
from project import ROOT

needs_root = pytest.mark.needs("root")


@contextmanager
def after_call(name: str, number: int, act: Callable[[], None]) -> Iterator[List[int]]:
    """Run `act` after the call with this number of a built-in function, such as os.open.

    The list has one item for each call that was made.
    """
    calls: List[int] = []

    def note(_frame: object, event: str, function: object) -> None:
        if event in ("c_return", "c_exception") and getattr(function, "__name__", "") == name:
            calls.append(len(calls))
            if len(calls) == number + 1:
                act()

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        # A socket's whole path may have only 107 bytes.
        os.chdir(path.parent)
        server.bind(path.name)
        os.chdir("/")


def make_device(path: Path) -> None:
    """A device without a driver: opening it fails with ENXIO."""
    needs.root()
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(60, 0))


SPECIAL = (make_fifo, make_socket, make_device)


@pytest.mark.parametrize("make", SPECIAL, ids=lambda make: make.__name__)
@pytest.mark.parametrize(
    "act",
    [
        lambda root: root.read("/x"),
        lambda root: root.open_file("/x"),
        lambda root: root.open_shared("/x").__enter__(),
        lambda root: root.write("/x", b""),
        lambda root: root.sync("/x"),
        lambda root: root.truncate("/x"),
    ],
    ids=["read", "open_file", "open_shared", "write", "sync", "truncate"],
)
def test_devices_fifos_and_sockets_are_never_opened(
    act: Callable[[Root], object], make: Callable[[Path], None], tmp_path: Path
) -> None:
    """Each operation on a file refuses them by their type, and does not replace them."""
    make(tmp_path / "x")
    before = (tmp_path / "x").lstat()

    root = Root(str(tmp_path))

    refused = pytest.raises(HostError, match="/x is not a regular file")
    with after_call("open", 100, lambda: None) as opened, refused:
        act(root)

    # The only call looks at the name.
    assert len(opened) == 1
    assert (tmp_path / "x").lstat() == before
    assert os.listdir(tmp_path) == ["x"]


def test_a_link_to_a_device_of_the_image_is_not_replaced(tmp_path: Path) -> None:
    """On a live machine, an /etc/hosts that is a link to /dev/null must not end /dev/null."""
    (tmp_path / "null").symlink_to("real")
    make_fifo(tmp_path / "real")

    with pytest.raises(HostError, match="/null is not a regular file"):
        Root(str(tmp_path)).write("/null", b"127.0.0.1 localhost\n")

    assert stat.S_ISFIFO((tmp_path / "real").lstat().st_mode)


def test_a_root_stays_the_folder_that_was_opened(tmp_path: Path) -> None:
    """A link that another user puts in place of the root's folder changes nothing."""
    mine, other = tmp_path / "image", tmp_path / "other"
    for folder in (mine, other):
        (folder / "etc").mkdir(parents=True)
        (folder / "etc/hostname").write_text(f"{folder.name}\n")
    root = Root(str(mine))

    mine.rename(tmp_path / "moved")
    mine.symlink_to(other)
    root.write("/etc/hostname", b"new\n")
    with root.as_user((os.geteuid(), os.getegid())) as user_root:
        user_root.write("/etc/hosts", b"new\n")

    assert root.read("/etc/hostname") == b"new\n"
    assert (tmp_path / "moved/etc/hosts").read_text() == "new\n"
    assert os.listdir(other / "etc") == ["hostname"]
    assert (other / "etc/hostname").read_text() == "other\n"


@pytest.mark.parametrize("swapped", ["a", "a/b", "a/b/file"])
@pytest.mark.parametrize(
    "act",
    [
        lambda root: root.read("/a/b/file"),
        lambda root: root.write("/a/b/file", b"written"),
        lambda root: root.truncate("/a/b/file"),
        lambda root: root.make_folders("/a/b/new"),
        lambda root: root.remove("/a/b/file"),
    ],
    ids=["read", "write", "truncate", "make_folders", "remove"],
)
def test_a_swap_at_any_moment_leads_nowhere(
    act: Callable[[Root], object], swapped: str, tmp_path: Path
) -> None:
    """After any call that opens something, a part of the path becomes a link to the outside."""
    outside = tmp_path / "outside"
    for folder in (outside, outside / "b", outside / "a/b"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "file").write_text("outside")
    calls = 0

    for number, target in itertools.product(range(40), ("../outside", str(outside), "/")):
        inside = Path(tempfile.mkdtemp(dir=tmp_path))
        (inside / "a/b").mkdir(parents=True)
        (inside / "a/b/file").write_text("inside")
        leads_to = target + ("/file" if swapped == "a/b/file" else "")

        def swap(part: Path = inside / swapped, leads_to: str = leads_to) -> None:
            part.rename(part.parent / "moved")
            part.symlink_to(leads_to)

        with after_call("open", number, swap) as opened, suppress(HostError):
            assert act(Root(str(inside))) != b"outside"
        calls = max(calls, len(opened))

    assert {path.read_text() for path in outside.rglob("file")} == {"outside"}
    assert not list(outside.rglob("new"))
    # Each call was followed by the swap once.
    assert 4 <= calls <= 40


def test_a_file_that_is_swapped_after_the_look_is_not_opened(tmp_path: Path) -> None:
    """What was looked at is opened, whatever has its name by then."""
    (tmp_path / "x").write_text("first")

    def swap() -> None:
        (tmp_path / "x").rename(tmp_path / "y")
        make_fifo(tmp_path / "x")

    root = Root(str(tmp_path))
    with after_call("open", 0, swap):
        assert root.read("/x") == b"first"


def test_without_proc_a_swapped_file_is_an_error(tmp_path: Path) -> None:
    """In a chroot without /proc, the file is opened by its name and compared afterwards."""
    (tmp_path / "x").write_text("first")
    (tmp_path / "y").write_text("second")
    seen = os.open(tmp_path / "x", os.O_PATH)
    other = os.open(tmp_path / "y", os.O_PATH)
    folder = os.open(tmp_path, os.O_PATH)
    try:
        number = open_regular(seen, os.O_RDONLY, "x", folder, own_files="/no/such/folder")
        assert os.read(number, 10) == b"first"
        os.close(number)
        with pytest.raises(OSError, match=r"\[Errno 116\] Stale file handle"):
            open_regular(other, os.O_RDONLY, "x", folder, own_files="/no/such/folder")
    finally:
        for one in (seen, other, folder):
            os.close(one)


def test_without_proc_a_link_is_not_followed(tmp_path: Path) -> None:
    """A link that came to the name leads elsewhere, even if it leads back at this moment."""
    (tmp_path / "x").write_text("first")
    seen, folder = os.open(tmp_path / "x", os.O_PATH), os.open(tmp_path, os.O_PATH)
    (tmp_path / "x").rename(tmp_path / "y")
    (tmp_path / "x").symlink_to("y")
    try:
        with pytest.raises(OSError, match="Too many levels of symbolic links"):
            open_regular(seen, os.O_RDONLY, "x", folder, own_files="/no/such/folder")
    finally:
        os.close(seen)
        os.close(folder)


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    """One more byte is an error, also in a file that has blocks beyond the first."""
    (tmp_path / "x").write_bytes(b"x" * 200_000)
    root = Root(str(tmp_path))

    assert root.read("/x", limit_bytes=200_000) == b"x" * 200_000
    with pytest.raises(HostError, match="larger than 199999 bytes"):
        root.read("/x", limit_bytes=199_999)


def test_this_machine_is_recognised_by_its_folder(tmp_path: Path) -> None:
    """A path to / by links or through /proc is this machine, and its paths are shown from /."""
    (tmp_path / "link").symlink_to("/")
    (tmp_path / "second").symlink_to("link/.")

    for path in ("/", "/.", str(tmp_path / "link"), str(tmp_path / "second"), "/proc/self/root"):
        root = Root(path)
        assert (root.is_live, root.path) == (True, "/")
        assert root.outside("/etc/hosts") == "/etc/hosts"
    assert not Root(str(tmp_path)).is_live


@pytest.mark.needs("root", "unshare", "mount")
def test_a_bind_mount_of_the_root_is_this_machine(tmp_path: Path) -> None:
    """The folder of a bind mount is the same folder, though its path is another one."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'app')!r}); "
        "from azprov.system.root import Root; "
        f"root = Root({str(tmp_path)!r}); print(root.is_live, root.path)"
    )
    script = 'mount --bind / "$1" && exec "$2" -c "$3"'

    done = subprocess.run(
        [*needs.unshare("-m"), "sh", "-c", script, "sh", tmp_path, sys.executable, code],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "True /\n", done.stderr


# Makes "tree" the root of a new mount namespace, as a container has it, and waits.
_CONTAINER = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
os.chdir("tree")
assert libc.syscall(PIVOT_ROOT, b".", b".") == 0, ctypes.get_errno()
assert libc.umount2(b".", 2) == 0
os.chdir("/")
print("ready", flush=True)
sys.stdin.read()
"""
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}


@contextmanager
def container(folder: Path) -> Iterator[int]:
    """A process whose root is `folder`/tree in a mount namespace of its own; its process id."""
    code = _CONTAINER.replace("PIVOT_ROOT", str(_PIVOT_ROOT[os.uname().machine]))
    script = 'cd "$1" && mount --bind tree tree && exec "$2" -c "$3"'
    process = subprocess.Popen(
        [*needs.unshare("-m"), "sh", "-c", script, "sh", str(folder), sys.executable, code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid


@pytest.mark.needs("root", "unshare", "mount")
def test_the_root_of_a_container_is_not_this_machine(tmp_path: Path) -> None:
    """The kernel shows / as its path, but another folder is meant."""
    (tmp_path / "tree/etc").mkdir(parents=True)
    (tmp_path / "tree/etc/hostname").write_text("container\n")

    with container(tmp_path) as pid:
        assert os.readlink(f"/proc/{pid}/root") == "/"
        root = Root(f"/proc/{pid}/root")
        assert not root.is_live
        assert root.read("/etc/hostname") == b"container\n"
        assert root.outside("/etc/hostname") == f"/proc/{pid}/root/etc/hostname"


def used_image(folder: Path) -> Path:
    """An image with a record of logins that deprovision would empty."""
    (folder / "etc").mkdir(parents=True)
    (folder / "var/log").mkdir(parents=True)
    (folder / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    for name in ("wtmp", "btmp", "lastlog"):
        (folder / "var/log" / name).write_text("record")
    return folder


def test_records_of_logins_are_emptied_in_place(tmp_path: Path) -> None:
    """Programs that have them open, such as sshd, still write to them afterwards."""
    image = used_image(tmp_path / "image")
    before = (image / "var/log/wtmp").stat()
    root = Root(str(image))

    assert carry_out(root, plan(root, "")) == []

    after = (image / "var/log/wtmp").stat()
    assert (after.st_ino, after.st_size) == (before.st_ino, 0)


@pytest.mark.parametrize("name", ["wtmp", "btmp", "lastlog"])
def test_a_record_that_becomes_a_link_while_the_list_is_read_is_not_followed(
    name: str, tmp_path: Path
) -> None:
    """deprovision fails for that file, and the file that the link names stays unchanged."""
    image = used_image(tmp_path / "image")
    record = image / "var/log" / name
    root = Root(str(image))
    changes = plan(root, "")

    record.unlink()
    record.symlink_to("/etc/passwd")
    failures = carry_out(root, changes)

    assert [failure.summary for failure in failures] == [f"{record} is not a regular file"]
    assert (image / "etc/passwd").read_text() == "root:x:0:0:root:/root:/bin/sh\n"


def test_a_record_that_becomes_another_name_of_a_file_does_not_empty_that_file(
    tmp_path: Path,
) -> None:
    """A hard link is replaced by an empty file."""
    image = used_image(tmp_path / "image")
    root = Root(str(image))
    changes = plan(root, "")

    (image / "var/log/wtmp").unlink()
    (image / "var/log/wtmp").hardlink_to(image / "etc/passwd")

    assert carry_out(root, changes) == []
    assert (image / "var/log/wtmp").read_text() == ""
    assert (image / "etc/passwd").read_text() == "root:x:0:0:root:/root:/bin/sh\n"


@pytest.mark.parametrize("make", SPECIAL, ids=lambda make: make.__name__)
def test_a_file_that_the_user_names_has_to_be_a_regular_one(
    make: Callable[[Path], None], tmp_path: Path
) -> None:
    """A path on the command line may be a link, but not a device, FIFO or socket."""
    (tmp_path / "file").write_text("content")
    (tmp_path / "link").symlink_to("file")
    make(tmp_path / "special")

    with open_given_file(str(tmp_path / "link")) as file:
        assert file.read() == b"content"
    with pytest.raises(HostError, match="/special is not a regular file"):
        open_given_file(str(tmp_path / "special"))
    with pytest.raises(HostError, match=r"could not read .*/none \(No such file or directory\)"):
        open_given_file(str(tmp_path / "none"))

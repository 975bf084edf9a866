"""Setting the host name in the files of an image."""

import socket
from pathlib import Path

import pytest

from azprov.errors import HostError, NotPermitted
from azprov.system.hostname import read_hostname, set_hostname
from azprov.system.root import Root
from azprov.system.root.privileges import acting_as
from own_network import CLONE_NEWUTS, in_own_network, leave
from ports import FakeClock, NoCommands


def image(folder: Path) -> Root:
    (folder / "etc").mkdir()
    (folder / "etc" / "hostname").write_text("image\n")
    return Root(str(folder))


def test_the_host_name_of_an_image_is_set_in_its_files(tmp_path: Path) -> None:
    """No command is run, and this machine keeps its name."""
    root = image(tmp_path)
    (tmp_path / "etc" / "hosts").write_text("127.0.0.1 localhost\n127.0.1.1 image\n")
    before = socket.gethostname()

    set_hostname(root, "web01", NoCommands(), FakeClock())
    set_hostname(root, "web01", NoCommands(), FakeClock())

    assert (tmp_path / "etc" / "hostname").read_text() == "web01\n"
    assert (tmp_path / "etc" / "hosts").read_text() == "127.0.0.1 localhost\n127.0.1.1 web01\n"
    assert socket.gethostname() == before


def test_a_link_is_followed_inside_the_root(tmp_path: Path) -> None:
    """An absolute link is resolved inside the root, and files outside are not touched."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "writable").mkdir()
    (tmp_path / "etc" / "hostname").symlink_to("/writable/name")

    set_hostname(Root(str(tmp_path)), "web01", NoCommands(), FakeClock())

    assert (tmp_path / "writable" / "name").read_text() == "web01\n"
    assert (tmp_path / "etc" / "hostname").is_symlink()


def test_a_missing_hosts_file_is_not_created(tmp_path: Path) -> None:
    """Setting a host name in a root without /etc/hosts writes only /etc/hostname."""
    set_hostname(image(tmp_path), "web01", NoCommands(), FakeClock())

    assert [path.name for path in (tmp_path / "etc").iterdir()] == ["hostname"]


def test_hosts_is_written_although_hostname_cannot_be(tmp_path: Path) -> None:
    """One file that cannot be written does not stop the others; the error is raised at the end."""
    root = image(tmp_path)
    hosts = tmp_path / "etc" / "hosts"
    hosts.write_text("127.0.1.1 image\n")
    (tmp_path / "etc" / "hostname").unlink()
    (tmp_path / "etc" / "hostname").mkdir()

    with pytest.raises(HostError, match=r"etc/hostname") as failure:
        set_hostname(root, "web01", NoCommands(), FakeClock())

    assert failure.value.exit_code == 73
    assert hosts.read_text() == "127.0.1.1 web01\n"


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"", ""), (b" web01 \n", "web01"), (b"w\xffb\n", r"w\xffb")],
)
def test_the_name_of_an_image_is_read_whatever_bytes_it_has(
    tmp_path: Path, content: bytes, name: str
) -> None:
    """A name that is not ASCII is replaced like any other one."""
    root = image(tmp_path)
    (tmp_path / "etc/hostname").write_bytes(content)

    assert read_hostname(root) == name


def test_a_name_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    """There may be a folder in place of the file, or nothing."""
    root = image(tmp_path)
    (tmp_path / "etc/hostname").unlink()
    assert read_hostname(root) == ""

    (tmp_path / "etc/hostname").mkdir()
    assert read_hostname(root) == ""


def set_in_own_kernel(root: Root, name: str, *, user: int) -> HostError:
    """The error of setting a name in a namespace of names, with a user's rights."""
    root.is_live = True

    def act() -> HostError:
        leave(CLONE_NEWUTS)
        with acting_as(user, user), pytest.raises(HostError) as failure:
            set_hostname(root, name, NoCommands(), FakeClock())
        return failure.value

    return in_own_network(act)


@pytest.mark.needs("root")
def test_a_user_who_may_not_set_the_kernels_name_gets_an_error(tmp_path: Path) -> None:
    """The files have the name already."""
    tmp_path.chmod(0o755)

    error = set_in_own_kernel(image(tmp_path), "image", user=65534)

    assert isinstance(error, NotPermitted)
    assert str(error) == "could not set the host name of the running kernel; run it as root"


@pytest.mark.needs("root")
def test_a_name_that_the_kernel_refuses_is_in_the_files(tmp_path: Path) -> None:
    """The kernel allows 64 characters."""
    error = set_in_own_kernel(image(tmp_path), "a" * 65, user=0)

    assert str(error) == (
        "could not set the host name of the running kernel (Invalid argument); "
        "restart the machine: /etc/hostname has the new name"
    )
    assert (tmp_path / "etc/hostname").read_text() == "a" * 65 + "\n"

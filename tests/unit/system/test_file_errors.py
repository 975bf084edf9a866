"""Errors of the operating system about a file, as errors of azprov."""

import errno

import pytest

from azprov.errors import DiskError, HostError, NotPermitted
from azprov.system.root.file_errors import Unchangeable, file_error, not_regular
from azprov.system.root.privileges import acting_as


@pytest.mark.parametrize(
    ("number", "is_read_only", "hint"),
    [
        (errno.EROFS, True, "mount the file system writable"),
        (errno.ENOSPC, False, "free some space on the file system"),
        (errno.EDQUOT, False, "free some space on the file system"),
        (errno.EIO, False, "check the path and its file system"),
    ],
    ids=["EROFS", "ENOSPC", "EDQUOT", "EIO"],
)
@pytest.mark.parametrize("is_as_user", [False, True])
def test_a_disk_that_cannot_be_written_does_not_prevent_ready(
    number: int, is_read_only: bool, hint: str, is_as_user: bool
) -> None:
    """A later boot may be able to write, so no step may end in a final report for it."""
    error = file_error("could not write /x", OSError(number, "why"), is_as_user=is_as_user)

    assert isinstance(error, DiskError)
    assert (error.is_read_only, error.prevents_ready) == (is_read_only, False)
    assert str(error) == f"could not write /x (why); {hint}"


@pytest.mark.parametrize(
    ("number", "is_lasting"),
    [
        (errno.ENOTDIR, True),
        (errno.ELOOP, True),
        (errno.EISDIR, True),
        (errno.EACCES, True),
        (errno.ENOENT, False),
        (errno.ENOMEM, False),
        (errno.EMFILE, False),
        (errno.EBUSY, False),
    ],
)
def test_only_the_wrong_kind_of_path_is_a_lasting_error(number: int, *, is_lasting: bool) -> None:
    """A file system may be mounted later, and memory may be free later."""
    error = file_error("could not write /etc/x", OSError(number, ""), is_as_user=True)

    assert error.is_lasting == is_lasting


def test_missing_rights_are_no_lasting_error() -> None:
    """Someone may run azprov again as root."""
    assert not NotPermitted("").is_lasting


def test_another_error_of_a_file_prevents_ready() -> None:
    """A loop of links is a fault of the image, which no later boot removes."""
    error = file_error("could not write /x", OSError(errno.ELOOP, "why"), is_as_user=False)

    assert type(error) is HostError
    assert error.prevents_ready


@pytest.mark.needs("root")
@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM])
def test_an_ordinary_user_is_asked_to_be_root(number: int) -> None:
    """Acting as another user, root is asked to check what that user may do."""
    with acting_as(65534, 65534):
        error = file_error("could not write /x", OSError(number, "why"), is_as_user=False)
        other = file_error("could not write /x", OSError(number, "why"), is_as_user=True)
    by_root = file_error("could not write /x", OSError(number, "why"), is_as_user=False)

    assert isinstance(error, NotPermitted)
    assert str(error) == "could not write /x (why); run it as root"
    assert type(other) is HostError
    assert str(other).startswith("could not write /x (why); check that the user has access to")
    assert type(by_root) is HostError
    assert str(by_root) == "could not write /x (why); check the path and its file system"


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOENT, "check that its folder exists and that no link on the way is broken"),
        (errno.ENOTDIR, "check the path: one of its folders is a file"),
        (errno.EISDIR, "move away the folder of this name"),
        (errno.ELOOP, "fix the links on this path: they form a loop"),
        (errno.ENOTEMPTY, "end the processes that make new files in it"),
        (errno.EMLINK, "remove files that the image does not need"),
        (errno.EXDEV, "unmount the file system that is mounted inside"),
        (errno.EBUSY, "check the path and its file system"),
    ],
)
def test_each_error_has_its_next_step(number: int, hint: str) -> None:
    """The hint is one action."""
    error = file_error("could not write /x", OSError(number, "why"), is_as_user=False)

    assert str(error) == f"could not write /x (why); {hint}"


def test_a_link_that_was_not_followed_may_have_been_planted() -> None:
    """The kernel then reports a loop, and with links that are followed it is one."""
    error = OSError(errno.ELOOP, "why")
    planted = file_error("could not write /x", error, is_as_user=True, follows_links=False)
    loop = file_error("could not write /x", error, is_as_user=True)
    missing = OSError(errno.ENOENT, "why")
    other = file_error("could not write /x", missing, is_as_user=True, follows_links=False)

    assert str(planted) == (
        "could not write /x (another user could have planted a link on the way); replace the link "
        "on this path, or give its folders to root and let no one else write to them"
    )
    assert str(loop) == "could not write /x (why); fix the links on this path: they form a loop"
    assert str(other).startswith("could not write /x (why); check that its folder exists")


def test_a_user_without_access_is_checked() -> None:
    """Azprov acts as the user who could have planted a link."""
    error = file_error("could not write /x", OSError(errno.EPERM, "why"), is_as_user=True)

    assert str(error) == (
        "could not write /x (why); check that the user has access to this path, and that no link "
        "on it leads elsewhere"
    )


def test_an_attribute_is_removed_by_chattr() -> None:
    """The error has the path as a word of a command."""
    error = file_error("could not remove /x", Unchangeable("it is +i", "'/a b'"), is_as_user=True)

    assert str(error) == "could not remove /x (it is +i); run chattr -i -a '/a b'"


def test_a_folder_in_the_place_of_a_file_is_replaced() -> None:
    """The same is said of a device or a FIFO."""
    assert str(not_regular("/x")) == "/x is not a regular file; replace it with a regular file"

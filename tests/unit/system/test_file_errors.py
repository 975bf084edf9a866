"""Errors of the operating system about a file, as errors of azprov."""

import errno

import pytest

from azprov.errors import DiskError, HostError, NotPermitted
from azprov.system.root.file_errors import file_error
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

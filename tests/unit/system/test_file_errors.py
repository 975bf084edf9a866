"""Errors of the operating system about a file, as errors of azprov."""

import errno

import pytest

from azprov.errors import DiskError, HostError
from azprov.system.root.file_errors import file_error


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


def test_another_error_of_a_file_prevents_ready() -> None:
    """A loop of links is a fault of the image, which no later boot removes."""
    error = file_error("could not write /x", OSError(errno.ELOOP, "why"), is_as_user=False)

    assert type(error) is HostError
    assert error.prevents_ready

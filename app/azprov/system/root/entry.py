"""One name in an open folder: replacing what it names, or making or emptying it.

Rule of this file: no path is walked here, and what stands half made is never seen
under the name.
"""

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import Callable, Iterator, NamedTuple, Optional, Tuple

# A user and a group, as the numbers that files know them by.
Owner = Tuple[int, int]

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_FILE = 0o644
_LABEL = "security.selinux"


class Place(NamedTuple):
    """A name in an open folder, and the path of that name as seen from inside."""

    folder: int
    name: str
    path: str


def replace(place: Place, content: bytes, mode: Optional[int], owner: Optional[Owner]) -> None:
    new = beside(place)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    number = os.open(new, flags, 0o600, dir_fd=place.folder)
    with _taking_its_place(new, place, os.unlink), open(number, "wb") as file:
        file.write(content)
        file.flush()
        old = _status(place)
        if owner is None and old is not None:
            owner = (old.st_uid, old.st_gid)
        _give(number, owner)
        _keep_label(place, number)
        kept = _NEW_FILE if old is None else stat.S_IMODE(old.st_mode)
        os.fchmod(number, kept if mode is None else mode)
        os.fsync(number)


def replace_by_link(place: Place, target: str) -> None:
    new = beside(place)
    os.symlink(target, new, dir_fd=place.folder)
    with _taking_its_place(new, place, os.unlink):
        pass


def make_folder(place: Place, mode: int, owner: Optional[Owner]) -> None:
    new = beside(place)
    os.mkdir(new, 0o700, dir_fd=place.folder)
    with _taking_its_place(new, place, os.rmdir):
        number = os.open(new, FOLDER, dir_fd=place.folder)
        try:
            _give(number, owner)
            os.fchmod(number, mode)
        finally:
            os.close(number)


@contextmanager
def _taking_its_place(new: str, place: Place, remove: Callable[..., None]) -> Iterator[None]:
    """Give what stands beside the name of the place, durably; take it away if that fails."""
    try:
        yield
        os.rename(new, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
    except BaseException:
        # A signal may come when it has its name already.
        with suppress(FileNotFoundError):
            remove(new, dir_fd=place.folder)
        raise
    sync(place.folder)


def _give(number: int, owner: Optional[Owner]) -> None:
    """Change the owner of an open file, where it is not that one's already."""
    status = os.fstat(number)
    if owner is not None and owner != (status.st_uid, status.st_gid):
        os.fchown(number, *owner)


def _keep_label(place: Place, number: int) -> None:
    """Give the new file the SELinux label of the old one, where there are labels."""
    with suppress(OSError):
        old = os.open(place.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place.folder)
        try:
            os.setxattr(number, _LABEL, os.getxattr(old, _LABEL))
        finally:
            os.close(old)


def empty(place: Place) -> None:
    """Remove what is in a folder, on its own file system; a link is not followed."""
    number = os.open(place.name, FOLDER, dir_fd=place.folder)
    try:
        device = os.fstat(number).st_dev
        for name in os.listdir(number):
            status = os.stat(name, dir_fd=number, follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                # Of folders only: overlayfs gives files the device of the layer below.
                if status.st_dev != device:
                    raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
                empty(Place(number, name, f"{place.path}/{name}"))
                os.rmdir(name, dir_fd=number)
            else:
                os.unlink(name, dir_fd=number)
    finally:
        os.close(number)


def sync(folder: int) -> None:
    """Make a folder's names durable. It was opened only to be passed through."""
    number = os.open(".", FOLDER, dir_fd=folder)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _status(place: Place) -> Optional[os.stat_result]:
    try:
        return os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def beside(place: Place) -> str:
    """A name beside it for its next version; what a power cut left there goes."""
    name = f".{place.name}.azprov-new"
    with suppress(FileNotFoundError):
        try:
            os.unlink(name, dir_fd=place.folder)
        except IsADirectoryError:
            os.rmdir(name, dir_fd=place.folder)
    return name

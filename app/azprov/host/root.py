"""Files below a root: a machine's "/", or the folder that an image is made in.

Rule of this file: no path leads out. Every component is opened on its own,
relative to the folder before it and without following links; a link is read and
resolved as it would be with the root as "/", so an absolute one stays inside,
and ".." stops at the top.
"""

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import Iterator, List, NamedTuple, Optional

from ..errors import HostError, NotPermitted

# As the kernel's own limit, path_resolution(7).
_MOST_LINKS = 40
_LIMIT_BYTES = 1 << 20
_NEW_FILE = 0o644

_OTHER_HINT = "look at what is there, and whether its file system is sound"
_HINTS = {
    errno.ENOENT: "a folder on the way there is missing, or a link leads nowhere",
    errno.ENOTDIR: "something on the way there is no folder",
    errno.EISDIR: "a folder is in its place, move it away",
    errno.ELOOP: "its links lead in a circle, mend them",
    errno.EROFS: "mount the file system writable",
    errno.ENOSPC: "make room on the file system",
}
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Root:
    """All paths are absolute as seen from inside; the folder they lie below is `path`."""

    def __init__(self, path: str = "/") -> None:
        self.path = path
        self.is_live = os.path.realpath(path) == "/"

    def __str__(self) -> str:
        return self.path

    def outside(self, path: str) -> str:
        """The path as a person at a shell would name it."""
        return path if self.is_live else self.path.rstrip("/") + path

    def read(self, path: str) -> Optional[bytes]:
        """A regular file of at most 1 MiB; None if there is none.

        Raises HostError for anything else, and for a file that cannot be read.
        """
        try:
            with self._place(path, follow=True) as place:
                flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
                number = os.open(place.name, flags, dir_fd=place.folder)
                with open(number, "rb") as file:
                    if not stat.S_ISREG(os.fstat(number).st_mode):
                        raise HostError(f"{self.outside(path)} is no regular file")
                    content = file.read(_LIMIT_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._failed("read", path, error) from error
        if len(content) > _LIMIT_BYTES:
            raise HostError(f"{self.outside(path)} is larger than {_LIMIT_BYTES} bytes")
        return content

    def write(self, path: str, content: bytes, *, mode: Optional[int] = None) -> None:
        """Replace a file in one step, durably; a link there is followed inside the root.

        A file that was there keeps its owner, and its mode where none is given;
        a new one has 0644 then. Folders have to exist. Raises HostError, or
        NotPermitted; then the old file is untouched.
        """
        try:
            with self._place(path, follow=True) as place:
                _replace(place, content, mode)
        except OSError as error:
            raise self._failed("write", path, error) from error

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link; whatever file or link was there is replaced in one step."""
        try:
            with self._place(path, follow=False) as place:
                beside = _beside(place)
                os.symlink(target, beside, dir_fd=place.folder)
                os.rename(beside, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
                os.fsync(place.folder)
        except OSError as error:
            raise self._failed("make the link", path, error) from error

    def read_link(self, path: str) -> Optional[str]:
        """The target of a link, as it is written; None if there is no link."""
        try:
            with self._place(path, follow=False) as place:
                return os.readlink(place.name, dir_fd=place.folder)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT, errno.ENOTDIR):
                return None
            raise self._failed("read the link", path, error) from error

    def status(self, path: str, *, follow: bool = True) -> Optional[os.stat_result]:
        """What is there, or None. A link that leads nowhere counts as nothing if followed."""
        try:
            with self._place(path, follow=follow) as place:
                return os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._failed("look at", path, error) from error

    def real_path(self, path: str) -> str:
        """The path from inside the root with all links resolved, the last one too.

        Raises HostError if a folder on the way is not there.
        """
        try:
            with self._place(path, follow=True) as place:
                return place.path
        except OSError as error:
            raise self._failed("find", path, error) from error

    def names(self, path: str) -> List[str]:
        """What a folder holds, sorted; nothing if there is no such folder."""
        try:
            with self._place(path, follow=True) as place:
                number = os.open(place.name, _FOLDER, dir_fd=place.folder)
            try:
                return sorted(os.listdir(number))
            finally:
                os.close(number)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise self._failed("look into", path, error) from error

    def remove(self, path: str) -> bool:
        """Remove a file or link, or an empty folder; whether it was there."""
        try:
            with self._place(path, follow=False) as place:
                status = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    os.rmdir(place.name, dir_fd=place.folder)
                else:
                    os.unlink(place.name, dir_fd=place.folder)
                os.fsync(place.folder)
                return True
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise self._failed("remove", path, error) from error

    def make_folders(self, path: str, *, mode: int = 0o755) -> List[str]:
        """Make a folder and those above it; returns the ones that were not there."""
        made = []
        for folder in _ancestry(path):
            if self.status(folder) is None:
                try:
                    with self._place(folder, follow=True) as place:
                        os.mkdir(place.name, mode, dir_fd=place.folder)
                        os.chmod(place.name, mode, dir_fd=place.folder)
                        os.fsync(place.folder)
                except OSError as error:
                    raise self._failed("make the folder", folder, error) from error
                made.append(folder)
        return made

    @contextmanager
    def _place(self, path: str, *, follow: bool) -> Iterator["_Place"]:
        """Where a path's last component is, while its folder is open.

        Raises OSError. With `follow` a link in the last place is resolved too.
        """
        walk = _Walk(self.path)
        try:
            yield walk.to(path, follow=follow)
        finally:
            walk.close()

    def _failed(self, verb: str, path: str, error: OSError) -> HostError:
        summary = f"could not {verb} {self.outside(path)} ({error.strerror})"
        if error.errno in (errno.EACCES, errno.EPERM) and os.geteuid() != 0:
            return NotPermitted(summary, "run it as root")
        return HostError(summary, _HINTS.get(error.errno or 0, _OTHER_HINT))


class _Place(NamedTuple):
    """A name in an open folder, and the path of that name as seen from inside."""

    folder: int
    name: str
    path: str


class _Walk:
    """A way down from the root: the folders passed, opened, the root's first."""

    def __init__(self, root: str) -> None:
        self._folders = [os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
        self._names: List[str] = []
        self._links = 0

    def close(self) -> None:
        for folder in self._folders:
            os.close(folder)

    def to(self, path: str, *, follow: bool) -> _Place:
        left = _components(path)
        while left:
            name = left.pop(0)
            target = self._target(name) if left or follow else None
            if name == "..":
                self._up(count=1)
            elif target is not None:
                if target.startswith("/"):
                    self._up(count=len(self._folders) - 1)
                left = _components(target) + left
            elif left:
                self._folders.append(os.open(name, _FOLDER, dir_fd=self._folders[-1]))
                self._names.append(name)
            else:
                return _Place(self._folders[-1], name, "/" + "/".join([*self._names, name]))
        return _Place(self._folders[-1], ".", "/" + "/".join(self._names))

    def _up(self, *, count: int) -> None:
        """Leave so many folders, never the root."""
        for _ in range(min(count, len(self._folders) - 1)):
            os.close(self._folders.pop())
            self._names.pop()

    def _target(self, name: str) -> Optional[str]:
        try:
            target = os.readlink(name, dir_fd=self._folders[-1])
        except OSError:
            return None
        self._links += 1
        if self._links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return target


def _components(path: str) -> List[str]:
    return [name for name in path.split("/") if name not in ("", ".")]


def _ancestry(path: str) -> Iterator[str]:
    names = _components(path)
    for count in range(1, len(names) + 1):
        yield "/" + "/".join(names[:count])


def _replace(place: _Place, content: bytes, mode: Optional[int]) -> None:
    beside = _beside(place)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    number = os.open(beside, flags, 0o600, dir_fd=place.folder)
    try:
        with open(number, "wb") as file:
            file.write(content)
            file.flush()
            old = _status(place)
            if old is not None and (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(number, old.st_uid, old.st_gid)
            kept = _NEW_FILE if old is None else stat.S_IMODE(old.st_mode)
            os.fchmod(number, kept if mode is None else mode)
            os.fsync(number)
        os.rename(beside, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)
    except BaseException:
        os.unlink(beside, dir_fd=place.folder)
        raise
    os.fsync(place.folder)


def _status(place: _Place) -> Optional[os.stat_result]:
    try:
        return os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
    except FileNotFoundError:
        return None


def _beside(place: _Place) -> str:
    """A name beside the file for its next version; what a power cut left there goes."""
    name = f".{place.name}.azprov-new"
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=place.folder)
    return name

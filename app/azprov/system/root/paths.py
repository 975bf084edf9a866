"""Resolving a path below a root, one component at a time, so that no link leads outside."""

import errno
import os
import stat
from contextlib import contextmanager
from typing import Iterator, List, Optional

from .entry import Entry, Owner
from .opening import PASSED_FOLDER, look_at

#: The kernel has the same limit, path_resolution(7).
MOST_LINKS = 40
# Of a path and all links on it. A path of PATH_MAX has at most twice as many.
_MOST_NAMES = 2048


class PathResolver:
    """The entry of a path's last component, while the folders on the way are open.

    With `follow` a link there is resolved too. With `allow_missing` the folders from the first
    missing one on are taken as they are written. Entering the context raises OSError.
    """

    def __init__(
        self,
        root: int,
        path: str,
        *,
        follow: bool,
        allow_missing: bool = False,
        most_links: int = MOST_LINKS,
    ) -> None:
        """`root` is a descriptor of the root's folder, which stays open."""
        self._most_links = most_links
        self._path = path
        self._follow = follow
        self._allow_missing = allow_missing
        self._folders = [root]
        self._names: List[str] = []
        self._links = 0
        self._seen: Optional[int] = None

    def __enter__(self) -> Entry:
        try:
            return self._resolve()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        self._up(count=len(self._folders) - 1)
        self._forget()

    def _resolve(self) -> Entry:
        # In reverse order, so that links to long paths take no time that grows with its square.
        left = components(as_file_name(self._path))[::-1]
        for _ in range(_MOST_NAMES):
            if not left:
                return Entry(self._folders[-1], ".", "/" + "/".join(self._names), self._folders[-1])
            name = left.pop()
            folder = self._folders[-1]
            if name == "..":
                self._up(count=1)
            elif left:
                try:
                    self._folders.append(os.open(name, PASSED_FOLDER, dir_fd=folder))
                    self._names.append(name)
                except NotADirectoryError:
                    left += self._target(name, folder)[::-1]
                except FileNotFoundError:
                    # A ".." could lead back to folders with links.
                    if not self._allow_missing or ".." in left:
                        raise
                    missing = "/".join([*self._names, name, *left[::-1]])
                    return Entry(folder, name, f"/{missing}", None)
            else:
                self._seen = seen = look_at(name, folder)
                if not self._follow or seen is None or not stat.S_ISLNK(os.fstat(seen).st_mode):
                    return Entry(folder, name, "/" + "/".join([*self._names, name]), seen)
                left = self._target("", seen)[::-1]
                self._forget()
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))

    def _target(self, name: str, folder: int) -> List[str]:
        """The components of a link's target; goes up to the root if they begin there.

        Raises NotADirectoryError if the name, or the folder with an empty name, is not a link.
        """
        try:
            target = os.readlink(name, dir_fd=folder)
        except OSError as error:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from error
        self._links += 1
        if self._links > self._most_links:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if target.startswith("/"):
            self._up(count=len(self._folders) - 1)
        return components(target)

    def _up(self, *, count: int) -> None:
        """Go up by `count` folders, or to the root."""
        for _ in range(min(count, len(self._folders) - 1)):
            os.close(self._folders.pop())
            self._names.pop()

    def _forget(self) -> None:
        if self._seen is not None:
            os.close(self._seen)
            self._seen = None


@contextmanager
def resolved_as(user: Owner, resolver: PathResolver) -> Iterator[Entry]:
    """The same entry, with the rights of a user in effect until the block ends."""
    from .privileges import acting_as

    with acting_as(*user), resolver as entry:
        yield entry


def components(path: str) -> List[str]:
    return [name for name in path.split("/") if name not in ("", ".")]


def as_file_name(path: str) -> str:
    """The path in the form that os functions pass to the kernel as UTF-8.

    Without a locale, as during boot, Python 3.6 assumes that file names are ASCII.
    Raises OSError for a text that cannot be a path.
    """
    try:
        content = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        content = b"\0"
    if b"\0" in content:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return os.fsdecode(content)


def ancestry(path: str) -> Iterator[str]:
    """The folders that lead to a path, and the path itself."""
    names = components(path)
    for count in range(1, len(names) + 1):
        yield "/" + "/".join(names[:count])

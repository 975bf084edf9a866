"""Resolving a path below a root, one component at a time, so that no link leads outside."""

import errno
import os
from typing import Iterator, List, Optional

from .entry import Entry

# The kernel has the same limit, path_resolution(7).
_MOST_LINKS = 40
# O_PATH, because a user may be allowed to enter a folder and not to read it.
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class PathResolver:
    """Resolves one path from the root's open folder, and keeps the folders on the way open."""

    def __init__(self, root: int) -> None:
        """`root` is a descriptor that `close` closes with the others."""
        self._folders = [root]
        self._names: List[str] = []
        self._links = 0

    def close(self) -> None:
        for folder in self._folders:
            os.close(folder)

    def resolve(self, path: str, *, follow: bool) -> Entry:
        """The entry of the path's last component; with `follow` a link there is resolved too.

        Raises OSError.
        """
        left = components(as_file_name(path))
        while left:
            name = left.pop(0)
            target = self._target(name) if left or follow else None
            if name == "..":
                self._up(count=1)
            elif target is not None:
                if target.startswith("/"):
                    self._up(count=len(self._folders) - 1)
                left = components(target) + left
            elif left:
                self._folders.append(os.open(name, _FOLDER, dir_fd=self._folders[-1]))
                self._names.append(name)
            else:
                return Entry(self._folders[-1], name, "/" + "/".join([*self._names, name]))
        return Entry(self._folders[-1], ".", "/" + "/".join(self._names))

    def _up(self, *, count: int) -> None:
        """Go up by `count` folders, or to the root."""
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

"""The way to a path below a root, one component at a time, that no link leads out of."""

import errno
import os
from typing import List, Optional

from .entry import Place

# As the kernel's own limit, path_resolution(7).
_MOST_LINKS = 40
# Only passed through, so that a folder need not be readable for whoever may enter it.
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Walk:
    """A way down from the root, an open folder that it takes over: the folders passed."""

    def __init__(self, root: int) -> None:
        self._folders = [root]
        self._names: List[str] = []
        self._links = 0

    def close(self) -> None:
        for folder in self._folders:
            os.close(folder)

    def to(self, path: str, *, follow: bool) -> Place:
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
                return Place(self._folders[-1], name, "/" + "/".join([*self._names, name]))
        return Place(self._folders[-1], ".", "/" + "/".join(self._names))

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


def components(path: str) -> List[str]:
    return [name for name in path.split("/") if name not in ("", ".")]


def as_file_name(path: str) -> str:
    """The path as file names are told to the kernel, in UTF-8. Raises OSError if it cannot be one.

    Python 3.6 takes them to be ASCII where no locale is set, as at a boot.
    """
    try:
        content = path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        content = b"\0"
    if b"\0" in content:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
    return os.fsdecode(content)

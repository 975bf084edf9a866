"""A root that looks up each path once: the rules of a check ask for the same paths many times."""

import os
import stat
from contextlib import contextmanager
from typing import Dict, Iterator, List, Optional, Tuple

from ...errors import HostError
from ...formats.bounds import TEXT_BYTES
from ...system.root import Root
from ...system.root.entry import Owner

# Paths and names in folders; they need up to 7 MB. A check of a Debian looks up 2700.
_MOST_REMEMBERED = 10_000
# Looking up all folders of a path takes time that grows with the square of their number.
_MOST_FOLDERS = 16


class Snapshot(Root):
    """The tree of another root, for reading only: what was found once is not looked up again.

    Most paths that rules ask for are missing. Nothing is looked up in a missing folder.
    """

    def __init__(self, root: Root, *, most_remembered: int = _MOST_REMEMBERED) -> None:
        self.__dict__.update(vars(root))
        self._root = root
        self._statuses: Dict[Tuple[str, bool], Optional[os.stat_result]] = {}
        self._names: Dict[str, List[str]] = {}
        self._left = most_remembered

    def status(self, path: str, *, follow: bool = True) -> Optional[os.stat_result]:
        key = (path, follow)
        if key not in self._statuses:
            status = self._root.status(path, follow=follow) if self._may_exist(path) else None
            if self._left <= 0:
                return status
            self._left -= 1
            self._statuses[key] = status
        return self._statuses[key]

    def names(self, path: str) -> List[str]:
        if path not in self._names:
            names = self._root.names(path) if self._may_be_folder(path) else []
            if self._left <= len(names):
                return names
            self._left -= len(names) + 1
            self._names[path] = names
        return self._names[path]

    def read(self, path: str, *, limit_bytes: int = TEXT_BYTES) -> Optional[bytes]:
        return self._root.read(path, limit_bytes=limit_bytes) if self._may_exist(path) else None

    def read_link(self, path: str) -> Optional[str]:
        return self._root.read_link(path) if self._may_exist(path) else None

    @contextmanager
    def as_user(self, owner: Optional[Owner]) -> Iterator[Root]:
        with self._root.as_user(owner) as root:
            yield root

    def without_links(self) -> Root:
        return self._root.without_links()

    def _may_exist(self, path: str) -> bool:
        """Whether the folder of a path exists, or may exist because it could not be looked up."""
        folder = path.rpartition("/")[0]
        is_known = not folder or self._left <= 0 or path.count("/") > _MOST_FOLDERS
        return is_known or self._may_be_folder(folder)

    def _may_be_folder(self, path: str) -> bool:
        try:
            status = self.status(path)
        except HostError:
            return True
        return status is not None and stat.S_ISDIR(status.st_mode)

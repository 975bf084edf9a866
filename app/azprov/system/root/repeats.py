"""What is read again by another name, which is bounded: links can make a small image seem huge."""

import errno
from typing import Dict, List, Tuple

from .entry import Entry

# All of this in bytes. The files and folders of a system that have several names are small.
_MOST = 8 << 20
_FREE = 4096
_COST_OF_NAME = 64
_COST_OF_OPEN_FILE = 1 << 16


class Repeats:
    """Counts the work on files and folders that were read before by another path.

    All methods raise OSError for too much work.
    """

    def __init__(self) -> None:
        self._paths: Dict[Tuple[int, int], str] = {}
        self._left = _MOST

    def read(self, path: str, entry: Entry, count: int) -> None:
        """Count the bytes of a file that was read."""
        if count <= _FREE:
            return
        status = entry.status()
        if status is None or path == self._paths.setdefault((status.st_dev, status.st_ino), path):
            return
        self._left -= count
        if self._left < 0:
            raise OSError(errno.EMLINK, "too many names lead to the same files")

    def opened(self, path: str, entry: Entry) -> None:
        """Count a file of any size of which the beginning will be read."""
        self.read(path, entry, _COST_OF_OPEN_FILE)

    def listed(self, path: str, entry: Entry, names: List[str]) -> List[str]:
        """Count the names in a folder, and return them."""
        self.read(path, entry, len(names) * _COST_OF_NAME)
        return names

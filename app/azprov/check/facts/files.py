"""The files of an image, read so that nothing in the image can stop a check.

Rule of this file: a file that cannot be read counts as missing, and is listed once
in `unread`.
"""

import shlex
import stat
from typing import Dict, Iterable, List, NamedTuple

from ...errors import HostError, NotPermitted
from ...system.root import Root

# The modules.dep of a distribution has up to about 1 MB; no other text here is larger.
_LIMIT_BYTES = 1 << 24


class Unread(NamedTuple):
    """A file that could not be read: why, as a sentence that names it, and a next step if any."""

    path: str
    reason: str
    hint: str


class Files:
    """The files below one root, for reading only."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self._unread: Dict[str, Unread] = {}
        self._denied: Dict[str, NotPermitted] = {}

    @property
    def unread(self) -> List[Unread]:
        """The files that could not be read so far."""
        return list(self._unread.values())

    def shown(self, path: str) -> str:
        """A path as it is named outside the image."""
        return self.root.outside(path)

    def edited(self, path: str, *, follow: bool = True) -> str:
        """A path for a fix: it leads to the same file outside the image as inside.

        Links are resolved inside the image. Typed outside, a path with a link could lead to a
        file of the machine on which the image is made. Without `follow` a link in the last
        component stays, for commands that remove or replace it. Raises HostError.
        """
        if not self.root.is_live:
            path = self.root.real_path(path, follow=follow, allow_missing=True)
        return self.shown(path)

    def typed(self, path: str, *, follow: bool = True) -> str:
        """A path as `edited`, quoted as one word of a shell command."""
        return shlex.quote(self.edited(path, follow=follow))

    def content(self, path: str) -> bytes:
        """The first 16 MiB of a file; empty if it is missing or cannot be read."""
        try:
            return self.root.read(path, limit_bytes=_LIMIT_BYTES) or b""
        except HostError as error:
            self.note(path, error)
            return b""

    def text(self, path: str) -> str:
        """The same as `content`, decoded."""
        content = self.content(path)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            self.note(path, HostError(f"{self.shown(path)} is not UTF-8 at byte {error.start}"))
            return content.decode("utf-8", "replace")

    def is_there(self, *paths: str) -> bool:
        """Whether at least one of the paths exists, with links resolved inside the image."""
        return any(self.status_mode(path) for path in paths)

    def is_program(self, *paths: str) -> bool:
        """Whether at least one of the paths is an executable file."""
        modes = [self.status_mode(path) for path in paths]
        return any(stat.S_ISREG(mode) and mode & 0o111 for mode in modes)

    def status_mode(self, path: str, *, follow: bool = True) -> int:
        """The type and mode bits of a path, 0 if it does not exist."""
        try:
            status = self.root.status(path, follow=follow)
        except HostError as error:
            self.note(path, error)
            return 0
        return 0 if status is None else status.st_mode

    def link(self, path: str) -> str:
        """The target of a symbolic link as it is written; empty if the path is not a link."""
        try:
            return self.root.read_link(path) or ""
        except HostError as error:
            self.note(path, error)
            return ""

    def names(self, folder: str) -> List[str]:
        try:
            return self.root.names(folder)
        except HostError as error:
            self.note(folder, error)
            return []

    def matching(self, folder: str, suffix: str = "") -> List[str]:
        """The paths in a folder that end with a suffix, sorted, without hidden files."""
        return [
            f"{folder}/{name}"
            for name in self.names(folder)
            if name.endswith(suffix) and not name.startswith(".")
        ]

    def layered(self, folders: List[str], suffix: str) -> List[str]:
        """The paths in several folders, sorted by name. Of equal names, the first folder's counts.

        systemd and NetworkManager read /etc before /usr/lib in this way.
        """
        by_name: Dict[str, str] = {}
        for folder in folders:
            for path in self.matching(folder, suffix):
                by_name.setdefault(path.rpartition("/")[2], path)
        return [by_name[name] for name in sorted(by_name)]

    def drop_ins(self, folders: Iterable[str], name: str) -> List[str]:
        """The drop-in files of a unit or a network file, systemd.unit(5)."""
        return self.layered([f"{folder}/{name}.d" for folder in folders], ".conf")

    def require(self, *beginnings: str) -> None:
        """Raise the first NotPermitted for a path that begins in one of these ways.

        A rule that reports something as missing calls this first: without
        permission to look, it would be guessing.
        """
        for path, error in self._denied.items():
            if path.startswith(beginnings):
                # The rule reports it now.
                self._unread.pop(path, None)
                raise error

    def note(self, path: str, error: HostError) -> None:
        """Add a file to `unread`, unless it is listed already."""
        if isinstance(error, NotPermitted):
            self._denied[path] = error
        self._unread.setdefault(path, Unread(path, error.summary, error.hint))

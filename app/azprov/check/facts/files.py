"""The files of an image, read so that nothing in the image can stop a check.

Rule of this file: a file that cannot be read counts as missing, and is listed once
in `unread`. Each file and folder is read once.
"""

import functools
import stat
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, TypeVar

from ...errors import HostError, NotPermitted
from ...formats.bounds import ALL_TEXT_BYTES, LOOK_UPS, TEXT_BYTES
from ...system import typed_paths
from ...system.root import Root
from .snapshot import Snapshot

_F = TypeVar("_F", bound="Files")
_T = TypeVar("_T")


class Unread(NamedTuple):
    """A file that could not be read: why, as a sentence that names it, and a next step if any."""

    path: str
    reason: str
    hint: str


class TooMuch(HostError):
    """An image is so large, or its links make it appear so, that a bound ends a rule."""


class Files:
    """The files below one root, for reading only. All methods raise TooMuch."""

    def __init__(self, root: Root) -> None:
        self.root = Snapshot(root)
        #: The results of `read_once`, by function.
        self.results: Dict[Any, Any] = {}
        self._unread: Dict[str, Unread] = {}
        self._denied: Dict[str, NotPermitted] = {}
        self._contents: Dict[str, bytes] = {}
        self._names: Dict[str, List[str]] = {}
        self._bytes_left = ALL_TEXT_BYTES
        self._look_ups_left = LOOK_UPS

    def begin_rule(self) -> None:
        """Allow the next rule the usual number of look-ups."""
        self._look_ups_left = LOOK_UPS

    @contextmanager
    def other_look_ups(self) -> Iterator[None]:
        """Allow the block the usual number of look-ups, and do not count them for the rule."""
        left, self._look_ups_left = self._look_ups_left, LOOK_UPS
        try:
            yield
        finally:
            self._look_ups_left = left

    def spend(self, look_ups: int = 1) -> None:
        """Count paths that are looked up. Raises TooMuch if a rule looks up too many."""
        self._look_ups_left -= look_ups
        if self._look_ups_left < 0:
            raise TooMuch(
                f"{self.root} has, or its links lead to, more than {LOOK_UPS} files",
                "remove files that the image does not need",
            )

    @property
    def unread(self) -> List[Unread]:
        """The files that could not be read so far."""
        return list(self._unread.values())

    def shown(self, path: str) -> str:
        """A path as it is named outside the image."""
        return self.root.outside(path)

    def edited(self, path: str, *, follow: bool = True) -> str:
        """A path for a fix, as `typed_paths.edited`. Raises HostError."""
        return typed_paths.edited(self.root, path, follow=follow)

    def typed(self, path: str, *, follow: bool = True) -> str:
        """A path as one word of a shell command, as `typed_paths.typed`. Raises HostError."""
        return typed_paths.typed(self.root, path, follow=follow)

    def has_links(self, path: str) -> bool:
        """Whether a path in an image leads over links. Raises HostError."""
        return not self.root.is_live and self.root.real_path(path, allow_missing=True) != path

    def content(self, path: str, *, limit_bytes: int = TEXT_BYTES) -> bytes:
        """The content of a file; empty if it is missing, larger, or cannot be read."""
        self.spend()
        if path not in self._contents:
            if self._bytes_left < 0:
                raise TooMuch(
                    f"{self.root} has more than {ALL_TEXT_BYTES} bytes of settings",
                    "remove files that the image does not need",
                )
            try:
                content = self.root.read(path, limit_bytes=limit_bytes) or b""
            except HostError as error:
                self.note(path, error)
                content = b""
            self._contents[path] = content
            self._bytes_left -= len(content)
        return self._contents[path]

    def text(self, path: str, *, limit_bytes: int = TEXT_BYTES) -> str:
        """The same as `content`, decoded."""
        content = self.content(path, limit_bytes=limit_bytes)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            self.note(path, HostError(f"{self.shown(path)} is not UTF-8 at byte {error.start}"))
            return content.decode("utf-8", "replace")

    def modified(self, path: str) -> float:
        """When a file was last changed, in seconds; 0 if it is missing."""
        self.spend()
        try:
            status = self.root.status(path)
        except HostError as error:
            self.note(path, error)
            return 0
        return 0 if status is None else status.st_mtime

    def head(self, path: str, count: int) -> bytes:
        """The first bytes of a file of any size; empty if it is missing or cannot be read."""
        self.spend()
        try:
            file = self.root.open_file(path)
        except HostError as error:
            self.note(path, error)
            return b""
        if file is None:
            return b""
        with file:
            return file.read(count)

    def is_there(self, *paths: str) -> bool:
        """Whether at least one of the paths exists, with links resolved inside the image."""
        return any(self.status_mode(path) for path in paths)

    def is_empty(self, path: str) -> bool:
        """Whether the path is missing, or a file without content."""
        self.spend()
        try:
            status = self.root.status(path)
        except HostError as error:
            self.note(path, error)
            return False
        return status is None or not status.st_size

    def is_folder(self, path: str) -> bool:
        """Whether the path is a folder, or a link to one."""
        return stat.S_ISDIR(self.status_mode(path))

    def is_program(self, *paths: str) -> bool:
        """Whether at least one of the paths is an executable file."""
        modes = [self.status_mode(path) for path in paths]
        return any(stat.S_ISREG(mode) and mode & 0o111 for mode in modes)

    def status_mode(self, path: str, *, follow: bool = True) -> int:
        """The type and mode bits of a path, 0 if it does not exist."""
        self.spend()
        try:
            status = self.root.status(path, follow=follow)
        except HostError as error:
            self.note(path, error)
            return 0
        return 0 if status is None else status.st_mode

    def link(self, path: str) -> str:
        """The target of a symbolic link as it is written; empty if the path is not a link."""
        self.spend()
        try:
            return self.root.read_link(path) or ""
        except HostError as error:
            self.note(path, error)
            return ""

    def names(self, folder: str) -> List[str]:
        """The names in a folder, sorted; none if it is missing or cannot be read."""
        self.spend()
        if folder not in self._names:
            try:
                names = self.root.names(folder)
            except HostError as error:
                self.note(folder, error)
                names = []
            self._names[folder] = names
        names = self._names[folder]
        self.spend(len(names))
        return names

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

    def require_paths(self, paths: Iterable[str]) -> None:
        """The same as `require`, for paths in full."""
        for path in paths:
            if path in self._denied:
                self.require(path)

    def note(self, path: str, error: HostError) -> None:
        """Add a file to `unread`, unless it is listed already."""
        if isinstance(error, NotPermitted):
            self._denied[path] = error
        self._unread.setdefault(path, Unread(path, error.summary, error.hint))


def read_once(reader: Callable[[_F], _T]) -> Callable[[_F], _T]:
    """A function that reads something of an image, so that it does it once for each image."""

    @functools.wraps(reader)
    def result(files: _F) -> _T:
        if reader not in files.results:
            files.results[reader] = reader(files)
        answer: _T = files.results[reader]
        return answer

    return result

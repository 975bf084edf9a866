"""The files of an image as rules ask for them: an answer always, a note where it was none.

Rule of this file: nothing in an image can stop a check. What cannot be read
counts as not there, and is named once in `notes`.
"""

import shlex
import stat
from typing import Dict, Iterable, List

from ...errors import HostError, NotPermitted
from ...system.root import Root
from ..finding import NOTE, Finding

# A distribution's modules.dep has up to about 1 MB, more than any other text here.
_LIMIT_BYTES = 1 << 24


class Files:
    """Below one root, and read only."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self._notes: Dict[str, Finding] = {}
        self._denied: Dict[str, NotPermitted] = {}

    @property
    def notes(self) -> List[Finding]:
        """What could not be read until now."""
        return list(self._notes.values())

    def shown(self, path: str) -> str:
        """A path as a person at a shell would name it."""
        return self.root.outside(path)

    def typed(self, path: str) -> str:
        """As `shown`, as one word of a command."""
        return shlex.quote(self.shown(path))

    def content(self, path: str) -> bytes:
        """A file of at most 16 MiB, empty where there is none that can be read."""
        try:
            return self.root.read(path, limit_bytes=_LIMIT_BYTES) or b""
        except HostError as error:
            self.note(path, error)
            return b""

    def text(self, path: str) -> str:
        """As `content`, decoded."""
        content = self.content(path)
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            self.note(path, HostError(f"{self.shown(path)} is not UTF-8 at byte {error.start}"))
            return content.decode("utf-8", "replace")

    def is_there(self, *paths: str) -> bool:
        """Whether one of them leads somewhere."""
        return any(self.status_mode(path) for path in paths)

    def is_program(self, *paths: str) -> bool:
        """Whether one of them is a file that may be executed."""
        modes = [self.status_mode(path) for path in paths]
        return any(stat.S_ISREG(mode) and mode & 0o111 for mode in modes)

    def status_mode(self, path: str, *, follow: bool = True) -> int:
        """The kind and mode of what is there, 0 for nothing."""
        try:
            status = self.root.status(path, follow=follow)
        except HostError as error:
            self.note(path, error)
            return 0
        return 0 if status is None else status.st_mode

    def link(self, path: str) -> str:
        """What a link says, empty if there is none."""
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
        """The paths in a folder whose names end so, sorted; hidden files are not among them."""
        return [
            f"{folder}/{name}"
            for name in self.names(folder)
            if name.endswith(suffix) and not name.startswith(".")
        ]

    def layered(self, folders: List[str], suffix: str) -> List[str]:
        """The paths in several folders by name; one in an earlier folder hides its namesakes.

        As systemd and NetworkManager take /etc before /usr/lib.
        """
        by_name: Dict[str, str] = {}
        for folder in folders:
            for path in self.matching(folder, suffix):
                by_name.setdefault(path.rpartition("/")[2], path)
        return [by_name[name] for name in sorted(by_name)]

    def drop_ins(self, folders: Iterable[str], name: str) -> List[str]:
        """The paths of what changes a file of that name, as of systemd.unit(5)."""
        return self.layered([f"{folder}/{name}.d" for folder in folders], ".conf")

    def require(self, *places: str) -> None:
        """Raise the NotPermitted of what could not be looked at there; paths begin with a place.

        For rules by which something is lacking: that is a guess where not all was seen.
        """
        for path, error in self._denied.items():
            if path.startswith(places):
                # It is said of the rule now.
                self._notes.pop(path, None)
                raise error

    def note(self, path: str, error: HostError) -> None:
        """Say once that a file was passed over."""
        if isinstance(error, NotPermitted):
            self._denied[path] = error
        self._notes.setdefault(
            path,
            Finding(
                "unread",
                NOTE,
                f"{error.summary}, so what it says was not taken into account",
                error.hint or "look at what is there",
            ),
        )

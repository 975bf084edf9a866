"""Files below a root: a machine's "/", or the folder in which an image is made.

Rule of this package: no path leads outside the root. The root is opened once, and every
component of a path is opened on its own, relative to the folder before it and without
following links. Links are resolved as if the root were "/": an absolute link stays inside,
and ".." stops at the top. What a name stands for is looked at before it is opened, and only
regular files are opened (opening.py).
"""

import errno
import os
import stat
from contextlib import contextmanager
from typing import BinaryIO, ContextManager, Iterator, List, Optional, Union

from ...errors import HostError
from ...formats.text import printable
from .entry import Entry, Owner, make_folder, names_in, replace, replace_by_link
from .opening import NotRegularFile, OpenFolder
from .paths import MOST_LINKS, PathResolver, ancestry, as_file_name, resolved_as
from .repeats import Repeats

_LIMIT_BYTES = 1 << 20
# PATH_MAX of Linux.
_LONGEST_PATH = 4096


class Root:
    """The folder `path`; all paths in it are absolute as seen from inside.

    It is opened here, and never by its path again: another user may be able to rename it.
    `is_live` is whether it is the "/" of this process, by whatever path or mount; `path` then
    is "/". Raises HostError if there is no such folder.
    """

    def __init__(self, path: str = "/") -> None:
        self.path = path
        # Set by `as_user`.
        self._user: Optional[Owner] = None
        self._most_links = MOST_LINKS
        self._repeats = Repeats()
        try:
            self._top = OpenFolder(path)
            # Not by name: the kernel shows "/" as the name of every container's root.
            self.is_live = path == "/"
            if not self.is_live:
                here = OpenFolder("/")
                if os.path.samestat(os.fstat(self._top.number), os.fstat(here.number)):
                    self.path, self.is_live, self._top = "/", True, here
        except OSError as error:
            from .file_errors import file_error

            summary = f"could not open {printable(path, _LONGEST_PATH)}"
            raise file_error(summary, error, is_as_user=False) from error

    def __str__(self) -> str:
        return self.path

    @property
    def descriptor(self) -> int:
        """An O_PATH descriptor of the folder, valid as long as this Root is in use."""
        return self._top.number

    def outside(self, path: str) -> str:
        """The path as seen from outside the root, printable and on one line."""
        return printable(path if self.is_live else self.path.rstrip("/") + path, _LONGEST_PATH)

    def read(self, path: str, *, limit_bytes: int = _LIMIT_BYTES) -> Optional[bytes]:
        """The content of a regular file of at most limit_bytes (1 MiB); None if it is missing.

        Raises HostError for a larger file, for anything but a file, and if reading fails.
        """
        try:
            with self._entry(path, follow=True) as entry:
                content = entry.content(limit_bytes)
                self._repeats.read(path, entry, len(content or b""))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._failed("read", path, error) from error
        if content is None:
            what = f"{self.outside(path)} is larger than {limit_bytes} bytes"
            raise HostError(what, "shorten it")
        return content

    def open_file(self, path: str) -> Optional[BinaryIO]:
        """A regular file of any size, open for reading; None if it is missing. Raises HostError."""
        try:
            with self._entry(path, follow=True) as entry:
                self._repeats.opened(path, entry)
                number = entry.open(os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._failed("read", path, error) from error
        return open(number, "rb")

    @contextmanager
    def open_shared(self, path: str) -> Iterator[int]:
        """A regular file that other programs write too: its descriptor, for reading and writing.

        Raises HostError, also in place of an OSError from inside the block.
        """
        try:
            with self._entry(path, follow=True) as entry:
                number = entry.open(os.O_RDWR)
            with open(number, "r+b", buffering=0):
                yield number
        except OSError as error:
            raise self._failed("write", path, error) from error

    def write(
        self,
        path: str,
        content: Union[bytes, BinaryIO],
        *,
        mode: Optional[int] = None,
        owner: Optional[Owner] = None,
    ) -> None:
        """Replace a file in one step, durably; a link is followed inside the root.

        `content` may be a file of any size that is open for reading. Without `mode` or
        `owner` the old file's are kept; a new file then gets 0644 and this process's user.
        The folder has to exist. Raises HostError or NotPermitted, and leaves the old file
        untouched then.
        """
        try:
            with self._entry(path, follow=True) as entry:
                replace(entry, content, mode, owner)
        except OSError as error:
            raise self._failed("write", path, error) from error

    def truncate(self, path: str) -> None:
        """Empty a regular file durably, in place if it has no further names.

        Follows no link. Raises HostError, also if the file is missing.
        """
        try:
            with self._entry(path, follow=False) as entry:
                entry.truncate()
        except OSError as error:
            raise self._failed("empty", path, error) from error

    def sync(self, path: str) -> None:
        """Make a regular file durable, with its name. Raises HostError."""
        try:
            with self._entry(path, follow=True) as entry:
                entry.flush()
        except OSError as error:
            raise self._failed("write", path, error) from error

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link; replaces a file or link of that name in one step."""
        try:
            with self._entry(path, follow=False) as entry:
                replace_by_link(entry, target)
        except OSError as error:
            raise self._failed("make the link", path, error) from error

    def read_link(self, path: str) -> Optional[str]:
        """The target of a link, unresolved; None if there is no link of that name."""
        try:
            with self._entry(path, follow=False) as entry:
                return None if entry.seen is None else os.readlink("", dir_fd=entry.seen)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT, errno.ENOTDIR):
                return None
            raise self._failed("read the link", path, error) from error

    def status(self, path: str, *, follow: bool = True) -> Optional[os.stat_result]:
        """The status of a file, link or folder; None if it is missing or a broken link."""
        try:
            with self._entry(path, follow=follow) as entry:
                return entry.status()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._failed("examine", path, error) from error

    def is_file(self, path: str, *, follow: bool = True) -> bool:
        """Whether the path is that of a regular file."""
        status = self.status(path, follow=follow)
        return status is not None and stat.S_ISREG(status.st_mode)

    def acl(self, path: str) -> bytes:
        """The access control list of a file or folder; empty without one. Follows no link."""
        try:
            with self._entry(path, follow=False) as entry:
                return entry.acl()
        except OSError as error:
            raise self._failed("examine", path, error) from error

    def real_path(self, path: str, *, follow: bool = True, allow_missing: bool = False) -> str:
        """The path as seen from inside, with links resolved; the last one only with `follow`.

        With `allow_missing` the part from the first missing folder on is kept. Raises HostError.
        """
        try:
            with self._entry(path, follow=follow, allow_missing=allow_missing) as entry:
                return entry.path
        except OSError as error:
            raise self._failed("resolve", path, error) from error

    def names(self, path: str) -> List[str]:
        """The names in a folder, sorted; none if there is no such folder."""
        try:
            with self._entry(path, follow=True) as entry:
                return self._repeats.listed(path, entry, names_in(entry))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise self._failed("list", path, error) from error

    def remove(self, path: str, *, in_folder_of: Optional[int] = None) -> bool:
        """Remove a file, a link or an empty folder; returns whether it existed.

        With a UID only if it is in a folder of that user, wherever links lead.
        """
        try:
            with self._entry(path, follow=False) as entry:
                if entry.seen is None or in_folder_of not in (None, entry.folder_owner()):
                    return False
                entry.remove()
                return True
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise self._failed("remove", path, error) from error

    def remove_tree(
        self, path: str, *, keeps_folder: bool = False, owner: Optional[int] = None
    ) -> bool:
        """Remove a folder with everything in it, and follow no link; returns whether it existed.

        With `keeps_folder` it is only emptied, and a link to it is followed. With the UID of an
        owner, it has to belong to that user, wherever links lead. Raises HostError, and changes
        nothing if a file system is mounted at the folder or inside.
        """
        from .tree import remove_tree

        try:
            with self._entry(path, follow=keeps_folder) as entry:
                return remove_tree(entry, keeps_folder=keeps_folder, owner=owner)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise self._failed("remove", path, error) from error

    def rename(self, path: str, name: str) -> None:
        """Give a file or folder another name in the same folder, durably, in one step."""
        try:
            with self._entry(path, follow=False) as entry:
                entry.rename(as_file_name(name))
        except OSError as error:
            raise self._failed("rename", path, error) from error

    def make_folders(
        self, path: str, *, mode: int = 0o755, owner: Optional[Owner] = None
    ) -> List[str]:
        """Make a folder and its missing parents; returns the ones that were made."""
        made = []
        for folder in ancestry(path):
            if self.status(folder) is None:
                try:
                    with self._entry(folder, follow=True) as entry:
                        make_folder(entry, mode, owner)
                except OSError as error:
                    raise self._failed("make the folder", folder, error) from error
                made.append(folder)
        return made

    @contextmanager
    def as_user(self, owner: Optional[Owner]) -> Iterator["Root"]:
        """Another Root for the same open folder, with only that user's rights.

        An operation that this user could not do fails, whatever links the user planted. Its
        operations raise NotPermitted if this process may not change its user. This Root keeps
        its own rights. None gives this Root.
        """
        user_root = self
        if owner is not None:
            from copy import copy

            user_root = copy(self)
            user_root._user = owner
        yield user_root

    def without_links(self) -> "Root":
        """Another Root for the same open folder, whose operations fail at any link on the way."""
        from copy import copy

        root = copy(self)
        root._most_links = 0
        return root

    def _entry(
        self, path: str, *, follow: bool, allow_missing: bool = False
    ) -> ContextManager[Entry]:
        """The entry of a path, while its folder is open and the user's rights are in effect.

        With `follow` a link in the last component is resolved too. Entering it raises OSError.
        """
        resolver = PathResolver(
            self.descriptor,
            path,
            follow=follow,
            allow_missing=allow_missing,
            most_links=self._most_links,
        )
        return resolver if self._user is None else resolved_as(self._user, resolver)

    def _failed(self, verb: str, path: str, error: OSError) -> HostError:
        from .file_errors import file_error, not_regular

        if isinstance(error, NotRegularFile):
            return not_regular(self.outside(path))
        what = f"could not {verb} {self.outside(path)}"
        return file_error(
            what, error, is_as_user=self._user is not None, follows_links=self._most_links > 0
        )

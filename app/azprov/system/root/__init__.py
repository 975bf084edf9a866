"""Files below a root: a machine's "/", or the folder in which an image is made.

Rule of this package: no path leads outside the root. Every component is opened on its
own, relative to the folder before it and without following links. Links are resolved as
if the root were "/": an absolute link stays inside, and ".." stops at the top.
"""

import errno
import os
import stat
from contextlib import contextmanager
from typing import BinaryIO, Iterator, List, Optional, Union

from ...errors import HostError
from ...formats.text import printable
from .entry import Entry, Owner, empty, flush, make_folder, names_in, replace, replace_by_link, sync
from .paths import PathResolver, ancestry, as_file_name

_LIMIT_BYTES = 1 << 20
# PATH_MAX of Linux.
_LONGEST_PATH = 4096

_TOP = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_NO_LINK = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Root:
    """The folder `path`; all paths in it are absolute as seen from inside.

    `is_live` is whether it is the "/" of the running machine.
    """

    def __init__(self, path: str = "/") -> None:
        self.path = path
        self.is_live = os.path.realpath(path) == "/"
        # Set by `as_user`. The folder is kept open, because the user may not be able to
        # reach its path.
        self._user: Optional[Owner] = None
        self._top: Optional[int] = None

    def __str__(self) -> str:
        return self.path

    def outside(self, path: str) -> str:
        """The path as seen from outside the root, printable and on one line."""
        return printable(path if self.is_live else self.path.rstrip("/") + path, _LONGEST_PATH)

    def read(self, path: str, *, limit_bytes: int = _LIMIT_BYTES) -> Optional[bytes]:
        """The content of a regular file of at most limit_bytes (1 MiB); None if it is missing.

        Raises HostError for a larger file, for anything but a file, and if reading fails.
        """
        file = self.open_file(path)
        if file is None:
            return None
        try:
            with file:
                # Files in /proc and /sys have the size 0.
                is_large = os.fstat(file.fileno()).st_size > limit_bytes
                content = b"" if is_large else file.read(limit_bytes + 1)
        except OSError as error:
            raise self._failed("read", path, error) from error
        if is_large or len(content) > limit_bytes:
            raise HostError(f"{self.outside(path)} is larger than {limit_bytes} bytes")
        return content

    def open_file(self, path: str) -> Optional[BinaryIO]:
        """A regular file of any size, opened for reading; None if it is missing.

        Raises HostError. Reading from the file may raise OSError.
        """
        try:
            number = self._open(path, os.O_RDONLY)
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
            number = self._open(path, os.O_RDWR)
            try:
                yield number
            finally:
                os.close(number)
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

    def sync(self, path: str) -> None:
        """Make a regular file durable, with its name. Raises HostError."""
        try:
            with self._entry(path, follow=True) as entry:
                flush(entry)
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
                return os.readlink(entry.name, dir_fd=entry.folder)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT, errno.ENOTDIR):
                return None
            raise self._failed("read the link", path, error) from error

    def status(self, path: str, *, follow: bool = True) -> Optional[os.stat_result]:
        """The status of a file, link or folder; None if it is missing or a broken link."""
        try:
            with self._entry(path, follow=follow) as entry:
                return os.stat(entry.name, dir_fd=entry.folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._failed("examine", path, error) from error

    def real_path(self, path: str) -> str:
        """The path as seen from inside, with all links resolved, the last one too.

        Raises HostError if a folder on the way is missing.
        """
        try:
            with self._entry(path, follow=True) as entry:
                return entry.path
        except OSError as error:
            raise self._failed("resolve", path, error) from error

    def names(self, path: str) -> List[str]:
        """The names in a folder, sorted; none if there is no such folder."""
        try:
            with self._entry(path, follow=True) as entry:
                return names_in(entry)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise self._failed("list", path, error) from error

    def remove(self, path: str) -> bool:
        """Remove a file, a link or an empty folder; returns whether it existed."""
        try:
            with self._entry(path, follow=False) as entry:
                status = os.stat(entry.name, dir_fd=entry.folder, follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    os.rmdir(entry.name, dir_fd=entry.folder)
                else:
                    os.unlink(entry.name, dir_fd=entry.folder)
                sync(entry.folder)
                return True
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise self._failed("remove", path, error) from error

    def remove_tree(self, path: str) -> bool:
        """Remove a folder with everything in it; returns whether it existed.

        Follows no link. Raises HostError if a file system is mounted inside.
        """
        try:
            with self._entry(path, follow=False) as entry:
                empty(entry)
        except FileNotFoundError:
            return False
        except NotADirectoryError:
            pass  # a file or a link
        except OSError as error:
            raise self._failed("remove", path, error) from error
        except RecursionError as error:
            raise HostError(
                f"could not remove {self.outside(path)}: its folders are nested too deeply",
                "remove it by hand",
            ) from error
        return self.remove(path)

    def rename(self, path: str, name: str) -> None:
        """Give a file or folder another name in the same folder, durably, in one step."""
        try:
            with self._entry(path, follow=False) as entry:
                new = as_file_name(name)
                os.rename(entry.name, new, src_dir_fd=entry.folder, dst_dir_fd=entry.folder)
                sync(entry.folder)
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
        """Another Root for the same folder, whose operations have only that user's rights.

        An operation that this user could not do fails, whatever links the user planted. Its
        operations raise NotPermitted if this process may not change its user. It is valid
        inside the block; meanwhile this Root keeps its own rights. None gives this Root.
        """
        if owner is None:
            yield self
            return
        from copy import copy

        try:
            top = self._open_top()
        except OSError as error:
            raise self._failed("open", "/", error) from error
        user_root = copy(self)
        user_root._user, user_root._top = owner, top
        try:
            yield user_root
        finally:
            os.close(top)

    def _open(self, path: str, flags: int) -> int:
        """Open a regular file. Raises OSError, or HostError for anything but a file."""
        with self._entry(path, follow=True) as entry:
            number = os.open(entry.name, flags | _NO_LINK, dir_fd=entry.folder)
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise HostError(f"{self.outside(path)} is not a regular file")
        return number

    @contextmanager
    def _entry(self, path: str, *, follow: bool) -> Iterator[Entry]:
        """The entry of a path, while its folder is open and the user's rights are in effect.

        With `follow` a link in the last component is resolved too. Raises OSError.
        """
        if self._user is None:
            with self._resolved(path, follow=follow) as entry:
                yield entry
        else:
            from .privileges import acting_as

            with acting_as(*self._user), self._resolved(path, follow=follow) as entry:
                yield entry

    @contextmanager
    def _resolved(self, path: str, *, follow: bool) -> Iterator[Entry]:
        resolver = PathResolver(self._open_top())
        try:
            yield resolver.resolve(path, follow=follow)
        finally:
            resolver.close()

    def _open_top(self) -> int:
        return os.open(self.path, _TOP) if self._top is None else os.dup(self._top)

    def _failed(self, verb: str, path: str, error: OSError) -> HostError:
        from .file_errors import file_error

        what = f"could not {verb} {self.outside(path)}"
        return file_error(what, error, is_as_user=self._user is not None)

"""Files below a root: a machine's "/", or the folder that an image is made in.

Rule of this file: no path leads out. Every component is opened on its own,
relative to the folder before it and without following links; a link is read and
resolved as it would be with the root as "/", so an absolute one stays inside,
and ".." stops at the top.
"""

import errno
import os
import stat
from contextlib import contextmanager
from typing import BinaryIO, Iterator, List, Optional

from ...errors import HostError, NotPermitted
from ...formats.text import printable
from .entry import FOLDER, Owner, Place, empty, make_folder, replace, replace_by_link, sync
from .paths import Walk, as_file_name, components
from .privileges import acting_as

_LIMIT_BYTES = 1 << 20
# PATH_MAX of Linux.
_LONGEST_PATH = 4096

_OTHER_HINT = "look at what is there, and whether its file system is sound"
_HINTS = {
    errno.ENOENT: "a folder on the way there is missing, or a link leads nowhere",
    errno.ENOTDIR: "something on the way there is no folder",
    errno.EISDIR: "a folder is in its place, move it away",
    errno.ELOOP: "its links lead in a circle, mend them",
    errno.EROFS: "mount the file system writable",
    errno.ENOSPC: "make room on the file system",
    errno.EXDEV: "unmount the file system that is mounted within",
}
_NO_LINK = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Root:
    """All paths are absolute as seen from inside; the folder they lie below is `path`."""

    def __init__(self, path: str = "/") -> None:
        self.path = path
        self.is_live = os.path.realpath(path) == "/"
        # Open while another user is acted as, who may not be allowed to come here.
        self._opened: Optional[int] = None

    def __str__(self) -> str:
        return self.path

    def outside(self, path: str) -> str:
        """The path as a person at a shell would name it, on one line whatever is in it."""
        return printable(path if self.is_live else self.path.rstrip("/") + path, _LONGEST_PATH)

    def read(self, path: str, *, limit_bytes: int = _LIMIT_BYTES) -> Optional[bytes]:
        """A regular file of at most limit_bytes (1 MiB); None if there is none.

        Raises HostError for anything else, and for a file that cannot be read.
        """
        file = self.open_file(path)
        if file is None:
            return None
        try:
            with file:
                # A file of /proc or /sys says that it is empty.
                is_large = os.fstat(file.fileno()).st_size > limit_bytes
                content = b"" if is_large else file.read(limit_bytes + 1)
        except OSError as error:
            raise self._failed("read", path, error) from error
        if is_large or len(content) > limit_bytes:
            raise HostError(f"{self.outside(path)} is larger than {limit_bytes} bytes")
        return content

    def open_file(self, path: str) -> Optional[BinaryIO]:
        """A regular file of any size, opened to be read; None if there is none.

        Raises HostError; what reads from it meets an OSError.
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
        """The number of a regular file that others write too, opened to be appended to.

        Raises HostError, also for an OSError while it is open.
        """
        try:
            number = self._open(path, os.O_RDWR | os.O_APPEND)
            try:
                yield number
            finally:
                os.close(number)
        except OSError as error:
            raise self._failed("append to", path, error) from error

    def write(
        self,
        path: str,
        content: bytes,
        *,
        mode: Optional[int] = None,
        owner: Optional[Owner] = None,
    ) -> None:
        """Replace a file in one step, durably; a link there is followed inside the root.

        A file that was there keeps its owner and mode where none is given; a new
        one is ours then, with 0644. Folders have to exist. Raises HostError, or
        NotPermitted; then the old file is untouched.
        """
        try:
            with self._place(path, follow=True) as place:
                replace(place, content, mode, owner)
        except OSError as error:
            raise self._failed("write", path, error) from error

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link; whatever file or link was there is replaced in one step."""
        try:
            with self._place(path, follow=False) as place:
                replace_by_link(place, target)
        except OSError as error:
            raise self._failed("make the link", path, error) from error

    def read_link(self, path: str) -> Optional[str]:
        """The target of a link, as it is written; None if there is no link."""
        try:
            with self._place(path, follow=False) as place:
                return os.readlink(place.name, dir_fd=place.folder)
        except OSError as error:
            if error.errno in (errno.EINVAL, errno.ENOENT, errno.ENOTDIR):
                return None
            raise self._failed("read the link", path, error) from error

    def status(self, path: str, *, follow: bool = True) -> Optional[os.stat_result]:
        """What is there, or None. A link that leads nowhere counts as nothing if followed."""
        try:
            with self._place(path, follow=follow) as place:
                return os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise self._failed("look at", path, error) from error

    def real_path(self, path: str) -> str:
        """The path from inside the root with all links resolved, the last one too.

        Raises HostError if a folder on the way is not there.
        """
        try:
            with self._place(path, follow=True) as place:
                return place.path
        except OSError as error:
            raise self._failed("find", path, error) from error

    def names(self, path: str) -> List[str]:
        """What a folder holds, sorted; nothing if there is no such folder."""
        try:
            with self._place(path, follow=True) as place:
                number = os.open(place.name, FOLDER, dir_fd=place.folder)
            try:
                return sorted(os.listdir(number))
            finally:
                os.close(number)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise self._failed("look into", path, error) from error

    def remove(self, path: str) -> bool:
        """Remove a file or link, or an empty folder; whether it was there."""
        try:
            with self._place(path, follow=False) as place:
                status = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    os.rmdir(place.name, dir_fd=place.folder)
                else:
                    os.unlink(place.name, dir_fd=place.folder)
                sync(place.folder)
                return True
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise self._failed("remove", path, error) from error

    def remove_tree(self, path: str) -> bool:
        """Remove a folder with all that is in it; whether it was there.

        A link is not followed, and a file system that is mounted within is left:
        that raises HostError.
        """
        try:
            with self._place(path, follow=False) as place:
                empty(place)
        except FileNotFoundError:
            return False
        except NotADirectoryError:
            pass  # a file or a link, which goes by itself
        except OSError as error:
            raise self._failed("remove", path, error) from error
        except RecursionError as error:
            raise HostError(
                f"could not remove {self.outside(path)}, its folders lie too deep in each other",
                "remove it by hand",
            ) from error
        return self.remove(path)

    def move(self, path: str, name: str) -> None:
        """Give a file or folder another name beside it, durably, in one step."""
        try:
            with self._place(path, follow=False) as place:
                new = as_file_name(name)
                os.rename(place.name, new, src_dir_fd=place.folder, dst_dir_fd=place.folder)
                sync(place.folder)
        except OSError as error:
            raise self._failed("move", path, error) from error

    def make_folders(
        self, path: str, *, mode: int = 0o755, owner: Optional[Owner] = None
    ) -> List[str]:
        """Make a folder and those above it; returns the ones that were not there."""
        made = []
        for folder in _ancestry(path):
            if self.status(folder) is None:
                try:
                    with self._place(folder, follow=True) as place:
                        make_folder(place, mode, owner)
                except OSError as error:
                    raise self._failed("make the folder", folder, error) from error
                made.append(folder)
        return made

    @contextmanager
    def as_user(self, owner: Owner) -> Iterator[None]:
        """Touch files with the rights of that user and group, and no more.

        What the user could not do to them fails, whatever links were laid. Raises
        NotPermitted where only root may become somebody else.
        """
        try:
            self._opened = os.open(self.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                with acting_as(*owner):
                    yield
            finally:
                os.close(self._opened)
                self._opened = None
        except OSError as error:
            raise self._failed("act as a user of", "/", error) from error

    def _open(self, path: str, flags: int) -> int:
        """A regular file; raises OSError, or HostError if it is of another kind."""
        with self._place(path, follow=True) as place:
            number = os.open(place.name, flags | _NO_LINK, dir_fd=place.folder)
        if not stat.S_ISREG(os.fstat(number).st_mode):
            os.close(number)
            raise HostError(f"{self.outside(path)} is no regular file")
        return number

    @contextmanager
    def _place(self, path: str, *, follow: bool) -> Iterator["Place"]:
        """Where a path's last component is, while its folder is open.

        Raises OSError. With `follow` a link in the last place is resolved too.
        """
        if self._opened is None:
            walk = Walk(os.open(self.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
        else:
            walk = Walk(os.dup(self._opened))
        try:
            yield walk.to(path, follow=follow)
        finally:
            walk.close()

    def _failed(self, verb: str, path: str, error: OSError) -> HostError:
        summary = f"could not {verb} {self.outside(path)} ({error.strerror})"
        if error.errno in (errno.EACCES, errno.EPERM) and self._opened is not None:
            return HostError(
                summary, "it is done as its user: look at owners, modes and links there"
            )
        if error.errno in (errno.EACCES, errno.EPERM) and os.geteuid() != 0:
            return NotPermitted(summary, "run it as root")
        return HostError(summary, _HINTS.get(error.errno or 0, _OTHER_HINT))


def _ancestry(path: str) -> Iterator[str]:
    names = components(path)
    for count in range(1, len(names) + 1):
        yield "/" + "/".join(names[:count])

"""One name in an open folder: replacing, making or emptying the file or folder of that name.

Rule of this file: it resolves no paths, and nothing half made is ever visible under
the name. A new version is prepared under a temporary name and then renamed.
"""

import errno
import os
import stat
from contextlib import contextmanager, suppress
from functools import partial
from typing import BinaryIO, Callable, Iterator, List, Optional, Tuple, Union

from .opening import FOLDER, OWN_FILES, NotRegularFile, content_of, open_regular

#: The end of the name of what is not complete yet.
UNFINISHED = ".azprov-new"

# A UID and a GID.
Owner = Tuple[int, int]

_NEW_FILE = 0o644
_BLOCK_BYTES = 1 << 16
_LABEL = "security.selinux"
# acl(5). The first is stored only if it says more than the mode. Files and folders that are
# made in a folder get both from its second one.
_ACL, _DEFAULT_ACL = "system.posix_acl_access", "system.posix_acl_default"
# There is no list, or the file system has none.
_NO_ACL = (errno.ENODATA, errno.EOPNOTSUPP)


class Entry:
    """A name in an open folder, and the path of that name as seen from inside the root.

    `seen` is an O_PATH descriptor of what had the name when it was looked up; None if it was
    unused. Whatever opens the file, opens that one.
    """

    def __init__(self, folder: int, name: str, path: str, seen: Optional[int]) -> None:
        self.folder = folder
        self.name = name
        self.path = path
        self.seen = seen

    def status(self) -> Optional[os.stat_result]:
        return None if self.seen is None else os.fstat(self.seen)

    def open(self, flags: int) -> int:
        """Open the regular file. Raises NotRegularFile and OSError."""
        if self.seen is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        return open_regular(self.seen, flags, self.name, self.folder)

    def content(self, limit_bytes: int) -> Optional[bytes]:
        """The content of the regular file; None if it is larger. Raises as `open` does."""
        number = self.open(os.O_RDONLY)
        try:
            return content_of(number, limit_bytes)
        finally:
            os.close(number)

    def acl(self, *, own_files: str = OWN_FILES) -> bytes:
        """The access control list as the kernel stores it; empty without one. Raises OSError.

        The group's bits of the mode are then the most that any entry of the list may give.
        """
        if self.seen is None:
            return b""
        try:
            return _acl_of(f"{own_files}/{self.seen}")
        except (FileNotFoundError, NotADirectoryError):
            pass  # a chroot without /proc
        is_folder = stat.S_ISDIR(os.fstat(self.seen).st_mode)
        number = os.open(".", FOLDER, dir_fd=self.seen) if is_folder else self.open(os.O_RDONLY)
        try:
            return _acl_of(number)
        finally:
            os.close(number)

    def flush(self) -> None:
        """Make a file and its name durable."""
        number = self.open(os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
        sync(self.folder)

    def truncate(self) -> None:
        """Empty a file in place, durably, so that programs that have it open still write to it.

        A file that has further names is replaced: they may be those of any other file.
        """
        number = self.open(os.O_WRONLY)
        try:
            if os.fstat(number).st_nlink > 1:
                replace(self, b"", None, None)
            else:
                os.ftruncate(number, 0)
                os.fsync(number)
        finally:
            os.close(number)

    def folder_owner(self) -> int:
        return os.fstat(self.folder).st_uid

    def remove(self) -> None:
        """Remove a file, a link or an empty folder, durably. Raises OSError."""
        status = os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        remove = os.rmdir if stat.S_ISDIR(status.st_mode) else os.unlink
        try:
            remove(self.name, dir_fd=self.folder)
        except PermissionError as error:
            from .attributes import explained

            raise explained(error, self.folder, self.name) from error
        sync(self.folder)

    def rename(self, name: str) -> None:
        """Give it another name in the same folder, durably."""
        os.rename(self.name, name, src_dir_fd=self.folder, dst_dir_fd=self.folder)
        sync(self.folder)


def replace(
    entry: Entry, content: Union[bytes, BinaryIO], mode: Optional[int], owner: Optional[Owner]
) -> None:
    """Put a new file in the entry's place; without a mode or owner it keeps the old file's.

    The content of an open file is copied, whatever its size. Raises NotRegularFile rather than
    replace a device, FIFO, socket or link, and OSError for a folder.
    """
    old = entry.status()
    if old is not None and not (stat.S_ISREG(old.st_mode) or stat.S_ISDIR(old.st_mode)):
        raise NotRegularFile
    new = _temporary_name(entry)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    number = os.open(new, flags, 0o600, dir_fd=entry.folder)
    with _renamed_to(entry, new, os.unlink), open(number, "wb") as file:
        if isinstance(content, bytes):
            file.write(content)
        else:
            for block in iter(partial(content.read, _BLOCK_BYTES), b""):
                file.write(block)
        file.flush()
        if owner is None and old is not None:
            owner = (old.st_uid, old.st_gid)
        _set_owner(number, owner)
        _copy_label(entry, number)
        _copy_acl(entry, number)
        kept = _NEW_FILE if old is None else stat.S_IMODE(old.st_mode)
        os.fchmod(number, kept if mode is None else mode)
        os.fsync(number)


def replace_by_link(entry: Entry, target: str) -> None:
    """Put a symbolic link in the entry's place."""
    new = _temporary_name(entry)
    os.symlink(target, new, dir_fd=entry.folder)
    with _renamed_to(entry, new, os.unlink):
        pass


def make_folder(entry: Entry, mode: int, owner: Optional[Owner]) -> None:
    """Make a folder that has its mode and owner from the first moment it is visible."""
    new = _temporary_name(entry)
    os.mkdir(new, 0o700, dir_fd=entry.folder)
    with _renamed_to(entry, new, os.rmdir):
        number = os.open(new, FOLDER, dir_fd=entry.folder)
        try:
            _set_owner(number, owner)
            _remove_acl(number, _ACL)
            _remove_acl(number, _DEFAULT_ACL)
            os.fchmod(number, mode)
            os.fsync(number)
        finally:
            os.close(number)


@contextmanager
def _renamed_to(entry: Entry, new: str, remove: Callable[..., None]) -> Iterator[None]:
    """Rename the new version to the entry's name, durably; on an error, remove it."""
    try:
        yield
        os.rename(new, entry.name, src_dir_fd=entry.folder, dst_dir_fd=entry.folder)
    except BaseException:
        # A signal may arrive after the rename.
        with suppress(FileNotFoundError):
            remove(new, dir_fd=entry.folder)
        raise
    sync(entry.folder)


def _set_owner(number: int, owner: Optional[Owner]) -> None:
    """Change the owner of an open file, unless it has that owner already."""
    status = os.fstat(number)
    if owner is not None and owner != (status.st_uid, status.st_gid):
        os.fchown(number, *owner)


def _copy_label(entry: Entry, number: int) -> None:
    """Give the new file the SELinux label of the old one, if there are labels."""
    with suppress(OSError):
        old = entry.open(os.O_RDONLY)
        try:
            os.setxattr(number, _LABEL, os.getxattr(old, _LABEL))
        finally:
            os.close(old)


def _acl_of(file: Union[str, int]) -> bytes:
    try:
        return os.getxattr(file, _ACL)
    except OSError as error:
        if error.errno in _NO_ACL:
            return b""
        raise


def _copy_acl(entry: Entry, number: int) -> None:
    """Give the new file the list of the old one, and none that it has from its folder.

    Without the list, the group would have the rights of the mask.
    """
    acl = entry.acl()
    if acl:
        os.setxattr(number, _ACL, acl)
    else:
        _remove_acl(number, _ACL)


def _remove_acl(number: int, name: str) -> None:
    try:
        os.removexattr(number, name)
    except OSError as error:
        if error.errno not in _NO_ACL:
            raise


def names_in(entry: Entry) -> List[str]:
    """The names in a folder, sorted."""
    number = os.open(entry.name, FOLDER, dir_fd=entry.folder)
    try:
        return sorted(os.listdir(number))
    finally:
        os.close(number)


def sync(folder: int) -> None:
    """Make the names in a folder durable; an O_PATH descriptor has to be opened again for that."""
    number = os.open(".", FOLDER, dir_fd=folder)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _temporary_name(entry: Entry) -> str:
    """The name for the next version; removes a file or folder that a power cut left there."""
    name = f".{entry.name}{UNFINISHED}"
    with suppress(FileNotFoundError):
        try:
            os.unlink(name, dir_fd=entry.folder)
        except IsADirectoryError:
            os.rmdir(name, dir_fd=entry.folder)
    return name

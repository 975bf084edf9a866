"""Looking at every file of a root. Nothing is changed, and no link is followed."""

import errno
import os
import stat
from typing import Collection, Iterator, List, Optional, Tuple

from ...formats.host.mountinfo import parse_file_systems
from .mount_table import read_mount_table
from .opening import FOLDER
from .tree import DEEPEST, Moved, Walk, mount_of

# File systems on disks that have a device with the major number 0.
_WITHOUT_DEVICE = ("btrfs", "zfs", "bcachefs")


class Survey(Walk):
    """A look at everything in a root, which changes nothing."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(os.open(".", FOLDER, dir_fd=descriptor))
        self._mounts = parse_file_systems(read_mount_table())
        #: Whether a folder was moved while its files were listed, so that some may be missing.
        self.is_partial = False
        #: Whether there are folders with too many levels; their files were not listed.
        self.is_too_deep = False

    def path(self, name: str) -> str:
        """The path of a name in the open folder, as seen from inside the root."""
        return "/".join(["", *(folder for _, folder, _ in self._above), name])

    def files(
        self, left_out: Collection[str], skipped: Collection[Tuple[int, int]]
    ) -> Iterator[Tuple[str, os.stat_result]]:
        """The name and status of each file and folder; the open folder is the one with the name.

        Some names at the top are left out, and folders with these devices and inodes are
        skipped. Network file systems, those of the kernel and more than DEEPEST levels of folders
        are not entered. Raises OSError.
        """
        names = [name for name in os.listdir(self.number) if name not in left_out]
        while True:
            folder = None
            while names and folder is None:
                name = names.pop()
                status = self._status(name)
                if status is not None and (status.st_dev, status.st_ino) not in skipped:
                    yield name, status
                    folder = name if stat.S_ISDIR(status.st_mode) else None
            if folder is not None and len(self._above) == DEEPEST:
                self.is_too_deep = True
            elif folder is not None:
                above = (os.fstat(self.number), folder, names)
                names = self._listed(folder, names, above)
            elif self._above:
                names = self._names_above()
            else:
                return

    def _status(self, name: str) -> Optional[os.stat_result]:
        """The status of a name; None for one that was removed, or that root may not look at.

        Those are the file systems that a user mounts with FUSE; their program may have ended.
        """
        try:
            return os.stat(name, dir_fd=self.number, follow_symlinks=False)
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.EACCES, errno.ENOTCONN):
                raise
        return None

    def _names_above(self) -> List[str]:
        """Go back up, and return the remaining names there.

        If a user moved the folder meanwhile, the next one above that is where it was is found
        from the top.
        """
        status, folder, names = self._above[-1]
        try:
            self._return(folder, status)
        except Moved:
            self.is_partial = True
        else:
            self._above.pop()
            return names
        above = self._above
        self._back_to_top()
        for (_, folder, names), (status, _, _) in zip(above, above[1:]):
            try:
                number = os.open(folder, FOLDER, dir_fd=self.number)
            except OSError:
                return names
            if not os.path.samestat(os.fstat(number), status):
                os.close(number)
                return names
            os.close(self.number)
            self.number = number
            self._above.append(above[len(self._above)])
        return above[len(self._above)][2]

    def _listed(
        self, folder: str, names: List[str], above: Tuple[os.stat_result, str, List[str]]
    ) -> List[str]:
        """Enter a folder, and return its names; otherwise those that are left outside."""
        number = None
        try:
            number = os.open(folder, FOLDER, dir_fd=self.number)
            if self._is_local(number):
                below = os.listdir(number)
                os.close(self.number)
                self.number, number = number, None
                self._above.append(above)
                return below
        except (FileNotFoundError, NotADirectoryError):
            pass
        except PermissionError:
            # An ordinary user cannot see every file of an image.
            if os.geteuid() == 0:
                raise
        finally:
            if number is not None:
                os.close(number)
        return names

    def _is_local(self, number: int) -> bool:
        mount = mount_of(number)
        return (
            mount == self._mount
            or os.major(os.fstat(number).st_dev) != 0
            or self._mounts.get(mount[0]) in _WITHOUT_DEVICE
        )

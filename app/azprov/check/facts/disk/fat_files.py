"""Files in the FAT file system of a partition, such as the boot loader in an ESP."""

from typing import Iterator, List, Optional

from ....formats.disk.fat import BOOT_SECTOR_BYTES, Entry, Fat, parse_fat, parse_folder
from ....formats.disk.partition_table import SECTOR_BYTES, Partition
from .disk_file import DiskFile

# FAT allows 65,536. The folders on the way to a boot loader have a few; a long name has several.
_MOST_ENTRIES = 4096
_FOLDER_BYTES = _MOST_ENTRIES * 32


class FatFiles:
    """The FAT file system in a partition. Raises ValueError if there is none."""

    def __init__(self, disk: DiskFile, partition: Partition) -> None:
        self._disk = disk
        self._start = partition.first * SECTOR_BYTES
        sector = disk.read(self._start, BOOT_SECTOR_BYTES)
        if len(sector) < BOOT_SECTOR_BYTES:
            raise ValueError("it is beyond the end of the disk")
        self._fat = parse_fat(sector)

    def folder(self, *names: str) -> List[Entry]:
        """The entries of a folder by its path from the root; none if it is not there.

        Raises HostError, and ValueError for a folder with too many entries.
        """
        entries = _entries(self._root())
        for name in names:
            folder = find(entries, name)
            if folder is None or not folder.is_folder:
                return []
            entries = _entries(self._chain(folder.cluster, _FOLDER_BYTES))
        return entries

    def head(self, entry: Entry, count: int) -> bytes:
        """The first bytes of a file. Raises HostError."""
        return self._chain(entry.cluster, min(count, entry.size))

    def _root(self) -> bytes:
        fat = self._fat
        if fat.root_cluster:
            return self._chain(fat.root_cluster, _FOLDER_BYTES)
        count = min(fat.root_bytes, _FOLDER_BYTES)
        return self._disk.read(self._start + fat.root_offset, count)

    def _chain(self, cluster: int, count: int) -> bytes:
        """The first bytes of a chain of clusters."""
        parts = []
        left = count
        for one in self._clusters(cluster):
            offset = self._start + self._fat.data_offset + (one - 2) * self._fat.cluster_bytes
            parts.append(self._disk.read(offset, min(left, self._fat.cluster_bytes)))
            left -= self._fat.cluster_bytes
            if left <= 0:
                break
        return b"".join(parts)

    def _clusters(self, cluster: int) -> Iterator[int]:
        """The clusters of a chain; one that repeats itself is as long as the file system."""
        for _ in range(self._fat.clusters):
            if not 2 <= cluster < self._fat.clusters + 2:
                return
            yield cluster
            cluster = self._next(cluster)

    def _next(self, cluster: int) -> int:
        fat: Fat = self._fat
        place = self._start + fat.table_offset
        if fat.bits == 12:
            pair = int.from_bytes(self._disk.read(place + cluster * 3 // 2, 2), "little")
            return pair >> 4 if cluster % 2 else pair & 0xFFF
        size = fat.bits // 8
        number = int.from_bytes(self._disk.read(place + cluster * size, size), "little")
        return number & 0xFFFFFFF if fat.bits == 32 else number


def _entries(folder: bytes) -> List[Entry]:
    if len(folder) >= _FOLDER_BYTES:
        raise ValueError(f"a folder in it has {_MOST_ENTRIES} entries or more")
    return parse_folder(folder)


def find(entries: List[Entry], name: str) -> Optional[Entry]:
    """The entry of a name; FAT does not tell upper case from lower case."""
    return next((one for one in entries if one.name.upper() == name), None)

"""What a disk begins and ends with: its container, partition table and FAT file systems."""

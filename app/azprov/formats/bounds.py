"""How much of a machine or an image is read. What lies beyond a bound is reported, not read.

Each bound is several times the size on real systems, and all work is linear in the input.
"""

#: A file of settings or accounts. Root.read has the same bound if it is given none.
TEXT_BYTES = 1 << 20
#: modules.dep and modules.builtin; those of distributions have up to about 1 MB.
MODULE_LIST_BYTES = 1 << 22
#: All files together that a check reads and keeps.
ALL_TEXT_BYTES = 1 << 25
#: The paths that one rule of a check looks up, and the names that it lists.
LOOK_UPS = 100_000
#: The findings of one rule. The next one says that there are more.
FINDINGS = 20

#: The files that the Include lines of sshd_config or of nftables name, and sshd's settings in them.
INCLUDED_FILES = 200
INCLUDED_SETTINGS = 20_000
#: All files of sshd's settings, which several rules read again. Distributions have 4 kB.
SSHD_BYTES = 1 << 18
#: All files of netplan. A longer file counts like YAML that is hard to read.
NETPLAN_CHARACTERS = 1 << 17
#: The text of nftables with its includes, and its chains for outgoing traffic.
NFTABLES_BYTES = 1 << 21
OUTPUT_CHAINS = 20
#: What is compared with each of many others, such as patterns of names.
COMPARED = 100
#: PATH_MAX of Linux.
PATH_CHARACTERS = 4096

#: The headers of a unified kernel, which have 4096 bytes, and the command line inside. The kernel
#: uses 2048 bytes of it, or 4096.
UNIFIED_HEADER_BYTES = 1 << 16
COMMAND_LINE_BYTES = 1 << 16
#: The names on the partitions for boot loaders, or in a folder that tmpfiles.d copies.
SEARCHED_NAMES = 20_000

#: An azprov.pyz, which has about 3 MB, with its entries and their unpacked content.
ARCHIVE_BYTES = 1 << 24
ARCHIVE_ENTRIES = 2000
ARCHIVE_DIRECTORY_BYTES = 1 << 19
ARCHIVE_UNPACKED_BYTES = 1 << 26
#: All initramfs of an image: compressed, and unpacked. One with all modules has about 300 MB.
INITRAMFS_BYTES = 1 << 28
INITRAMFS_UNPACKED_BYTES = 1 << 29
#: An initramfs expands about fivefold. A decompressor must not need more memory than this:
#: `xz -9` needs 65 MB.
INITRAMFS_RATIO = 50
DECOMPRESSOR_BYTES = 80 << 20
#: A program that unpacks an initramfs, such as zstd: its processor time and its memory.
UNPACKER_S = 60
UNPACKER_BYTES = 1 << 29

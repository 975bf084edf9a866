"""The files on the partitions for boot loaders, and the kernel command lines in some of them.

Source: https://uapi-group.org/specifications/specs/unified_kernel_image, read 2026-11-27.
"""

import stat
from typing import BinaryIO, Iterator, List, Tuple

from ...errors import HostError
from ...formats.bounds import COMMAND_LINE_BYTES, SEARCHED_NAMES, UNIFIED_HEADER_BYTES
from ...formats.host.portable_executable import parse_program
from ...system.root import Root

#: Where these partitions are mounted.
PARTITIONS = ("/boot", "/efi", "/boot/efi")
# Fedora's unified kernels are beside their modules.
_MODULES = "/usr/lib/modules"
_OF_MODULES = 2
# Such as efi/EFI/Linux/KERNEL.efi.extra.d/ADDON.addon.efi below /boot.
_DEEPEST = 5
_COMMAND_LINE = ".cmdline"


def boot_files(root: Root, *, deepest: int) -> List[str]:
    """The regular files on the partitions, each once, in up to `deepest` levels of folders.

    Raises HostError.
    """
    return list(dict.fromkeys(path for one in PARTITIONS for path in _files(root, one, deepest)))


def unified_command_lines(root: Root) -> Iterator[Tuple[str, str]]:
    """The path of each unified kernel or add-on with a command line, and that line.

    Raises HostError.
    """
    for path in [*boot_files(root, deepest=_DEEPEST), *_files(root, _MODULES, _OF_MODULES)]:
        if path.startswith(_MODULES) and not path.endswith(".efi"):
            continue
        file = root.open_file(path)
        if file is not None:
            with file:
                for text in _command_lines(root, path, file):
                    yield path, text


def _command_lines(root: Root, path: str, file: BinaryIO) -> Iterator[str]:
    """The command lines of a file: a unified kernel may have one for each of its profiles."""
    head = file.read(2)
    if head != b"MZ":
        return
    program = parse_program(head + file.read(UNIFIED_HEADER_BYTES - len(head)))
    for section in program.sections if program is not None else []:
        if section.name == _COMMAND_LINE:
            if section.size > COMMAND_LINE_BYTES:
                line = f"the command line in {root.outside(path)}"
                raise HostError(
                    f"{line} is larger than {COMMAND_LINE_BYTES} bytes", "shorten that file"
                )
            file.seek(section.offset)
            yield " ".join(file.read(section.size).decode("utf-8", "replace").split("\0"))


def _files(root: Root, top: str, deepest: int) -> Iterator[str]:
    """The regular files below a folder; a folder that is a link is not entered."""
    folders = [(top, 0)]
    left = SEARCHED_NAMES
    while folders:
        folder, depth = folders.pop()
        names = root.names(folder)
        left -= len(names)
        if left < 0:
            raise HostError(
                f"{root.outside(top)} has more than {SEARCHED_NAMES} files",
                "remove files that the image does not need",
            )
        for name in names:
            status = root.status(f"{folder}/{name}", follow=False)
            if status is not None and stat.S_ISREG(status.st_mode):
                yield f"{folder}/{name}"
            elif status is not None and stat.S_ISDIR(status.st_mode) and depth < deepest:
                folders.append((f"{folder}/{name}", depth + 1))

"""Kernel modules that settings keep from being loaded: modprobe.d(5), kernel-parameters.txt."""

from typing import Iterator, List, NamedTuple, Set

from ...formats.host.config_syntax import uncommented
from .image import Image
from .kernel_command_line import values_of
from .kernels import DISK_DRIVERS

_FOLDERS = [
    "/etc/modprobe.d",
    "/usr/local/lib/modprobe.d",
    "/usr/lib/modprobe.d",
    "/lib/modprobe.d",
]


class ForbiddenModule(NamedTuple):
    """The file with the line, and the module's name with underscores."""

    path: str
    module: str


def forbidden_modules(image: Image) -> Iterator[ForbiddenModule]:
    for path in image.layered(_FOLDERS, ".conf"):
        for line in uncommented(image.text(path)):
            words = line.replace("-", "_").split()
            # A command that loads the module runs modprobe or insmod.
            is_forbidden = words[0] == "blacklist" or (
                words[0] == "install"
                and len(words) > 2
                and not any(word.endswith(("modprobe", "insmod")) for word in words[2:])
            )
            if is_forbidden and len(words) > 1:
                yield ForbiddenModule(path, words[1])


def blacklisted_modules(words: List[str]) -> Set[str]:
    """The modules that a kernel command line keeps from being loaded."""
    found = {
        name.replace("-", "_")
        for value in values_of(words, "modprobe.blacklist", "module_blacklist")
        for name in value.split(",")
    }
    # dracut honours this one only until the root is mounted.
    for value in values_of(words, "rd.driver.blacklist"):
        found.update(set(value.replace("-", "_").split(",")) & set(DISK_DRIVERS))
    return found

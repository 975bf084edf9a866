"""Kernel modules that modprobe's settings keep from being loaded: modprobe.d(5)."""

from typing import Iterator, NamedTuple

from ...formats.host.config_syntax import uncommented
from .image import Image

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
            is_forbidden = words[0] == "blacklist" or (
                words[0] == "install" and words[2:3] in (["/bin/false"], ["/bin/true"])
            )
            if is_forbidden and len(words) > 1:
                yield ForbiddenModule(path, words[1])

"""udev rules that name a network interface by its MAC address, such as 70-persistent-net.rules."""

import re
from typing import Iterator, NamedTuple

from ..image import Image

_FOLDER = "/etc/udev/rules.d"
_MAC = re.compile(r"ATTR\{address\}==\"([0-9a-fA-F:]{17})\"")


class NamedMac(NamedTuple):
    """A file of rules, and the first MAC address in it that gets a name."""

    path: str
    mac: str


def read_named_macs(image: Image) -> Iterator[NamedMac]:
    for path in image.matching(_FOLDER, ".rules"):
        for line in image.text(path).split("\n"):
            match = _MAC.search(line, 0, max(line.rfind("NAME="), 0))
            if match:
                yield NamedMac(path, match.group(1))
                break

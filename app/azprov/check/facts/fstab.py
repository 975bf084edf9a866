"""The file systems and swap that an image mounts at boot: fstab(5)."""

from typing import List, NamedTuple

from ...formats.host.config_syntax import uncommented
from .files import read_once
from .image import Image

FSTAB = "/etc/fstab"


class Mount(NamedTuple):
    """One line; fields that the line does not have are empty."""

    device: str
    path: str
    kind: str
    options: List[str]


@read_once
def read_fstab(image: Image) -> List[Mount]:
    mounts = []
    for line in uncommented(image.text(FSTAB)):
        device, path, kind, options = [*line.split(), "", "", ""][:4]
        mounts.append(Mount(device, path, kind, options.split(",")))
    return mounts

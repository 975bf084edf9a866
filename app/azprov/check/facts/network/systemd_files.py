"""The files that systemd-networkd and udev share: their folders, values and removal.

Sources: systemd.network(5) and systemd.link(5).
"""

from typing import Dict, Iterable

from ....formats.host.config_syntax import Setting
from ..image import Image

#: A file in an earlier folder hides files of the same name in later ones.
FOLDERS = [
    "/etc/systemd/network",
    "/usr/local/lib/systemd/network",
    "/usr/lib/systemd/network",
    "/lib/systemd/network",
]


def last_values(settings: Iterable[Setting]) -> Dict[str, str]:
    """The values by "Section.Key"; the last one of each key counts."""
    return {f"{section}.{key}": value for section, key, value in settings}


def remove(image: Image, path: str) -> str:
    """The command that removes a file, or masks it if it belongs to a package."""
    if path.startswith("/etc/"):
        return f"rm {image.typed(path, follow=False)}"
    mask = f"{FOLDERS[0]}/{path.partition('/systemd/network/')[2]}"
    folder = image.typed(mask.rpartition("/")[0])
    return f"mkdir -p -m 755 {folder} && ln -sfn /dev/null {image.typed(mask, follow=False)}"

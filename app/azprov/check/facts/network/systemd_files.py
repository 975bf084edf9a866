"""The files that systemd-networkd and udev share: their folders, [Match] patterns, and removal.

Sources: systemd.network(5) and systemd.link(5).
"""

from typing import Dict, Iterable, List

from ....formats.host.config_syntax import Setting
from ....formats.patterns import matches as matches_glob
from ..image import Image
from .nic_settings import DRIVER, FIRST_NIC

#: A file in an earlier folder hides files of the same name in later ones.
FOLDERS = [
    "/etc/systemd/network",
    "/usr/local/lib/systemd/network",
    "/usr/lib/systemd/network",
    "/lib/systemd/network",
]
YES = ("yes", "true", "on", "1")


def last_values(settings: Iterable[Setting]) -> Dict[str, str]:
    """The values by "Section.Key"; the last one of each key counts."""
    return {f"{section}.{key}": value for section, key, value in settings}


def patterns(text: str) -> List[str]:
    """The glob patterns of a list. "!" at its start negates the whole list.

    A negated list becomes "*", or nothing if it excludes Azure's first interface.
    """
    words = text.split()
    if not words or not words[0].startswith("!"):
        return words
    excluded = [words[0][1:], *words[1:]]
    for property_of_nic in ("ether", DRIVER, FIRST_NIC):
        if any(matches_glob(property_of_nic, pattern) for pattern in excluded):
            return []
    return ["*"]


def matches(value: str, text: str) -> bool:
    """Whether a value matches a list of patterns."""
    return any(matches_glob(value, pattern) for pattern in patterns(text))


def remove(image: Image, path: str) -> str:
    """The command that removes a file, or masks it if it belongs to a package."""
    if path.startswith("/etc/"):
        return f"rm {image.typed(path, follow=False)}"
    mask = f"{FOLDERS[0]}/{path.partition('/systemd/network/')[2]}"
    folder = image.typed(mask.rpartition("/")[0])
    return f"mkdir -p -m 755 {folder} && ln -sfn /dev/null {image.typed(mask, follow=False)}"

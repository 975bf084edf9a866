"""Host keys that deprovision keeps and names, since the server might not start without them."""

import logging
from typing import Iterator, List, NamedTuple

from ...errors import HostError
from ...formats.text import printable
from ...system.root import Root
from ...system.sshd.host_keys import is_host_key
from ...system.sshd.server import SSH_FOLDER
from ...system.sshd.settings import read_settings
from .catalogue import OTHER_HOST_KEYS
from .leftover import Leftover
from .matching import matching_paths

#: What the keys cost in an image.
HOST_KEYS_COST = "every VM would share them and could be impersonated"
_LONGEST_LIST = 1000

log = logging.getLogger(__name__)


class KeptHostKeys(NamedTuple):
    """The paths of host keys that are not removed, and what to do about them."""

    paths: List[str]
    fix: str


def kept_host_keys(root: Root) -> KeptHostKeys:
    """The keys of other servers, and those of HostKey lines. Raises HostError."""
    of_sshd = [path for path in _named_by_sshd(root) if root.status(path) is not None]
    of_others = [
        path
        for folder, pattern in OTHER_HOST_KEYS
        for path in matching_paths(root, folder, pattern)
    ]
    fix = "remove them and let the image create new ones at its first boot"
    if of_sshd:
        fix += ", or remove the HostKey lines so that sshd uses its usual keys"
    if any("initramfs" in path or "dracut" in path for path in of_others):
        fix += "; the initramfs has copies, so rebuild it"
    return KeptHostKeys([*of_sshd, *of_others], fix)


def kept_host_keys_of(root: Root) -> List[str]:
    """The same paths; none if they cannot be found, which the search for leftovers reports."""
    try:
        return kept_host_keys(root).paths
    except HostError:
        return []


def log_kept_host_keys(root: Root) -> Iterator[Leftover]:
    """Log which host keys stay in the image; none of them is a leftover to remove.

    Raises HostError.
    """
    kept = kept_host_keys(root)
    if kept.paths:
        log.warning(
            "SSH host keys stay in the image (%s): %s; %s",
            printable(", ".join(map(root.outside, kept.paths)), _LONGEST_LIST),
            HOST_KEYS_COST,
            kept.fix,
        )
    yield from ()


def _named_by_sshd(root: Root) -> List[str]:
    """The files of sshd's HostKey lines that do not have the usual names."""
    settings = read_settings(root)
    paths = [path for one in settings if one.keyword == "hostkey" for path in one.values[:1]]
    return [path for path in dict.fromkeys(paths) if not _is_usual(path)]


def _is_usual(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return folder == SSH_FOLDER and is_host_key(name)

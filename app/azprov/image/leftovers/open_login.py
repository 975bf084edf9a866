"""A login that stays possible after deprovision, and the texts that its searches share."""

from typing import Iterator, NamedTuple

from ...formats.patterns import matches
from ...system.init import SYSTEMD
from ...system.root import Root


class OpenLogin(NamedTuple):
    """A login that deprovision does not prevent."""

    #: Who can log in, and how.
    what: str
    fix: str
    #: Whether a file could not be read that may allow a login.
    is_unread: bool = False


def unit_files(root: Root, pattern: str) -> Iterator[str]:
    """The unit files with such a name, and their drop-ins."""
    folders = [folder for folder in SYSTEMD.unit_folders if root.status(folder) is not None]
    for folder in dict.fromkeys(map(root.real_path, folders)):
        for name in root.names(folder):
            if matches(name, f"{pattern}.service"):
                yield f"{folder}/{name}"
            elif matches(name, f"{pattern}.d"):
                for drop_in in root.names(f"{folder}/{name}"):
                    yield f"{folder}/{name}/{drop_in}"


def text_of(root: Root, path: str) -> str:
    """The content of a file; empty for a masked unit, which is a link to /dev/null."""
    is_masked = root.read_link(path) == "/dev/null"
    return "" if is_masked else (root.read(path) or b"").decode("utf-8", "replace")

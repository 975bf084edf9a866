"""A login that stays possible after deprovision, and the texts that its searches share."""

from typing import NamedTuple

from ...system.root import Root


class OpenLogin(NamedTuple):
    """A login that deprovision does not prevent."""

    #: Who can log in, and how.
    what: str
    fix: str
    #: Whether a file could not be read that may allow a login.
    is_unread: bool = False


def text_of(root: Root, path: str) -> str:
    """The content of a file; empty for a masked unit, which is a link to /dev/null."""
    is_masked = root.read_link(path) == "/dev/null"
    return "" if is_masked else (root.read(path) or b"").decode("utf-8", "replace")

"""Access control lists: rights of users and groups that the mode of a file does not show."""

import os

from . import Root
from .paths import PathResolver

# acl(5). The kernel stores a list only if it says more than the mode.
_ATTRIBUTE = "system.posix_acl_access"
# Each open file of this process, by its number: proc(5).
_OWN_FILES = "/proc/self/fd"


def has_acl(root: Root, path: str) -> bool:
    """Whether a file or folder has an access control list; False if that cannot be found out.

    The group's bits in the mode are then the most that any entry of the list may give.
    """
    try:
        with PathResolver(root.descriptor, path, follow=False) as entry:
            return bool(os.getxattr(f"{_OWN_FILES}/{entry.seen}", _ATTRIBUTE))
    except OSError:
        return False

"""Whether a folder is the root of a Linux system, and whether this process may change it."""

import os

from ...errors import HostError, NotPermitted, UsageError
from . import Root

# A root has at least one of these. A merged /usr, a /boot, a home and the top of a btrfs
# file system, which people mount by mistake, have none of them.
_SIGNS = ("/etc/os-release", "/usr/lib/os-release", "/etc/passwd", "/usr/bin")


def require_linux_root(root: Root) -> None:
    """Raises UsageError for a folder without a Linux system; NotPermitted if it is closed."""
    denied = None
    for sign in _SIGNS:
        try:
            if root.status(sign) is not None:
                return
        except NotPermitted as error:
            denied = error
        except HostError:  # such as a loop of links: something is there
            return
    if denied is not None:
        raise denied
    if not root.names("/"):
        raise UsageError(f"the folder {root} is empty", "mount or unpack the image there first")
    raise UsageError(
        f"{root} is not the root of a Linux system: {', '.join(_SIGNS)} are all missing in it",
        "give --root the folder that contains etc and usr of the image",
    )


def require_rights(root: Root) -> None:
    """Raises NotPermitted if this process, which is not root's, may not change the root."""
    if root.is_live:
        raise NotPermitted("only root may change this machine", "run it as root")
    etc = root.status("/etc")
    path = "/" if etc is None else root.real_path("/etc")
    # On a disk of one's own that is read-only, root could not write either.
    is_own = etc is not None and etc.st_uid == os.geteuid()
    may_write = os.access(f".{path}", os.W_OK, dir_fd=root.descriptor, effective_ids=True)
    if not is_own and not may_write:
        raise NotPermitted(
            f"this user may not change files in {root.outside(path)}", "run it as root"
        )

"""SELinux labels of what was made anew; a file that is replaced keeps its own."""

import logging

from .commands import Commands
from .root import Root

_RESTORECON_S = 30.0

log = logging.getLogger(__name__)


def relabel(root: Root, path: str, commands: Commands) -> None:
    """Give a tree the labels of the policy. Below a root this is left to its first boot."""
    if root.is_live:
        if root.status("/sys/fs/selinux/enforce") is not None:
            commands.run(["restorecon", "-R", "-F", path], limit_s=_RESTORECON_S)
    elif root.status("/etc/selinux/config") is not None:
        log.info("%s has no SELinux labels: relabel the image", root.outside(path))

"""SELinux labels of new files and folders; a replaced file keeps the label of the old one."""

import logging

from .commands import Commands
from .root import Root

_RESTORECON_S = 30.0

log = logging.getLogger(__name__)


def relabel(root: Root, path: str, commands: Commands) -> None:
    """Give a folder tree the labels of the policy; in an image, log that it needs labels."""
    if root.is_live:
        if root.status("/sys/fs/selinux/enforce") is not None:
            commands.run(["restorecon", "-R", "-F", path], limit_s=_RESTORECON_S)
    elif root.status("/etc/selinux/config") is not None:
        log.info("%s has no SELinux labels: relabel the image", root.outside(path))

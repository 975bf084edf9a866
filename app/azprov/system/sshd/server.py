"""The SSH server: its files, and making it read its settings and host keys again."""

from typing import Optional

from ..commands import Commands
from ..init import restart_services
from ..root import Root

SSH_FOLDER = "/etc/ssh"
#: SUSE ships the second one; it is used if the first one is missing.
CONFIGS = ("/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config")
_SERVICES = ("ssh", "sshd")


def config_file(root: Root) -> Optional[str]:
    """The file that sshd reads; None if there is no sshd."""
    return next((path for path in CONFIGS if root.status(path) is not None), None)


def restart_sshd(root: Root, commands: Commands, verb: str) -> None:
    """Restart an sshd that starts at boot, or apply another verb of systemctl; best effort.

    Nothing is run for an image.
    """
    restart_services(root, _SERVICES, verb, commands)

"""The SSH server: its files, and making it read its settings and host keys again."""

from typing import Optional

from ..boot_service import enabling_links
from ..commands import Commands
from ..root import Root

SSH_FOLDER = "/etc/ssh"
#: SUSE ships the second one; it is used if the first one is missing.
CONFIGS = ("/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config")
_SERVICES = ("ssh.service", "sshd.service")
_COMMAND_S = 30.0


def config_file(root: Root) -> Optional[str]:
    """The file that sshd reads; None if there is no sshd."""
    return next((path for path in CONFIGS if root.status(path) is not None), None)


def restart_sshd(root: Root, commands: Commands, verb: str) -> None:
    """Have systemd apply `verb` ("restart") to an enabled sshd, or OpenRC restart it.

    Best effort, and without waiting. In an image nothing is run.
    """
    if not root.is_live:
        return
    for service in _SERVICES:
        if enabling_links(root, service):
            # After several failed starts without host keys, systemd refuses to start sshd again.
            commands.run(["systemctl", "reset-failed", service], limit_s=_COMMAND_S)
            commands.run(["systemctl", "--no-block", verb, service], limit_s=_COMMAND_S)
    if enabling_links(root, "sshd"):
        commands.run(["rc-service", "--ifstarted", "sshd", "restart"], limit_s=_COMMAND_S)

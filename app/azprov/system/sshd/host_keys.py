"""The SSH server of a machine: where it is set, its own keys, and having it start anew."""

import fnmatch
import logging

from ...errors import HostError
from ..boot_service import enabling_links
from ..commands import Commands
from ..root import Root

SSH_FOLDER = "/etc/ssh"
#: Where sshd's settings are; SUSE's are in the second.
CONFIGS = ("/etc/ssh/sshd_config", "/usr/etc/ssh/sshd_config")
SSH_KEYGEN = "/usr/bin/ssh-keygen"

_UNIT_FOLDERS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_SERVICES = ("ssh.service", "sshd.service")

# 4096-bit RSA on a small VM takes seconds.
_KEYGEN_S = 120.0
_COMMAND_S = 30.0

log = logging.getLogger(__name__)


def lacks_host_keys(root: Root) -> bool:
    """Whether there is an sshd without keys, which nothing else would make at a boot."""
    return (
        root.status(SSH_KEYGEN) is not None
        and any(root.status(path) is not None for path in CONFIGS)
        and not any(is_host_key(name) for name in root.names(SSH_FOLDER))
        and not has_host_key_service(root)
    )


def has_host_key_service(root: Root) -> bool:
    """Whether the distribution makes missing host keys at a boot by itself.

    Fedora, RHEL, SUSE, Arch and Azure Linux have a unit for it, Alpine's sshd script
    does it; Debian and Ubuntu make them when the package is installed, and never again.
    """
    return root.status("/etc/init.d/sshd") is not None or any(
        name.startswith(("sshd-keygen", "sshdgenkeys", "ssh-keygen", "sshd-gen-keys"))
        for folder in _UNIT_FOLDERS
        for name in root.names(folder)
    )


def is_host_key(name: str) -> bool:
    """Whether a file of /etc/ssh holds one of the machine's keys, private or public."""
    return fnmatch.fnmatchcase(name, "ssh_host_*_key*")


def make_host_keys(root: Root, commands: Commands) -> None:
    """Make the machine's own keys, of every type that sshd uses by default.

    Raises HostError. An sshd that did not start for want of them is started.
    """
    if not commands.run([SSH_KEYGEN, "-A"], limit_s=_KEYGEN_S):
        raise HostError("ssh-keygen -A made no SSH host keys", "run it, and see what it says")
    log.info("Made new SSH host keys")
    restart_sshd(root, commands, "restart")


def restart_sshd(root: Root, commands: Commands, verb: str) -> None:
    """Have a running sshd take up what changed; best effort, and never waited for."""
    if not root.is_live:
        return
    for service in _SERVICES:
        if enabling_links(root, service):
            # One that failed too often, for want of keys, is else not started any more.
            commands.run(["systemctl", "reset-failed", service], limit_s=_COMMAND_S)
            commands.run(["systemctl", "--no-block", verb, service], limit_s=_COMMAND_S)
    if enabling_links(root, "sshd"):
        commands.run(["rc-service", "--ifstarted", "sshd", "restart"], limit_s=_COMMAND_S)

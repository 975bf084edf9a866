"""The machine's own SSH keys: which files they are, whether they are missing, making them."""

import fnmatch
import logging

from ...errors import HostError
from ..commands import Commands
from ..init import SYSTEMD
from ..root import Root
from .server import SSH_FOLDER, config_file, restart_sshd

SSH_KEYGEN = "/usr/bin/ssh-keygen"

# 4096-bit RSA on a small VM takes seconds.
_KEYGEN_S = 120.0

log = logging.getLogger(__name__)


def lacks_host_keys(root: Root) -> bool:
    """Whether there is an sshd without host keys that no service would make at boot."""
    return (
        root.status(SSH_KEYGEN) is not None
        and config_file(root) is not None
        and not any(is_host_key(name) for name in root.names(SSH_FOLDER))
        and not has_host_key_service(root)
    )


def has_host_key_service(root: Root) -> bool:
    """Whether the distribution makes missing host keys at boot by itself.

    Fedora, RHEL, SUSE, Arch and Azure Linux have a unit for it, and Alpine's sshd script
    does it. Debian and Ubuntu make host keys only when the package is installed.
    """
    return root.status("/etc/init.d/sshd") is not None or any(
        name.startswith(("sshd-keygen", "sshdgenkeys", "ssh-keygen", "sshd-gen-keys"))
        for folder in SYSTEMD.unit_folders
        for name in root.names(folder)
    )


def is_host_key(name: str) -> bool:
    """Whether a file name in /etc/ssh is that of a host key, private or public."""
    return fnmatch.fnmatchcase(name, "ssh_host_*_key*")


def make_host_keys(root: Root, commands: Commands) -> None:
    """Make a host key of every type that sshd uses by default, and restart sshd.

    Raises HostError. An sshd that failed to start without host keys is started.
    """
    if not commands.run([SSH_KEYGEN, "-A"], limit_s=_KEYGEN_S):
        raise HostError(
            "ssh-keygen -A made no SSH host keys", "run ssh-keygen -A and read its error"
        )
    log.info("Made new SSH host keys")
    restart_sshd(root, commands, "restart")

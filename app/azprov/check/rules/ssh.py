"""Whether an SSH server runs on the VM, so that someone can log in."""

from typing import Iterator

from ...errors import HostError
from ...system.sshd.host_keys import has_usable_host_key
from ...system.sshd.server import SSH_FOLDER
from ..facts import packages
from ..facts.image import Image
from ..finding import ERROR, WARNING, Check, Finding, Rule
from ..fixes import enable, install

_FOLDERS = ("/usr/sbin", "/usr/bin", "/usr/local/sbin", "/sbin")
_SSHD = [f"{folder}/sshd" for folder in _FOLDERS]
_OTHER_SERVERS = [f"{folder}/{name}" for folder in _FOLDERS for name in ("dropbear", "tinysshd")]
_SSHD_SERVICES = ("ssh", "sshd", "ssh.socket", "sshd.socket", "sshd@")
_OTHER_SERVICES = ("dropbear", "dropbear.socket", "tinysshd.socket", "tinysshd@")
_FORBIDDEN = "/etc/ssh/sshd_not_to_be_run"
# azprov makes host keys with it, and so do the units and scripts of all distributions.
_KEYGEN = tuple(
    f"{folder}/ssh-keygen" for folder in ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin")
)

_COST = "so no one can log in to find out why a deployment failed"

SSH_MISSING = Rule(
    "ssh-missing", WARNING, f"there is no SSH server, {_COST}", "install an SSH server"
)
SSH_DISABLED = Rule(
    "ssh-disabled",
    WARNING,
    f"the SSH server does not start at boot, {_COST}",
    "enable its service",
)
SSH_FORBIDDEN = Rule(
    "ssh-forbidden",
    WARNING,
    f"{_FORBIDDEN} keeps Debian's SSH server from starting, {_COST}",
    "remove that file",
)
SSH_HOST_KEYS = Rule(
    "ssh-host-keys",
    ERROR,
    "there are no usable SSH host keys and nothing that can create them, so sshd does not start",
    "install ssh-keygen",
)


def check_ssh(image: Image) -> Iterator[Finding]:
    """An SSH server has to be installed, start at boot and have host keys: sshd(8)."""
    has_sshd = image.is_program(*_SSHD)
    if not has_sshd and not image.is_program(*_OTHER_SERVERS):
        yield SSH_MISSING.found(
            f"there is no SSH server, {_COST}", install(image, packages.SSH_SERVER)
        )
        return
    if image.services.init and not image.services.starts(*_SSHD_SERVICES, *_OTHER_SERVICES):
        has_ssh = image.services.is_there("ssh") or image.services.is_masked("ssh")
        service = "ssh" if has_ssh else "sshd"
        yield SSH_DISABLED.found(
            f"the SSH server does not start at boot, {_COST}",
            enable(image, service if has_sshd else "dropbear"),
        )
    # Only the units and the init script of Debian's package check for this file.
    if has_sshd and image.tool == "apt-get" and image.is_there(_FORBIDDEN):
        yield SSH_FORBIDDEN.found(
            f"{image.shown(_FORBIDDEN)} keeps the SSH server from starting, {_COST}",
            f"rm {image.typed(_FORBIDDEN, follow=False)}",
        )
    if has_sshd and not _has_keys(image) and not image.is_program(*_KEYGEN):
        yield SSH_HOST_KEYS.found(
            f"{image.shown(SSH_FOLDER)} has no usable SSH host keys, and there is no ssh-keygen to "
            "create them, so sshd does not start and no one can log in",
            install(image, packages.SSH_KEYGEN),
        )


def _has_keys(image: Image) -> bool:
    try:
        return has_usable_host_key(image.root)
    except HostError:
        return True  # such as for an ordinary user, who may not read the keys


CHECKS = (Check(check_ssh, (SSH_MISSING, SSH_DISABLED, SSH_FORBIDDEN, SSH_HOST_KEYS)),)

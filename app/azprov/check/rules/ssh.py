"""Whether somebody can log in once the VM is there."""

from typing import Iterator

from ...system.sshd.host_keys import SSH_FOLDER, has_host_key_service, is_host_key
from ..facts.image import Image
from ..finding import ERROR, WARNING, Finding

_FOLDERS = ("/usr/sbin", "/usr/bin", "/usr/local/sbin", "/sbin")
_SERVERS = [f"{folder}/sshd" for folder in _FOLDERS]
_OTHER_SERVERS = [f"{folder}/{name}" for folder in _FOLDERS for name in ("dropbear", "tinysshd")]
_SERVICES = ("ssh", "sshd", "ssh.socket", "sshd.socket", "sshd@")
_OTHER_SERVICES = ("dropbear", "dropbear.socket", "tinysshd.socket", "tinysshd@")
_FORBIDDEN = "/etc/ssh/sshd_not_to_be_run"
_KEYGEN = ("/usr/bin/ssh-keygen", "/usr/local/bin/ssh-keygen", "/bin/ssh-keygen")


def check_ssh(image: Image) -> Iterator[Finding]:
    """A server, that it starts, and keys for it: sshd(8)."""
    has_sshd = image.is_program(*_SERVERS)
    if not has_sshd and not image.is_program(*_OTHER_SERVERS):
        yield Finding(
            "ssh-missing",
            WARNING,
            "there is no SSH server, so nobody can log in to see why a deployment failed",
            image.install("openssh-server", apk="openssh", zypper="openssh", pacman="openssh"),
        )
        return
    if image.services.init and not image.services.starts(*_SERVICES, *_OTHER_SERVICES):
        has_ssh = image.services.is_there("ssh") or image.services.is_masked("ssh")
        service = "ssh" if has_ssh else "sshd"
        yield Finding(
            "ssh-disabled",
            WARNING,
            "the SSH server does not start at boot, so nobody can log in to see why a "
            "deployment failed",
            image.enable(service if has_sshd else "dropbear"),
        )
    # The condition of Debian's units, and of its script; the package asked for it once.
    if has_sshd and image.tool == "apt-get" and image.is_there(_FORBIDDEN):
        yield Finding(
            "ssh-forbidden",
            WARNING,
            f"{image.shown(_FORBIDDEN)} keeps the SSH server from starting, so nobody can log in "
            "to see why a deployment failed",
            f"rm {image.typed(_FORBIDDEN)}",
        )
    if has_sshd and not _has_keys(image) and not _makes_keys(image):
        yield Finding(
            "ssh-host-keys",
            ERROR,
            f"there are no SSH host keys in {image.shown('/etc/ssh')} and nothing that could "
            "make them, so sshd does not start and nobody can log in",
            image.install(
                "openssh-client",
                apk="openssh-keygen",
                dnf="openssh",
                tdnf="openssh",
                zypper="openssh",
                pacman="openssh",
            ),
        )


def _has_keys(image: Image) -> bool:
    return any(map(is_host_key, image.names(SSH_FOLDER)))


def _makes_keys(image: Image) -> bool:
    return image.is_program(*_KEYGEN) or has_host_key_service(image.root)


RULES = (check_ssh,)

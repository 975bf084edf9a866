"""Whether an SSH server runs on the VM, so that someone can log in."""

import re
from typing import Iterator, Optional

from ...errors import HostError
from ...system.sshd.host_keys import has_usable_host_key
from ...system.sshd.server import SSH_FOLDER, config_file
from ...system.sshd.settings import read_settings
from ..facts import packages
from ..facts.image import Image
from ..finding import ERROR, NOTE, WARNING, Check, Finding, Rule
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

# https://learn.microsoft.com/partner-center/marketplace-offers/azure-vm-certification-faq, read
# 2026-11-27: from 30 to 235 seconds.
_KEEPALIVE_S = range(30, 236)
_TIME = re.compile(r"([0-9]{1,9})([sSmMhHdDwW]?)")
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

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


SSH_KEEPALIVE = Rule(
    "ssh-keepalive",
    NOTE,
    "Azure Marketplace certification requires a ClientAliveInterval from 30 to 235; sshd has "
    "another value",
    "set ClientAliveInterval to 180, if the image is for Azure Marketplace",
)


def check_ssh(image: Image) -> Iterator[Finding]:
    """Find an SSH server that is missing, does not start at boot, or has no host keys: sshd(8)."""
    has_sshd = image.is_program(*_SSHD)
    if not image.has_usual_folders:
        return
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


def check_keepalive(image: Image) -> Iterator[Finding]:
    """Find an sshd without keepalive: Azure's network drops idle connections after 4 minutes."""
    path = config_file(image.root)
    if path is None or not image.is_program(*_SSHD):
        return
    lines = [one for one in read_settings(image.root) if one.keyword == "clientaliveinterval"]
    seconds = seconds_of(lines[0].values[0] if lines and lines[0].values else "0")
    if seconds is not None and seconds not in _KEEPALIVE_S:
        file = image.edited(lines[0].path if lines else path)
        yield SSH_KEEPALIVE.found(
            "Azure Marketplace certification requires a ClientAliveInterval from 30 to 235; sshd "
            f"has {seconds}",
            f"if the image is for Azure Marketplace: set ClientAliveInterval 180 in {file}, above "
            "any Match line",
        )


def seconds_of(text: str) -> Optional[int]:
    """A time such as 3m30s, sshd_config(5); None if it is not valid."""
    parts = _TIME.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(int(number) * _UNITS[unit.lower()] for number, unit in parts)


CHECKS = (
    Check(check_ssh, (SSH_MISSING, SSH_DISABLED, SSH_FORBIDDEN, SSH_HOST_KEYS)),
    Check(check_keepalive, (SSH_KEEPALIVE,)),
)

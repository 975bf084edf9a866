"""Users, keys and commands that cloud-init and Ignition have for the first boot of every VM.

One judgement serves all settings: what runs a command or writes a file may let someone in.

Sources: "Module reference" and "NoCloud" of cloud-init's documentation, and "Operator notes" of
Ignition's; read 2026-11-27.
"""

import re
from typing import Iterator

from ...system.root import Root
from .matching import matching_paths
from .open_login import OpenLogin
from .setting_lines import setting_lines

_CLOUD_INIT = ("/usr/bin/cloud-init", "/usr/local/bin/cloud-init")
_CLOUD_INIT_OFF = "/etc/cloud/cloud-init.disabled"
_SETTINGS = (("/etc/cloud", "cloud.cfg"), ("/etc/cloud/cloud.cfg.d", "*.cfg"))
# The seeds of NoCloud and of the other data sources; Ubuntu also reads the boot partition.
_SEEDS = "/var/lib/cloud/seed"
_BOOT_FOLDERS = ("/boot", "/boot/firmware", "/boot/efi")
_SEED_FILES = ("user-data", "vendor-data")
# A list of modules has such names, too, but without a colon.
_SETS_LOGIN = re.compile(
    r"(?:^|[\s{,\"'])(?:(?:hashed_|plain_text_)?passwd|password|chpasswd|ssh[-_]authorized[-_]keys"
    r"|ssh[-_]import[-_]id|ssh_keys|snapuser|runcmd|bootcmd|write_files|agent_command|conf_d|seedfrom"
    r"|user-data|userdata_raw|vendor-data)[\"']?\s*:"
)
_USERS = re.compile(r"(?:^|[\s{,\"'])users[\"']?\s*:\s*(.*)", re.DOTALL)
# coreos-installer writes the first one; the others are of Flatcar.
_IGNITION = ("/boot/ignition/config.ign", "/oem/config.ign", "/usr/share/oem/config.ign")


def find_by_first_boot_tools(root: Root) -> Iterator[OpenLogin]:
    """The settings of an image that these tools carry out. Raises HostError."""
    for path in _IGNITION:
        if root.is_file(path):
            yield _found(root.outside(path), "Ignition")
    is_installed = any(root.status(path) is not None for path in _CLOUD_INIT)
    if not is_installed or root.status(_CLOUD_INIT_OFF) is not None:
        return
    for folder, pattern in _SETTINGS:
        for path in matching_paths(root, folder, pattern):
            number = next(_cloud_init_lines(root, path), 0)
            if number:
                yield _found(f"line {number} of {root.outside(path)}", "cloud-init")
    folders = [*_BOOT_FOLDERS, *(f"{_SEEDS}/{name}" for name in root.names(_SEEDS))]
    for folder in folders:
        for name in _SEED_FILES:
            status = root.status(f"{folder}/{name}")
            if status is not None and status.st_size:
                yield _found(root.outside(f"{folder}/{name}"), "cloud-init")


def _found(where: str, tool: str) -> OpenLogin:
    return OpenLogin(
        f"someone may be able to log in, because {where} lets {tool} set up users or run commands "
        "at the first boot",
        f"if that is not intended, remove that setting, or {tool}",
    )


def _cloud_init_lines(root: Root, path: str) -> Iterator[int]:
    """The numbers of the lines that set up users, write files or run commands."""
    are_users = False
    for number, line in setting_lines(root, path):
        users = _USERS.search(line)
        item = users.group(1) if users else line if are_users and line.startswith("-") else ""
        are_users = users is not None or bool(item)
        name = item.partition(" #")[0].strip(" \t-[]\"'")
        if _SETS_LOGIN.search(line) or name not in ("", "default"):
            yield number

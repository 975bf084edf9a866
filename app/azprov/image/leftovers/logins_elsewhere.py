"""Users, passwords and keys outside the files that a login normally reads.

Sources: nss-systemd(8), systemd-homed.service(8), systemd-sysext(8), snapper(8), and "System
extensions" of Flatcar's documentation; read 2026-11-27.
"""

import os
import re
from typing import Iterator

from ...system.root import Root
from ...system.typed_paths import edited
from .matching import matching_paths
from .open_login import OpenLogin
from .setting_lines import setting_lines

#: Folders of systemd's user records.
RECORD_FOLDERS = (
    "/etc/userdb",
    "/usr/local/lib/userdb",
    "/usr/lib/userdb",
    "/var/lib/systemd/home",
)
# User records, and homes of systemd-homed, which have such a record inside.
_RECORDS = (
    *(
        (folder, pattern)
        for folder in RECORD_FOLDERS
        for pattern in ("*.user", "*.user-privileged", "*.identity")
    ),
    ("/home", "*.homedir"),
    ("/home", "*.home"),
)
# etckeeper keeps every version of shadow and of the SSH host keys.
_HISTORIES = ("/etc/.git", "/etc/.hg", "/etc/.bzr", "/etc/_darcs")
# systemd merges these into /etc and /usr at boot.
_EXTENSIONS = tuple(
    f"{folder}/{name}"
    for name in ("confexts", "extensions")
    for folder in ("/etc", "/var/lib", "/usr/local/lib", "/usr/lib")
)
# What a distribution ships is in /usr, as all of its system is; Flatcar has links to it, and the
# tools of a cloud in the other folders. A link to /dev/null masks an extension.
_OF_VENDOR = re.compile(
    r"/usr/(?!local/)|(?:/oem/sysext|/etc/flatcar/oem-sysext)/oem-[\w.-]+\Z|/dev/null\Z"
)
# Of snapper, yabsnap and timeshift: a folder of snapshots, and the folder of a system in each.
_SNAPSHOTS = (
    ("/.snapshots", "/snapshot"),
    ("/.snapshots", ""),
    ("/timeshift/snapshots", "/localhost"),
    ("/timeshift-btrfs/snapshots", "/@"),
)
# The folders of ostree's systems, the present one and earlier ones, which a boot loader can start.
_OSTREE = "/ostree/deploy"
_SHADOW = "/etc/shadow"
# The folder of dropbear's keys, dropbear(8).
_DROPBEAR = ("/etc/default/dropbear", "/etc/conf.d/dropbear")
_KEYS_ELSEWHERE = re.compile(r"[\s=\"']-[A-Za-z]*D")


def find_elsewhere(root: Root) -> Iterator[OpenLogin]:
    """Stores of logins that deprovision does not change. Raises HostError."""
    for folder, pattern in _RECORDS:
        for record in matching_paths(root, folder, pattern):
            path = root.outside(record)
            yield OpenLogin(
                f"a user may log in with the password or keys in the user record {path}",
                f"if the user should not, remove {edited(root, record, follow=False)}",
            )
    for folder in _HISTORIES:
        if root.names(folder):
            yield _copy(f"history in {root.outside(folder)}")
    yield from _extensions(root)
    yield from _snapshots(root)
    for path in _DROPBEAR:
        for number, line in setting_lines(root, path):
            if _KEYS_ELSEWHERE.search(line):
                yield OpenLogin(
                    f"keys that deprovision does not find may allow logins, because line {number} "
                    f"of {root.outside(path)} gives dropbear another folder of keys",
                    "remove the keys in that folder, or the option",
                )


def _copy(what: str) -> OpenLogin:
    return OpenLogin(
        f"the {what} may have earlier passwords of users and private keys",
        "remove that folder, unless no one else gets the image",
    )


def _extensions(root: Root) -> Iterator[OpenLogin]:
    """The extensions that the distribution did not ship."""
    for folder in _EXTENSIONS:
        for name in root.names(folder):
            if _OF_VENDOR.match(root.real_path(f"{folder}/{name}", allow_missing=True)):
                continue
            path = root.outside(f"{folder}/{name}")
            yield OpenLogin(
                f"someone may be able to log in, because {path} is merged into the system at boot "
                "and was not examined",
                "if it has users, keys or units that allow logins, remove it",
            )


def _snapshots(root: Root) -> Iterator[OpenLogin]:
    """The folders with other systems, or earlier ones; the system may itself be in one of them."""
    own = [root.status(one) for one in ("/", _SHADOW)]
    deployments = [(f"{_OSTREE}/{name}/deploy", "") for name in root.names(_OSTREE)]
    for folder, inside in (*_SNAPSHOTS, *deployments):
        for name in root.names(folder):
            path = f"{folder}/{name}{inside}"
            others = [root.status(one) for one in (path, f"{path}{_SHADOW}")]
            is_own = any(a and b and os.path.samestat(a, b) for a, b in zip(own, others))
            if others[-1] is not None and not is_own:
                kind = "deployment" if folder.startswith(_OSTREE) else "snapshot"
                yield _copy(f"{kind} in {root.outside(path)}")
                break

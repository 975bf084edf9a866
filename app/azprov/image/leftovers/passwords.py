"""Finding the passwords of users and groups: hashes and empty fields, wherever they are read.

Sources: shadow(5), gshadow(5), pam_unix(8) and pam_pwhistory(8) for opasswd.
"""

import stat
from typing import Iterator, List, Tuple

from ...formats.host.passwd import parse_accounts
from ...formats.host.shadow import holds_password, is_locked, password_fields
from ...formats.patterns import matches
from ...formats.text import printable
from ...system.root import Root
from ...system.user_database import USER_FOLDERS, read_user_file
from .leftover import EMPTY_FILE, LOCK_ENTRY, REFER_TO_SHADOW, Leftover

# Files with a line for each user, and for each group. An empty field of a group is no password.
_OF_USERS, _OF_GROUPS = ("passwd", "shadow"), ("group", "gshadow")
# useradd and passwd, editors, package managers and Debian's cron job keep older versions.
_BACKUP_ENDINGS = ("[-~]", ".*", "-.*")
_BACKUP_FOLDERS = (*USER_FOLDERS, "/var/backups")
# The passwords that a user had before.
_EARLIER_FOLDER, _EARLIER = "/etc/security", ("opasswd*", "nopasswd*")


def find_passwords(root: Root) -> Iterator[Leftover]:
    """The passwords of an image and of its backups. Raises HostError."""
    for folder in USER_FOLDERS:
        for kind in (*_OF_USERS, *_OF_GROUPS):
            yield from _passwords_in(root, folder, kind)
    for folder in _BACKUP_FOLDERS:
        for path, kind in _backups(root, folder):
            if any(_is_found(field, kind) for _, field in password_fields(_content(root, path))):
                yield Leftover("passwords", path, "backup with passwords")
    for name in root.names(_EARLIER_FOLDER):
        path = f"{_EARLIER_FOLDER}/{name}"
        if any(matches(name, pattern) for pattern in _EARLIER) and _content(root, path):
            yield Leftover("passwords", path, "earlier passwords", EMPTY_FILE)


def _passwords_in(root: Root, folder: str, kind: str) -> Iterator[Leftover]:
    path = f"{folder}/{kind}"
    content = read_user_file(root, path)
    fields = [one for one in password_fields(content) if _is_found(one[1], kind)]
    if not fields:
        return
    shadowed = set()
    if kind == "passwd":
        shadowed = {name for name, _ in password_fields(read_user_file(root, f"{folder}/shadow"))}
    accounts = {one.name: one for one in parse_accounts(read_user_file(root, f"{folder}/passwd"))}
    for name, field in dict(fields).items():
        yield Leftover(
            "passwords",
            path,
            f"{_kind_of_password(field)} of {'the group ' if kind in _OF_GROUPS else ''}"
            f"{printable(name)}",
            REFER_TO_SHADOW if name in shadowed else LOCK_ENTRY,
            name,
            accounts.get(name) if kind in _OF_USERS else None,
        )


def _is_found(field: str, kind: str) -> bool:
    return holds_password(field) and (kind in _OF_USERS or field != "")


def _kind_of_password(field: str) -> str:
    if not field:
        return "empty password"
    return "locked password" if is_locked(field) else "password"


def _backups(root: Root, folder: str) -> List[Tuple[str, str]]:
    """The backups in a folder, each with the name of the file that it is of."""
    return [
        (f"{folder}/{name}", kind)
        for name in root.names(folder)
        for kind in (*_OF_USERS, *_OF_GROUPS)
        if any(matches(name, f"{kind}{ending}") for ending in _BACKUP_ENDINGS)
    ]


def _content(root: Root, path: str) -> bytes:
    """The content of a regular file; empty for anything else."""
    status = root.status(path, follow=False)
    is_file = status is not None and stat.S_ISREG(status.st_mode)
    return read_user_file(root, path) if is_file else b""

"""Finding the passwords of users and groups: hashes and empty fields, wherever they are read.

Sources: shadow(5), gshadow(5), pam_unix(8) and pam_pwhistory(8) for opasswd.
"""

import re
from typing import Dict, Iterator, List, Optional, Sequence, Tuple

from ...formats.host.passwd import Account, parse_accounts
from ...formats.host.shadow import (
    has_hash,
    hidden_password_fields,
    holds_password,
    is_locked,
    password_fields,
)
from ...formats.patterns import matches
from ...formats.text import printable
from ...system.root import Root
from ...system.user_database import USER_FOLDERS, read_user_file
from .leftover import EMPTY_FILE, LOCK_ENTRIES, REFER_TO_SHADOW, Leftover

# Files with a line for each user, and for each group. An empty field of a group is no password.
_OF_USERS, _OF_GROUPS = ("passwd", "shadow"), ("group", "gshadow")
# useradd and passwd, editors, package managers and Debian's cron job keep older versions.
_BACKUP_ENDINGS = ("[-~]", ".*", "-.*")
# Other names count if the file has a line of root: dates, and the temporary files of editors, of
# pam_unix and of azprov.
_OTHER_BACKUP = re.compile(r"(?:[.#~]*n?|.*[-._~])(g?shadow|passwd)(?![A-Za-z]).*", re.DOTALL)
_BACKUP_FOLDERS = (*USER_FOLDERS, "/var/backups")
_ROOT = re.compile(rb"(?:^|[\n \t])root:")
# gzip, xz, bzip2 and zstd: the content is unknown.
_COMPRESSED = (b"\x1f\x8b", b"\xfd7zXZ", b"BZh", b"\x28\xb5\x2f\xfd")
# pam_tcb has a folder for each user.
_TCB = "/etc/tcb"
_MOST_SHOWN = 5
# The passwords that a user had before.
_EARLIER_FOLDER, _EARLIER = "/etc/security", ("opasswd*", "nopasswd*")


def find_passwords(root: Root, user: str = "") -> Iterator[Leftover]:
    """The passwords of an image and of its backups, those of one user apart. Raises HostError."""
    for folder in USER_FOLDERS:
        for kind in (*_OF_USERS, *_OF_GROUPS):
            yield from _passwords_in(root, user, folder, kind)
    of_tcb = [f"{_TCB}/{name}" for name in root.names(_TCB)]
    for folder in of_tcb:
        yield from _passwords_in(root, user, folder, "shadow")
    for folder in (*_BACKUP_FOLDERS, *of_tcb):
        for name in root.names(folder):
            path = f"{folder}/{name}"
            kind = _kind_of_backup(name)
            other = _OTHER_BACKUP.fullmatch(name)
            is_backup = kind and _has_passwords(_content(root, path), kind)
            if not is_backup and other and name not in _OF_USERS + _OF_GROUPS:
                is_backup = _is_other_backup(_content(root, path), other.group(1))
            if is_backup:
                yield Leftover("passwords", path, "backup with passwords")
    for name in root.names(_EARLIER_FOLDER):
        path = f"{_EARLIER_FOLDER}/{name}"
        if any(matches(name, pattern) for pattern in _EARLIER) and _content(root, path):
            yield Leftover("passwords", path, "earlier passwords", EMPTY_FILE)


def _passwords_in(root: Root, user: str, folder: str, kind: str) -> Iterator[Leftover]:
    path = f"{folder}/{kind}"
    content = read_user_file(root, path)
    fields = [one for one in password_fields(content) if _is_found(one[1], kind)]
    fields += hidden_password_fields(content)
    if not fields:
        return
    shadowed = set()
    if kind == "passwd":
        shadowed = {name for name, _ in password_fields(read_user_file(root, f"{folder}/shadow"))}
    found: Dict[Tuple[str, str, bool], List[str]] = {}
    for name, field in dict(fields).items():
        action = REFER_TO_SHADOW if name in shadowed else LOCK_ENTRIES
        found.setdefault((_kind_of_password(field), action, name == user), []).append(name)
    for (what, action, is_of_user), names in found.items():
        owned = f"{what}{'s'[: len(names) > 1]} of {_shown(names, kind)}"
        account = _account(root, folder, user) if is_of_user and kind in _OF_USERS else None
        yield Leftover("passwords", path, owned, action, ":".join(names), account)


def _shown(names: Sequence[str], kind: str) -> str:
    """Some of the names, and the number of the others."""
    shown = [printable(name) for name in names[:_MOST_SHOWN]]
    if len(names) > _MOST_SHOWN:
        shown.append(f"{len(names) - _MOST_SHOWN} others")
    what = ("the group ", "the groups ")[len(names) > 1] if kind in _OF_GROUPS else ""
    return what + " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _account(root: Root, folder: str, name: str) -> Optional[Account]:
    accounts = parse_accounts(read_user_file(root, f"{folder}/passwd"))
    return next((one for one in reversed(accounts) if one.name == name), None)


def _is_found(field: str, kind: str) -> bool:
    return holds_password(field) and (kind in _OF_USERS or field != "")


def _kind_of_password(field: str) -> str:
    if not field:
        return "empty password"
    return "locked password" if is_locked(field) else "password"


def _kind_of_backup(name: str) -> str:
    """The name of the file that a backup is of, by the usual names; empty for other files."""
    for kind in (*_OF_USERS, *_OF_GROUPS):
        if any(matches(name, f"{kind}{ending}") for ending in _BACKUP_ENDINGS):
            return kind
    return ""


def _has_passwords(content: bytes, kind: str) -> bool:
    is_found = any(_is_found(field, kind) for _, field in password_fields(content))
    return is_found or any(hidden_password_fields(content))


def _is_other_backup(content: bytes, kind: str) -> bool:
    if content.startswith(_COMPRESSED):
        return kind != "passwd"
    # vim separates the lines of a swap file with NUL.
    lines = content.replace(b"\0", b"\n")
    fields = [field for _, field in (*password_fields(lines), *hidden_password_fields(lines))]
    return _ROOT.search(lines) is not None and any(map(has_hash, fields))


def _content(root: Root, path: str) -> bytes:
    """The content of a regular file; empty for anything else."""
    return read_user_file(root, path) if root.is_file(path, follow=False) else b""

"""Finding everything that belongs to one user, for `deprovision --user`. Nothing is changed."""

import logging
from typing import Iterator, List, Optional, Sequence

from ...errors import HostError, UsageError
from ...formats.host.passwd import (
    Account,
    is_of_daemon,
    members,
    parse_groups,
)
from ...formats.host.sudo_rules import has_rules, without_rules_of
from ...formats.text import printable
from ...system.accounts import read_login_defs
from ...system.mounts import mount_points_in
from ...system.root import Root
from ...system.user_database import GROUP, GSHADOW, PASSWD, SHADOW, find_account, read_accounts
from .apply import edited
from .catalogue import NAMED_BY_UID, NAMED_BY_USER
from .leftover import REMOVE_ENTRY, REMOVE_HOME, REMOVE_MEMBER, REMOVE_RULES, REMOVE_TREE, Leftover
from .rules_files import rules_files

# passwd is last, because its entry is needed to find the owner of everything else.
_ENTRIES = ("/etc/subuid", "/etc/subgid", SHADOW, GSHADOW, GROUP, PASSWD)
#: useradd and its relatives keep the previous version of each file under this name.
BACKUPS = tuple(f"{path}-" for path in _ENTRIES)

log = logging.getLogger(__name__)


def find_user(root: Root, name: str, leftovers: Sequence[Leftover]) -> Iterator[Leftover]:
    """The user's entries, home, rules and files, in the order of their removal.

    `leftovers` are those of the user that a search for leftovers found; the ones outside the
    home are included. A name without an account may still have rules and files. Raises
    HostError; UsageError for a user with UID 0 and for a daemon's user.
    """
    account = find_account(root, name)
    if account is not None and account.uid == 0:
        raise UsageError(
            f"the user {name!a} has UID 0 and cannot be removed: every image needs it",
            "give the name of the user to remove",
        )
    if account is not None and is_of_daemon(account, read_login_defs(root)):
        raise UsageError(
            f"the user {name!a} is a system account, with UID {account.uid} and the shell "
            f"{printable(account.shell)}; services such as sshd need theirs",
            "give the name of a person's account, or remove a service with its package",
        )
    yield from _rules(root, name, account)
    for folder, pattern, what in NAMED_BY_USER:
        file = pattern.format(name)
        # /var/spool/mail is a link to /var/mail.
        if root.read_link(folder) is None and file in root.names(folder):
            yield Leftover("", f"{folder}/{file}", f"{what} of {name}", REMOVE_TREE)
    for folder, pattern, what in NAMED_BY_UID:
        for number in _number(root, account):
            file = pattern.format(number.lstrip("#"))
            if file in root.names(folder):
                yield Leftover("", f"{folder}/{file}", f"{what} of {name}", REMOVE_TREE)
    if account is not None:
        yield from _files(root, account, leftovers)
    yield from _entries(root, name, account)


def _rules(root: Root, name: str, account: Optional[Account]) -> Iterator[Leftover]:
    files = list(rules_files(root))
    for user in (name, *_number(root, account)):
        for path, is_in_folder in files:
            yield from _rules_in(root, path, user, goes_when_empty=is_in_folder)


def _number(root: Root, account: Optional[Account]) -> List[str]:
    """The UID as sudoers spells it; empty if another user has the same UID."""
    if account is None:
        return []
    same = [other for other in read_accounts(root) if other.uid == account.uid]
    return [f"#{account.uid}"] if len(same) == 1 else []


def _rules_in(root: Root, path: str, user: str, *, goes_when_empty: bool) -> Iterator[Leftover]:
    content = root.read(path) or b""
    kept = without_rules_of(content, user)
    what = f"sudo or doas rules of {user}"
    if kept != content and goes_when_empty and not has_rules(kept):
        yield Leftover("", path, what)
    elif kept != content:
        yield Leftover("", path, what, REMOVE_RULES, user)


def _files(root: Root, account: Account, leftovers: Sequence[Leftover]) -> Iterator[Leftover]:
    """The user's leftovers outside the home, such as keys, and then the home."""
    homes = list(_home(root, account))
    inside = tuple(f"{home.path.rstrip('/')}/" for home in homes)
    for leftover in leftovers:
        # A password is removed with its entry.
        if leftover.path != SHADOW and not leftover.path.startswith(inside):
            yield leftover
    yield from homes


def _home(root: Root, account: Account) -> Iterator[Leftover]:
    """The home, if the user alone uses and owns it. A system user's may be / or /usr/sbin.

    Raises HostError if a file system is mounted there: another user's files would be removed.
    """
    path = account.home
    status = root.status(path, follow=False)
    if status is None:
        return
    sharers = _sharers(root, account)
    if sharers:
        log.warning(
            "%s, the home of %s, is used by %s too and is kept",
            root.outside(path),
            account.name,
            printable(", ".join(sharers)),
        )
    elif root.real_path(path) != "/" and status.st_uid == account.uid:
        mounted = mount_points_in(root, path)
        if mounted:
            raise HostError(
                f"a file system is mounted at {root.outside(mounted[0])}, in the home of "
                f"{account.name}, so nothing was changed",
                "unmount the file system that is mounted inside",
            )
        yield Leftover("", path, f"home of {account.name}", REMOVE_HOME, account=account)
    else:
        log.warning(
            "%s, the home of %s, does not belong to that user and is kept",
            root.outside(path or "/"),
            account.name,
        )


def _sharers(root: Root, account: Account) -> List[str]:
    """The other accounts whose homes exist and are this account's home, or are in it."""
    folder = root.real_path(account.home).rstrip("/")
    return [
        other.name
        for other in read_accounts(root)
        if other.name != account.name
        and root.status(other.home) is not None
        and f"{root.real_path(other.home)}/".startswith(f"{folder}/")
    ]


def _entries(root: Root, name: str, account: Optional[Account]) -> Iterator[Leftover]:
    for path in (GROUP, GSHADOW):
        yield from _edit(root, path, f"group membership of {name}", REMOVE_MEMBER, name)
    for backup in BACKUPS:
        if name.encode("ascii") in (root.read(backup) or b""):
            yield Leftover("", backup, f"backup with an entry of {name}")
    for path in ("/etc/subuid", "/etc/subgid"):
        for number in _number(root, account):
            what = f"entry of {name} by number"
            yield from _edit(root, path, what, REMOVE_ENTRY, number.lstrip("#"))
    has_own_group = account is not None and _has_own_group(root, account)
    groups = (GSHADOW, GROUP) if has_own_group else ()
    for path in _ENTRIES:
        if path in groups or path not in (GSHADOW, GROUP):
            for entry in _edit(root, path, f"entry of {name}", REMOVE_ENTRY, name):
                yield entry._replace(requires_others=path == PASSWD)


def _has_own_group(root: Root, account: Account) -> bool:
    """Whether the group of the user's name belongs to the user alone, as userdel decides it."""
    group = root.read(GROUP) or b""
    others = [
        other.name
        for other in read_accounts(root)
        if other.gid == account.gid and other.name != account.name
    ]
    others += [member for member in members(group, account.gid) if member != account.name]
    # gshadow may still have a group that is missing from group.
    return parse_groups(group).get(account.name, account.gid) == account.gid and not others


def _edit(root: Root, path: str, what: str, action: str, name: str) -> Iterator[Leftover]:
    """The edit of a file; nothing if it would not change the file."""
    content = root.read(path)
    if content is not None and edited(content, action, name) != content:
        yield Leftover("", path, what, action, name)

"""Making a used machine or image generic again, and armed for its next first boot.

A plan is made first, of what is there; when nothing is, nothing is left to do.
"""

import logging
from functools import partial
from typing import Callable, Iterator, List, NamedTuple, Optional, Sequence

from ..errors import AzprovError, HostError, UsageError
from ..formats.host.hosts import replace_own_name
from ..formats.host.passwd import (
    Account,
    members,
    parse_groups,
    parse_login_defs,
    people,
    without_entry,
    without_member,
)
from ..formats.host.sudo_rules import has_rules, without_rules_of
from ..formats.text import printable
from ..system.accounts import GROUP, GSHADOW, PASSWD, SHADOW, find_account, read_accounts
from ..system.hostname import HOSTNAME_FILE, HOSTS_FILE
from ..system.init import INIT_SYSTEMS, InitSystem
from ..system.root import Root
from .leftovers.search import Leftover, find_leftovers
from .service_file import own_service

# What other agents' deprovisioning calls a machine that has no name.
_GENERIC_NAME = "localhost"

# Where a file or a folder has the name of the user it is for.
_OF_USERS = (
    ("/var/spool/cron/crontabs", "crontab"),
    ("/var/spool/cron/tabs", "crontab"),
    ("/var/spool/cron", "crontab"),
    ("/var/mail", "mail"),
    ("/var/spool/mail", "mail"),
    ("/var/lib/systemd/linger", "note of services to be started"),
    ("/var/lib/AccountsService/users", "account service's note"),
)
_RIGHTS_FOLDERS = ("/etc/sudoers.d", "/etc/doas.d")
_RIGHTS_FILES = ("/etc/sudoers", "/etc/doas.conf")
# In this order: without a line in passwd nobody knows whose the rest is.
_ENTRIES = ("/etc/subuid", "/etc/subgid", SHADOW, GSHADOW, GROUP, PASSWD)

_LONGEST_SENTENCE = 1000

log = logging.getLogger(__name__)


class Change(NamedTuple):
    """One thing to do, as a person is asked about it: what it is, and what becomes of it."""

    path: str
    what: str
    becomes: str
    make: Callable[[], object]


def plan(root: Root, user: str) -> List[Change]:
    """What there is to do. With a user's name, that one goes as well.

    Raises HostError; UsageError for a user that no image can do without.
    """
    leftovers = find_leftovers(root, user)
    of_user = [left for left in leftovers if user and left.user == user]
    changes = list(_user(root, user, of_user)) if user else []
    changes += [_change(left) for left in leftovers if left not in of_user]
    changes += _generic_name(root)
    changes += _service(root)
    return changes


def unknown_user(root: Root, name: str) -> str:
    """That there is no user of that name, and who there is in its place; empty if there is one."""
    if find_account(root, name) is not None:
        return ""
    settings = parse_login_defs(root.read("/etc/login.defs") or b"")
    left = people(read_accounts(root), settings)
    who = f"; left are: {', '.join(left)}" if left else ", nor another who logs in"
    return printable(f"there is no user {name} in {root.outside(PASSWD)}{who}", _LONGEST_SENTENCE)


def carry_out(root: Root, changes: List[Change]) -> List[AzprovError]:
    """Make every change that can be made; the failures of the others come back."""
    failures: List[AzprovError] = []
    for change in changes:
        try:
            change.make()
        except AzprovError as error:
            failures.append(error)
            log.warning("%s", error)
        else:
            log.info("%s: %s, %s", root.outside(change.path), change.what, change.becomes)
    return failures


def _change(left: Leftover) -> Change:
    return Change(left.path, left.what, left.becomes, left.remove)


def _user(root: Root, name: str, leftovers: Sequence[Leftover]) -> Iterator[Change]:
    account = find_account(root, name)
    if account is not None and account.uid == 0:
        raise UsageError(
            f"the user {name!a} has the number 0, which no image can do without",
            "name the user that was deployed",
        )
    for who in (name, *_number(root, account)):
        for folder in _RIGHTS_FOLDERS:
            for held in root.names(folder):
                yield from _lines_of(root, f"{folder}/{held}", who, goes_when_empty=True)
        for path in _RIGHTS_FILES:
            yield from _lines_of(root, path, who, goes_when_empty=False)
    for folder, what in _OF_USERS:
        # /var/spool/mail is /var/mail by another name.
        if root.read_link(folder) is None and name in root.names(folder):
            path = f"{folder}/{name}"
            yield Change(path, f"{what} of {name}", "removed", partial(root.remove_tree, path))
    theirs = [] if account is None else list(_theirs(root, account, leftovers))
    yield from theirs
    for path in (GROUP, GSHADOW):
        yield from _edit(root, path, f"{name} as a member", "taken out", without_member, name)
    has_own_group = account is not None and _has_own_group(root, account)
    files = [path for path in _ENTRIES if has_own_group or path not in (GROUP, GSHADOW)]
    yield from _entries(root, name, files, [change.path for change in theirs])


def _number(root: Root, account: Optional[Account]) -> List[str]:
    """The user's number, as sudoers has it in a name's place; none if it is another's too."""
    accounts = read_accounts(root)
    theirs = [other for other in accounts if account is not None and other.uid == account.uid]
    return [f"#{other.uid}" for other in theirs] if len(theirs) == 1 else []


def _theirs(root: Root, account: Account, leftovers: Sequence[Leftover]) -> Iterator[Change]:
    """The home, and before it what is not in it, as keys that lie elsewhere."""
    homes = list(_home(root, account))
    inside = tuple(f"{change.path.rstrip('/')}/" for change in homes)
    for left in leftovers:
        # A password goes with its entry.
        if left.path != SHADOW and not left.path.startswith(inside):
            yield _change(left)
    yield from homes


def _has_own_group(root: Root, account: Account) -> bool:
    """Whether the group of its name is the user's own and of no use to another, as to userdel."""
    group = root.read(GROUP) or b""
    others = [
        other.name
        for other in read_accounts(root)
        if other.gid == account.gid and other.name != account.name
    ]
    others += [member for member in members(group, account.gid) if member != account.name]
    # gshadow may still have one that is gone from the other.
    return parse_groups(group).get(account.name, account.gid) == account.gid and not others


def _entries(
    root: Root, name: str, files: Sequence[str], found_by_it: Sequence[str]
) -> Iterator[Change]:
    for path in _ENTRIES:
        backup = f"{path}-"
        if name.encode("ascii") in (root.read(backup) or b""):
            yield Change(backup, "backup with that user", "removed", partial(root.remove, backup))
    for path in files:
        for change in _edit(root, path, f"entry of {name}", "taken out", without_entry, name):
            if path == PASSWD:
                forget = partial(_forget, root, name, found_by_it, files, change.make)
                yield change._replace(make=forget)
            else:
                yield change


def _forget(
    root: Root,
    name: str,
    found_by_it: Sequence[str],
    files: Sequence[str],
    take_out: Callable[[], object],
) -> None:
    """Without its entry nobody would know whose a home is that could not be removed, or keys.

    Nor whose a group is.
    """
    for path in found_by_it:
        if root.status(path, follow=False) is not None:
            raise HostError(
                f"{root.outside(path)} is still there, so {name} stays in {root.outside(PASSWD)}"
            )
    for path in files:
        content = root.read(path) or b""
        if path in (GROUP, GSHADOW) and without_entry(content, name) != content:
            raise HostError(
                f"{name} is still in {root.outside(path)}, and so in {root.outside(PASSWD)}"
            )
    take_out()


def _home(root: Root, account: Account) -> Iterator[Change]:
    """The home, where it is the user's own: a system's user may have / or /usr/sbin for one."""
    path = account.home
    status = root.status(path, follow=False)
    if status is None:
        return
    if root.real_path(path) != "/" and status.st_uid == account.uid:
        remove = partial(root.remove_tree, path)
        yield Change(path, f"home of {account.name}", "removed", remove)
    else:
        log.warning("%s, home of %s, is not that user's own, and stays", path or "/", account.name)


def _edit(
    root: Root,
    path: str,
    what: str,
    becomes: str,
    edited: Callable[[bytes, str], bytes],
    name: str,
) -> Iterator[Change]:
    """A change of a file's lines, made in what it holds by then; nothing if it holds none."""
    content = root.read(path)
    if content is not None and edited(content, name) != content:
        yield Change(
            path, what, becomes, lambda: root.write(path, edited(root.read(path) or b"", name))
        )


def _lines_of(root: Root, path: str, name: str, *, goes_when_empty: bool) -> Iterator[Change]:
    content = root.read(path) or b""
    left = without_rules_of(content, name)
    if left == content:
        return
    if goes_when_empty and not has_rules(left):
        yield Change(path, f"rights of {name}", "removed", partial(root.remove, path))
    else:
        yield from _edit(root, path, f"rights of {name}", "taken out", without_rules_of, name)


def _generic_name(root: Root) -> Iterator[Change]:
    named = f"set to {_GENERIC_NAME}"
    content = f"{_GENERIC_NAME}\n".encode("ascii")
    if root.read(HOSTNAME_FILE) not in (None, content):
        write = partial(root.write, HOSTNAME_FILE, content)
        yield Change(HOSTNAME_FILE, "host name", named, write)
    yield from _edit(root, HOSTS_FILE, "own name", named, replace_own_name, _GENERIC_NAME)


def _service(root: Root) -> Iterator[Change]:
    """Have azprov's service start at the next boot again, where it is installed."""
    for init in INIT_SYSTEMS:
        file = own_service(root, init)
        if file is not None and root.read_link(init.link) is None:
            enable = partial(_enable, root, init, file)
            yield Change(init.link, "azprov's service", "enabled", enable)


def _enable(root: Root, init: InitSystem, file: str) -> None:
    root.make_folders(init.link_folder)
    root.link(init.link, file)

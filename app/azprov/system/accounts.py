"""User accounts: finding one, creating one with a home, and giving it administrator rights.

On a live machine useradd or busybox's adduser creates the account; in an image, and without
these programs, azprov writes the files. azprov always makes the home, so that it is either
complete or missing.
"""

import logging
import os
import stat
from typing import Iterator, List, NamedTuple, Optional

from ..errors import HostError
from ..formats.host.passwd import (
    MATCHES_NONE,
    Account,
    find_password,
    free_id,
    parse_accounts,
    parse_groups,
    parse_login_defs,
    parse_user_name,
    with_entry,
    with_password,
)
from ..formats.host.sudo_rules import render_doas_rule, render_sudo_rule
from .commands import Commands
from .root import Root
from .selinux import relabel

PASSWD, SHADOW = "/etc/passwd", "/etc/shadow"
GROUP, GSHADOW = "/etc/group", "/etc/gshadow"
SUDOERS_FOLDER, DOAS_FOLDER = "/etc/sudoers.d", "/etc/doas.d"
#: The files in these folders that give a user administrator rights.
SUDOERS_FILE, DOAS_FILE = f"{SUDOERS_FOLDER}/90-azprov", f"{DOAS_FOLDER}/90-azprov.conf"

#: The folder of new homes.
HOMES = "/home"

_SKELETON = "/etc/skel"
_SHELLS = ("/bin/bash", "/bin/ash", "/bin/sh")
_PRIVATE_HOME = 0o700
# The password fields that useradd and adduser write.
_LOCKS = ("!", "!!")
_COMMAND_S = 30.0

log = logging.getLogger(__name__)


class _SkeletonEntry(NamedTuple):
    """A link, a file, or a folder (without `link` and `content`) in /etc/skel."""

    path: str
    mode: int
    link: Optional[str] = None
    content: Optional[bytes] = None


def read_accounts(root: Root) -> List[Account]:
    """The accounts in /etc/passwd of the root. Raises HostError."""
    return parse_accounts(root.read(PASSWD) or b"")


def find_account(root: Root, name: str) -> Optional[Account]:
    """The account of that name in /etc/passwd of the root. Raises HostError."""
    for account in read_accounts(root):
        if account.name == name:
            return account
    return None


def require_account(root: Root, name: str) -> Account:
    """The account of that name. Raises HostError if it is missing."""
    account = find_account(root, name)
    if account is None:
        raise HostError(
            f"there is no user {name!a} in {root.outside(PASSWD)}",
            "name an existing user, or use --admin-user to create the platform's",
        )
    return account


def create_account(root: Root, name: str, commands: Commands) -> Account:
    """The account of that name; creates the account and its home if they are missing.

    An existing account is not changed. A new one gets a group of its own, and a password
    field that no password matches. Raises HostError or UnusableError.
    """
    account = find_account(root, parse_user_name(name))
    is_new = account is None
    if account is None:
        account = _create(root, name, commands)
        log.info("Created the user %s", name)
    has_home = root.status(account.home) is not None
    if is_new or not has_home:
        _unlock(root, name, is_new=is_new)
    if not has_home:
        _make_home(root, account)
        relabel(root, account.home, commands)
    return account


def make_administrator(root: Root, name: str) -> None:
    """Let a user do everything as root without a password, with sudo or doas. Idempotent."""
    if root.status(SUDOERS_FOLDER) is not None:
        path, rule, mode = SUDOERS_FILE, render_sudo_rule(name), 0o440
    elif root.status(DOAS_FOLDER) is not None:
        path, rule, mode = DOAS_FILE, render_doas_rule(name), 0o600
    else:
        log.warning(
            "%s has neither %s nor %s, so %s does not get administrator rights",
            root,
            SUDOERS_FOLDER,
            DOAS_FOLDER,
            name,
        )
        return
    if root.read(path) != rule:
        root.write(path, rule, mode=mode, owner=(os.geteuid(), os.getegid()))


def _create(root: Root, name: str, commands: Commands) -> Account:
    shell = next((shell for shell in _SHELLS if root.status(shell) is not None), _SHELLS[-1])
    home = f"{HOMES}/{name}"
    has_group = name in parse_groups(root.read(GROUP) or b"")
    useradd = ["useradd", "--no-create-home", "--home-dir", home, "--shell", shell]
    useradd += ["--gid", name] if has_group else ["--user-group"]
    adduser = ["adduser", "-D", "-H", "-h", home, "-s", shell]
    adduser += ["-G", name] if has_group else []
    account = None
    for command in [useradd, adduser] if root.is_live else []:
        if account is None:
            commands.run([*command, name], limit_s=_COMMAND_S)
            account = find_account(root, name)
    if account is None:
        account = _write_entries(root, name, home, shell)
    return account


def _unlock(root: Root, name: str, *, is_new: bool) -> None:
    """Replace the lock that useradd sets with a hash that no password matches.

    After a power cut before this step, the account exists without a home, and the step is
    repeated. The password of an older account is kept.
    """
    shadow = root.read(SHADOW) or b""
    field = find_password(shadow, name)
    if field in _LOCKS or (is_new and field not in (None, MATCHES_NONE)):
        root.write(SHADOW, with_password(shadow, name, MATCHES_NONE))


def _write_entries(root: Root, name: str, home: str, shell: str) -> Account:
    """Write the entries, passwd last: without its entry there the account does not exist."""
    settings = parse_login_defs(root.read("/etc/login.defs") or b"")
    groups = parse_groups(root.read(GROUP) or b"")
    accounts = read_accounts(root)
    gid = groups.get(name)
    if gid is None:
        gid = free_id([*groups.values(), *(account.gid for account in accounts)], settings, "GID")
        _add(root, GROUP, name, "x", gid, "")
    if root.status(GSHADOW) is not None:
        _add(root, GSHADOW, name, "!", "", "")
    uid = free_id([account.uid for account in accounts], settings, "UID")
    has_shadow = root.status(SHADOW) is not None
    if has_shadow:
        _add(root, SHADOW, name, MATCHES_NONE, "", 0, 99999, 7, "", "", "")
    password = "x" if has_shadow else MATCHES_NONE
    _add(root, PASSWD, name, password, uid, gid, "", home, shell)
    return Account(name, uid, gid, home, shell)


def _add(root: Root, path: str, *fields: object) -> None:
    content = root.read(path) or b""
    changed = with_entry(content, *fields)
    if changed != content:
        root.write(path, changed)


def _make_home(root: Root, account: Account) -> None:
    """Make the home from /etc/skel under a temporary name, then rename it."""
    parent, _, name = account.home.rstrip("/").rpartition("/")
    owner = (account.uid, account.gid)
    temporary = f"{parent}/.{name}.azprov-new"
    root.remove_tree(temporary)
    if parent:
        root.make_folders(parent)
    root.make_folders(temporary, mode=_PRIVATE_HOME, owner=owner)
    # Read with root's rights, as useradd does: some files may be unreadable for the user.
    skeleton = list(_skeleton(root))
    with root.as_user(owner) as user_root:
        for entry in skeleton:
            _copy(user_root, temporary + entry.path, entry)
    root.rename(temporary, name)


def _skeleton(root: Root, folder: str = "") -> Iterator[_SkeletonEntry]:
    """The entries of /etc/skel, a folder before its content."""
    for name in root.names(f"{_SKELETON}{folder}"):
        path = f"{folder}/{name}"
        inside = f"{_SKELETON}{path}"
        status = root.status(inside, follow=False)
        mode = 0 if status is None else stat.S_IMODE(status.st_mode)
        link = root.read_link(inside)
        if link is not None:
            yield _SkeletonEntry(path, mode, link=link)
        elif status is not None and stat.S_ISDIR(status.st_mode):
            yield _SkeletonEntry(path, mode)
            yield from _skeleton(root, path)
        elif status is not None and stat.S_ISREG(status.st_mode):
            yield _SkeletonEntry(path, mode, content=root.read(inside))


def _copy(root: Root, path: str, entry: _SkeletonEntry) -> None:
    if entry.link is not None:
        root.link(path, entry.link)
    elif entry.content is not None:
        root.write(path, entry.content, mode=entry.mode)
    else:
        root.make_folders(path, mode=entry.mode)

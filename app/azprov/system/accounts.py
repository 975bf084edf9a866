"""User accounts: finding one, making one with a home, and making it an administrator.

The account is made by useradd or busybox's adduser where they can be run, else by
the files themselves. The home is always made here, so that it is whole or not there.
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
from .commands import Commands
from .root import Root
from .selinux import relabel

PASSWD, SHADOW = "/etc/passwd", "/etc/shadow"
GROUP, GSHADOW = "/etc/group", "/etc/gshadow"
SUDOERS_FOLDER, DOAS_FOLDER = "/etc/sudoers.d", "/etc/doas.d"
#: In these folders, the file that makes somebody an administrator.
SUDOERS_FILE, DOAS_FILE = f"{SUDOERS_FOLDER}/90-azprov", f"{DOAS_FOLDER}/90-azprov.conf"

#: Below it a user who is made has a home.
HOMES = "/home"

_SKELETON = "/etc/skel"
_SHELLS = ("/bin/bash", "/bin/ash", "/bin/sh")
_PRIVATE_HOME = 0o700
# What useradd and adduser write for a password that was never set.
_LOCKS = ("!", "!!")
_COMMAND_S = 30.0

log = logging.getLogger(__name__)


class _Held(NamedTuple):
    """A link, a file or, with neither, a folder of the skeleton."""

    path: str
    mode: int
    link: Optional[str] = None
    content: Optional[bytes] = None


def read_accounts(root: Root) -> List[Account]:
    """Those of the root's own files. Raises HostError."""
    return parse_accounts(root.read(PASSWD) or b"")


def find_account(root: Root, name: str) -> Optional[Account]:
    """The account of that name in the root's own files."""
    for account in read_accounts(root):
        if account.name == name:
            return account
    return None


def require_account(root: Root, name: str) -> Account:
    """Raises HostError if there is none of that name."""
    account = find_account(root, name)
    if account is None:
        raise HostError(
            f"there is no user {name!a} in {root.outside(PASSWD)}",
            "name one that is there, or let --admin-user create the platform's",
        )
    return account


def create_account(root: Root, name: str, commands: Commands) -> Account:
    """The account of that name, made if it was not there, and its home likewise.

    One that is there keeps what it has. A new one has a group of its own and a
    password that none matches. Raises HostError or UnusableError.
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
    """Let a user do all as root without a password, by sudo, or else doas. Idempotent."""
    if root.status(SUDOERS_FOLDER) is not None:
        # Quoted, for sudoers takes a word in capitals for an alias.
        line = f'"{name}" ALL=(ALL:ALL) NOPASSWD:ALL\n'
        path, mode = SUDOERS_FILE, 0o440
    elif root.status(DOAS_FOLDER) is not None:
        path, line, mode = DOAS_FILE, f"permit nopass {name}\n", 0o600
    else:
        log.warning(
            "%s has neither %s nor %s, so %s is no administrator",
            *(root, SUDOERS_FOLDER, DOAS_FOLDER, name),
        )
        return
    if root.read(path) != line.encode("ascii"):
        root.write(path, line.encode("ascii"), mode=mode, owner=(os.geteuid(), os.getegid()))


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
    """A password that none matches, for the lock that useradd puts in its place.

    Also where the power went before that: the account is there then, its home is
    not. A password that an older account has stays.
    """
    shadow = root.read(SHADOW) or b""
    field = find_password(shadow, name)
    if field in _LOCKS or (is_new and field not in (None, MATCHES_NONE)):
        root.write(SHADOW, with_password(shadow, name, MATCHES_NONE))


def _write_entries(root: Root, name: str, home: str, shell: str) -> Account:
    """The account by its files, passwd last: what stands in no passwd is no account."""
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
    """The home with what the skeleton has, made beside and moved to its place."""
    parent, _, name = account.home.rstrip("/").rpartition("/")
    owner = (account.uid, account.gid)
    beside = f"{parent}/.{name}.azprov-new"
    root.remove_tree(beside)
    if parent:
        root.make_folders(parent)
    root.make_folders(beside, mode=_PRIVATE_HOME, owner=owner)
    # Read by root, as useradd does: not all of it need be for everybody.
    skeleton = list(_skeleton(root))
    with root.as_user(owner) as user_root:
        for held in skeleton:
            _lay(user_root, beside + held.path, held)
    root.rename(beside, name)


def _skeleton(root: Root, folder: str = "") -> Iterator[_Held]:
    """What is in a home from the start, a folder before what it holds."""
    for name in root.names(f"{_SKELETON}{folder}"):
        path = f"{folder}/{name}"
        inside = f"{_SKELETON}{path}"
        status = root.status(inside, follow=False)
        mode = 0 if status is None else stat.S_IMODE(status.st_mode)
        link = root.read_link(inside)
        if link is not None:
            yield _Held(path, mode, link=link)
        elif status is not None and stat.S_ISDIR(status.st_mode):
            yield _Held(path, mode)
            yield from _skeleton(root, path)
        elif status is not None and stat.S_ISREG(status.st_mode):
            yield _Held(path, mode, content=root.read(inside))


def _lay(root: Root, path: str, held: _Held) -> None:
    if held.link is not None:
        root.link(path, held.link)
    elif held.content is not None:
        root.write(path, held.content, mode=held.mode)
    else:
        root.make_folders(path, mode=held.mode)

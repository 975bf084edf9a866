"""User accounts: finding one, and creating one with a home.

On a live machine useradd or busybox's adduser creates the account; in an image, and without
these programs, azprov writes the files. azprov always makes the home, so that it is either
complete or missing.
"""

import logging
from typing import Dict, Optional

from ..errors import HostError, LoginBlocked, PassingError
from ..formats.host.passwd import (
    Account,
    free_id,
    is_of_daemon,
    parse_login_defs,
    parse_user_name,
    with_entry,
)
from ..formats.host.shadow import (
    MATCHES_NONE,
    find_password,
    has_ageing,
    is_password,
    with_password,
    without_ageing,
)
from ..formats.text import printable
from .clock import Clock
from .commands import Commands
from .former_ids import read_former_ids
from .homes import free_home, make_home
from .root import Root
from .selinux import relabel
from .user_database import (
    GROUP,
    GSHADOW,
    PASSWD,
    SHADOW,
    find_directory,
    find_group,
    look_up_account,
    read_user_file,
    used_ids,
)

#: SUSE ships the second one; it is used if the first one is missing.
_LOGIN_DEFS = ("/etc/login.defs", "/usr/etc/login.defs")
_SHELLS = ("/bin/bash", "/bin/ash", "/bin/sh")
# The password fields that useradd and adduser write.
_LOCKS = ("!", "!!")
_COMMAND_S = 30.0
_NO_USER_HINT = "name an existing user, or use --admin-user to create the platform's admin user"
# How long a directory server is asked for a user. The time limit of a boot is 900 s.
_DIRECTORY_S = 300.0
_DIRECTORY_POLL_S = 2.0

log = logging.getLogger(__name__)


def require_account(root: Root, name: str, commands: Commands) -> Account:
    """The account of that name. Raises HostError if it is missing."""
    account = look_up_account(root, name, commands)
    if account is None:
        raise HostError(f"there is no user {name!a} in {root.outside(PASSWD)}", _NO_USER_HINT)
    return account


def refuse_daemon(root: Root, account: Account) -> None:
    """Raises LoginBlocked for an account that a service runs as: it gets no keys.

    A shell for it would let anyone who controls the service, or its files, log in.
    """
    if is_of_daemon(account, read_login_defs(root)):
        raise LoginBlocked(
            f"{account.name} is a service account, with UID {account.uid} and the shell "
            f"{printable(account.shell)}, and gets no SSH keys",
            "name the account of a person, or use --admin-user to create the platform's admin user",
        )


def await_account(root: Root, name: str, commands: Commands, clock: Clock) -> None:
    """Wait for an account that may come from a directory server, which may not answer yet.

    Returns at once without such a server. Raises PassingError if the account stays missing.
    """
    directory = find_directory(root)
    if directory is None or look_up_account(root, name, commands) is not None:
        return
    log.info("Waiting for the user %s, since the name service %s may know it", name, directory)
    until = clock.now() + _DIRECTORY_S
    while look_up_account(root, name, commands) is None:
        if clock.now() >= until:
            raise PassingError(
                f"there is no user {name!a} in {root.outside(PASSWD)}, and the name service "
                f"{directory} does not know the user either",
                _NO_USER_HINT,
            )
        clock.sleep(_DIRECTORY_POLL_S)


def read_login_defs(root: Root) -> Dict[str, str]:
    """The settings of login.defs. Raises HostError."""
    contents = (root.read(path) for path in _LOGIN_DEFS)
    return parse_login_defs(next((each for each in contents if each is not None), b""))


def create_account(
    root: Root, name: str, commands: Commands, *, home: Optional[str] = None
) -> Account:
    """The account of that name; creates the account and its home if they are missing.

    An existing account is not changed. A new one gets a group of its own, a password field
    that no password matches, no password ageing, and the home that `free_home` finds if
    none is given. Raises HostError or UnusableError.
    """
    account = look_up_account(root, parse_user_name(name), commands)
    is_new = account is None
    if account is None:
        account = _create(root, name, home or free_home(root, name), commands)
    # A link whose folder is missing may lead to a disk that is mounted later.
    has_home = root.status(account.home, follow=False) is not None
    if is_new or not has_home:
        _unlock(root, name, is_new=is_new)
    if not has_home:
        from .sshd.authorized_keys import own_keys_files

        # /etc/skel could have keys for any user in other folders than .ssh, which is not copied.
        make_home(root, account, without=own_keys_files(root, account))
        relabel(root, account.home, commands)
    return account


def end_password_ageing(root: Root, name: str) -> None:
    """Remove the password ageing of a user who has no password, and so could not change it.

    PASS_MAX_DAYS in login.defs would otherwise lock the user out, with every key. Raises
    HostError.
    """
    shadow = read_user_file(root, SHADOW)
    field = find_password(shadow, name)
    if field is not None and not is_password(field) and has_ageing(shadow, name):
        root.write(SHADOW, without_ageing(shadow, name, with_expiry=True))
        log.info("Turned off password ageing for %s, who has no password", name)


def _create(root: Root, name: str, home: str, commands: Commands) -> Account:
    shell = next((shell for shell in _SHELLS if root.status(shell) is not None), _SHELLS[-1])
    is_group = root.is_live and find_group(root, name, commands) is not None
    number = _number_without_files(root, commands)
    useradd = ["useradd", "--no-create-home", "--home-dir", home, "--shell", shell]
    useradd += ["--gid", name] if is_group else ["--user-group"]
    adduser = ["adduser", "-D", "-H", "-h", home, "-s", shell]
    adduser += ["-G", name] if is_group else []
    if number is not None:
        useradd += ["--uid", str(number)]
        adduser += ["-u", str(number)]
    account = None
    for command in [useradd, adduser] if root.is_live else []:
        if account is None:
            commands.run([*command, name], limit_s=_COMMAND_S)
            account = look_up_account(root, name, commands)
    if account is None:
        account = _write_entries(root, name, home, shell, commands)
    return account


def _number_without_files(root: Root, commands: Commands) -> Optional[int]:
    """A number for a new user and their group that no former user had; None if any will do."""
    former = read_former_ids(root)
    if not former:
        return None
    uids, gids = used_ids(root, commands)
    return free_id(uids | gids | former, read_login_defs(root), "UID")


def _unlock(root: Root, name: str, *, is_new: bool) -> None:
    """Replace the lock that useradd sets with a hash that no password matches.

    The limits of login.defs and of useradd's defaults on the age of the password are
    removed. After a power cut before this step, the account exists without a home, and the
    step is repeated. The password of an older account is kept.
    """
    shadow = read_user_file(root, SHADOW)
    field = find_password(shadow, name)
    if field in _LOCKS or (is_new and field is not None):
        changed = with_password(shadow, name, MATCHES_NONE)
        changed = without_ageing(changed, name, with_expiry=not is_new)
        if changed != shadow:
            root.write(SHADOW, changed)


def _write_entries(root: Root, name: str, home: str, shell: str, commands: Commands) -> Account:
    """Write the entries, passwd last: without its entry there the account does not exist."""
    settings = read_login_defs(root)
    uids, gids = used_ids(root, commands)
    former = read_former_ids(root)
    gid = find_group(root, name, commands)
    if gid is None:
        gid = free_id(gids | former, settings, "GID")
        _add(root, GROUP, name, "x", gid, "")
    if root.status(GSHADOW) is not None:
        _add(root, GSHADOW, name, "!", "", "")
    uid = free_id(uids | former, settings, "UID")
    has_shadow = root.status(SHADOW) is not None
    if has_shadow:
        _add(root, SHADOW, name, MATCHES_NONE, "", 0, 99999, 7, "", "", "")
    password = "x" if has_shadow else MATCHES_NONE
    _add(root, PASSWD, name, password, uid, gid, "", home, shell)
    return Account(name, uid, gid, home, shell)


def _add(root: Root, path: str, *fields: object) -> None:
    content = read_user_file(root, path)
    changed = with_entry(content, *fields)
    if changed != content:
        root.write(path, changed)

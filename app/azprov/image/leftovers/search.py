"""Finding the leftovers of a used machine in an image. Nothing is changed."""

import stat
from functools import partial
from typing import Callable, Dict, Iterator, List, Optional

from ...errors import HostError, NotPermitted
from ...formats.host.passwd import Account, is_person, parse_login_defs
from ...formats.patterns import matches
from ...system.former_ids import FORMER_IDS
from ...system.homes import SKELETON, TRUSTED_HOSTS
from ...system.init import INIT_SYSTEMS
from ...system.root import Root
from ...system.sshd.authorized_keys import holds_keys, keys_paths
from ...system.sshd.deleted_accounts import (
    KeysInUse,
    keys_in_use,
    keys_of_deleted_account,
    names_of_deleted_accounts,
)
from ...system.sshd.host_keys import NEW_KEYS, is_host_key
from ...system.sshd.passwords import DROP_IN, without_own_lines
from ...system.sshd.server import CONFIGS, SSH_FOLDER
from ...system.state import STATE_FOLDER
from ...system.user_database import read_accounts, read_all_accounts
from .catalogue import (
    AGENT_DATA,
    CONTAINER_MARKS,
    FILES,
    IN_HOMES,
    JOURNAL,
    LOG_FOLDER,
    LOGS,
    RECORDS,
)
from .leftover import (
    EMPTY_FILE,
    EMPTY_FOLDER,
    EXAMINE,
    EXAMINE_AS_ROOT,
    REMOVE_FILE,
    REMOVE_FROM_HOME,
    REMOVE_KEYS,
    REMOVE_SSHD_LINES,
    REMOVE_TREE,
    UNREADABLE,
    Leftover,
)
from .matching import matching_paths
from .passwords import find_passwords

MACHINE_ID = "/etc/machine-id"
_DBUS_MACHINE_ID = "/var/lib/dbus/machine-id"
_LOGIN_DEFS = "/etc/login.defs"
# Every new home is a copy, so a skeleton is searched like a home. useradd of SUSE copies both.
_SKELETONS = tuple(Account("", 0, 0, folder, "") for folder in (SKELETON, "/usr/etc/skel"))


def find_leftovers(root: Root, user: str = "") -> List[Leftover]:
    """All leftovers, in the order in which they should be removed.

    With the name of a deleted user, that user's authorized keys are included. A path that
    cannot be examined gives a leftover of the rule UNREADABLE.
    """
    searches = (
        _state,
        _host_keys,
        _machine_ids,
        _files,
        _container_marks,
        _agent_data,
        _homes,
        _trusted_hosts,
        _keys,
        partial(_deleted_accounts, user),
        find_passwords,
        _logs,
    )
    return [leftover for search in searches for leftover in found_by(root, search)]


def container_marks(root: Root) -> List[str]:
    """The files that mark the image as a container. Raises HostError."""
    # On a running machine, /run is not part of the image.
    marks = CONTAINER_MARKS[:1] if root.is_live else CONTAINER_MARKS
    return [path for path in marks if root.status(path, follow=False) is not None]


def found_by(root: Root, search: Callable[[Root], Iterator[Leftover]]) -> List[Leftover]:
    """The result of a search. An error ends the search, and is reported as a leftover."""
    found = []
    try:
        for leftover in search(root):
            found.append(leftover)  # noqa: PERF402 - keep the ones before an error
    except HostError as error:
        action = EXAMINE_AS_ROOT if isinstance(error, NotPermitted) else EXAMINE
        found.append(Leftover(UNREADABLE, "/", error.summary, action, hint=error.hint))
    return found


def _state(root: Root) -> Iterator[Leftover]:
    what = "azprov's state of the first boot"
    names = [name for name in root.names(STATE_FOLDER) if f"{STATE_FOLDER}/{name}" != FORMER_IDS]
    if root.status(FORMER_IDS) is not None:
        for name in names:
            yield Leftover("state", f"{STATE_FOLDER}/{name}", what, REMOVE_TREE)
    # A power cut during the removal may have left the folder without its file.
    elif root.status(STATE_FOLDER) is not None:
        yield Leftover("state", STATE_FOLDER, what, REMOVE_TREE)
    if root.status(DROP_IN) is not None:
        yield Leftover("state", DROP_IN, "azprov's sshd settings")
    for path in CONFIGS:
        content = root.read(path) or b""
        if without_own_lines(content) != content:
            yield Leftover("state", path, "azprov's sshd settings", REMOVE_SSHD_LINES)


def _host_keys(root: Root) -> Iterator[Leftover]:
    for name in root.names(SSH_FOLDER):
        if is_host_key(name):
            # The folder has keys that were not finished when the power failed.
            action = REMOVE_TREE if name == NEW_KEYS else REMOVE_FILE
            yield Leftover("host-keys", f"{SSH_FOLDER}/{name}", "SSH host key", action)


def _machine_ids(root: Root) -> Iterator[Leftover]:
    if root.read_link(MACHINE_ID) is None and _is_machine_id(root.read(MACHINE_ID) or b""):
        # systemd fills an empty file at the next boot, even if / is read-only then.
        is_filled = any(
            init.fills_empty_machine_id and init.is_installed(root) for init in INIT_SYSTEMS
        )
        action = EMPTY_FILE if is_filled else REMOVE_FILE
        yield Leftover("machine-id", MACHINE_ID, "machine ID", action)
    if root.read_link(_DBUS_MACHINE_ID) is None and root.read(_DBUS_MACHINE_ID):
        yield Leftover("machine-id", _DBUS_MACHINE_ID, "D-Bus copy of the machine ID")


def _is_machine_id(content: bytes) -> bool:
    return content.strip() not in (b"", b"uninitialized")


def _files(root: Root) -> Iterator[Leftover]:
    for rule, what, folders in FILES:
        for folder, pattern in folders:
            for path in matching_paths(root, folder, pattern):
                yield Leftover(rule, path, what)


def _container_marks(root: Root) -> Iterator[Leftover]:
    for path in container_marks(root):
        yield Leftover("container-mark", path, "mark of a container")


def _agent_data(root: Root) -> Iterator[Leftover]:
    for folder in AGENT_DATA:
        if root.names(folder):
            # Not removed: a power cut during the removal could leave the empty folder, too.
            yield Leftover("agent-data", folder, "another agent's data of this VM", EMPTY_FOLDER)


def _homes(root: Root) -> Iterator[Leftover]:
    for account in (*_accounts_with_homes(root), *_SKELETONS):
        # An error in one home does not end the search of the others.
        yield from found_by(root, partial(_home, account))


def _accounts_with_homes(root: Root) -> List[Account]:
    """The accounts of root and of people, if the home exists.

    Of accounts that share a home, only its owner, or the first one without such an account.
    """
    settings = parse_login_defs(root.read(_LOGIN_DEFS) or b"")
    found: Dict[str, Account] = {}
    for account in read_accounts(root):
        if account.uid != 0 and not is_person(account, settings):
            continue
        if not account.home.startswith("/") or account.home == "/":
            continue
        status = root.status(account.home)
        if status is not None:
            home = root.real_path(account.home)
            if home not in found or account.uid == status.st_uid:
                found[home] = account
    return list(found.values())


def _home(account: Account, root: Root) -> Iterator[Leftover]:
    for rule, what, below, patterns in IN_HOMES:
        folder = f"{account.home.rstrip('/')}{below}"
        for name in root.names(folder):
            if any(matches(name, pattern) for pattern in patterns):
                path = f"{folder}/{name}"
                yield Leftover(rule, path, what, REMOVE_FROM_HOME, account=account)


def _trusted_hosts(root: Root) -> Iterator[Leftover]:
    """The lists of hosts in all homes: those of system users are honoured as well."""
    for account in (*read_all_accounts(root), *_SKELETONS):
        yield from found_by(root, partial(_trusted_hosts_of, account))


def _trusted_hosts_of(account: Account, root: Root) -> Iterator[Leftover]:
    for name in TRUSTED_HOSTS:
        path = f"{account.home.rstrip('/')}/{name}"
        if root.status(path, follow=False) is not None:
            what = "list of trusted hosts or principals"
            yield Leftover("trusted-hosts", path, what, REMOVE_FROM_HOME, account=account)


def _keys(root: Root) -> Iterator[Leftover]:
    accounts = (*read_all_accounts(root), *_SKELETONS)
    for account, paths in keys_paths(root, accounts):
        yield from found_by(root, partial(_keys_at, account, paths))


def _keys_at(account: Optional[Account], paths: List[str], root: Root) -> Iterator[Leftover]:
    for path in paths:
        if holds_keys(root, path):
            what = "authorized SSH keys"
            yield Leftover("authorized-keys", path, what, REMOVE_KEYS, account=account)


def _deleted_accounts(user: str, root: Root) -> Iterator[Leftover]:
    names = names_of_deleted_accounts(root, user)
    if names:
        in_use = keys_in_use(root)
        for name in names:
            yield from found_by(root, partial(_keys_of_deleted_account, name, in_use))


def _keys_of_deleted_account(name: str, in_use: KeysInUse, root: Root) -> Iterator[Leftover]:
    for path in keys_of_deleted_account(root, name, in_use):
        what = "authorized SSH keys of a deleted account"
        yield Leftover("authorized-keys", path, what, REMOVE_KEYS)


def _logs(root: Root) -> Iterator[Leftover]:
    for name in root.names(JOURNAL):
        yield Leftover("logs", f"{JOURNAL}/{name}", "journal", REMOVE_TREE)
    for name in root.names(LOG_FOLDER):
        path = f"{LOG_FOLDER}/{name}"
        status = root.status(path, follow=False)
        if status is None or not stat.S_ISREG(status.st_mode) or not status.st_size:
            continue
        if name in RECORDS:
            yield Leftover("logs", path, "record of logins", EMPTY_FILE)
        elif any(matches(name, pattern) for pattern in LOGS):
            yield Leftover("logs", path, "log")

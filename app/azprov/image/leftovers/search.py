"""What a machine that was used leaves in an image, and must not be in every VM made of it."""

import stat
from fnmatch import fnmatchcase
from functools import partial
from typing import Callable, Iterator, List, NamedTuple, Optional

from ...errors import HostError
from ...formats.host.passwd import (
    MATCHES_NONE,
    Account,
    find_password,
    is_password,
    passwords,
    with_password,
)
from ...system.accounts import SHADOW, read_accounts
from ...system.init import INIT_SYSTEMS
from ...system.root import Root
from ...system.sshd.authorized_keys import holds_keys, keys_paths, remove_keys
from ...system.sshd.deleted_accounts import keys_of_deleted_account, names_of_deleted_accounts
from ...system.sshd.host_keys import is_host_key
from ...system.sshd.passwords import DROP_IN, without_own_lines
from ...system.sshd.server import CONFIGS, SSH_FOLDER
from ...system.state import STATE_FOLDER
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


class Leftover(NamedTuple):
    """One thing, by the rule that finds it, and how it is taken away."""

    rule: str
    path: str
    what: str
    remove: Callable[[], object]
    #: Whose it is, where it is a user's.
    user: str = ""
    #: What `remove` does.
    becomes: str = "removed"
    #: What has to be done for it to be looked at, where it could not be.
    hint: str = ""


#: The rule of what could not be looked at.
UNREADABLE = "unreadable"
MACHINE_ID = "/etc/machine-id"
_DBUS_MACHINE_ID = "/var/lib/dbus/machine-id"

# What useradd and passwd keep of the last version.
_SHADOW_BACKUP = f"{SHADOW}-"
_FIRST_USER = 1000
_NOBODY = 65534


def find_leftovers(root: Root, user: str = "") -> List[Leftover]:
    """All of them, in the order in which they are best removed; keys of that former user too.

    What could not be looked at is among them, and says so when it is to be removed.
    """
    families = (
        *(_state, _host_keys, _machine_ids, _files, _marks, _agent_data),
        *(_homes, _keys, partial(_former_users, user), _passwords, _logs),
    )
    return [leftover for find in families for leftover in _found(root, find)]


def _found(root: Root, find: Callable[[Root], Iterator[Leftover]]) -> List[Leftover]:
    found = []
    try:
        for leftover in find(root):
            found.append(leftover)  # noqa: PERF402 - what was found before an error counts
    except HostError as error:
        unread = Leftover(UNREADABLE, "/", error.summary, partial(_raise, error))
        found.append(unread._replace(hint=error.hint, becomes="looked at"))
    return found


def _raise(error: HostError) -> None:
    raise error


def homes(root: Root) -> List[Account]:
    """The accounts of people, and root's, that have a home."""
    return [
        account
        for account in read_accounts(root)
        if (account.uid == 0 or _FIRST_USER <= account.uid != _NOBODY)
        and account.home.startswith("/")
        and account.home != "/"
        and root.status(account.home) is not None
    ]


def _state(root: Root) -> Iterator[Leftover]:
    # Also without the file: the power may have gone when that was removed.
    if root.status(STATE_FOLDER) is not None:
        yield Leftover(
            *("state", STATE_FOLDER, "azprov's note of what is done"),
            partial(root.remove_tree, STATE_FOLDER),
        )
    asked = "what the platform asked sshd for"
    if root.status(DROP_IN) is not None:
        yield _file(root, "state", DROP_IN, asked)
    for path in CONFIGS:
        content = root.read(path) or b""
        if without_own_lines(content) != content:
            take_out = partial(_take_out_own_lines, root, path)
            yield Leftover("state", path, asked, take_out, becomes="taken out")


def _take_out_own_lines(root: Root, path: str) -> None:
    root.write(path, without_own_lines(root.read(path) or b""))


def _host_keys(root: Root) -> Iterator[Leftover]:
    for name in root.names(SSH_FOLDER):
        if is_host_key(name):
            yield _file(root, "host-keys", f"{SSH_FOLDER}/{name}", "SSH host key")


def _machine_ids(root: Root) -> Iterator[Leftover]:
    if root.read_link(MACHINE_ID) is None and _is_machine_id(root.read(MACHINE_ID) or b""):
        # systemd fills an empty file at the next boot, also where / is read-only then.
        empties = any(
            init.fills_empty_machine_id and init.is_installed(root) for init in INIT_SYSTEMS
        )
        yield Leftover(
            *("machine-id", MACHINE_ID, "machine's id"),
            partial(root.write, MACHINE_ID, b"") if empties else partial(root.remove, MACHINE_ID),
            becomes="emptied" if empties else "removed",
        )
    if root.read_link(_DBUS_MACHINE_ID) is None and root.read(_DBUS_MACHINE_ID):
        yield _file(root, "machine-id", _DBUS_MACHINE_ID, "D-Bus' copy of the machine's id")


def _is_machine_id(content: bytes) -> bool:
    return content.strip() not in (b"", b"uninitialized")


def _files(root: Root) -> Iterator[Leftover]:
    for rule, what, places in FILES:
        for folder, pattern in places:
            for name in root.names(folder):
                if fnmatchcase(name, pattern):
                    yield _file(root, rule, f"{folder}/{name}", what)


def container_marks(root: Root) -> List[str]:
    """What a container's manager has put into its files. Raises HostError."""
    # On a machine that runs, /run is no part of an image.
    marks = CONTAINER_MARKS[:1] if root.is_live else CONTAINER_MARKS
    return [path for path in marks if root.status(path, follow=False) is not None]


def _marks(root: Root) -> Iterator[Leftover]:
    for path in container_marks(root):
        yield _file(root, "container-mark", path, "mark of a container")


def _agent_data(root: Root) -> Iterator[Leftover]:
    for folder in AGENT_DATA:
        if root.names(folder):
            yield Leftover(
                *("agent-data", folder, "what another agent keeps of its VM"),
                # Emptied is what a power cut on the way to its removal would leave it.
                partial(_empty, root, folder),
                becomes="emptied",
            )


def _empty(root: Root, folder: str) -> None:
    for name in root.names(folder):
        root.remove_tree(f"{folder}/{name}")


def _homes(root: Root) -> Iterator[Leftover]:
    for account in homes(root):
        # Whatever a user laid there, the other homes are looked at.
        yield from _found(root, partial(_home, account))


def _home(account: Account, root: Root) -> Iterator[Leftover]:
    for rule, what, below, patterns in IN_HOMES:
        folder = f"{account.home.rstrip('/')}{below}"
        for name in root.names(folder):
            if any(fnmatchcase(name, pattern) for pattern in patterns):
                path = f"{folder}/{name}"
                remove = partial(_remove_as_user, root, account, path)
                yield Leftover(rule, path, what, remove, account.name)


def _keys(root: Root) -> Iterator[Leftover]:
    accounts = read_accounts(root)
    for account, paths in keys_paths(root, accounts):
        yield from _found(root, partial(_keys_at, account, paths))


def _keys_at(account: Optional[Account], paths: List[str], root: Root) -> Iterator[Leftover]:
    for path in paths:
        if holds_keys(root, path):
            remove = partial(remove_keys, root, path, account)
            whose = "" if account is None else account.name
            yield Leftover("authorized-keys", path, "keys that may log in", remove, whose)


def _former_users(name: str, root: Root) -> Iterator[Leftover]:
    for former in names_of_deleted_accounts(root, name):
        yield from _found(root, partial(_former_keys, former))


def _former_keys(former: str, root: Root) -> Iterator[Leftover]:
    for path in keys_of_deleted_account(root, former):
        remove = partial(remove_keys, root, path)
        yield Leftover("authorized-keys", path, "keys of nobody who is there", remove)


def _remove_as_user(root: Root, account: Account, path: str) -> None:
    """In a home nothing is removed but with the rights of its user."""
    with root.as_user((account.uid, account.gid)) as user_root:
        user_root.remove(path)


def _passwords(root: Root) -> Iterator[Leftover]:
    shadow = root.read(SHADOW) or b""
    for account in read_accounts(root):
        field = find_password(shadow, account.name)
        if field is not None and is_password(field):
            what = f"password of {account.name}" if field else f"no password for {account.name}"
            lock = partial(_lock, root, account.name)
            yield Leftover("passwords", SHADOW, what, lock, account.name, becomes="locked")
    if any(map(is_password, passwords(root.read(_SHADOW_BACKUP) or b""))):
        yield _file(root, "passwords", _SHADOW_BACKUP, "backup with passwords")


def _logs(root: Root) -> Iterator[Leftover]:
    for name in root.names(JOURNAL):
        path = f"{JOURNAL}/{name}"
        yield Leftover("logs", path, "journal", partial(root.remove_tree, path))
    for name in root.names(LOG_FOLDER):
        path = f"{LOG_FOLDER}/{name}"
        status = root.status(path, follow=False)
        if status is None or not stat.S_ISREG(status.st_mode) or not status.st_size:
            continue
        if name in RECORDS:
            empty = partial(root.write, path, b"")
            yield Leftover("logs", path, "record of logins", empty, becomes="emptied")
        elif any(fnmatchcase(name, pattern) for pattern in LOGS):
            yield _file(root, "logs", path, "log")


def _lock(root: Root, name: str) -> None:
    root.write(SHADOW, with_password(root.read(SHADOW) or b"", name, MATCHES_NONE))


def _file(root: Root, rule: str, path: str, what: str) -> Leftover:
    return Leftover(rule, path, what, partial(root.remove, path))

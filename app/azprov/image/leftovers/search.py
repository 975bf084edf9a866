"""Finding the leftovers of a used machine in an image. Nothing is changed."""

import stat
from functools import partial
from typing import Iterable, Iterator, List, Optional, Sequence, Tuple

from ...formats.host.initiator_name import INITIATOR, without_initiator
from ...formats.host.passwd import Account
from ...formats.host.sent_hostname import without_sent_hostname
from ...formats.patterns import matches
from ...system.former_ids import FORMER_IDS
from ...system.init import SYSTEMD
from ...system.init.known import INIT_SYSTEMS
from ...system.mounts import mount_points_in
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
from ...system.user_database import read_all_accounts
from .catalogue import (
    AGENT_DATA,
    CONTAINER_MARKS,
    FILES,
    IDENTITY_FOLDERS,
    INSTALLER_FILES,
    SENT_HOSTNAMES,
)
from .catalogue_of_logs import (
    CRASH_FOLDERS,
    LOG_FOLDER,
    LOGS,
    MAIL_FOLDERS,
    OTHER_LOGS,
    RECORDS,
    TEMPORARY_FOLDERS,
)
from .leftover import (
    EMPTY_FILE,
    EMPTY_FOLDER,
    REMOVE_FILE,
    REMOVE_KEYS,
    REMOVE_SENT_HOSTNAME,
    REMOVE_SSHD_LINES,
    REMOVE_TREE,
    RENEW_INITIATOR,
    Leftover,
)
from .matching import found_by, matching_paths
from .passwords import find_passwords
from .search_homes import ANY_USER, SKELETONS, find_in_homes, find_trusted_hosts

MACHINE_ID = "/etc/machine-id"
_DBUS_MACHINE_ID = "/var/lib/dbus/machine-id"
# Of open-iscsi outside Debian 12: it makes a name if the file is missing.
_ISCSI_INIT = "iscsi-init.service"
_TEMPORARY = "temporary files"


def find_leftovers(root: Root, user: str = "") -> List[Leftover]:
    """All leftovers, in the order in which they should be removed.

    With the name of a user, that user's passwords are leftovers apart from those of others; with
    that of a deleted user, the authorized keys are included. A path that
    cannot be examined gives a leftover of the rule UNREADABLE.
    """
    searches = (
        _state,
        _host_keys,
        _machine_ids,
        _files,
        _container_marks,
        _agent_data,
        _installer_files,
        _identities,
        _sent_hostnames,
        find_in_homes,
        find_trusted_hosts,
        _keys,
        partial(_deleted_accounts, user),
        partial(find_passwords, user=user),
        _logs,
        _spools,
    )
    return [leftover for search in searches for leftover in found_by(root, search)]


def container_marks(root: Root) -> List[str]:
    """The files that mark the image as a container. Raises HostError."""
    # On a running machine, /run is not part of the image.
    marks = CONTAINER_MARKS[:1] if root.is_live else CONTAINER_MARKS
    return [path for path in marks if root.status(path, follow=False) is not None]


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
    for rule, what, rows in FILES:
        yield from _matching(root, rule, what, rows)


def _matching(
    root: Root, rule: str, what: str, rows: Iterable[Tuple[str, str]], action: str = REMOVE_FILE
) -> Iterator[Leftover]:
    """The paths of rows with a folder and a pattern of names."""
    for folder, pattern in rows:
        for path in matching_paths(root, folder, pattern):
            yield Leftover(rule, path, what, action)


def _container_marks(root: Root) -> Iterator[Leftover]:
    for path in container_marks(root):
        yield Leftover("container-mark", path, "mark of a container")


def _agent_data(root: Root) -> Iterator[Leftover]:
    for folder, kept in AGENT_DATA:
        yield from _contents(root, "agent-data", "another agent's data of this VM", folder, kept)


def _contents(
    root: Root, rule: str, what: str, folder: str, kept: Sequence[str] = ()
) -> Iterator[Leftover]:
    """What a folder contains, except for the names that are kept.

    The folder stays: a power cut during its removal could leave the empty folder, too.
    """
    names = root.names(folder)
    if not any(name in kept for name in names):
        if names:
            yield Leftover(rule, folder, what, EMPTY_FOLDER)
        return
    for name in names:
        if name not in kept:
            yield Leftover(rule, f"{folder}/{name}", what, REMOVE_TREE)


def _installer_files(root: Root) -> Iterator[Leftover]:
    what = "file of an installer"
    yield from _matching(root, "installer-files", what, INSTALLER_FILES, REMOVE_TREE)


def _sent_hostnames(root: Root) -> Iterator[Leftover]:
    for folder, pattern, kind in SENT_HOSTNAMES:
        for path in matching_paths(root, folder, pattern):
            content = (root.read(path) or b"") if root.is_file(path) else b""
            if without_sent_hostname(content, kind) != content:
                what = "host name for the DHCP server"
                yield Leftover("sent-hostname", path, what, REMOVE_SENT_HOSTNAME, kind)


def _identities(root: Root) -> Iterator[Leftover]:
    for folder in IDENTITY_FOLDERS:
        yield from _contents(root, "machine-identity", "identity of this machine", folder)
    content = root.read(INITIATOR) or b""
    if without_initiator(content) != content:
        what = "iSCSI name of this machine"
        # The services of Debian and of others make a new name each in a way of its own.
        is_made = any(
            root.status(f"{folder}/{_ISCSI_INIT}") is not None for folder in SYSTEMD.unit_folders
        )
        action = REMOVE_FILE if is_made else RENEW_INITIATOR
        yield Leftover("machine-identity", INITIATOR, what, action)


def _keys(root: Root) -> Iterator[Leftover]:
    accounts = (*read_all_accounts(root), *SKELETONS)
    for account, paths in keys_paths(root, accounts):
        yield from found_by(root, partial(_keys_at, account, paths))


def _keys_at(account: Optional[Account], paths: List[str], root: Root) -> Iterator[Leftover]:
    if account is not None and account in SKELETONS:
        # Keys elsewhere may be those of a user in a directory.
        inside = [path for path in paths if path.startswith(f"{account.home}/")]
        paths = [path for one in inside for path in _for_any_user(root, one)]
    for path in paths:
        if holds_keys(root, path):
            what = "authorized SSH keys"
            yield Leftover("authorized-keys", path, what, REMOVE_KEYS, account=account)


def _for_any_user(root: Root, path: str) -> List[str]:
    """The path, or those for any user if it has a component with the name of one."""
    found = [""]
    for component in path.split("/")[1:]:
        if ANY_USER in component:
            found = [one for folder in found for one in matching_paths(root, folder, component)]
        else:
            found = [f"{folder}/{component}" for folder in found]
    return found


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
    yield from _matching(root, "logs", "log or record of logins", OTHER_LOGS, REMOVE_TREE)
    for name in root.names(LOG_FOLDER):
        path = f"{LOG_FOLDER}/{name}"
        status = root.status(path, follow=False)
        if status is None or not stat.S_ISREG(status.st_mode) or not status.st_size:
            continue
        if name in RECORDS:
            yield Leftover("logs", path, "record of logins", EMPTY_FILE)
        elif any(matches(name, pattern) for pattern in LOGS):
            yield Leftover("logs", path, "log")


def _spools(root: Root) -> Iterator[Leftover]:
    """Mail, crash dumps and temporary files."""
    temporary = () if root.is_live else TEMPORARY_FOLDERS
    kinds = (("mail", MAIL_FOLDERS), ("crash dumps", CRASH_FOLDERS), (_TEMPORARY, temporary))
    seen = set()
    for what, folders in kinds:
        for folder in folders:
            # A file system that is mounted there for a chroot is not part of the image.
            if root.status(folder) is None or mount_points_in(root, folder):
                continue
            if root.real_path(folder) not in seen:
                seen.add(root.real_path(folder))
                yield from _contents(root, "spools", what, folder)

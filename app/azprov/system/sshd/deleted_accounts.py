"""Authorized keys of deleted accounts: they would let in the next user of that name or home.

Paths made with a user's number (%U) are not searched. No passwd entry names the owner of
such a file, so it is removed with the rights of the user who owns a folder on the way.
"""

import logging
from typing import Iterator, List, NamedTuple, Sequence, Set

from ...formats.host.passwd import Account
from ...formats.host.sshd_config import Setting, own_keys_paths, settings_of_keys
from ..homes import HOMES
from ..planting import remove_planted
from ..root import Root
from ..user_database import read_all_accounts
from .authorized_keys import holds_keys, keys_paths
from .settings import read_settings

# (uid_t) -1, which no user has.
_NO_ID = (1 << 32) - 1

log = logging.getLogger(__name__)


def names_of_deleted_accounts(root: Root, name: str = "") -> List[str]:
    """The names of folders in /home that are no account's home, and `name` if it has no account.

    Raises HostError.
    """
    accounts = read_all_accounts(root)
    named = {name} - {"", *(account.name for account in accounts)}
    return sorted(named.union(_unused_homes(root, accounts)))


class KeysInUse(NamedTuple):
    """sshd's settings, and every path at which it might look for the keys of an account."""

    settings: List[Setting]
    paths: Set[str]


def keys_in_use(root: Root) -> KeysInUse:
    """What the search for keys of each deleted account needs. Raises HostError."""
    paths = {path for _, paths in keys_paths(root, read_all_accounts(root)) for path in paths}
    return KeysInUse(settings_of_keys(read_settings(root, matches=True)), paths)


def keys_of_deleted_account(root: Root, name: str, in_use: KeysInUse) -> Iterator[str]:
    """The files of authorized keys for that name that no account uses. Raises HostError."""
    found = _keys_of(root, in_use.settings, name, f"{HOMES}/{name}")
    return (path for path in found if path not in in_use.paths)


def remove_keys_of_deleted_account(root: Root, name: str, home: str) -> None:
    """Remove the keys that could log in as a user who is about to be created with that home.

    Raises HostError.
    """
    # A line that is no key would not keep sshd from reading the others.
    for path in _keys_of(root, read_settings(root, matches=True), name, home, only_keys=False):
        remove_planted(root, path)
        log.warning(
            "removed %s: it could have let its owner log in as the new user %s",
            root.outside(path),
            name,
        )


def _unused_homes(root: Root, accounts: Sequence[Account]) -> Set[str]:
    """The names of folders in /home that are no account's home, with links resolved."""
    homes = {
        root.real_path(account.home)
        for account in accounts
        if root.status(account.home) is not None
    }
    paths = {name: f"{HOMES}/{name}" for name in root.names(HOMES)}
    return {
        name
        for name, path in paths.items()
        if root.status(path) is not None and root.real_path(path) not in homes
    }


def _keys_of(
    root: Root, settings: List[Setting], name: str, home: str, *, only_keys: bool = True
) -> Iterator[str]:
    user = Account(name, _NO_ID, _NO_ID, home, "")
    paths = sorted(own_keys_paths(settings_of_keys(settings), user))
    return (path for path in paths if holds_keys(root, path, only_keys=only_keys))

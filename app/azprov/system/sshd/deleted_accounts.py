"""Keys that lie where sshd would look for those of a user who has no account.

They let in whoever is given that name or home next; those that are called by a number
(%U) are not looked for. Nobody of passwd answers for them, so they go with the rights
of whoever could lay links on the way to them.
"""

import logging
from typing import Iterator, List, Optional, Sequence, Set

from ...formats.host.passwd import Account
from ...formats.host.sshd_config import own_keys_paths
from ..accounts import HOMES, read_accounts
from ..root import Root
from ..root.entry import Owner
from .authorized_keys import folders_above, holds_keys, keys_paths, sshd_settings

# (uid_t) -1, which nobody has.
_NO_ID = (1 << 32) - 1

log = logging.getLogger(__name__)


def former_users(root: Root, name: str) -> List[str]:
    """Who may have been: by the folders of /home that are nobody's home, and by that name.

    Raises HostError.
    """
    accounts = read_accounts(root)
    named = {name} - {"", *(account.name for account in accounts)}
    return sorted(named.union(_homeless(root, accounts)))


def former_keys(root: Root, name: str) -> Iterator[str]:
    """The files with keys of one of them, but for those of an account. Raises HostError."""
    accounts = read_accounts(root)
    theirs = {path for _, paths in keys_paths(root, accounts) for path in paths}
    return (path for path in _keys_of(root, name) if path not in theirs)


def remove_keys_before(root: Root, name: str) -> None:
    """Take away the keys with which somebody could log in as a user who is yet to be made.

    Raises HostError.
    """
    for path in _keys_of(root, name):
        remove_former_keys(root, path)
        log.warning("%s was there before the user %s, removed", root.outside(path), name)


def remove_former_keys(root: Root, path: str) -> None:
    """With the rights of the first but root who owns a folder on the way. Raises HostError."""
    owner = _owner_on_the_way(root, path)
    if owner is None:
        root.remove(path)
    else:
        with root.as_user(owner):
            root.remove(path)


def _homeless(root: Root, accounts: Sequence[Account]) -> Set[str]:
    """The folders of /home that are nobody's home, by whatever name of it."""
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


def _keys_of(root: Root, name: str) -> Iterator[str]:
    settings = sshd_settings(root, matches=True)
    user = Account(name, _NO_ID, _NO_ID, f"{HOMES}/{name}", "")
    return (path for path in sorted(own_keys_paths(settings, user)) if holds_keys(root, path))


def _owner_on_the_way(root: Root, path: str) -> Optional[Owner]:
    for folder in folders_above(path):
        if root.status(folder) is not None:
            real = root.real_path(folder)
            for above in (*folders_above(real), real):
                status = root.status(above)
                if status is not None and status.st_uid != 0:
                    return (status.st_uid, status.st_gid)
    return None

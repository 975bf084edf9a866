"""Finding histories, secrets and lists of trusted hosts in the homes of an image."""

from functools import partial
from typing import Dict, Iterator, List, Set

from ...formats.host.passwd import Account, is_person, parse_login_defs
from ...formats.patterns import matches
from ...system.homes import SKELETON, TRUSTED_HOSTS
from ...system.root import Root
from ...system.user_database import read_accounts, read_all_accounts
from .catalogue_of_homes import IN_HOMES
from .leftover import REMOVE_FROM_HOME, Leftover
from .matching import found_by

_LOGIN_DEFS = "/etc/login.defs"
# Enough for a private key, and for the settings that hold a password.
_BEGINNING_BYTES = 64 << 10
#: A pattern, since a new user may have any name.
ANY_USER = "*"
#: Every new home is a copy, so a skeleton is searched like a home. useradd of SUSE copies both.
SKELETONS = tuple(Account(ANY_USER, 0, 0, folder, "") for folder in (SKELETON, "/usr/etc/skel"))


def find_in_homes(root: Root) -> Iterator[Leftover]:
    """Histories, and files with secrets, of root and of people."""
    for account in (*_accounts_with_homes(root), *SKELETONS):
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
    found: Set[str] = set()
    for rule, what, below, patterns, content in IN_HOMES:
        folder = f"{account.home.rstrip('/')}{below}"
        for name in root.names(folder):
            path = f"{folder}/{name}"
            if path in found or not any(matches(name, pattern) for pattern in patterns):
                continue
            if content is None or content.search(_beginning(root, path)):
                found.add(path)
                yield Leftover(rule, path, what, REMOVE_FROM_HOME, account=account)


def _beginning(root: Root, path: str) -> bytes:
    """The beginning of a regular file; empty for anything else."""
    file = root.open_file(path) if root.is_file(path) else None
    if file is None:
        return b""
    with file:
        return file.read(_BEGINNING_BYTES)


def find_trusted_hosts(root: Root) -> Iterator[Leftover]:
    """The lists of hosts in all homes: those of system users are honoured as well."""
    for account in (*read_all_accounts(root), *SKELETONS):
        yield from found_by(root, partial(_trusted_hosts_of, account))


def _trusted_hosts_of(account: Account, root: Root) -> Iterator[Leftover]:
    for name in TRUSTED_HOSTS:
        path = f"{account.home.rstrip('/')}/{name}"
        if root.status(path, follow=False) is not None:
            what = "list of trusted hosts or principals"
            yield Leftover("trusted-hosts", path, what, REMOVE_FROM_HOME, account=account)

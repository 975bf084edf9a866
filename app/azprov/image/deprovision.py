"""Making a used machine or image generic again, so that azprov runs at its next first boot.

`plan` lists the changes as leftovers, and `carry_out` makes them.
"""

import logging
from functools import partial
from typing import Iterator, List, Sequence

from ..errors import AzprovError, HostError, UsageError
from ..formats.host.passwd import parse_login_defs, people
from ..formats.text import printable
from ..system.hostname import HOSTNAME_FILE, HOSTS_FILE, renamed_hosts
from ..system.init import InitSystem
from ..system.init.known import INIT_SYSTEMS, find_init
from ..system.planting import writers_of
from ..system.root import Root
from ..system.sshd.deleted_accounts import keys_in_use, keys_of_deleted_account
from ..system.user_database import PASSWD, find_account, read_accounts
from .leftovers.apply import apply, edited
from .leftovers.former_users import (
    find_former_ids,
    find_jobs,
    find_named_files,
)
from .leftovers.kept_host_keys import log_kept_host_keys
from .leftovers.leftover import (
    ENABLE_SERVICE,
    SET_HOST_NAME,
    SET_NAME_IN_HOSTS,
    Leftover,
)
from .leftovers.matching import found_by
from .leftovers.mentions import log_mentions
from .leftovers.search import find_leftovers
from .leftovers.user import BACKUPS, find_user
from .outside_mounts import refuse_changes_outside, refuse_mounts_of_users
from .service_file import own_service

# The name that waagent and cloud-init leave, too.
_GENERIC_NAME = "localhost"
_LONGEST_LIST = 1000

log = logging.getLogger(__name__)


def plan(root: Root, user: str) -> List[Leftover]:
    """The leftovers to remove, in order; with a user's name, that user is removed as well.

    An image without leftovers gives an empty list. Raises HostError; UsageError for a user
    with UID 0, or one who has neither an account nor anything else in the image. A change to
    files from outside that are mounted in the image is a HostError, too.
    """
    refuse_mounts_of_users(root, "deprovision", done="changed")
    leftovers = find_leftovers(root, user)
    of_user = [leftover for leftover in leftovers if user and leftover.user == user]
    changes = [leftover for leftover in leftovers if not user or leftover.user != user]
    changes += found_by(root, log_kept_host_keys)
    changes += _host_names(root)
    changes += _disabled_services(root)
    account = find_account(root, user) if user else None
    changes += found_by(root, partial(find_jobs, account))
    changes += found_by(root, partial(find_named_files, user))
    # The passwd entry is the last change of all: after a power cut, the same command still
    # finds the user, and continues.
    user_changes = _user(root, user, of_user) if user else []
    if user:
        log_mentions(root, user)
    changes += found_by(root, partial(find_former_ids, account, [*changes, *user_changes]))
    changes += user_changes
    refuse_changes_outside(root, changes)
    return changes


def carry_out(root: Root, changes: Sequence[Leftover]) -> List[AzprovError]:
    """Make every change that can be made, and log it. Returns the failures of the others."""
    failures: List[AzprovError] = []
    writers = writers_of(root)
    for change in changes:
        try:
            if failures and change.requires_others:
                raise HostError(
                    f"other changes failed, so the {change.what} stays in "
                    f"{root.outside(change.path)}"
                )
            apply(root, change, writers)
        except AzprovError as error:
            failures.append(error)
            log.warning("%s", error)
        else:
            log.info("%s: %s, %s", root.outside(change.path), change.what, change.result)
    return failures


def _user(root: Root, name: str, leftovers: Sequence[Leftover]) -> List[Leftover]:
    """The changes that remove a user. A deleted account may still have keys, rules and files."""
    changes = list(find_user(root, name, leftovers))
    if find_account(root, name) is not None:
        return changes
    # A backup is not evidence of a user: it may contain the name by chance.
    has_files = any(change.path not in BACKUPS for change in changes)
    if not has_files and not any(keys_of_deleted_account(root, name, keys_in_use(root))):
        settings = parse_login_defs(root.read("/etc/login.defs") or b"")
        users = ", ".join(people(read_accounts(root), settings))
        listed = f" (its users are {printable(users, _LONGEST_LIST)})" if users else ""
        raise UsageError(
            f"there is no user {name!a} in {root.outside(PASSWD)}{listed}",
            "correct the name, or leave out --user",
        )
    return changes


def _host_names(root: Root) -> Iterator[Leftover]:
    # /etc/hosts first: its edit looks for the name that /etc/hostname has.
    if renamed_hosts(root, _GENERIC_NAME) is not None:
        yield Leftover("", HOSTS_FILE, "own host name", SET_NAME_IN_HOSTS, _GENERIC_NAME)
    content = root.read(HOSTNAME_FILE)
    if content is not None and edited(content, SET_HOST_NAME, _GENERIC_NAME) != content:
        yield Leftover("", HOSTNAME_FILE, "host name", SET_HOST_NAME, _GENERIC_NAME)


def _disabled_services(root: Root) -> Iterator[Leftover]:
    """azprov's service, if it is installed and does not start at the next boot."""
    found = set()
    for init in _booting_first(root):
        # Some init systems have the same file, and the link of the one that boots counts.
        if init.file not in found and own_service(root, init):
            found.add(init.file)
            link = init.link_in(root)
            if root.read_link(link) is None or init.obstacle_in(root):
                yield Leftover("", link, "azprov's service", ENABLE_SERVICE, init.name)


def _booting_first(root: Root) -> List[InitSystem]:
    try:
        return [find_init(root), *INIT_SYSTEMS]
    except HostError:
        return list(INIT_SYSTEMS)

"""Carrying out the action of a leftover."""

from typing import Callable, Dict, Optional

from ...errors import HostError, NotPermitted
from ...formats.host.initiator_name import without_initiator
from ...formats.host.passwd import without_entry, without_member
from ...formats.host.sent_hostname import without_sent_hostname
from ...formats.host.shadow import with_shadowed_passwords, without_passwords
from ...formats.host.sudo_rules import without_rules_of
from ...system.former_ids import read_former_ids, write_former_ids
from ...system.hostname import write_hosts
from ...system.init.known import BY_NAME
from ...system.planting import planter_of, remove_planted, root_of
from ...system.root import Root
from ...system.sshd.passwords import without_own_lines
from ...system.user_database import read_user_file
from ...system.writers import Writers
from ..service_file import own_service
from .leftover import (
    EMPTY_FILE,
    EMPTY_FOLDER,
    ENABLE_SERVICE,
    EXAMINE,
    EXAMINE_AS_ROOT,
    LOCK_ENTRIES,
    REFER_TO_SHADOW,
    REMOVE_ENTRY,
    REMOVE_FILE,
    REMOVE_FROM_HOME,
    REMOVE_HOME,
    REMOVE_KEYS,
    REMOVE_MEMBER,
    REMOVE_RULES,
    REMOVE_SENT_HOSTNAME,
    REMOVE_SSHD_LINES,
    REMOVE_TREE,
    RENEW_INITIATOR,
    RESERVE_IDS,
    SET_HOST_NAME,
    SET_NAME_IN_HOSTS,
    Leftover,
)


def apply(root: Root, leftover: Leftover, writers: Optional[Writers] = None) -> None:
    """Carry out a leftover's action. Idempotent. Raises HostError.

    It is done with the rights of the user who could plant a link on the way to the path.
    """
    if leftover.action in _PLANTED:
        remove_planted(root, leftover.path, leftover.account, writers=writers)
        return
    if leftover.action in _WITH_RIGHTS_OF_THEIR_OWN:
        _OPERATIONS[leftover.action](root, leftover)
        return
    follows = leftover.action not in (REMOVE_TREE, EMPTY_FILE)
    planter = planter_of(root, leftover.path, follow=follows, writers=writers)
    with root_of(root, planter) as user_root:
        _apply(user_root, leftover)


def _apply(root: Root, leftover: Leftover) -> None:
    if leftover.action in _EDITS:
        content = read_user_file(root, leftover.path)
        root.write(leftover.path, edited(content, leftover.action, leftover.argument))
    else:
        _OPERATIONS[leftover.action](root, leftover)


def follows_link(action: str) -> bool:
    """Whether an action changes the target of a link, and not the link."""
    return action in _EDITS or action in (EMPTY_FOLDER, SET_NAME_IN_HOSTS, RESERVE_IDS)


def edited(content: bytes, action: str, argument: str) -> bytes:
    """A file's content after an action that edits the file."""
    return _EDITS[action](content, argument)


def _remove_home(root: Root, leftover: Leftover) -> None:
    account = leftover.account
    root.remove_tree(leftover.path, owner=None if account is None else account.uid)


def _reserve_ids(root: Root, leftover: Leftover) -> None:
    write_former_ids(root, read_former_ids(root).union(map(int, leftover.argument.split())))


def _enable_service(root: Root, leftover: Leftover) -> None:
    init = BY_NAME[leftover.argument]
    init.enable(root, own_service(root, init) or "")


def _fail(_: Root, leftover: Leftover) -> None:
    error = NotPermitted if leftover.action == EXAMINE_AS_ROOT else HostError
    raise error(leftover.what, leftover.hint)


_OPERATIONS: Dict[str, Callable[[Root, Leftover], object]] = {
    REMOVE_TREE: lambda root, leftover: root.remove_tree(leftover.path),
    REMOVE_HOME: _remove_home,
    EMPTY_FILE: lambda root, leftover: root.truncate(leftover.path),
    EMPTY_FOLDER: lambda root, leftover: root.remove_tree(leftover.path, keeps_folder=True),
    RESERVE_IDS: _reserve_ids,
    ENABLE_SERVICE: _enable_service,
    EXAMINE: _fail,
    EXAMINE_AS_ROOT: _fail,
    SET_NAME_IN_HOSTS: lambda root, leftover: write_hosts(root, leftover.argument),
}

_PLANTED = (REMOVE_FILE, REMOVE_FROM_HOME, REMOVE_KEYS)
_WITH_RIGHTS_OF_THEIR_OWN = (REMOVE_HOME, EXAMINE, EXAMINE_AS_ROOT)

_EDITS: Dict[str, Callable[[bytes, str], bytes]] = {
    REMOVE_SSHD_LINES: lambda content, _: without_own_lines(content),
    RENEW_INITIATOR: lambda content, _: without_initiator(content),
    REMOVE_SENT_HOSTNAME: without_sent_hostname,
    REMOVE_ENTRY: without_entry,
    REMOVE_MEMBER: without_member,
    REMOVE_RULES: without_rules_of,
    LOCK_ENTRIES: lambda content, names: without_passwords(content, set(names.split(":"))),
    REFER_TO_SHADOW: lambda content, names: with_shadowed_passwords(content, set(names.split(":"))),
    SET_HOST_NAME: lambda _, name: f"{name}\n".encode("ascii"),
}

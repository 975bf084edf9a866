"""Files of users who are removed now, or were removed before: jobs, and files elsewhere.

They belong to the next user who gets the number. Jobs are removed, other files are named, and
their numbers are reserved.
"""

import logging
import os
import re
import stat
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from ...errors import HostError
from ...formats.host.passwd import Account, id_range, parse_groups
from ...formats.text import printable
from ...system.accounts import read_login_defs
from ...system.former_ids import FORMER_IDS, read_former_ids
from ...system.root import Root
from ...system.user_database import USER_FOLDERS, directories, read_all_accounts, read_user_file
from ...system.writers import maker_of
from .catalogue import (
    JOB_FOLDERS,
    KEPT_WITHOUT_USER,
    NAMED_BY_USER,
    NEED_NO_ACCOUNT,
)
from .leftover import RESERVE_IDS, Leftover
from .logins_elsewhere import RECORD_FOLDERS
from .mentions import log_mentions_of_others

# The kernel's file systems, and those that are empty at every boot.
_NO_FILES = ("proc", "sys", "dev", "run")
_NAMED = 3
# Other files, such as .keep and lost+found, are not a user's.
_USER_NAME = re.compile(r"\w[\w.-]*\$?\Z", re.ASCII)

log = logging.getLogger(__name__)


class _Files(NamedTuple):
    """The first files of a number, and how many there are in total."""

    paths: List[str]
    total: int


def find_jobs(account: Optional[Account], root: Root) -> Iterator[Leftover]:
    """The at jobs of that user, and of numbers that no account has. Raises HostError."""
    uids = {0, maker_of(root)[0], *(one.uid for one in read_all_accounts(root))}
    for folder in JOB_FOLDERS:
        for name in root.names(folder):
            status = root.status(f"{folder}/{name}", follow=False)
            if status is None or not stat.S_ISREG(status.st_mode):
                continue
            if account is not None and status.st_uid == account.uid:
                yield Leftover("", f"{folder}/{name}", f"at job of {account.name}")
            elif status.st_uid not in uids:
                yield Leftover("", f"{folder}/{name}", "at job of a deleted account")


def find_named_files(user: str, root: Root) -> Iterator[Leftover]:
    """The files with the name of a user who has no account, except for those of `user`.

    The next user of that name would get them, and cron would run the jobs with that user's
    rights. They are only named if a directory may have the accounts. Raises HostError.
    """
    accounts = {one.name for one in read_all_accounts(root)}
    records = {name.rpartition(".")[0] for folder in RECORD_FOLDERS for name in root.names(folder)}
    are_known = accounts and not any(directories(root))
    users = {*accounts, *records, *NEED_NO_ACCOUNT, user}
    if are_known:
        log_mentions_of_others(root, users)
    kept: List[str] = []
    for path, what, name in _named_files(root, users):
        if are_known:
            yield Leftover("", path, f"{what} of {name}, who has no account")
        else:
            kept.append(path)
    if kept:
        log.warning(
            "these files are named after accounts that the image does not have; a new user with "
            "such a name would get them: %s",
            _shown(root, _Files(kept[:_NAMED], len(kept))),
        )


def _named_files(root: Root, users: Set[str]) -> Iterator[Tuple[str, str, str]]:
    """The path, description and user of each file with the name of another user than these."""
    kinds: Dict[str, List[Tuple[str, str]]] = {}
    for folder, pattern, what in NAMED_BY_USER:
        if folder not in KEPT_WITHOUT_USER:
            kinds.setdefault(folder, []).append((pattern, what))
    seen: Set[str] = set()
    for folder, patterns in kinds.items():
        files = root.names(folder)
        # On Alpine, crontabs is a link to /etc/crontabs.
        real = root.real_path(folder) if files else folder
        for file in files if real not in seen else ():
            names = [name for pattern, _ in patterns for name in _user_in(file, pattern)]
            if not names or not users.isdisjoint(names):
                continue
            if root.is_file(f"{folder}/{file}"):
                yield f"{folder}/{file}", patterns[0][1], min(names, key=len)
        seen.add(real)


def _user_in(file: str, pattern: str) -> List[str]:
    """The name of the user in the name of a file, if it has that pattern."""
    start, end = pattern.split("{}")
    name = file[len(start) : len(file) - len(end)]
    return [name] if file == pattern.format(name) and _USER_NAME.match(name) else []


def find_former_ids(
    account: Optional[Account], planned: Sequence[Leftover], root: Root
) -> Iterator[Leftover]:
    """The numbers to reserve: those of the user, and those of files without a user.

    Logs where these files are, except for those that are planned to be removed. Raises HostError.
    """
    settings = read_login_defs(root)
    low, high = id_range(settings, "UID")
    accounts = [one for one in read_all_accounts(root) if account is None or one != account]
    uids = {one.uid for one in accounts}
    gids = {one.gid for one in accounts}.union(*_group_ids(root))
    own = set() if account is None else {account.uid}
    by_uid, found_gids = _survey(root, planned)
    # An ordinary user who makes an image owns all its files, which are meant to be root's, also
    # if root runs this.
    for uid, gid in ((os.geteuid(), os.getegid()), maker_of(root)):
        by_uid.pop(uid, None)
        found_gids.discard(gid)
    former = {uid for uid in {*by_uid, *own} - uids if low <= uid <= high}
    for uid in sorted(former & set(by_uid)):
        who = f"the UID {uid}, which no user has,"
        if account is not None and uid == account.uid:
            who = f"{account.name} (UID {uid})"
        log.warning(
            "files of %s stay in the image, and no new user will get that number: %s",
            who,
            _shown(root, by_uid[uid]),
        )
    former |= {gid for gid in found_gids - gids if low <= gid <= high}
    if not former <= read_former_ids(root):
        numbers = " ".join(map(str, sorted(former)))
        yield Leftover("", FORMER_IDS, "numbers of former users", RESERVE_IDS, numbers)


def _group_ids(root: Root) -> List[Set[int]]:
    files = (read_user_file(root, f"{folder}/group") for folder in USER_FOLDERS)
    return [set(parse_groups(file).values()) for file in files]


def _survey(root: Root, planned: Sequence[Leftover]) -> Tuple[Dict[int, _Files], Set[int]]:
    """The files of each UID, and the GIDs of all files."""
    from ...system.root.survey import Survey
    from ...system.root.tree import DEEPEST

    statuses = (root.status(leftover.path, follow=False) for leftover in planned)
    skipped = {(one.st_dev, one.st_ino) for one in statuses if one is not None}
    by_uid: Dict[int, _Files] = {}
    gids: Set[int] = set()
    survey = Survey(root.descriptor)
    try:
        for name, status in survey.files(_NO_FILES, skipped):
            gids.add(status.st_gid)
            files = by_uid.get(status.st_uid, _Files([], 0))
            # Root has most of the files.
            if status.st_uid and len(files.paths) < _NAMED:
                files.paths.append(survey.path(name))
            by_uid[status.st_uid] = files._replace(total=files.total + 1)
    except OSError as error:
        raise HostError(f"could not list the files of {root} ({error.strerror})") from error
    finally:
        survey.close()
    if survey.is_partial:
        log.warning(
            "folders in %s were moved while its files were listed, so some were not seen; end the "
            "processes of its users, and run it again",
            root,
        )
    if survey.is_too_deep:
        log.warning(
            "%s has more than %d levels of folders, so the files below these were not seen; end "
            "the processes of its users, remove these folders, and run it again",
            root,
            DEEPEST,
        )
    return by_uid, gids


def _shown(root: Root, files: _Files) -> str:
    shown = ", ".join(printable(root.outside(path)) for path in files.paths)
    return shown if files.total <= _NAMED else f"{shown} and {files.total - _NAMED} more"

"""User accounts: the lines of passwd, group and login.defs, and removing lines of shadow.

Source: passwd(5), group(5) and login.defs(5) of shadow-utils, read 2026-11-22. A line of the
first two and of shadow starts with a name, and colons separate its fields. Changing one line
keeps all others byte for byte.
"""

import re
from functools import lru_cache
from typing import (
    Collection,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from ...errors import UnusableError
from ..text import lines_of, printable

# The names that useradd of Debian and Fedora accepts and that need no quoting in sudoers.
# utmp has room for 32 characters. Azure's own rules are narrower, except for the length.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\Z")
_CHARACTERS = re.compile(r"[A-Za-z0-9_.-]+\Z")
_LONGEST_NAME = 32

_PASSWD_FIELDS = 7
# The blanks of C's isspace(), without the line end.
_BLANKS = b" \t\r\f\v"
# The next one, (uid_t) -1, is no user: it means "no change" to chown(2) and setresuid(2).
_HIGHEST_ID = (1 << 32) - 2

#: The UID of users who have no UID on this machine.
NOBODY = 65534
# Programs that system users have in place of a shell.
_NO_SHELLS = ("nologin", "false", "true", "sync", "halt", "shutdown")


class Account(NamedTuple):
    """A user, as in a line of passwd."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str


def parse_user_name(text: str) -> str:
    """The name, unchanged. Raises UnusableError for a text that cannot be a user name."""
    if _NAME.match(text):
        return text
    if not text:
        flaw = "is empty"
    elif not _CHARACTERS.match(text):
        flaw = "has other characters than the letters A to Z and a to z, digits, '_', '.' and '-'"
    elif len(text) > _LONGEST_NAME:
        flaw = f"is longer than {_LONGEST_NAME} characters"
    else:
        flaw = "does not begin with a letter or '_'"
    raise UnusableError(
        f"the user name '{printable(text, 80)}' cannot be used: it {flaw}",
        "deploy the VM with another user name",
    )


def parse_accounts(passwd: bytes) -> List[Account]:
    """The accounts of a passwd file; lines that the C library ignores are ignored.

    It accepts lines without the last fields, and colons in the shell.
    """
    return list(_accounts_in(passwd))


# deprovision needs the same few files more than twenty times, and one may have 60,000 users.
@lru_cache(maxsize=4)
def _accounts_in(passwd: bytes) -> Tuple[Account, ...]:
    accounts = []
    for fields in entry_lines(passwd):
        name, _, uid, gid, _, home, *shell = [*fields, *[""] * (_PASSWD_FIELDS - len(fields))]
        if name and _is_c_id(uid) and _is_c_id(gid):
            accounts.append(Account(name, int(uid), int(gid), home, ":".join(shell)))
    return tuple(accounts)


def parse_groups(group: bytes) -> Dict[str, int]:
    """The GID of each group; the first line of a name is in effect."""
    groups: Dict[str, int] = {}
    for fields in entry_lines(group):
        if len(fields) > 2 and is_id(fields[2]):
            groups.setdefault(fields[0], int(fields[2]))
    return groups


def members(group: bytes, gid: int) -> List[str]:
    """The names of the users that a group file lists for the group with this GID."""
    return [
        name
        for fields in entry_lines(group)
        if len(fields) > 3 and fields[2] == str(gid)
        for name in fields[3].split(",")
        if name
    ]


def groups_with_members(group: bytes, gshadow: bytes, left_out: Collection[str]) -> Dict[int, bool]:
    """For each GID, whether its groups have members or administrators other than some users.

    newgrp(1) accepts the members that gshadow lists, too.
    """

    def has_members(lists: Sequence[str]) -> bool:
        names = (name.strip() for users in lists for name in users.split(","))
        return any(name and name not in left_out for name in names)

    shadowed = {fields[0] for fields in entry_lines(gshadow) if has_members(fields[2:4])}
    found: Dict[int, bool] = {}
    for fields in entry_lines(group):
        if len(fields) > 2 and _is_c_id(fields[2]):
            gid = int(fields[2])
            is_used = fields[0] in shadowed or has_members(fields[3:4])
            found[gid] = found.get(gid, False) or is_used
    return found


def has_login_shell(account: Account) -> bool:
    """Whether the shell is not one of those that only end a login, such as nologin."""
    return account.shell.rpartition("/")[2] not in _NO_SHELLS


def with_entry(content: bytes, *fields: object) -> bytes:
    """The file with a line of these fields appended, unless the name has a line already."""
    name = str(fields[0])
    if any(line[0] == name for line in entry_lines(content)):
        return content
    line = ":".join(map(str, fields)).encode("ascii") + b"\n"
    return content + (b"" if content.endswith(b"\n") or not content else b"\n") + line


def without_entry(content: bytes, name: str) -> bytes:
    """The file without the lines that start with that name."""
    return b"".join(line for line in lines_of(content) if name_in(line) != name)


def without_member(group: bytes, name: str) -> bytes:
    """The group or gshadow file with the user removed from all lists of members."""
    lines = lines_of(group)
    for number, line in enumerate(lines):
        head, colon, members = line.rstrip(b"\r\n").rpartition(b":")
        end = line[len(line.rstrip(b"\r\n")) :]
        kept = [member for member in members.split(b",") if member != name.encode("ascii")]
        if colon and len(kept) < len(members.split(b",")):
            lines[number] = head + colon + b",".join(kept) + end
    return b"".join(lines)


def id_range(settings: Dict[str, str], kind: str) -> Tuple[int, int]:
    """The lowest and the highest ID of new users or groups; `kind` is UID or GID."""
    return _number(settings, f"{kind}_MIN", 1000), _number(settings, f"{kind}_MAX", 60000)


def free_id(used: Collection[int], settings: Dict[str, str], kind: str) -> int:
    """The lowest unused ID in the range of login.defs; `kind` is UID or GID.

    Raises UnusableError if the whole range is in use.
    """
    low, high = id_range(settings, kind)
    held = set(used)
    for number in range(low, high + 1):
        if number not in held:
            return number
    raise UnusableError(
        f"no {kind} from {low} to {high} is free", f"raise {kind}_MAX in /etc/login.defs"
    )


def is_person(account: Account, settings: Dict[str, str]) -> bool:
    """Whether login.defs counts the account as a person's and not as a system user's."""
    return _number(settings, "UID_MIN", 1000) <= account.uid != NOBODY


def is_of_daemon(account: Account, settings: Dict[str, str]) -> bool:
    """Whether an account is one that a service runs as: a system user, and no login shell.

    A system user with a shell may log in, such as Flatcar's user core.
    """
    is_system = account.uid != 0 and not is_person(account, settings)
    return is_system and not has_login_shell(account)


def people(accounts: Sequence[Account], settings: Dict[str, str]) -> List[str]:
    """The names of the people among the accounts whose shell lets them log in."""
    return [
        account.name
        for account in accounts
        if is_person(account, settings) and has_login_shell(account)
    ]


def parse_login_defs(content: bytes) -> Dict[str, str]:
    """The settings of /etc/login.defs or /etc/default/useradd, by name."""
    settings = {}
    for line in _text(content):
        match = re.match(r"\s*([A-Z_]+)(?:\s+|=)(\S+)", line)
        if match:
            settings[match.group(1)] = match.group(2)
    return settings


def name_in(line: bytes) -> Optional[str]:
    """The name that a line starts with; None without one. The C library ignores blanks before."""
    name, colon, _ = line.lstrip(_BLANKS).partition(b":")
    return name.decode("utf-8", "surrogateescape") if colon else None


def entry_lines(content: bytes) -> Iterator[List[str]]:
    for line in _text(content):
        entry = line.lstrip(_BLANKS.decode("ascii"))
        if entry and not entry.startswith("#"):
            yield entry.split(":")


def _text(content: bytes) -> List[str]:
    """The lines without their ends; only "\n" ends a line, as in the C library.

    Bytes that are not UTF-8 become surrogates, as in Python's file names: a home's name may
    have such bytes.
    """
    return [line.rstrip("\r") for line in content.decode("utf-8", "surrogateescape").split("\n")]


def _number(settings: Dict[str, str], name: str, default: int) -> int:
    text = settings.get(name, "")
    return int(text) if is_id(text) else default


def is_id(text: str) -> bool:
    return bool(re.match(r"[0-9]{1,10}\Z", text)) and int(text) <= _HIGHEST_ID


def _is_c_id(text: str) -> bool:
    """Whether strtoul() of the C library reads an ID: also after blanks, a plus and zeros."""
    return bool(re.match(r"[ \t]*\+?[0-9]{1,20}\Z", text)) and int(text) <= _HIGHEST_ID

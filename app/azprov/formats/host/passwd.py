"""User accounts: the lines of passwd, shadow, group and login.defs.

Source: passwd(5), shadow(5), group(5) and login.defs(5) of shadow-utils, read
2026-11-22. A line of the first three starts with a name, and colons separate its fields.
Changing one line keeps all others byte for byte.
"""

import re
from typing import Collection, Dict, Iterator, List, NamedTuple, Optional, Sequence

from ...errors import UnusableError
from ..text import lines_of, printable

# The names that useradd of Debian and Fedora accepts and that need no quoting in sudoers.
# utmp has room for 32 characters. Azure's own rules are narrower, except for the length.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\Z")

_PASSWD_FIELDS = 7
# The next one, (uid_t) -1, is no user: it means "no change" to chown(2) and setresuid(2).
_HIGHEST_ID = (1 << 32) - 2

# The UID of users who have no UID on this machine.
_NOBODY = 65534
# Programs that system users have in place of a shell.
_NO_SHELLS = ("nologin", "false", "true", "sync", "halt", "shutdown")

# A hash that no password matches. "!" would lock the account as well, and an sshd without
# PAM refuses keys for a locked account.
MATCHES_NONE = "*"


# The fields of a line in shadow, shadow(5).
_LAST_CHANGE, _LONGEST_USE, _INACTIVE, _EXPIRY = 2, 4, 6, 7
_WITHOUT_AGEING = ("", "0", "99999", "7", "")
# shadow(5) has no limit, but useradd writes 99999 for "no ageing"; PAM, sshd and chage treat
# passwords that may be used for 27 years or longer as ageless.
_AGELESS_DAYS = 10000
# sshd's prefix of a locked password on Linux.
_LOCK = "!"


class Account(NamedTuple):
    """A user, as in a line of passwd."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str


def parse_user_name(text: str) -> str:
    """The name, unchanged. Raises UnusableError for a text that cannot be a user name."""
    if not _NAME.match(text):
        raise UnusableError(
            f"the user name '{printable(text, 80)}' cannot be used: it is not made of letters, "
            "digits, '_', '.' and '-', 32 at most",
            "give another user name",
        )
    return text


def parse_accounts(passwd: bytes) -> List[Account]:
    """The accounts of a passwd file; invalid lines are ignored."""
    accounts = []
    for line in _text(passwd):
        fields = line.split(":")
        if len(fields) == _PASSWD_FIELDS and fields[0] and _is_id(fields[2]) and _is_id(fields[3]):
            name, _, uid, gid, _, home, shell = fields
            accounts.append(Account(name, int(uid), int(gid), home, shell))
    return accounts


def parse_groups(group: bytes) -> Dict[str, int]:
    """The GID of each group; the first line of a name is in effect."""
    groups: Dict[str, int] = {}
    for fields in _lines(group):
        if len(fields) > 2 and _is_id(fields[2]):
            groups.setdefault(fields[0], int(fields[2]))
    return groups


def members(group: bytes, gid: int) -> List[str]:
    """The names of the users that a group file lists for the group with this GID."""
    return [
        name
        for fields in _lines(group)
        if len(fields) > 3 and fields[2] == str(gid)
        for name in fields[3].split(",")
        if name
    ]


def find_password(shadow: bytes, name: str) -> Optional[str]:
    """The password field of an account in shadow; None without a line for the account."""
    for fields in _lines(shadow):
        if fields[0] == name and len(fields) > 1:
            return fields[1]
    return None


def passwords(shadow: bytes) -> List[str]:
    """The password fields of all accounts in a shadow file."""
    return [fields[1] for fields in _lines(shadow) if len(fields) > 1]


def is_password(field: str) -> bool:
    """Whether a password field lets someone log in: a hash does, and so does an empty field."""
    return not field.startswith(("!", "*", "x"))


def with_password(shadow: bytes, name: str, field: str) -> bytes:
    """The shadow file with the account's password field replaced."""
    lines = lines_of(shadow)
    for number, line in enumerate(lines):
        whole = line.rstrip(b"\r\n")
        fields = whole.split(b":")
        if fields[0].decode("utf-8", "surrogateescape") == name and len(fields) > 1:
            fields[1] = field.encode("ascii")
            lines[number] = b":".join(fields) + line[len(whole) :]
    return b"".join(lines)


def without_ageing(shadow: bytes, name: str, *, with_expiry: bool) -> bytes:
    """The shadow file with no password ageing for the account.

    The date on which the account expires is kept `with_expiry`, and removed otherwise.
    """
    lines = lines_of(shadow)
    for number, line in enumerate(lines):
        whole = line.rstrip(b"\r\n")
        fields = whole.decode("utf-8", "surrogateescape").split(":")
        if fields[0] == name and len(fields) > 1:
            fields += [""] * (_EXPIRY + 2 - len(fields))
            fields[_LAST_CHANGE:_EXPIRY] = _WITHOUT_AGEING
            if not with_expiry:
                fields[_EXPIRY] = ""
            changed = ":".join(fields).encode("utf-8", "surrogateescape")
            lines[number] = changed + line[len(whole) :]
    return b"".join(lines)


def has_ageing(shadow: bytes, name: str) -> bool:
    """Whether the account's password expires some day, or has to be changed at the next login."""
    fields = _shadow_fields(shadow, name)
    longest_use = _days(fields[_LONGEST_USE])
    return fields[_LAST_CHANGE] == "0" or (longest_use is not None and longest_use < _AGELESS_DAYS)


def login_end(shadow: bytes, name: str) -> Optional[int]:
    """The first day, counted from 1970-01-01, on which the account cannot log in any more.

    The account expires on that day, or its password has been out of date for too long. None
    if there is no such day.
    """
    fields = _shadow_fields(shadow, name)
    changed, longest_use, inactive, expiry = (
        _days(fields[number]) for number in (_LAST_CHANGE, _LONGEST_USE, _INACTIVE, _EXPIRY)
    )
    ends = [] if expiry is None else [expiry]
    if changed and longest_use is not None and longest_use < _AGELESS_DAYS and inactive is not None:
        ends.append(changed + longest_use + inactive + 1)
    return min(ends) if ends else None


def is_locked(field: str) -> bool:
    """Whether a password field locks the account, so that sshd without PAM refuses keys."""
    return field.startswith(_LOCK)


def has_login_shell(account: Account) -> bool:
    """Whether the shell is not one of those that only end a login, such as nologin."""
    return account.shell.rpartition("/")[2] not in _NO_SHELLS


def with_entry(content: bytes, *fields: object) -> bytes:
    """The file with a line of these fields appended, unless the name has a line already."""
    name = str(fields[0])
    if any(line[0] == name for line in _lines(content)):
        return content
    line = ":".join(map(str, fields)).encode("ascii") + b"\n"
    return content + (b"" if content.endswith(b"\n") or not content else b"\n") + line


def without_entry(content: bytes, name: str) -> bytes:
    """The file without the lines that start with that name."""
    start = name.encode("ascii") + b":"
    return b"".join(line for line in lines_of(content) if not line.startswith(start))


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


def free_id(used: Collection[int], settings: Dict[str, str], kind: str) -> int:
    """The lowest unused ID in the range of login.defs; `kind` is UID or GID.

    Raises UnusableError if the whole range is in use.
    """
    low, high = _number(settings, f"{kind}_MIN", 1000), _number(settings, f"{kind}_MAX", 60000)
    held = set(used)
    for number in range(low, high + 1):
        if number not in held:
            return number
    raise UnusableError(
        f"no {kind} from {low} to {high} is free", f"raise {kind}_MAX in /etc/login.defs"
    )


def is_person(account: Account, settings: Dict[str, str]) -> bool:
    """Whether login.defs counts the account as a person's and not as a system user's."""
    return _number(settings, "UID_MIN", 1000) <= account.uid != _NOBODY


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


def _shadow_fields(shadow: bytes, name: str) -> List[str]:
    """The fields of an account's line in shadow, all empty without a line."""
    fields = next((fields for fields in _lines(shadow) if fields[0] == name), [])
    return fields + [""] * (_EXPIRY + 2 - len(fields))


def _days(field: str) -> Optional[int]:
    """A number of days; None for an empty field, which switches the limit off, as -1 does."""
    return int(field) if _is_id(field) else None


def _lines(content: bytes) -> Iterator[List[str]]:
    for line in _text(content):
        if line.strip() and not line.startswith("#"):
            yield line.split(":")


def _text(content: bytes) -> List[str]:
    """The lines without their ends; only "\n" ends a line, as in the C library.

    Bytes that are not UTF-8 become surrogates, as in Python's file names: a home's name may
    have such bytes.
    """
    return [line.rstrip("\r") for line in content.decode("utf-8", "surrogateescape").split("\n")]


def _number(settings: Dict[str, str], name: str, default: int) -> int:
    text = settings.get(name, "")
    return int(text) if _is_id(text) else default


def _is_id(text: str) -> bool:
    return bool(re.match(r"[0-9]{1,10}\Z", text)) and int(text) <= _HIGHEST_ID

"""User names, and the lines of passwd, shadow and group that accounts are made of.

Source: passwd(5), shadow(5), group(5) and login.defs(5) of shadow-utils, read
2026-11-22. All three hold a name first and fields between colons; what stands in
other lines stays byte for byte.
"""

import re
from typing import Collection, Dict, Iterator, List, NamedTuple, Optional, Sequence

from ...errors import UnusableError
from ..text import lines_of, printable

# What useradd of Debian and Fedora takes, and sudoers, without quoting; 32 is
# LOGIN_NAME_MAX of utmp. Azure's own rules are narrower but for the length.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,31}\Z")

_PASSWD_FIELDS = 7
# (uid_t) -1 after it is nobody's: it says "no change" to chown(2) and setresuid(2).
_HIGHEST_ID = (1 << 32) - 2

# Who stands for users that have no number here, and may not log in.
_NOBODY = 65534
_NO_SHELLS = ("nologin", "false", "true", "sync", "halt", "shutdown")

# In the password's place: none matches. Not "!", which locks the account, so that an
# sshd without PAM lets nobody in by key either.
MATCHES_NONE = "*"


class Account(NamedTuple):
    name: str
    uid: int
    gid: int
    home: str
    shell: str


def parse_user_name(text: str) -> str:
    """The name as it is. Raises UnusableError for what no Linux account can be called."""
    if not _NAME.match(text):
        raise UnusableError(
            f"the user name '{printable(text, 80)}' cannot be used, it is not made of letters, "
            "digits, '_', '.' and '-', 32 at most",
            "give another one",
        )
    return text


def parse_accounts(passwd: bytes) -> List[Account]:
    """The accounts of a passwd file; lines that are none are left out."""
    accounts = []
    for line in _text(passwd):
        fields = line.split(":")
        if len(fields) == _PASSWD_FIELDS and fields[0] and _is_id(fields[2]) and _is_id(fields[3]):
            name, _, uid, gid, _, home, shell = fields
            accounts.append(Account(name, int(uid), int(gid), home, shell))
    return accounts


def parse_groups(group: bytes) -> Dict[str, int]:
    """Each group's number, the first of a name counts."""
    groups: Dict[str, int] = {}
    for fields in _lines(group):
        if len(fields) > 2 and _is_id(fields[2]):
            groups.setdefault(fields[0], int(fields[2]))
    return groups


def members(group: bytes, gid: int) -> List[str]:
    """Who is listed for a group, by its number."""
    return [
        name
        for fields in _lines(group)
        if len(fields) > 3 and fields[2] == str(gid)
        for name in fields[3].split(",")
        if name
    ]


def find_password(shadow: bytes, name: str) -> Optional[str]:
    """What stands in an account's place for a password's hash; None if it has no line."""
    for fields in _lines(shadow):
        if fields[0] == name and len(fields) > 1:
            return fields[1]
    return None


def passwords(shadow: bytes) -> List[str]:
    """What stands in the place of a password's hash, for every account of a shadow file."""
    return [fields[1] for fields in _lines(shadow) if len(fields) > 1]


def is_password(field: str) -> bool:
    """Whether a hash stands there, or nothing, with which everybody gets in."""
    return not field.startswith(("!", "*", "x"))


def with_password(shadow: bytes, name: str, field: str) -> bytes:
    """The file with another text in place of that account's hash."""
    lines = lines_of(shadow)
    for number, line in enumerate(lines):
        whole = line.rstrip(b"\r\n")
        fields = whole.split(b":")
        if fields[0].decode("utf-8", "surrogateescape") == name and len(fields) > 1:
            fields[1] = field.encode("ascii")
            lines[number] = b":".join(fields) + line[len(whole) :]
    return b"".join(lines)


def with_entry(content: bytes, *fields: object) -> bytes:
    """The file with a line of these fields at its end, unless that name has one."""
    name = str(fields[0])
    if any(line[0] == name for line in _lines(content)):
        return content
    line = ":".join(map(str, fields)).encode("ascii") + b"\n"
    return content + (b"" if content.endswith(b"\n") or not content else b"\n") + line


def without_entry(content: bytes, name: str) -> bytes:
    """The file without the lines of that name."""
    start = name.encode("ascii") + b":"
    return b"".join(line for line in lines_of(content) if not line.startswith(start))


def without_member(group: bytes, name: str) -> bytes:
    """The group or gshadow file with the user in no list of members."""
    lines = lines_of(group)
    for number, line in enumerate(lines):
        head, colon, members = line.rstrip(b"\r\n").rpartition(b":")
        end = line[len(line.rstrip(b"\r\n")) :]
        kept = [member for member in members.split(b",") if member != name.encode("ascii")]
        if colon and len(kept) < len(members.split(b",")):
            lines[number] = head + colon + b",".join(kept) + end
    return b"".join(lines)


def free_id(taken: Collection[int], settings: Dict[str, str], kind: str) -> int:
    """The lowest number that login.defs gives to users and nobody has; kind: UID or GID.

    Raises UnusableError if there is none.
    """
    low, high = _number(settings, f"{kind}_MIN", 1000), _number(settings, f"{kind}_MAX", 60000)
    held = set(taken)
    for number in range(low, high + 1):
        if number not in held:
            return number
    raise UnusableError(f"no {kind} from {low} to {high} is free", "make room in /etc/login.defs")


def people(accounts: Sequence[Account], settings: Dict[str, str]) -> List[str]:
    """The names of those that login.defs counts as users, and whose shell lets them log in."""
    low = _number(settings, "UID_MIN", 1000)
    return [
        account.name
        for account in accounts
        if low <= account.uid != _NOBODY and account.shell.rpartition("/")[2] not in _NO_SHELLS
    ]


def parse_login_defs(content: bytes) -> Dict[str, str]:
    """The settings of /etc/login.defs or /etc/default/useradd, by name."""
    settings = {}
    for line in _text(content):
        match = re.match(r"\s*([A-Z_]+)(?:\s+|=)(\S+)", line)
        if match:
            settings[match.group(1)] = match.group(2)
    return settings


def _lines(content: bytes) -> Iterator[List[str]]:
    for line in _text(content):
        if line.strip() and not line.startswith("#"):
            yield line.split(":")


def _text(content: bytes) -> List[str]:
    """The lines, which end where the C library takes them to, and not at a form feed.

    What is no UTF-8 stands there as in Python's own file names: a home may be called so.
    """
    return [line.rstrip("\r") for line in content.decode("utf-8", "surrogateescape").split("\n")]


def _number(settings: Dict[str, str], name: str, usual: int) -> int:
    text = settings.get(name, "")
    return int(text) if _is_id(text) else usual


def _is_id(text: str) -> bool:
    return bool(re.match(r"[0-9]{1,10}\Z", text)) and int(text) <= _HIGHEST_ID

"""Passwords: the second field of passwd, shadow, group and gshadow, and the age of a password.

Source: shadow(5) and gshadow(5) of shadow-utils, read 2026-11-22. Changing one line keeps all
others byte for byte.
"""

import re
from typing import Callable, Container, Iterator, List, Optional, Tuple

from ..text import lines_of
from .passwd import entry_lines, is_id, name_in

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
# In passwd: the password is in shadow.
_SHADOWED = "x"
# Fields without a hash: locks, the words that other systems write for no password, and a lock
# with a word that is too short for a hash, such as the "!locked" of Red Hat's installer.
_WITHOUT_HASH = re.compile(r"(?:x|[!*]+[A-Za-z0-9]{0,12}|[!*]*\*(?:LK|NP)\*)\Z")
# A sign and a name. Comments of several words do not match.
_HIDDEN = re.compile(r"[#+-][^\s#]+\Z")
_HASH = re.compile(r"\$[^$]+\$|\A!*[A-Za-z0-9./]{13}\Z")


def find_password(shadow: bytes, name: str) -> Optional[str]:
    """The password field of an account in shadow; None without a line for the account."""
    return next((field for entry, field in password_fields(shadow) if entry == name), None)


def password_fields(content: bytes) -> Iterator[Tuple[str, str]]:
    """The name and the password field of each line of passwd, shadow, group or gshadow.

    These lines count even if the rest is not valid, because the C library reads more lines
    than parse_accounts does. A name with + or - includes users of another name service.
    """
    for fields in entry_lines(content):
        if len(fields) > 1 and not fields[0].startswith(("+", "-")):
            yield fields[0], fields[1]


def hidden_password_fields(content: bytes) -> List[Tuple[str, str]]:
    """The same for lines that glibc ignores and musl reads, if they have a hash.

    For glibc, a # begins a comment, and + or - includes users of another name service.
    """
    lines = (line.split(":") for line in content.decode("utf-8", "surrogateescape").split("\n"))
    return [
        (fields[0], fields[1])
        for fields in lines
        if len(fields) > 3 and _HIDDEN.match(fields[0]) and has_hash(fields[1])
    ]


def has_hash(field: str) -> bool:
    """Whether a password field has a hash of crypt(5), even behind a lock."""
    return _HASH.search(field) is not None


def is_password(field: str) -> bool:
    """Whether a password field lets someone log in: a hash does, and so does an empty field."""
    return field != _SHADOWED and not field.startswith((_LOCK, "*"))


def holds_password(field: str) -> bool:
    """Whether a password field has a hash, even behind a lock, or is empty.

    `usermod --unlock` removes the lock, and the password is valid again.
    """
    return _WITHOUT_HASH.match(field) is None


def without_hash(field: str) -> str:
    """The password field that replaces one with a hash; a lock stays."""
    return _LOCK if is_locked(field) else MATCHES_NONE


def with_password(content: bytes, name: str, field: str) -> bytes:
    """The passwd or shadow file with the password field of a name replaced."""
    return _with_fields(content, {name}, lambda _: field)


def with_shadowed_passwords(passwd: bytes, names: Container[str]) -> bytes:
    """The passwd file in which the lines of these names refer to shadow."""
    return _with_fields(passwd, names, lambda _: _SHADOWED)


def without_passwords(content: bytes, names: Container[str]) -> bytes:
    """The file in which the password fields of these names that hold a password match none."""
    return _with_fields(
        content, names, lambda field: without_hash(field) if holds_password(field) else field
    )


def _with_fields(content: bytes, names: Container[str], change: Callable[[str], str]) -> bytes:
    lines = lines_of(content)
    for number, line in enumerate(lines):
        whole = line.rstrip(b"\r\n")
        fields = whole.split(b":")
        if name_in(line) in names and len(fields) > 1:
            field = fields[1].decode("utf-8", "surrogateescape")
            fields[1] = change(field).encode("utf-8", "surrogateescape")
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
    """The first day, counted from 1970-01-01, on which the account can no longer log in.

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


def _shadow_fields(shadow: bytes, name: str) -> List[str]:
    """The fields of an account's line in shadow, all empty without a line."""
    fields = next((fields for fields in entry_lines(shadow) if fields[0] == name), [])
    return fields + [""] * (_EXPIRY + 2 - len(fields))


def _days(field: str) -> Optional[int]:
    """A number of days; None for an empty field, which switches the limit off, as -1 does."""
    return int(field) if is_id(field) else None

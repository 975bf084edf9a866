"""The options in front of a key in authorized_keys.

Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT, and OpenSSH 10's auth-options.c, read
2026-11-27. sshd ignores the whole line of a key if one of its options is invalid.
"""

import re
from typing import Optional, Tuple

from ..text import printable

_FLAGS = (
    "restrict|cert-authority|(?:no-)?"
    "(?:agent-forwarding|port-forwarding|pty|touch-required|user-rc|verify-required|x11-forwarding)"
)
# A backslash is part of the value, except before a quote.
_VALUE = r'"((?:\\"|\\(?!")|[^"\\])*)"'
_OPTION = rf"(?:{_FLAGS}|([a-z-]+)={_VALUE}|)(?:,|$)"
_PORT = r"(?:[0-9]{1,5}|\*)"
# The values that sshd accepts, by option.
_VALUES = {
    "command": ".*",
    "environment": "[A-Za-z0-9_]+=.*",
    "expiry-time": "(?:[0-9]{8}|[0-9]{12}(?:[0-9]{2})?)(?:Z|UTC)?",
    "from": ".*",
    "permitlisten": rf"(?:.*:)?{_PORT}",
    "permitopen": rf".+:{_PORT}",
    "principals": ".*",
    "tunnel": "any|[0-9]+",
}
_AUTHORITY = "cert-authority"
_AT_MOST_ONCE = ("command", "from", "principals")


def split_options(line: str) -> Optional[Tuple[str, str]]:
    """The options of a line and the rest after them; None if a quote is not closed.

    The options end at the first blank that is not quoted.
    """
    end = 0
    is_quoted = False
    while end < len(line) and (is_quoted or line[end] not in " \t"):
        if line.startswith('\\"', end):
            end += 1
        elif line[end] == '"':
            is_quoted = not is_quoted
        end += 1
    return None if is_quoted else (line[:end], line[end:].lstrip(" \t"))


def names_authority(options: str) -> bool:
    """Whether the key is not for logging in itself, but signs the keys that are."""
    unquoted = re.sub(_VALUE, "", options)
    return _AUTHORITY in unquoted.lower().split(",")


def find_options_error(options: str) -> str:
    """A sentence about the first option that sshd would refuse; empty if sshd accepts all."""
    seen = set()
    while options:
        match = re.match(_OPTION, options, re.DOTALL | re.IGNORECASE)
        name = re.split("[=,]", options)[0]
        if match is None:
            return f"sshd knows no option {printable(name, 40)}, or not in this form"
        value = match.group(2)
        if value is not None:
            name = name.lower()
            if not re.match(rf"(?:{_VALUES.get(name, '(?!)')})\Z", value, re.DOTALL):
                return f"sshd knows no option {printable(name, 40)}, or not with this value"
            if name in seen and name in _AT_MOST_ONCE:
                return f"its option {name} is there twice"
            seen.add(name)
        options = options[match.end() :]
    return ""

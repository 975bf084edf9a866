"""The options in front of a key in authorized_keys.

Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT, and OpenSSH 10's auth-options.c, read
2026-11-27. sshd ignores the whole line of a key if one of its options is invalid.
"""

import re
from typing import Iterator, Optional, Tuple

from ..text import printable

_FLAGS = (
    "restrict|cert-authority|(?:no-)?"
    "(?:agent-forwarding|port-forwarding|pty|touch-required|user-rc|verify-required|x11-forwarding)"
)
# A backslash is part of the value, except before a quote.
_VALUE = r'"((?:\\"|\\(?!")|[^"\\])*)"'
_OPTION = re.compile(rf"(?is)({_FLAGS}|([a-z-]+)={_VALUE}|)(?:,|$)")
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
    return any(name == _AUTHORITY for name, _, _ in _split(options))


def find_options_error(options: str) -> str:
    """A sentence about the first option that sshd would refuse; empty if sshd accepts all."""
    seen = set()
    for name, value, is_known in _split(options):
        if not is_known:
            return f"sshd does not know the option {printable(name, 40)} in this form"
        if value is not None:
            if not re.match(rf"(?:{_VALUES.get(name, '(?!)')})\Z", value, re.DOTALL):
                return f"sshd does not know the option {printable(name, 40)} with this value"
            if name in seen and name in _AT_MOST_ONCE:
                return f"it has the option {name} twice"
            seen.add(name)
    return ""


def _split(options: str) -> Iterator[Tuple[str, Optional[str], bool]]:
    """The name and value of each option, up to the first one that has another form."""
    end = 0
    while end < len(options):
        match = _OPTION.match(options, end)
        if match is None:
            yield re.split("[=,]", options[end:], maxsplit=1)[0], None, False
            return
        yield (match.group(2) or match.group(1)).lower(), match.group(3), True
        end = match.end()

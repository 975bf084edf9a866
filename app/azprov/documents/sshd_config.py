"""sshd's settings: keywords and their arguments, and where keys are looked for.

Source: sshd_config(5) of OpenSSH 9.9, read 2026-11-22: the first value of a keyword
counts; AuthorizedKeysFile is relative to the home, with %%, %h, %u and %U.
"""

import re
from typing import Iterable, Iterator, List, NamedTuple, Optional

from .accounts import Account

_WORDS = re.compile(r'"([^"]*)"|([^\s"#][^\s"]*)')
# What sshd's strdelim() takes for one.
_SPACES = re.compile(r"[\t\r]")
_DEFAULT_KEYS_FILE = ".ssh/authorized_keys"


class Setting(NamedTuple):
    #: In lower case, as sshd takes it in any.
    keyword: str
    values: List[str]


def parse_sshd_config(content: bytes) -> Iterator[Setting]:
    """The settings for every connection, in their order: those before the first Match."""
    for line in content.decode("utf-8", "replace").split("\n"):
        keyword, _, rest = _SPACES.sub(" ", line.strip()).partition(" ")
        if "=" in keyword:
            keyword, _, first = keyword.partition("=")
            rest = f"{first} {rest}"
        elif rest.lstrip().startswith("="):
            rest = rest.lstrip()[1:]
        if not keyword or keyword.startswith("#"):
            continue
        if keyword.lower() == "match":
            return
        words = [quoted or plain for quoted, plain in _WORDS.findall(rest.partition(" #")[0])]
        yield Setting(keyword.lower(), words)


def first_values(settings: Iterable[Setting], keyword: str) -> Optional[List[str]]:
    """The arguments that count for a keyword; None where it is not set."""
    for setting in settings:
        if setting.keyword == keyword.lower() and setting.values:
            return setting.values
    return None


def authorized_keys_path(settings: Iterable[Setting], account: Account) -> Optional[str]:
    """The first file in which sshd looks for an account's keys; None if in none."""
    (pattern, *_) = first_values(settings, "AuthorizedKeysFile") or [_DEFAULT_KEYS_FILE]
    if pattern.lower() == "none":
        return None
    tokens = {"%": "%", "h": account.home, "u": account.name, "U": str(account.uid)}
    path = re.sub(r"%(.)", lambda match: tokens.get(match.group(1), match.group(0)), pattern)
    return path if path.startswith("/") else f"{account.home.rstrip('/')}/{path}"

"""sshd's settings: keywords and their arguments, and where keys are looked for.

Source: sshd_config(5) of OpenSSH 9.9, read 2026-11-22: the first value of a keyword
counts; AuthorizedKeysFile is relative to the home, with %%, %h, %u and %U.
"""

import re
from itertools import takewhile
from typing import Iterable, Iterator, List, NamedTuple, Optional

from .accounts import Account

_WORDS = re.compile(r'"([^"]*)"|([^\s"#][^\s"]*)')
# What sshd's strdelim() takes for one.
_SPACES = re.compile(r"[\t\r]")
_TOKEN = re.compile(r"%(.)")
_DEFAULT_KEYS_FILES = (".ssh/authorized_keys", ".ssh/authorized_keys2")


class Setting(NamedTuple):
    #: In lower case, as sshd takes it in any.
    keyword: str
    values: List[str]


def parse_sshd_config(content: bytes) -> Iterator[Setting]:
    """The settings for every connection, in their order: those before the first Match."""
    return takewhile(lambda setting: setting.keyword != "match", parse_with_matches(content))


def parse_with_matches(content: bytes) -> Iterator[Setting]:
    """All settings in their order, each Match itself and what it sets among them."""
    for line in content.decode("utf-8", "replace").split("\n"):
        keyword, _, rest = _SPACES.sub(" ", line.strip()).partition(" ")
        if "=" in keyword:
            keyword, _, first = keyword.partition("=")
            rest = f"{first} {rest}"
        elif rest.lstrip().startswith("="):
            rest = rest.lstrip()[1:]
        if not keyword or keyword.startswith("#"):
            continue
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
    (pattern, *_) = first_values(settings, "AuthorizedKeysFile") or _DEFAULT_KEYS_FILES
    return None if pattern.lower() == "none" else _expand(pattern, account)


def own_keys_paths(settings: Iterable[Setting], account: Account) -> List[str]:
    """Every file that one of the settings, or none of them, makes one for that account's keys."""
    patterns = [*_DEFAULT_KEYS_FILES, *filter(_is_of_one, _patterns(settings))]
    return list(dict.fromkeys(_expand(pattern, account) for pattern in patterns))


def common_keys_paths(settings: Iterable[Setting]) -> List[str]:
    """Every file in which one of the settings has sshd look for keys of whoever logs in."""
    patterns = [pattern for pattern in _patterns(settings) if not _is_of_one(pattern)]
    return list(dict.fromkeys(pattern.replace("%%", "%") for pattern in patterns))


def _patterns(settings: Iterable[Setting]) -> Iterator[str]:
    for setting in settings:
        if setting.keyword == "authorizedkeysfile":
            yield from (value for value in setting.values if value.lower() != "none")


def _is_of_one(pattern: str) -> bool:
    return not pattern.startswith("/") or any(letter in "huU" for letter in _TOKEN.findall(pattern))


def _expand(pattern: str, account: Account) -> str:
    tokens = {"%": "%", "h": account.home, "u": account.name, "U": str(account.uid)}
    path = _TOKEN.sub(lambda match: tokens.get(match.group(1), match.group(0)), pattern)
    return path if path.startswith("/") else f"{account.home.rstrip('/')}/{path}"

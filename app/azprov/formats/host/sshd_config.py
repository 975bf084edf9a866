"""sshd's settings: keywords and their arguments, and where keys are looked for.

Source: sshd_config(5) of OpenSSH 9.9, read 2026-11-22: the first value of a keyword
counts; AuthorizedKeysFile is relative to the home, with %%, %h, %u and %U.
"""

import re
from typing import Iterable, Iterator, List, NamedTuple, Optional, Tuple

from .passwd import Account

_WORDS = re.compile(r'"([^"]*)"|([^\s"#][^\s"]*)')
# What sshd's strdelim() takes for one.
_SPACES = re.compile(r"[\t\r]")
_TOKEN = re.compile(r"%(.)")
_DEFAULT_KEYS_FILES = (".ssh/authorized_keys", ".ssh/authorized_keys2")


class Setting(NamedTuple):
    #: In lower case, as sshd takes it in any.
    keyword: str
    values: List[str]
    #: The words of the Match that it is in, one behind the other where an included one is within.
    match: Tuple[str, ...] = ()
    path: str = ""


def parse_sshd_config(content: bytes) -> Iterator[Setting]:
    """The settings in their order, each with the Match that it is in."""
    match: Tuple[str, ...] = ()
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
        if keyword.lower() == "match":
            match = tuple(words)
        else:
            yield Setting(keyword.lower(), words, match)


def for_every_connection(settings: Iterable[Setting]) -> List[Setting]:
    return [setting for setting in settings if not setting.match]


def first_values(settings: Iterable[Setting], keyword: str) -> Optional[List[str]]:
    """The arguments that count for a keyword; None where it is not set."""
    for setting in settings:
        if setting.keyword == keyword.lower() and setting.values:
            return setting.values
    return None


def says(settings: Iterable[Setting], keyword: str, word: str) -> bool:
    """Whether a keyword has that word, such as yes or no, in any case."""
    return [value.lower() for value in first_values(settings, keyword) or []] == [word]


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

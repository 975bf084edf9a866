"""sshd's settings: keywords with their values, and the files in which sshd looks for keys.

Source: sshd_config(5) of OpenSSH 9.9, read 2026-11-22. The first value of a keyword is in
effect. AuthorizedKeysFile is relative to the home and can contain %%, %h, %u and %U.
"""

import re
from typing import Iterable, Iterator, List, NamedTuple, Optional, Tuple

from .passwd import Account

_WORDS = re.compile(r'"([^"]*)"|([^\s"#][^\s"]*)')
# Characters that sshd's strdelim() treats as spaces.
_SPACES = re.compile(r"[\t\r]")
_TOKEN = re.compile(r"%(.)")
_DEFAULT_KEYS_FILES = (".ssh/authorized_keys", ".ssh/authorized_keys2")


class Setting(NamedTuple):
    """A line of sshd_config, except Match lines."""

    #: In lower case; sshd ignores case.
    keyword: str
    values: List[str]
    #: The words of the Match block around it; empty outside. Match blocks around an Include
    #: come first.
    match: Tuple[str, ...] = ()
    path: str = ""


def parse_sshd_config(content: bytes) -> Iterator[Setting]:
    """The settings in order, each with the Match block around it."""
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
    """The settings outside Match blocks."""
    return [setting for setting in settings if not setting.match]


def first_values(settings: Iterable[Setting], keyword: str) -> Optional[List[str]]:
    """The values in effect for a keyword; None if it is not set."""
    for setting in settings:
        if setting.keyword == keyword.lower() and setting.values:
            return setting.values
    return None


def says(settings: Iterable[Setting], keyword: str, word: str) -> bool:
    """Whether the value in effect is that word, such as yes or no, in upper or lower case."""
    return [value.lower() for value in first_values(settings, keyword) or []] == [word]


def authorized_keys_path(settings: Iterable[Setting], account: Account) -> Optional[str]:
    """The first file in which sshd looks for an account's keys; None for `none`."""
    (pattern, *_) = first_values(settings, "AuthorizedKeysFile") or _DEFAULT_KEYS_FILES
    return None if pattern.lower() == "none" else _expand(pattern, account)


def own_keys_paths(settings: Iterable[Setting], account: Account) -> List[str]:
    """Every file for the keys of that account alone, by default and by any of the settings."""
    patterns = [*_DEFAULT_KEYS_FILES, *filter(_is_per_user, _patterns(settings))]
    return list(dict.fromkeys(_expand(pattern, account) for pattern in patterns))


def common_keys_paths(settings: Iterable[Setting]) -> List[str]:
    """Every file that holds the keys of all users, by any of the settings."""
    patterns = [pattern for pattern in _patterns(settings) if not _is_per_user(pattern)]
    return list(dict.fromkeys(pattern.replace("%%", "%") for pattern in patterns))


def _patterns(settings: Iterable[Setting]) -> Iterator[str]:
    for setting in settings:
        if setting.keyword == "authorizedkeysfile":
            yield from (value for value in setting.values if value.lower() != "none")


def _is_per_user(pattern: str) -> bool:
    return not pattern.startswith("/") or any(letter in "huU" for letter in _TOKEN.findall(pattern))


def _expand(pattern: str, account: Account) -> str:
    tokens = {"%": "%", "h": account.home, "u": account.name, "U": str(account.uid)}
    path = _TOKEN.sub(lambda match: tokens.get(match.group(1), match.group(0)), pattern)
    return path if path.startswith("/") else f"{account.home.rstrip('/')}/{path}"

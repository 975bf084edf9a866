"""sshd's settings: keywords with their values, and the files in which sshd looks for keys.

Source: sshd_config(5) of OpenSSH 9.9, read 2026-11-22; servconf.c and misc.c of OpenSSH 10,
read 2026-11-27. The first value of a keyword is in effect, and values in Match blocks that
apply to a login come before the values outside. AuthorizedKeysFile is relative to the home
and can contain %%, %h, %u and %U.
"""

import re
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from ..patterns import matches
from .passwd import Account

# A keyword ends at a blank or at one "=", as in sshd's strdelim().
_KEYWORD = re.compile(r'"?([^ \t\r\n"=]+)"?[ \t\r]*=?[ \t\r]*(.*)', re.DOTALL)
_TOKEN = re.compile(r"%(.)")
_CRITERIA = frozenset(
    ("user", "group", "host", "address", "localaddress", "localport", "rdomain", "version")
)
# sshd does not start with an empty Match line.
_NEVER = ("invalid-user",)
# Names of old releases that sshd still knows: see the output of `sshd -T`.
_ALIASES = {
    "dsaauthentication": "pubkeyauthentication",
    "hostdsakey": "hostkey",
    "skeyauthentication": "challengeresponseauthentication",
}
_DEFAULT_KEYS_FILES = (".ssh/authorized_keys", ".ssh/authorized_keys2")


class Setting(NamedTuple):
    """A line of sshd_config, except Match lines."""

    #: In lower case, since sshd ignores case, and without old names.
    keyword: str
    values: List[str]
    #: The words of the Match block around it, such as ("User", "ops"); empty outside. Match
    #: blocks around an Include come first.
    match: Tuple[str, ...] = ()
    path: str = ""
    #: From 1.
    line: int = 0


def parse_sshd_config(content: bytes) -> Iterator[Setting]:
    """The settings in order, each with the Match block around it."""
    match: Tuple[str, ...] = ()
    for number, line in enumerate(content.decode("utf-8", "replace").split("\n"), start=1):
        found = _KEYWORD.match(line.strip(" \t\r\f"))
        if found is None or found.group(1).startswith("#"):
            continue
        keyword, words = found.group(1).lower(), _words(found.group(2))
        if keyword == "match":
            match = tuple(_criteria(words)) or _NEVER
        else:
            yield Setting(_ALIASES.get(keyword, keyword), words, match, line=number)


def _words(text: str) -> List[str]:
    """The words up to a comment, without quotes and backslashes: sshd's argv_split()."""
    words: List[str] = []
    word: Optional[List[str]] = None
    quote = ""
    position = 0
    while position < len(text):
        character, following = text[position], text[position + 1 : position + 2]
        position += 1
        if word is None:
            if character in " \t":
                continue
            if character == "#":
                break
            word = []
        if character == "\\" and following and following in ("\"'\\" if quote else "\"'\\ "):
            word.append(following)
            position += 1
        elif character == quote:
            quote = ""
        elif quote or character not in " \t\"'":
            word.append(character)
        elif character in " \t":
            words.append("".join(word))
            word = None
        else:
            quote = character
    # sshd does not start if a quote is not closed.
    return words if word is None or quote else [*words, "".join(word)]


def _criteria(words: List[str]) -> Iterator[str]:
    """The words of a Match line; `user=ops` is the same as `user ops`."""
    is_argument = False
    for word in words:
        name, equals, argument = word.partition("=")
        if is_argument or name.lower() not in _CRITERIA:
            yield word
            is_argument = False
        elif equals:
            yield name
            yield argument
        else:
            yield word
            is_argument = True


def is_for_user(match: Iterable[str], name: str) -> Optional[bool]:
    """Whether a Match block applies to a user; None if only the login itself decides.

    Without a name, whether it applies to every user.
    """
    answers: List[Optional[bool]] = []
    words = iter(match)
    for word in words:
        criterion = word.lower()
        if criterion in ("all", "invalid-user"):
            answers.append(criterion == "all")
        else:
            argument = next(words, "")
            answers.append(_is_listed(argument, name) if criterion == "user" else None)
    return False if False in answers else None if None in answers else True


def _is_listed(patterns: str, name: str) -> Optional[bool]:
    """Whether the list of a Match User has a user; patterns with a ! exclude users."""
    listed = patterns.split(",")
    excluded = [pattern[1:] for pattern in listed if pattern.startswith("!")]
    is_named = any(names_user(pattern, name) for pattern in listed)
    if not name:
        return True if is_named and not excluded else None
    return is_named and not any(names_user(pattern, name) for pattern in excluded)


def names_user(pattern: str, name: str) -> bool:
    """Whether a pattern of sshd, with * and ?, matches; an unknown name matches only *."""
    return matches(name, pattern.replace("[", "[[]"))


def for_user(settings: Iterable[Setting], name: str) -> List[Setting]:
    """The settings for the logins of a user, in their order of precedence.

    Match blocks that apply only to some of the logins are left out.
    """
    applying = [setting for setting, applies in with_verdicts(settings, name) if applies]
    return sorted(applying, key=lambda setting: not setting.match)


def with_verdicts(
    settings: Iterable[Setting], name: str
) -> Iterator[Tuple[Setting, Optional[bool]]]:
    """Each setting, and whether its Match block applies to a user: see is_for_user."""
    match: Optional[Tuple[str, ...]] = None
    applies: Optional[bool] = None
    for setting in settings:
        if setting.match is not match:
            match, applies = setting.match, is_for_user(setting.match, name)
        yield setting, applies


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


def settings_of_keys(settings: Iterable[Setting]) -> List[Setting]:
    """The AuthorizedKeysFile lines, and of those that say the same only the first one."""
    found: Dict[Tuple[str, ...], Setting] = {}
    for one in settings:
        if one.keyword == "authorizedkeysfile":
            found.setdefault(tuple(one.values), one)
    return list(found.values())


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

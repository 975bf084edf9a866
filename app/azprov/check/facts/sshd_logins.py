"""What sshd's settings do to a user who comes with one key: sshd_config(5).

Source: OpenSSH 9.2, sshd -T and its auth.c, read 2026-11-26: what the Matches of a
login set counts before what is set for every connection.
"""

from fnmatch import fnmatchcase
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ...formats.host.sshd_config import Setting


class User(NamedTuple):
    """To whom the first boot adds keys; without a name the platform's, which nobody knows yet."""

    name: str = ""
    is_root: bool = False


class Obstacle(NamedTuple):
    """A setting by which a user does not get in, or might not, and the files that it is in."""

    keyword: str
    said: str
    paths: Tuple[str, ...]
    is_certain: bool
    #: Whether a Match, of which it is not known whom it concerns, sets it too.
    has_exceptions: bool


# Whether a user gets in, None where that cannot be told, by a keyword's values.
_Judge = Callable[[List[str], User], Optional[bool]]

# With the second a key has to come with a command, and those of the platform have none.
_NO_ROOT = ("no", "forced-commands-only")
_BY_ONE_KEY = (["any"], ["publickey"])
# PAM may ask for a second factor, and for a password that no user of a first boot has.
_WITH_PAM = {"publickey", "keyboard-interactive"}


def obstacles(settings: Sequence[Setting], user: User) -> Iterator[Obstacle]:
    """By all settings of a machine, those in Matches too."""
    counting = [setting for setting in settings if _concerns(setting.match, user)]
    for keyword, lets_in in _JUDGES.items():
        lines = _lines(counting, keyword)
        values = [value for line in lines for value in line.values]
        verdict = lets_in(values, user) if values else True
        if verdict is not True:
            yield Obstacle(
                keyword,
                " ".join(values),
                tuple(dict.fromkeys(line.path for line in lines)),
                is_certain=verdict is False,
                has_exceptions=any(
                    setting.keyword == keyword.lower() and _concerns(setting.match, user) is None
                    for setting in settings
                ),
            )


def _lines(settings: Sequence[Setting], keyword: str) -> List[Setting]:
    """Those that count: the first one, or all of a keyword whose lines add to each other."""
    lines = [one for one in settings if one.keyword == keyword.lower() and one.values]
    lines = [one for one in lines if one.match] or lines
    return lines if keyword in _ADDING else lines[:1]


def _concerns(match: Sequence[str], user: User) -> Optional[bool]:
    """Whether all that a Match asks for is so of a user; None where that is not known before."""
    answers: List[Optional[bool]] = []
    words = iter(match)
    for word in words:
        if word.lower() == "all":
            answers.append(True)
        else:
            argument = next(words, "")
            answers.append(_is_in(argument, user) if word.lower() == "user" else None)
    return False if False in answers else None if None in answers else True


def _is_in(patterns: str, user: User) -> Optional[bool]:
    """As of the list behind Match User: what has a ! before it is none of them."""
    listed = patterns.split(",")
    others = [pattern[1:] for pattern in listed if pattern.startswith("!")]
    is_named = any(_names(pattern, user) for pattern in listed)
    if not user.name:
        return True if is_named and not others else None
    return is_named and not any(_names(pattern, user) for pattern in others)


def _is_listed(values: List[str], user: User) -> Optional[bool]:
    """As of AllowUsers, whose USER@HOST is for some logins of a user; None for only such."""
    parts = [value.partition("@") for value in values]
    hosts = [host for name, _, host in parts if _names(name, user)]
    if "" in hosts or "*" in hosts:
        return True
    return None if hosts or not user.name else False


def _names(pattern: str, user: User) -> bool:
    """As sshd's patterns do, by * and ?. Of a name that nobody knows yet only * is certain."""
    return fnmatchcase(user.name, pattern.replace("[", "[[]"))


def _by_groups(values: List[str], _: User) -> Optional[bool]:
    return True if "*" in values else None


def _unless_denied(values: List[str], user: User) -> Optional[bool]:
    return _is_listed(values, user) is not True


def _unless_groups_are_denied(values: List[str], _: User) -> Optional[bool]:
    return False if "*" in values else None


def _by_ways(values: List[str], _: User) -> Optional[bool]:
    """What each way to log in asks for, without the devices behind a colon."""
    ways = [[method.partition(":")[0] for method in value.split(",")] for value in values]
    if any(way in _BY_ONE_KEY for way in ways):
        return True
    # A VM may be deployed with two keys.
    return None if any("publickey" in way and _WITH_PAM.issuperset(way) for way in ways) else False


# The lines of which add to each other.
_ADDING = ("DenyUsers", "AllowUsers", "DenyGroups", "AllowGroups")
_JUDGES: Dict[str, _Judge] = {
    "PubkeyAuthentication": lambda values, _: values[0].lower() != "no",
    "AuthorizedKeysFile": lambda values, _: values[0].lower() != "none",
    "AuthenticationMethods": _by_ways,
    "PermitRootLogin": lambda values, user: not (user.is_root and values[0].lower() in _NO_ROOT),
    "DenyUsers": _unless_denied,
    "AllowUsers": _is_listed,
    "DenyGroups": _unless_groups_are_denied,
    "AllowGroups": _by_groups,
}

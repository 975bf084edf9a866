"""How sshd's settings treat a user who logs in with one key: sshd_config(5).

Source: OpenSSH 9.2, sshd -T and auth.c, read 2026-11-26. The values in the Match
blocks that apply to a login come before the values for every connection.
"""

from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ...formats.host.sshd_config import Setting, names_user, with_verdicts


class User(NamedTuple):
    """A user that gets keys at the first boot.

    Without a name it is the user that the VM is deployed with, known only on the VM.
    """

    name: str = ""
    is_root: bool = False


class Obstacle(NamedTuple):
    """A setting that refuses a user, or may do so, and the files that it is in."""

    keyword: str
    #: The arguments of the keyword, separated by blanks.
    values: str
    paths: Tuple[str, ...]
    is_certain: bool
    #: Whether a Match block that may or may not apply to the user sets the keyword too.
    has_exceptions: bool


# Whether the values of a keyword accept a user; None if that depends on more than the settings.
_Judge = Callable[[List[str], User], Optional[bool]]

# forced-commands-only accepts a key with a command; the platform's keys have none.
_NO_ROOT = ("no", "forced-commands-only")
_WITH_ONE_KEY = (["any"], ["publickey"])
# PAM may ask for a second factor, or for a password, which no user of the first boot has.
_WITH_PAM = {"publickey", "keyboard-interactive"}


def find_obstacles(settings: Sequence[Setting], user: User) -> Iterator[Obstacle]:
    """The obstacles for one user in all settings of a machine, Match blocks included."""
    verdicts = list(with_verdicts(settings, user.name))
    applying = [setting for setting, applies in verdicts if applies]
    excepted = {setting.keyword for setting, applies in verdicts if applies is None}
    for keyword, accepts in _JUDGES.items():
        lines = _lines(applying, keyword)
        values = [value for line in lines for value in line.values]
        verdict = accepts(values, user) if values else True
        if verdict is not True:
            yield Obstacle(
                keyword,
                " ".join(values),
                tuple(dict.fromkeys(line.path for line in lines)),
                is_certain=verdict is False,
                has_exceptions=keyword.lower() in excepted,
            )


def _lines(settings: Sequence[Setting], keyword: str) -> List[Setting]:
    """The lines in effect: the first one, or all lines of a keyword that adds them up."""
    lines = [one for one in settings if one.keyword == keyword.lower() and one.values]
    lines = [one for one in lines if one.match] or lines
    return lines if keyword in _ADDED_UP else lines[:1]


def _is_listed(values: List[str], user: User) -> Optional[bool]:
    """Whether AllowUsers or DenyUsers has a user; None if only for some hosts, as USER@HOST."""
    parts = [value.partition("@") for value in values]
    hosts = [host for name, _, host in parts if names_user(name, user.name)]
    if "" in hosts or "*" in hosts:
        return True
    return None if hosts or not user.name else False


def _accepts_groups(values: List[str], _: User) -> Optional[bool]:
    return True if "*" in values else None


def _accepts_unless_denied(values: List[str], user: User) -> Optional[bool]:
    return _is_listed(values, user) is not True


def _accepts_unless_groups_are_denied(values: List[str], _: User) -> Optional[bool]:
    return False if "*" in values else None


def _accepts_methods(values: List[str], _: User) -> Optional[bool]:
    """Whether a list of methods is satisfied by one key. A device after a colon is ignored."""
    lists = [[method.partition(":")[0] for method in value.split(",")] for value in values]
    if any(methods in _WITH_ONE_KEY for methods in lists):
        return True
    # A VM may be deployed with two keys.
    is_possible = any("publickey" in methods and _WITH_PAM.issuperset(methods) for methods in lists)
    return None if is_possible else False


# Keywords whose lines add up.
_ADDED_UP = ("DenyUsers", "AllowUsers", "DenyGroups", "AllowGroups")
_JUDGES: Dict[str, _Judge] = {
    "PubkeyAuthentication": lambda values, _: values[0].lower() != "no",
    "AuthorizedKeysFile": lambda values, _: values[0].lower() != "none",
    "AuthenticationMethods": _accepts_methods,
    "PermitRootLogin": lambda values, user: not (user.is_root and values[0].lower() in _NO_ROOT),
    "DenyUsers": _accepts_unless_denied,
    "AllowUsers": _is_listed,
    "DenyGroups": _accepts_unless_groups_are_denied,
    "AllowGroups": _accepts_groups,
}

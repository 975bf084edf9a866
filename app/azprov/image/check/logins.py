"""Whether those whom the first boot lets in will get in: users, their keys, their rights."""

import shlex
from fnmatch import fnmatchcase
from typing import Iterator, List, NamedTuple, Set

from ...documents.accounts import is_password, parse_accounts, passwords
from ...documents.sshd_config import Setting, authorized_keys_path, first_values
from ...host.accounts import DOAS_FOLDER, PASSWD, SHADOW, SUDOERS_FOLDER, find_account
from ...host.ssh import keys_paths, sshd_settings
from ...host.sshd import SSH_FOLDER
from ..unit import makes_users
from .finding import ERROR, NOTE, WARNING, Finding
from .image import Image
from .installed import installed_options, own_file

_ADMIN_USER, _SSH_KEYS = "--admin-user", "--ssh-keys"

# With the second a key has to come with a command, and those of the platform have none.
_NO_ROOT = ("no", "forced-commands-only")
# PAM may ask for a second factor, and for a password that no user of a first boot has.
_ANY_WAY, _BY_KEY, _WITH_PAM = {"any"}, {"publickey"}, {"publickey", "keyboard-interactive"}
# Whom a setting lets in, and what is to be seen to.
_RESTRICTIONS = (
    ("AllowUsers", "nobody else gets in", "is among them"),
    ("AllowGroups", "nobody else gets in", "is among them"),
    ("DenyGroups", "nobody in these gets in", "is in none of them"),
)
_NOBODY = "nobody gets"


class _Refusal(NamedTuple):
    """A setting, and whom it keeps out."""

    keyword: str
    said: str
    who: str = _NOBODY


def check_users_of_first_boot(image: Image) -> Iterator[Finding]:
    """A user or a key that cannot be had fails the deployment, by report."""
    options = installed_options(image)
    user = _user_of_keys(options)
    if user and find_account(image.root, user) is None:
        yield Finding(
            "keys-user-missing",
            ERROR,
            f"the first boot adds keys to the user {user}, who is not in "
            f"{image.shown(PASSWD)}, so it reports that provisioning failed",
            image.inside(f"useradd --create-home {shlex.quote(user)}"),
        )
    if _ADMIN_USER in options and not image.is_there(SUDOERS_FOLDER, DOAS_FOLDER):
        yield Finding(
            "admin-without-rights",
            WARNING,
            f"neither {image.shown(SUDOERS_FOLDER)} nor {image.shown(DOAS_FOLDER)} is there, so "
            "the admin user may do nothing as root",
            image.install("sudo"),
        )


def check_keys_are_taken(image: Image) -> Iterator[Finding]:
    """Whom sshd refuses whatever the key, or for whom a key is not enough: sshd_config(5)."""
    options = installed_options(image)
    if not makes_users(options):
        return
    settings = sshd_settings(image.root)
    every = sshd_settings(image.root, matches=True)
    for keyword, said, who in _refusals(image, settings, _user_of_keys(options)):
        # Who comes from where, or in which group, is not known before.
        is_in_match = len(_all_values(every, keyword)) > len(_all_values(settings, keyword))
        yield Finding(
            "keys-refused",
            WARNING if is_in_match else ERROR,
            f"sshd's settings say {keyword} {said}, so {who} in by the keys that the first boot "
            f"adds{', but by a Match that says otherwise' if is_in_match else ''}",
            f"take that out of {image.shown(SSH_FOLDER)}",
        )
    for name, who, condition in _RESTRICTIONS:
        named = first_values(settings, name)
        if named is not None:
            yield Finding(
                "logins-restricted",
                WARNING,
                f"sshd's settings say {name} {' '.join(named)}, and {who}",
                f"see that the deployed user {condition}, or take it out of "
                f"{image.shown(SSH_FOLDER)}",
            )
    ways = _ways(settings)
    if _WITH_PAM in ways and _BY_KEY not in ways:
        yield Finding(
            "logins-restricted",
            WARNING,
            f"sshd's settings say AuthenticationMethods {_methods(settings)}, and the first boot "
            "adds nothing but a key",
            "see that PAM lets the deployed user in by the key and what it asks for, or take it "
            f"out of {image.shown(SSH_FOLDER)}",
        )


def _user_of_keys(options: List[str]) -> str:
    return options[options.index(_SSH_KEYS) + 1] if _SSH_KEYS in options[:-1] else ""


def _refusals(image: Image, settings: List[Setting], user: str) -> Iterator[_Refusal]:
    accounts = parse_accounts(image.content(PASSWD))
    if first_values(settings, "PubkeyAuthentication") == ["no"]:
        yield _Refusal("PubkeyAuthentication", "no")
    if accounts and authorized_keys_path(settings, accounts[0]) is None:
        yield _Refusal("AuthorizedKeysFile", "none")
    if not any(way in (_ANY_WAY, _BY_KEY, _WITH_PAM) for way in _ways(settings)):
        yield _Refusal("AuthenticationMethods", _methods(settings))
    (root_login, *_) = first_values(settings, "PermitRootLogin") or ["prohibit-password"]
    is_root = any(account.name == user and account.uid == 0 for account in accounts)
    if is_root and root_login.lower() in _NO_ROOT:
        yield _Refusal("PermitRootLogin", root_login, f"{user} does not get")
    denied = _all_values(settings, "DenyUsers")
    # Of the platform's user no name is known before, which * alone matches.
    if any(_names(pattern, user) for pattern in denied):
        yield _Refusal("DenyUsers", " ".join(denied), f"{user} does not get" if user else _NOBODY)


def _all_values(settings: List[Setting], keyword: str) -> List[str]:
    """Those of every line, as of a keyword whose lines add to each other."""
    lines = [setting.values for setting in settings if setting.keyword == keyword.lower()]
    return [value for values in lines for value in values]


def _names(pattern: str, user: str) -> bool:
    """As sshd's patterns do, by * and ?. USER@HOST, for some who log in, is no name."""
    return fnmatchcase(user, pattern.replace("[", "[[]"))


def _methods(settings: List[Setting]) -> str:
    return " ".join(first_values(settings, "AuthenticationMethods") or ["any"])


def _ways(settings: List[Setting]) -> List[Set[str]]:
    """What each way to log in asks for, without the devices behind a colon."""
    lists = _methods(settings).split()
    return [{method.partition(":")[0] for method in listed.split(",")} for listed in lists]


def check_anybody_gets_in(image: Image) -> Iterator[Finding]:
    """An image without any login is fine for an appliance, and seldom meant."""
    if own_file(image) is None or makes_users(installed_options(image)):
        return
    accounts = parse_accounts(image.content(PASSWD))
    keys = [path for _, paths in keys_paths(image.root, accounts) for path in paths]
    has_password = any(map(is_password, passwords(image.content(SHADOW))))
    if accounts and not has_password and not image.is_there(*keys):
        image.require(SHADOW, *keys)
        yield Finding(
            "nobody-logs-in",
            NOTE,
            "no account has a password or a key, and the first boot makes none, so nobody can "
            "log in to its VMs",
            f"if somebody should: {image.azprov('install --force --admin-user')}",
        )


RULES = (check_users_of_first_boot, check_keys_are_taken, check_anybody_gets_in)

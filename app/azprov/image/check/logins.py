"""Whether those whom the first boot lets in will get in: users, their keys, their rights."""

import shlex
from typing import Iterator

from ...documents.accounts import is_password, parse_accounts, passwords
from ...documents.sshd_config import authorized_keys_path, first_values
from ...host.accounts import DOAS_FOLDER, PASSWD, SHADOW, SUDOERS_FOLDER, find_account
from ...host.ssh import keys_paths, sshd_settings
from ..unit import makes_users
from .finding import ERROR, NOTE, WARNING, Finding
from .image import Image
from .installed import installed_options, own_file

_ADMIN_USER, _SSH_KEYS = "--admin-user", "--ssh-keys"


def check_users_of_first_boot(image: Image) -> Iterator[Finding]:
    """A user or a key that cannot be had fails the deployment, by report."""
    options = installed_options(image)
    if _SSH_KEYS in options[:-1]:
        user = options[options.index(_SSH_KEYS) + 1]
        if find_account(image.root, user) is None:
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
    """What sshd refuses before it looks for a key: sshd_config(5)."""
    if not makes_users(installed_options(image)):
        return
    settings = sshd_settings(image.root)
    accounts = parse_accounts(image.content(PASSWD))
    refusals = []
    if first_values(settings, "PubkeyAuthentication") == ["no"]:
        refusals.append("PubkeyAuthentication no")
    if accounts and authorized_keys_path(settings, accounts[0]) is None:
        refusals.append("AuthorizedKeysFile none")
    for refusal in refusals:
        yield Finding(
            "keys-refused",
            ERROR,
            f"sshd's settings say {refusal}, so nobody gets in by the keys that the first boot "
            "adds",
            f"take that out of {image.shown('/etc/ssh')}",
        )
    for name in ("AllowUsers", "AllowGroups"):
        allowed = first_values(settings, name)
        if allowed is not None:
            yield Finding(
                "logins-restricted",
                WARNING,
                f"sshd's settings say {name} {' '.join(allowed)}, and nobody else gets in",
                "see that the deployed user is among them, or take it out of "
                f"{image.shown('/etc/ssh')}",
            )


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

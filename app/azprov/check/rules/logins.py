"""Whether those whom the first boot lets in will get in: users, their keys, their rights."""

import shlex
from typing import Iterator, List

from ...formats.host.passwd import find_password, is_password, parse_accounts, passwords
from ...formats.host.sshd_config import Setting, says
from ...image.service_file import makes_users
from ...system.accounts import DOAS_FOLDER, PASSWD, SHADOW, SUDOERS_FOLDER, find_account
from ...system.sshd.authorized_keys import keys_paths, sshd_settings
from ...system.sshd.host_keys import CONFIGS
from ..facts.azprov_service import installed_options, own_file
from ..facts.image import Image
from ..facts.sshd_logins import User, obstacles
from ..finding import ERROR, NOTE, WARNING, Finding

_ADMIN_USER, _SSH_KEYS = "--admin-user", "--ssh-keys"
# Alpine's sshd that can use PAM is a program of its own, the other one passes over UsePAM.
_SSHD_WITH_PAM = "/usr/sbin/sshd.pam"

# What a setting costs that lets some in.
_RESTRICTIONS = {
    "AuthenticationMethods": "with which one key may not be enough",
    "AllowUsers": "and nobody else gets in",
    "AllowGroups": "and nobody else gets in",
    "DenyGroups": "and nobody in these gets in",
}


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
            _make(image, user),
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
    """Whom sshd refuses whatever the key, or for whom a key may not be enough."""
    users = _users_with_keys(image)
    if not users:
        return
    settings = sshd_settings(image.root, matches=True)
    found = [(user, obstacle) for user in users for obstacle in obstacles(settings, user)]
    locked = [user for user in users if _is_locked(image, settings, user.name)]
    shut_out = {user for user, one in found if one.is_certain and not one.has_exceptions}
    severity = ERROR if shut_out.union(locked).issuperset(users) else WARNING
    for user in locked:
        yield Finding(
            "keys-user-locked",
            severity,
            f"{user.name} is locked by a '!' in {image.shown(SHADOW)}, which counts for an sshd "
            f"without PAM, {_refused([user], users)}",
            _unlock(image, user.name),
        )
    for obstacle in dict.fromkeys(obstacle for _, obstacle in found):
        whom = [user for user, other in found if other == obstacle]
        setting = f"sshd's settings say {obstacle.keyword} {obstacle.said}"
        files = " and ".join(map(image.shown, obstacle.paths))
        if obstacle.is_certain:
            yield Finding(
                "keys-refused",
                severity,
                f"{setting}, {_refused(whom, users)}"
                f"{', unless a Match says otherwise' if obstacle.has_exceptions else ''}",
                f"add {whom[0].name} to it in {files}"
                if obstacle.keyword == "AllowUsers"
                else f"take that out of {files}",
            )
        else:
            yield Finding(
                "logins-restricted",
                WARNING,
                f"{setting}, {_RESTRICTIONS[obstacle.keyword]}",
                f"see that {' and '.join(map(_shown, whom))} can log in all the same, or take it "
                f"out of {files}",
            )


def _make(image: Image, name: str) -> str:
    """The command that makes a user, with a password that none matches instead of a lock."""
    if image.tool == "apk":
        return f"{image.inside(f'adduser -D {shlex.quote(name)}')} && {_unlock(image, name)}"
    return image.inside(f"useradd --create-home --password '*' {shlex.quote(name)}")


def _unlock(image: Image, name: str) -> str:
    return f"echo {shlex.quote(f'{name}:*')} | {image.inside('chpasswd -e')}"


def _user_of_keys(options: List[str]) -> str:
    return options[options.index(_SSH_KEYS) + 1] if _SSH_KEYS in options[:-1] else ""


def _users_with_keys(image: Image) -> List[User]:
    options = installed_options(image)
    users = [User()] if _ADMIN_USER in options else []
    name = _user_of_keys(options)
    if name:
        account = find_account(image.root, name)
        users.append(User(name, is_root=account is not None and account.uid == 0))
    return users


def _is_locked(image: Image, settings: List[Setting], name: str) -> bool:
    """Whether an sshd that has settings refuses a user for the '!' of passwd -l."""
    uses_pam = says(settings, "UsePAM", "yes")
    if image.tool == "apk":
        uses_pam = uses_pam and image.is_there(_SSHD_WITH_PAM)
    field = find_password(image.content(SHADOW), name) or ""
    return image.is_there(*CONFIGS) and not uses_pam and field.startswith("!")


def _refused(whom: List[User], users: List[User]) -> str:
    """What it costs that some of the first boot's users are refused."""
    if len(whom) < len(users):
        return f"so {_shown(whom[0])} does not get in by the keys that the first boot adds"
    to = f" to {users[0].name}" if len(users) == 1 and users[0].name else ""
    return f"so the VM is Ready and nobody gets in by the keys that the first boot adds{to}"


def _shown(user: User) -> str:
    return user.name or "the deployed user"


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

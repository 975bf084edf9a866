"""Whether the users that the first boot gives keys to can log in, and become root."""

from typing import Iterator, List

from ...formats.host.passwd import has_login_shell, is_of_daemon, parse_accounts
from ...formats.host.shadow import find_password, is_password, password_fields
from ...formats.host.sshd_config import Setting, says
from ...formats.text import printable, shell_word
from ...image.leftovers.open_login import OpenLogin
from ...image.leftovers.open_logins import find_open_logins
from ...image.service_file import makes_users, user_of_keys
from ...system.accounts import read_login_defs
from ...system.administrator import DOAS_FOLDER, SUDOERS_FOLDER, TOOLS
from ...system.sshd.authorized_keys import keys_paths
from ...system.sshd.server import CONFIGS
from ...system.sshd.settings import read_settings
from ...system.user_database import PASSWD, SHADOW
from ..facts import packages
from ..facts.accounts import find_account
from ..facts.azprov_service import installed_options, own_file
from ..facts.files import read_once
from ..facts.image import Image
from ..facts.sshd_logins import User, find_obstacles
from ..finding import ERROR, NOTE, UNREAD, WARNING, Check, Finding, Rule
from ..fixes import azprov, inside, install, install_again

_ADMIN_USER, _SSH_KEYS = "--admin-user", "--ssh-keys"
# Alpine has a second sshd that supports PAM; its usual one ignores UsePAM.
_SSHD_WITH_PAM = "/usr/sbin/sshd.pam"

# The cost of a setting that still lets some users in.
_RESTRICTIONS = {
    "AuthenticationMethods": "so one key may not be enough to log in",
    "AllowUsers": "so no one else can log in",
    "AllowGroups": "so no one outside these groups can log in",
    "DenyGroups": "so no one in these groups can log in",
}

KEYS_USER_MISSING = Rule(
    "keys-user-missing",
    ERROR,
    "the first boot adds SSH keys to a user that does not exist, so provisioning fails",
    "create the user",
)
ADMIN_WITHOUT_RIGHTS = Rule(
    "admin-without-rights",
    WARNING,
    "the image has neither sudo nor doas, so the admin user cannot become root",
    "install sudo",
)
KEYS_USER_LOCKED = Rule(
    "keys-user-locked",
    ERROR,
    "a user that gets SSH keys is locked, so sshd without PAM refuses the keys",
    "replace the '!' in /etc/shadow with '*'",
)
KEYS_USER_OF_SERVICE = Rule(
    "keys-user-service",
    ERROR,
    "the user for SSH keys is a service account, so the first boot adds none",
    "run azprov install --force with --ssh-keys and the account of a person, or with --admin-user",
)
KEYS_USER_WITHOUT_SHELL = Rule(
    "keys-user-without-shell",
    ERROR,
    "a user that gets SSH keys has no login shell, so every login ends at once",
    "give the user a shell with usermod --shell",
)
KEYS_REFUSED = Rule(
    "keys-refused",
    ERROR,
    "a setting of sshd refuses the keys that the first boot adds",
    "remove the setting, or allow the user in it",
)
LOGINS_RESTRICTED = Rule(
    "logins-restricted",
    WARNING,
    "a setting of sshd may refuse the keys that the first boot adds",
    "check that the users can log in, or remove the setting",
)
OPEN_LOGIN = Rule(
    "open-login",
    WARNING,
    "a setting of the image lets someone log in to every VM, and deprovision keeps it",
    "remove the setting, unless it is intended",
)
NOBODY_LOGS_IN = Rule(
    "no-login",
    NOTE,
    "no account has a password or a key, and the first boot creates none",
    "run azprov install --force --admin-user, unless the VMs need no login",
)


def check_users_of_first_boot(image: Image) -> Iterator[Finding]:
    """Find users of the first boot who are missing, or who could not use their keys or sudo."""
    options = installed_options(image)
    user = user_of_keys(options)
    account = find_account(image, user) if user else None
    is_of_service = account is not None and is_of_daemon(account, read_login_defs(image.root))
    if account is not None and is_of_service:
        yield KEYS_USER_OF_SERVICE.found(
            f"the first boot adds no SSH keys to {user}, because that is a service account with "
            f"UID {account.uid} and the shell {printable(account.shell)}",
            f"for keys of the deployed user: {install_again(image, _with_admin_user(options))}",
        )
    elif account is not None and not has_login_shell(account):
        yield KEYS_USER_WITHOUT_SHELL.found(
            f"the first boot adds SSH keys to the user {user}, who cannot log in because of the "
            f"shell {printable(account.shell)}",
            inside(image, f"usermod --shell /bin/sh {shell_word(user)}"),
        )
    if user and account is None:
        yield KEYS_USER_MISSING.found(
            f"the first boot adds SSH keys to the user {user}, who does not exist in "
            f"{image.shown(PASSWD)}, so it reports that provisioning failed",
            _create_user(image, user),
        )
    if _ADMIN_USER in options and not any(
        image.is_there(folder) and image.is_program(*programs)
        for folder, programs in TOOLS.values()
    ):
        yield ADMIN_WITHOUT_RIGHTS.found(
            f"the image has neither sudo with {image.shown(SUDOERS_FOLDER)} nor doas with "
            f"{image.shown(DOAS_FOLDER)}, so the admin user cannot become root",
            install(image, packages.SUDO),
        )


def check_keys_are_accepted(image: Image) -> Iterator[Finding]:
    """Find settings with which sshd refuses every key of a user, or asks for more than a key."""
    users = _users_with_keys(image)
    if not users:
        return
    settings = read_settings(image.root, matches=True)
    found = [(user, obstacle) for user in users for obstacle in find_obstacles(settings, user)]
    locked = [user for user in users if _is_locked(image, settings, user.name)]
    shut_out = {user for user, one in found if one.is_certain and not one.has_exceptions}
    severity = ERROR if shut_out.union(locked).issuperset(users) else WARNING
    for user in locked:
        yield KEYS_USER_LOCKED.found(
            f"{user.name} is locked by a '!' in {image.shown(SHADOW)}, and sshd without PAM "
            f"refuses locked users, {_refused([user], users)}",
            _unlock(image, user.name),
            severity=severity,
        )
    for obstacle in dict.fromkeys(obstacle for _, obstacle in found):
        affected = [user for user, other in found if other == obstacle]
        setting = f"sshd is configured with {obstacle.keyword} {obstacle.values}"
        files = " and ".join(map(image.edited, obstacle.paths))
        if obstacle.is_certain:
            yield KEYS_REFUSED.found(
                f"{setting}, {_refused(affected, users)}"
                f"{', unless a Match block says otherwise' if obstacle.has_exceptions else ''}",
                f"add {affected[0].name} to {obstacle.keyword} in {files}"
                if obstacle.keyword == "AllowUsers"
                else f"remove that setting from {files}",
                severity=severity,
            )
        else:
            yield LOGINS_RESTRICTED.found(
                f"{setting}, {_RESTRICTIONS[obstacle.keyword]}",
                f"check that {' and '.join(map(_shown, affected))} can log in, or remove that "
                f"setting from {files}",
            )


def _with_admin_user(options: List[str]) -> List[str]:
    """The options of the service, for the deployed user instead of one of the image."""
    at = options.index(_SSH_KEYS)
    kept = [*options[:at], *options[at + 2 :]]
    return kept if _ADMIN_USER in kept else [*kept, _ADMIN_USER]


def _create_user(image: Image, name: str) -> str:
    """Create a user with the password '*', which matches no password but is not a lock."""
    if image.tool == "apk":
        command = inside(image, f"adduser -D {shell_word(name)}")
        return f"{command} && {_unlock(image, name)}"
    return inside(image, f"useradd --create-home --password '*' {shell_word(name)}")


def _unlock(image: Image, name: str) -> str:
    return f"echo {shell_word(f'{name}:*')} | {inside(image, 'chpasswd -e')}"


def _users_with_keys(image: Image) -> List[User]:
    options = installed_options(image)
    users = [User()] if _ADMIN_USER in options else []
    name = user_of_keys(options)
    if name:
        account = find_account(image, name)
        users.append(User(name, is_root=account is not None and account.uid == 0))
    return users


def _is_locked(image: Image, settings: List[Setting], name: str) -> bool:
    """Whether sshd with these settings refuses a user because of the '!' of passwd -l."""
    uses_pam = says(settings, "UsePAM", "yes")
    if image.tool == "apk":
        uses_pam = uses_pam and image.is_there(_SSHD_WITH_PAM)
    field = find_password(image.content(SHADOW), name) or ""
    return image.is_there(*CONFIGS) and not uses_pam and field.startswith("!")


def _refused(affected: List[User], users: List[User]) -> str:
    """The cost of refusing some of the users that get keys."""
    if len(affected) < len(users):
        return f"so {_shown(affected[0])} cannot log in with the keys that the first boot adds"
    to = f" to {users[0].name}" if len(users) == 1 and users[0].name else ""
    return f"so the VM is Ready but no one can log in with the keys that the first boot adds{to}"


def _shown(user: User) -> str:
    return user.name or "the deployed user"


def check_someone_can_log_in(image: Image) -> Iterator[Finding]:
    """Find an image without any login, which suits an appliance but is rarely intended."""
    if own_file(image) is None or makes_users(installed_options(image)):
        return
    accounts = parse_accounts(image.content(PASSWD))
    keys = [path for _, paths in keys_paths(image.root, accounts) for path in paths]
    has_password = any(
        is_password(field)
        for path in (PASSWD, SHADOW)
        for _, field in password_fields(image.content(path))
    )
    is_open = bool(_open_logins(image))
    if accounts and not has_password and not is_open and not image.is_there(*keys):
        image.require(SHADOW)
        image.require_paths(keys)
        yield NOBODY_LOGS_IN.found(
            "no account has a password or a key, and the first boot creates none, so no one can "
            "log in to its VMs",
            f"if someone should log in: {azprov(image, 'install --force --admin-user')}",
        )


@read_once
def _open_logins(image: Image) -> List[OpenLogin]:
    # The rules of the init system report a shell in its place.
    return find_open_logins(image.root, beyond_check=False)


def check_open_logins(image: Image) -> Iterator[Finding]:
    """Logins with certificates, directories or consoles are settings, which deprovision keeps.

    On a running machine they are a note.
    """
    severity = NOTE if image.root.is_live else WARNING
    for login in _open_logins(image):
        if login.is_unread:
            yield UNREAD.found(login.what, login.fix)
        else:
            yield OPEN_LOGIN.found(login.what, login.fix, severity=severity)


CHECKS = (
    Check(
        check_users_of_first_boot,
        (KEYS_USER_MISSING, KEYS_USER_OF_SERVICE, KEYS_USER_WITHOUT_SHELL, ADMIN_WITHOUT_RIGHTS),
    ),
    Check(check_keys_are_accepted, (KEYS_USER_LOCKED, KEYS_REFUSED, LOGINS_RESTRICTED)),
    Check(check_someone_can_log_in, (NOBODY_LOGS_IN,)),
    Check(check_open_logins, (OPEN_LOGIN, UNREAD)),
)

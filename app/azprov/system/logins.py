"""Letting a user log in with keys: adding the keys, and finding out why a login would fail."""

import logging
from datetime import date, timedelta
from typing import Optional, Sequence, Tuple

from ..errors import DiskError, HostError, LoginBlocked, NotPermitted
from ..formats.host.passwd import Account, has_login_shell
from ..formats.host.shadow import find_password, is_locked, login_end
from ..formats.host.ssh_keys import SshKey
from ..formats.host.sshd_config import authorized_keys_path, says
from ..formats.text import shell_word
from .accounts import end_password_ageing
from .clock import Clock
from .commands import Commands
from .mounts import mount_above
from .root import Root
from .sshd.authorized_keys import add_keys
from .sshd.server import config_file
from .sshd.settings import settings_of_logins
from .user_database import SHADOW, read_shadow_of

_DAY_S = 86400
_SYNC_S = 30.0
# Alpine's second sshd.
_SSHD_WITH_PAM = "/usr/sbin/sshd.pam"

_SHELL_CHANGE = "usermod --shell /bin/sh"

log = logging.getLogger(__name__)


def mount_files_of(root: Root, account: Account, commands: Commands) -> None:
    """Wait for the file systems that hold a user's home and keys. Raises HostError."""
    keys = _keys_path(root, account, commands)
    mount_above(root, [account.home, *([keys] if keys else [])], commands)


def let_log_in(root: Root, account: Account, keys: Sequence[SshKey], commands: Commands) -> None:
    """Add keys for a user, and end the ageing of a password that the user does not have.

    On a live machine, the whole file system of the home is stored then. Without a journal, a
    new folder could be lost although it was synced: its block may still belong to a deleted
    folder, too, and fsck would give its files to that one.

    Raises HostError, and LoginBlocked for a home that is missing or belongs to another user,
    or in which something is in the way.
    """
    try:
        add_keys(root, account, keys, commands)
    except (NotPermitted, DiskError):
        raise
    except HostError as error:
        if _has_keys_outside_home(root, account, commands):
            raise
        from .folder_of_homes import find_obstacle

        obstacle = find_obstacle(root, account.home, account)
        home = root.outside(account.home)
        if obstacle is not None and not obstacle.is_missing:
            shown = root.outside(obstacle.path)
            raise LoginBlocked(
                f"{account.name} gets no keys in {home}, because {shown} {obstacle.cause}",
                obstacle.fix(root),
            ) from error
        status = root.status(account.home)
        if status is None or status.st_uid == account.uid:
            raise LoginBlocked(
                f"{account.name} gets no keys in {home}: {error.summary}", error.hint
            ) from error
        raise LoginBlocked(
            f"{account.name} gets no keys, because {home} belongs to the UID {status.st_uid} "
            f"({error.summary})",
            f"give {account.name} another home with usermod --home, since {home} may be in use",
        ) from error
    try:
        end_password_ageing(root, account.name)
    except HostError as error:
        log.warning("the password ageing of %s stays: %s", account.name, error.summary)
    if root.is_live:
        commands.run(["sync", "-f", account.home], limit_s=_SYNC_S)


def require_login(root: Root, account: Account, commands: Commands, clock: Clock) -> None:
    """Raises LoginBlocked for an account that cannot log in with any key."""
    obstacle = _obstacle(root, account, commands, clock)
    if obstacle is not None:
        cause, command = obstacle
        raise LoginBlocked(
            f"{account.name} has the keys but cannot log in, because {cause}",
            f"run {_change(root, command, account.name)}",
        )


def shell_change(root: Root, name: str) -> str:
    """The command that gives a user of the root a login shell."""
    return _change(root, _SHELL_CHANGE, name)


def _change(root: Root, command: str, name: str) -> str:
    from .typed_paths import inside

    return inside(root, f"{command} {shell_word(name)}")


def _obstacle(
    root: Root, account: Account, commands: Commands, clock: Clock
) -> Optional[Tuple[str, str]]:
    """Why an account cannot log in, and the command that the name completes; None if it can."""
    shell, name = account.shell, account.name
    if not has_login_shell(account):
        return f"its shell is {shell}", _SHELL_CHANGE
    # An empty field means /bin/sh. Below another root, programs may be added later.
    if root.is_live and shell and root.status(shell) is None:
        return f"its shell {shell} does not exist", _SHELL_CHANGE
    shadow = read_shadow_of(root, name, commands)
    end = login_end(shadow, name)
    if end is not None and end * _DAY_S <= clock.wall_time():
        day = date(1970, 1, 1) + timedelta(days=end)
        return (
            f"the account expired on {day.isoformat()}",
            "chage --expiredate -1 --maxdays -1",
        )
    if _refuses_locks(root, name, commands) and is_locked(find_password(shadow, name) or ""):
        return (
            f"a '!' in {root.outside(SHADOW)} locks it, and sshd runs without PAM",
            "usermod --password '*'",
        )
    return None


def _refuses_locks(root: Root, name: str, commands: Commands) -> bool:
    """Whether there is an sshd that does not use PAM, so that it refuses locked accounts.

    Alpine's usual sshd is built without PAM, whatever its settings are.
    """
    lacks_pam = root.status("/sbin/apk") is not None and root.status(_SSHD_WITH_PAM) is None
    uses_pam = not lacks_pam and says(settings_of_logins(root, name, commands), "UsePAM", "yes")
    return config_file(root) is not None and not uses_pam


def _keys_path(root: Root, account: Account, commands: Commands) -> Optional[str]:
    return authorized_keys_path(settings_of_logins(root, account.name, commands), account)


def _has_keys_outside_home(root: Root, account: Account, commands: Commands) -> bool:
    keys = _keys_path(root, account, commands)
    return keys is None or not keys.startswith(f"{account.home.rstrip('/')}/")

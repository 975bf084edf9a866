"""The platform's admin user: an account that logs in with a key and has administrator rights."""

import logging
from typing import Sequence

from ..errors import LoginBlocked, UnusableError
from ..formats.host.passwd import Account, has_login_shell, is_person
from ..formats.host.ssh_keys import SshKey
from ..formats.text import printable
from .accounts import create_account, read_login_defs
from .administrator import make_administrator
from .clock import Clock
from .commands import Commands
from .homes import HOMES, free_home, require_folder_of_homes
from .logins import let_log_in, mount_files_of, require_login, shell_change
from .root import Root
from .sshd.deleted_accounts import remove_keys_of_deleted_account
from .sshd.passwords import forbid_passwords
from .user_database import look_up_account

log = logging.getLogger(__name__)


def set_up_admin(
    root: Root,
    name: str,
    keys: Sequence[SshKey],
    commands: Commands,
    clock: Clock,
    *,
    no_passwords: bool,
) -> None:
    """Create the account with its home, keys and rights. Idempotent.

    With `no_passwords`, sshd accepts only keys from all users. Raises HostError, UnusableError
    for the name of a service's account, and LoginBlocked for an account without a login shell.
    """
    account = look_up_account(root, name, commands)
    is_whole = account is not None and root.status(account.home, follow=False) is not None
    if account is None:
        account = _create(root, name, commands)
    else:
        _refuse_service_account(root, account)
        mount_files_of(root, account, commands)
        account = create_account(root, name, commands)
    let_log_in(root, account, keys, commands)
    make_administrator(root, name, commands)
    if no_passwords:
        forbid_passwords(root, commands, user=name)
    if not is_whole:
        # Not before: on a full disk, the home, the keys or the rights may be missing.
        log.info("Created the user %s", name)
    require_login(root, account, commands, clock)


def _create(root: Root, name: str, commands: Commands) -> Account:
    """Create the account, after removing old keys that could log in as this user.

    In the other order, a power cut could leave an old key that looks like a new one.
    """
    # Files that do not exist yet have no owner.
    mount_files_of(root, Account(name, 0, 0, f"{HOMES}/{name}", ""), commands)
    require_folder_of_homes(root, name)
    home = free_home(root, name)
    remove_keys_of_deleted_account(root, name, home)
    return create_account(root, name, commands, home=home)


def _refuse_service_account(root: Root, account: Account) -> None:
    """Raises an error for an account that a daemon may run as: it must not become root.

    A person without a login shell cannot be told from a daemon, until someone gives it one.
    """
    shell = printable(account.shell or "/bin/sh")
    if not is_person(account, read_login_defs(root)):
        raise UnusableError(
            f"the admin user {account.name} is a service account of this image, with UID "
            f"{account.uid} and the shell {shell}",
            "deploy the VM with another user name",
        )
    if not has_login_shell(account):
        raise LoginBlocked(
            f"the user {account.name} of this image has the shell {shell}, like a service "
            "account, and gets neither keys nor administrator rights",
            f"if this is the account of a person, run {shell_change(root, account.name)}",
        )

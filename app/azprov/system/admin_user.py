"""The platform's admin user: an account that logs in by key and may do all as root."""

from typing import Sequence

from ..formats.host.ssh_keys import SshKey
from .accounts import create_account, find_account, make_administrator
from .commands import Commands
from .root import Root
from .sshd.authorized_keys import add_keys, forbid_passwords
from .sshd.deleted_accounts import remove_keys_before


def set_up_admin(
    root: Root, name: str, keys: Sequence[SshKey], commands: Commands, *, no_passwords: bool
) -> None:
    """Make the account whole, idempotently; with `no_passwords` sshd takes keys only.

    Raises HostError or UnusableError.
    """
    # Before there is an account: else a power cut would leave them to it as its own.
    if find_account(root, name) is None:
        remove_keys_before(root, name)
    account = create_account(root, name, commands)
    add_keys(root, account, keys, commands)
    make_administrator(root, name)
    if no_passwords:
        forbid_passwords(root, commands)

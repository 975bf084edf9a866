"""The platform's admin user: an account that logs in by key and may do all as root."""

from typing import Sequence

from ..documents.ssh_key import SshKey
from .accounts import create_account, find_account, make_administrator
from .commands import Commands
from .former_keys import remove_keys_before
from .root import Root
from .ssh import add_keys, forbid_passwords


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

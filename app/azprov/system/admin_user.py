"""The platform's admin user: an account that logs in with a key and has administrator rights."""

from typing import Sequence

from ..formats.host.ssh_keys import SshKey
from .accounts import create_account, find_account, make_administrator
from .commands import Commands
from .root import Root
from .sshd.authorized_keys import add_keys
from .sshd.deleted_accounts import remove_keys_of_deleted_account
from .sshd.passwords import forbid_passwords


def set_up_admin(
    root: Root, name: str, keys: Sequence[SshKey], commands: Commands, *, no_passwords: bool
) -> None:
    """Create the account with its home, keys and rights. Idempotent.

    With `no_passwords`, sshd accepts only keys from all users. Raises HostError or UnusableError.
    """
    # Remove old keys before creating the account: after a power cut in between, they would
    # look like keys of the new account.
    if find_account(root, name) is None:
        remove_keys_of_deleted_account(root, name)
    account = create_account(root, name, commands)
    add_keys(root, account, keys, commands)
    make_administrator(root, name)
    if no_passwords:
        forbid_passwords(root, commands)

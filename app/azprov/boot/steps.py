"""The steps of a first boot before its report: host keys, host name, admin user, SSH keys.

Each step can be repeated: a power cut before the acknowledged report leaves all of them
to the next boot.
"""

import logging
from typing import TYPE_CHECKING, Callable, Iterator, List, NamedTuple, Optional

from ..errors import DocumentError, UnusableError
from ..formats.host.hostname import parse_hostname
from ..formats.platform.instance import Instance
from ..system.clock import Clock
from ..system.commands import Commands
from ..system.hostname import set_hostname
from ..system.root import Root
from ..system.sshd.host_keys import has_sshd, lacks_host_keys, set_up_host_keys
from ..system.state import is_of_another_vm, remove_state
from .settings import BootSettings

if TYPE_CHECKING:
    from ..formats.host.ssh_keys import SshKey

# The names in the state file and in the answer of `provision --json`.
HOST_KEYS = "host-keys"
HOSTNAME = "hostname"
ADMIN_USER = "admin-user"
SSH_KEYS = "ssh-keys"

log = logging.getLogger(__name__)


class Step(NamedTuple):
    """A named step. `run` raises AzprovError for a failure; its result is not used."""

    name: str
    run: Callable[[], object]
    #: Whether Ready must not be reported without this step.
    is_required: bool = False
    #: Whether a step that is done for this VM has to run again; it raises nothing.
    is_undone: Callable[[], bool] = lambda: False


def steps_of(
    settings: BootSettings,
    root: Root,
    commands: Commands,
    clock: Clock,
    metadata: Callable[[], Instance],
    *,
    known_vm_id: Callable[[], Optional[str]],
    release_sshd: Callable[[], None],
) -> Iterator[Step]:
    """The steps that the settings ask for, in their order.

    `metadata` requests the instance metadata, and may raise AzprovError. `known_vm_id` is
    the VM's id, if it is known without a request. `release_sshd` is called after the step
    for host keys: sshd's service waits for it.
    """
    # Below another root, sshd would not need its keys before that root boots.
    if root.is_live and has_sshd(root):
        yield Step(
            HOST_KEYS,
            lambda: make_host_keys(root, commands, known_vm_id()),
            is_undone=lambda: lacks_host_keys(root),
        )
    release_sshd()
    if settings.set_hostname:
        yield Step(HOSTNAME, lambda: set_hostname(root, hostname_of(metadata()), commands))
    if settings.create_admin_user:
        yield Step(
            ADMIN_USER,
            lambda: create_admin_user(root, metadata(), commands, clock),
            is_required=True,
        )
    user = settings.ssh_keys_user
    if user is not None:
        name = user
        yield Step(
            SSH_KEYS,
            lambda: add_ssh_keys(root, name, metadata, commands, clock),
            is_required=True,
        )


def make_host_keys(root: Root, commands: Commands, vm_id: Optional[str]) -> None:
    """Make the host keys that are missing; all of them on a copy of another VM.

    Raises HostError.
    """
    is_copy = is_of_another_vm(root, vm_id)
    if is_copy:
        log.info("The SSH host keys belong to another VM, and are replaced")
    set_up_host_keys(root, commands, replace_all=is_copy)
    if is_copy:
        # Otherwise the next boot would replace the keys again if this one cannot report.
        remove_state(root)


def hostname_of(instance: Instance) -> str:
    """computerName, or the resource's name without one. Raises UnusableError."""
    return parse_hostname(instance.computer_name or instance.name)


def create_admin_user(
    root: Root, instance: Instance, commands: Commands, clock: Clock
) -> "List[SshKey]":
    """Create the platform's admin user; return the keys that the user can log in with.

    Nothing is created for a user who could not log in. Raises DocumentError,
    UnusableError or HostError, and LoginBlocked for an existing user who cannot log in.
    """
    from ..formats.host.passwd import parse_user_name
    from ..system.admin_user import set_up_admin

    if not instance.admin_username:
        raise DocumentError(
            "the instance metadata contains no admin user",
            "see the answer: azprov.pyz metadata compute/osProfile",
        )
    name, keys = parse_user_name(instance.admin_username), keys_of(instance)
    set_up_admin(
        root, name, keys, commands, clock, no_passwords=instance.is_password_login_disabled
    )
    return keys


def add_ssh_keys(
    root: Root, user: str, metadata: Callable[[], Instance], commands: Commands, clock: Clock
) -> "List[SshKey]":
    """Add the platform's public keys to the authorized keys of a user; return these keys.

    The platform is asked only if the user exists. Raises HostError or UnusableError,
    LoginBlocked for a user who has the keys but cannot log in, and the errors of `metadata`.
    """
    from ..system.accounts import require_account
    from ..system.logins import let_log_in, mount_files_of, require_login

    account = require_account(root, user, commands)
    keys = keys_of(metadata())
    mount_files_of(root, account, commands)
    let_log_in(root, account, keys, commands)
    require_login(root, account, commands, clock)
    return keys


def keys_of(instance: Instance) -> "List[SshKey]":
    """The platform's public keys that sshd can use; the others are logged and left out.

    Raises UnusableError if there is no usable key.
    """
    from ..formats.host.ssh_keys import parse_ssh_keys

    keys: List[SshKey] = []
    for number, text in enumerate(instance.public_keys, start=1):
        usable, bad_lines = parse_ssh_keys(text)
        keys += [key for key in usable if key not in keys]
        for bad in bad_lines:
            line = f"line {bad.number} of " if bad.number else ""
            log.warning("%sthe platform's public key %d is left out: %s", line, number, bad.reason)
    if not keys:
        kind = "no usable" if instance.public_keys else "no"
        raise UnusableError(
            f"the instance metadata contains {kind} SSH public key",
            "deploy the VM with an SSH key in OpenSSH's form",
        )
    return keys

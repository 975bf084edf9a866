"""The steps of a first boot before its report: host keys, host name, admin user, SSH keys.

Each step can be repeated: a power cut before the acknowledged report leaves all of them
to the next boot.
"""

import logging
from functools import partial
from typing import TYPE_CHECKING, Callable, Iterator, List, NamedTuple, Optional, Sequence, Set

from ..errors import DocumentError, LoginBlocked, UntrustedPlatform, UnusableError
from ..formats.host.hostname import parse_hostname
from ..formats.platform.instance import Instance
from ..formats.text import printable
from ..system.clock import Clock
from ..system.commands import Commands
from ..system.hostname import read_hostname, set_hostname
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

# The log lines of a VM without osProfile begin with this.
_SPECIALIZED = "This VM's disk was provisioned before (its metadata has no osProfile)"
_KEYLESS = "The deployment has no SSH key"

log = logging.getLogger(__name__)


class Step(NamedTuple):
    """A named step. `run` raises AzprovError for a failure; its result is not used."""

    name: str
    run: Callable[[], object]
    #: Whether Ready must not be reported without this step.
    is_required: bool = False
    #: Whether a step that is done for this VM has to run again; it raises nothing.
    is_undone: Callable[[], bool] = lambda: False
    #: Whether to run the step again after Ready, if it failed for want of an answer.
    may_follow_ready: bool = False


def steps_of(
    settings: BootSettings,
    root: Root,
    commands: Commands,
    clock: Clock,
    metadata: Callable[[], Instance],
    *,
    known_vm_id: Callable[[], Optional[str]],
    release_sshd: Callable[[], None],
    old_hostname: Optional[str] = None,
    distrust: Optional[UntrustedPlatform] = None,
) -> Iterator[Step]:
    """The steps that the settings ask for, in their order.

    `metadata` requests the instance metadata, and may raise AzprovError. `known_vm_id` is
    the VM's id, if it is known without a request. `release_sshd` is called after the step
    for host keys: sshd's service waits for it. `old_hostname` is the machine's name
    before the first attempt to set another one, if known. With `distrust` every step that
    takes something from the platform raises it, and does nothing.
    """
    # Below another root, sshd would not need its keys before that root boots.
    if root.is_live and has_sshd(root):
        yield Step(
            HOST_KEYS,
            lambda: make_host_keys(root, commands, known_vm_id()),
            is_undone=lambda: lacks_host_keys(root),
        )
    release_sshd()
    for step in _platform_steps(settings, root, commands, clock, metadata, old_hostname):
        yield step if distrust is None else step._replace(run=partial(_refuse, distrust))


def log_missing_host_keys(root: Root, *, is_reported: bool) -> None:
    """Log that a boot with work to do makes no host keys, because it only changes an image."""
    if not is_reported and not root.is_live and has_sshd(root):
        log.info("No SSH host keys are made with --root: the image makes its own when it boots")


def _refuse(distrust: UntrustedPlatform) -> None:
    raise distrust


def _platform_steps(
    settings: BootSettings,
    root: Root,
    commands: Commands,
    clock: Clock,
    metadata: Callable[[], Instance],
    old_hostname: Optional[str],
) -> Iterator[Step]:
    """The steps that take something from the platform."""
    if settings.set_hostname:
        yield Step(
            HOSTNAME,
            lambda: set_platform_hostname(root, metadata, commands, clock, old_hostname),
            may_follow_ready=True,
        )
    if settings.create_admin_user:
        yield Step(
            ADMIN_USER,
            lambda: set_up_platform_admin(root, metadata, commands, clock),
            is_required=True,
        )
    user = settings.ssh_keys_user
    if user is not None:
        name = user
        yield Step(
            SSH_KEYS,
            lambda: add_ssh_keys_at_boot(root, name, metadata, commands, clock),
            is_required=True,
        )


def platform_steps_of(settings: BootSettings) -> Set[str]:
    """The names of the steps that take something from the platform."""
    return required_steps_of(settings) | ({HOSTNAME} if settings.set_hostname else set())


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


def required_steps_of(settings: BootSettings) -> Set[str]:
    """The names of the steps without which Ready must not be reported."""
    names = {ADMIN_USER} if settings.create_admin_user else set()
    return names if settings.ssh_keys_user is None else {SSH_KEYS, *names}


def set_platform_hostname(
    root: Root,
    metadata: Callable[[], Instance],
    commands: Commands,
    clock: Clock,
    old_hostname: Optional[str],
) -> None:
    """Set the host name of the deployment, unless someone else has changed the name since.

    `old_hostname` is the name in /etc/hostname until now, if known. A name that only the
    running kernel has does not count: DHCP clients set such names too, and a restart ends
    them. A VM without osProfile keeps its name: its disk was provisioned before. Raises
    HostError or UnusableError, and the errors of `metadata`.
    """
    instance = metadata()
    if instance.is_specialized:
        log.info("%s: the host name stays", _SPECIALIZED)
        return
    present = read_hostname(root)
    is_changed = old_hostname is not None and present != old_hostname
    try:
        name = hostname_of(instance)
    except UnusableError:
        if not is_changed:
            raise
        name = ""
    if is_changed and present != name:
        log.info("The host name was changed to %s meanwhile, and stays", printable(present, 64))
        return
    set_hostname(root, name, commands, clock)


def hostname_of(instance: Instance) -> str:
    """computerName, or the resource's name without one. Raises UnusableError."""
    return parse_hostname(instance.computer_name or instance.name)


def set_up_platform_admin(
    root: Root, metadata: Callable[[], Instance], commands: Commands, clock: Clock
) -> None:
    """Create the platform's admin user, unless there is nothing that the user could log in with.

    That is so if the disk was provisioned before, and for a deployment with a password and no
    key, because azprov sets no passwords. Raises the errors of `create_admin_user` and of
    `metadata`.
    """
    instance = metadata()
    if instance.is_specialized:
        log.info("%s: no admin user is created", _SPECIALIZED)
        return
    if _has_only_password(instance):
        log.warning(
            "%s, and azprov sets no passwords: the admin user %s is not set up; deploy the VM "
            "with an SSH key if someone has to log in",
            _KEYLESS,
            printable(instance.admin_username, 64),
        )
        return
    create_admin_user(root, instance, commands, clock)


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


def add_ssh_keys_at_boot(
    root: Root, user: str, metadata: Callable[[], Instance], commands: Commands, clock: Clock
) -> None:
    """Add the platform's public keys to a user that a directory server may know only later.

    The user does not matter to a deployment without keys. Raises PassingError, and the errors
    of `add_ssh_keys`.
    """
    from ..system.accounts import await_account

    keys = keys_to_add(metadata(), user)
    if keys:
        await_account(root, user, commands, clock)
        add_ssh_keys(root, user, keys, commands, clock)


def keys_to_add(instance: Instance, user: str) -> "List[SshKey]":
    """The platform's public keys for a user; empty, after a line in the log, if there are none.

    Raises UnusableError if the deployment has keys and none is usable.
    """
    if _has_only_password(instance):
        reason = _SPECIALIZED if instance.is_specialized else _KEYLESS
        log.info("%s: nothing is added to the keys of %s", reason, user)
        return []
    try:
        return keys_of(instance)
    except UnusableError as error:
        if not instance.is_specialized:
            raise
        log.warning("%s: nothing is added to the keys of %s: %s", _SPECIALIZED, user, error.summary)
        return []


def add_ssh_keys(
    root: Root, user: str, keys: "Sequence[SshKey]", commands: Commands, clock: Clock
) -> None:
    """Add keys to the authorized keys of a user.

    Raises HostError, and LoginBlocked for a user who has the keys but cannot log in and for a
    service account.
    """
    from ..system.accounts import refuse_daemon, require_account
    from ..system.logins import let_log_in, mount_files_of, require_login

    account = require_account(root, user, commands)
    refuse_daemon(root, account)
    mount_files_of(root, account, commands)
    let_log_in(root, account, keys, commands)
    require_login(root, account, commands, clock)


def _has_only_password(instance: Instance) -> bool:
    """Whether a deployment has no key, and may have a password."""
    return not (instance.public_keys or instance.is_password_login_disabled)


def keys_of(instance: Instance) -> "List[SshKey]":
    """The platform's public keys that sshd can use; the others are logged and left out.

    Raises UnusableError if there is no usable key; it is a LoginBlocked if the deployment
    has a password.
    """
    from ..formats.host.ssh_keys import is_certificate, parse_ssh_keys

    keys: List[SshKey] = []
    for number, text in enumerate(instance.public_keys, start=1):
        usable, bad_lines = parse_ssh_keys(text)
        keys += [key for key in usable if key not in keys]
        for bad in bad_lines:
            line = f"line {bad.number} of " if bad.number else ""
            log.warning("%sthe platform's public key %d is left out: %s", line, number, bad.reason)
    if keys:
        return keys
    if _has_only_password(instance):
        raise LoginBlocked(
            "the deployment has no SSH public key, and azprov sets no passwords, so no one could "
            f"log in as {printable(instance.admin_username, 64)}",
            "deploy the VM with an SSH key (az vm create --ssh-key-values)",
        )
    kind = "no usable" if instance.public_keys else "no"
    hint = "deploy the VM with an SSH key in OpenSSH's form"
    if instance.public_keys and all(map(is_certificate, instance.public_keys)):
        hint = "deploy the VM with an SSH key in OpenSSH's form instead of an X.509 certificate"
    failure = LoginBlocked if instance.has_password_login else UnusableError
    raise failure(f"the instance metadata contains {kind} SSH public key", hint)

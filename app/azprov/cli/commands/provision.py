"""Runs the first boot."""

import argparse
import logging
import os
from typing import Iterator, Optional, Tuple

from ...azure.conversation import LAST_ATTEMPT_S, Conversation
from ...azure.imds import Imds
from ...boot.connect import Ports, open_patient_imds, real_commands, real_ports
from ...boot.provision import ADMIN_USER, HOST_KEYS, HOSTNAME, READY, SSH_KEYS, Step, provision
from ...boot.settings import BootSettings, WireServerSettings
from ...errors import AzprovError, DocumentError, NotPermitted, PlatformError
from ...formats.platform.instance import Instance
from ...formats.platform.vm_id import parse_vm_id
from ...system.boot_service import UNIT_NAME, disable, is_service_name
from ...system.clock import Clock
from ...system.commands import Commands
from ...system.hostname import set_hostname
from ...system.root import Root
from ...system.sshd.host_keys import lacks_host_keys, make_host_keys
from ..options import (
    add_imds_options,
    add_protocol_option,
    add_root_option,
    add_wireserver_options,
    imds_settings,
    user_name,
    wireserver_settings,
)
from ..output import Answer
from ..parser import Parser
from ..reporting import failure_line, report_failed, report_ready
from .set_hostname import hostname_of

SUMMARY = "the first boot: the chosen steps, then Ready, each once per VM"
EXAMPLE = ("create the admin user too", "provision --admin-user")

# How long a metadata service may be silent when WireServer is not, where a host name is
# all that hangs on it. cloud-init gives up after a dozen failed connections too.
_SILENT_S = 10.0
# What is kept for Ready of a boot in which nobody was ever there to be asked for a name.
_READY_S = 60.0

log = logging.getLogger(__name__)


def configure(parser: Parser) -> None:
    add_step_options(parser)
    parser.add_argument(
        "--unit",
        metavar="NAME",
        type=_service_name,
        default=UNIT_NAME,
        help=f"the service to disable ({UNIT_NAME})",
    )
    add_wireserver_options(parser)
    add_protocol_option(parser)
    add_imds_options(parser, since=" from when the platform is there")
    add_root_option(parser)


def add_step_options(parser: Parser) -> None:
    """What is to be done at a first boot; `install` writes it into the service."""
    parser.add_argument("--no-hostname", action="store_true", help="leave the host name alone")
    parser.add_argument(
        "--ssh-keys",
        metavar="USER",
        type=user_name,
        help="add the platform's public keys to that user's login",
    )
    parser.add_argument(
        "--admin-user", action="store_true", help="create the platform's admin user"
    )
    parser.add_argument(
        "--keep-enabled", action="store_true", help="do not disable the service after success"
    )


def run(options: argparse.Namespace) -> Answer:
    if options.root.is_live and os.geteuid() != 0:
        raise NotPermitted("the first boot changes this machine", "run it as root")
    # A mistyped option is no failure of the deployment, which would be final.
    settings = BootSettings(
        wireserver_settings(options),
        imds_settings(options),
        options.unit,
        not options.no_hostname,
        options.admin_user,
        options.ssh_keys,
        options.keep_enabled,
    )
    root, ports, commands = options.root, real_ports(), real_commands()
    time_left = _TimeLeft(settings.wireserver, ports.clock)
    metadata = _Metadata(settings, ports, root, time_left)

    def told_failure(step: str, error: AzprovError) -> None:
        # What the platform may still say at the next boot has not failed for good.
        is_open = isinstance(error, (PlatformError, DocumentError))
        if is_open and time_left.seconds() < LAST_ATTEMPT_S:
            raise error
        log.info("Telling Azure that provisioning failed, for want of the step %s", step)
        data = {"step": step, "hint": error.hint}
        line = failure_line(
            settings.wireserver, root, error.summary, data, vm_id=metadata.known_vm_id
        )
        report_failed(time_left.settings(), ports, root, line, dry_run=False)

    def disable_unit() -> None:
        if not settings.keep_enabled:
            disable(root, settings.unit, commands)

    provisioned = provision(
        root,
        tuple(_steps(settings, metadata, ports, root, commands, time_left)),
        report_failure=told_failure,
        ask_vm_id=lambda: metadata.instance().vm_id,
        disable=disable_unit,
    )
    failure = provisioned.failure
    return Answer(
        "",
        {"error": None, "done_now": list(provisioned.done_now)},
        exit_code=0 if failure is None else failure.exit_code,
        failure=failure,
    )


def _steps(
    settings: BootSettings,
    metadata: "_Metadata",
    ports: Ports,
    root: Root,
    commands: Commands,
    time_left: "_TimeLeft",
) -> Iterator[Step]:
    """The first boot, in its order."""

    def set_name() -> None:
        set_hostname(root, hostname_of(metadata.instance()), commands)

    def create_user() -> None:
        from .admin_user import create_admin

        create_admin(root, metadata.instance(), commands)

    def add_users_keys() -> None:
        from ...system.accounts import require_account
        from ...system.sshd.authorized_keys import add_keys
        from .ssh_keys import keys_of

        account = require_account(root, settings.ssh_keys_user or "")
        add_keys(root, account, keys_of(metadata.instance()), commands)

    if root.is_live and lacks_host_keys(root):
        yield Step(HOST_KEYS, lambda: make_host_keys(root, commands))
    if settings.set_hostname:
        yield Step(HOSTNAME, set_name)
    if settings.create_admin_user:
        yield Step(ADMIN_USER, create_user, is_required=True)
    if settings.ssh_keys_user is not None:
        yield Step(SSH_KEYS, add_users_keys, is_required=True)
    yield Step(READY, lambda: report_ready(time_left.settings(), ports, root, dry_run=False))


def _service_name(text: str) -> str:
    if not is_service_name(text):
        raise argparse.ArgumentTypeError(f"not the name of a service: {text!a}")
    return text


class _TimeLeft:
    """The one deadline of a boot, by which all that is said to the platform has to be said."""

    def __init__(self, settings: WireServerSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._deadline: float = self._clock.now() + settings.timeout_s

    def seconds(self) -> float:
        return max(0.0, self._deadline - self._clock.now())

    def settings(self) -> WireServerSettings:
        """Those of the boot, for a conversation that begins now."""
        return self._settings._replace(timeout_s=self.seconds())


class _Metadata:
    """The platform's answer, asked for once, when it is first needed."""

    def __init__(
        self, settings: BootSettings, ports: Ports, root: Root, time_left: _TimeLeft
    ) -> None:
        self._settings, self._ports, self._root = settings, ports, root
        self._time_left = time_left
        # Without a user the provisioning fails for good; a host name can come next time.
        self._is_needed = settings.has_required_step
        self._instance: Optional[Instance] = None
        self._failure: Optional[AzprovError] = None

    @property
    def known_vm_id(self) -> Optional[str]:
        """Of an answer that is there already, if there is one in it."""
        return parse_vm_id(self._instance.vm_id) if self._instance else None

    def instance(self) -> Instance:
        """Raises AzprovError, the same one at every call."""
        if self._failure is not None:
            raise self._failure
        if self._instance is None:
            imds, conversation = self._client()
            try:
                self._instance = conversation.retry(imds.fetch_instance)
            except AzprovError as error:
                self._failure = error
                raise
        return self._instance

    def _client(self) -> Tuple[Imds, Conversation]:
        """Ready is left half of the time, whatever a metadata service does that is there.

        While the whole platform is not, nothing can be reported either, and to tell
        of a failure that the next boot may not have would be final.
        """
        left_s = self._time_left.seconds()
        bound_s = min(self._settings.imds.timeout_s, left_s / 2)
        limit_s = left_s if self._is_needed else max(left_s - _READY_S, left_s / 2)
        return open_patient_imds(
            self._ports,
            self._root,
            self._settings.wireserver._replace(timeout_s=limit_s),
            self._settings.imds._replace(timeout_s=bound_s),
            silent_s=bound_s if self._is_needed else min(bound_s, _SILENT_S),
        )

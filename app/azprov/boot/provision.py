"""The first boot: its steps, each once per VM, and then its report.

If a required step fails, the failure is reported instead of Ready. A failure report is
final, so it is the last resort.

Ready does not wait for a host name: if WireServer can be reached before the metadata
service, the host name follows Ready in the same run.
"""

import logging
from typing import Callable, Iterable, Optional

from ..azure.retry_loop import LAST_ATTEMPT_S
from ..errors import AzprovError, UntrustedPlatform
from ..system.clock import Clock
from ..system.commands import Commands
from ..system.firmware import read_vm_id
from ..system.init import disable, is_enabled
from ..system.root import Root
from ..system.state import State
from .connect import Ports
from .deadline import FINAL_S, Deadline
from .metadata import Metadata
from .once_per_vm import run_once_per_vm
from .outcome import FAILURE, READY, Failure, Outcome, warning_of
from .report import failure_line, report_failure, report_ready
from .settings import BootSettings, WireServerSettings
from .steps import Step, log_missing_host_keys, required_steps_of, steps_of
from .trust import explained, find_distrust, log_distrust, time_limit_s

# How often and how long to wait for space on a disk, after Ready. A first boot may enlarge
# the file system, which takes a few seconds.
_DISK_WAITS, _DISK_WAIT_S = 5, 2.0

log = logging.getLogger(__name__)


def provision(
    settings: BootSettings,
    root: Root,
    ports: Ports,
    commands: Commands,
    *,
    release_sshd: Callable[[], None],
) -> Outcome:
    """Run the first boot of the machine below a root.

    `release_sshd` is called when sshd may start: its host keys are there, or cannot be made.
    """
    distrust = find_distrust(settings, ports.firmware or root)
    deadline = Deadline(ports.clock, time_limit_s(settings, distrust))
    metadata = Metadata(ports, root, settings, deadline, distrust)

    def wireserver() -> WireServerSettings:
        return settings.wireserver.with_timeout(deadline.left_s())

    def send_failure(failure: Failure) -> None:
        log.info("Reporting to Azure that provisioning failed in the step %s", failure.name)
        line = failure_line(
            ports,
            root,
            settings.wireserver.agent_name,
            failure.error.summary,
            {"step": failure.name, "hint": failure.error.hint},
            vm_id=metadata.known_vm_id,
        )
        report_failure(ports, root, wireserver(), line, dry_run=False)

    def open_steps(state: State) -> Iterable[Step]:
        is_reported = READY in state.done or FAILURE in state.done
        is_required = not required_steps_of(settings).issubset(state.done)
        metadata.is_required = is_required and not is_reported
        metadata.is_ready_due = not is_required and not is_reported
        log_distrust(distrust, settings, state.done)
        log_missing_host_keys(root, is_reported=is_reported)
        return steps_of(
            settings,
            root,
            commands,
            ports.clock,
            metadata.instance,
            known_vm_id=lambda: read_vm_id(root) or metadata.known_vm_id,
            release_sshd=release_sshd,
            old_hostname=state.old_hostname,
            distrust=distrust,
        )

    def send_ready() -> None:
        _eject_dvd(ports, root, distrust)
        try:
            report_ready(ports, root, wireserver(), dry_run=False)
        except AzprovError as error:
            if distrust is None:
                raise
            raise explained(error, distrust) from error
        metadata.is_ready_due = False

    def is_final(error: AzprovError) -> bool:
        # The next boot may get the answer that this boot did not get in time.
        has_waited = metadata.waited_s >= FINAL_S and deadline.left_s() >= LAST_ATTEMPT_S
        return has_waited if error.lacks_answer else error.is_lasting

    def disable_service() -> None:
        if not settings.keep_enabled:
            disable(root, settings.unit, commands)

    return _with_next_run(
        run_once_per_vm(
            root,
            open_steps,
            send_ready=send_ready,
            send_failure=send_failure,
            is_final=is_final,
            request_vm_id=lambda: metadata.instance().vm_id,
            known_vm_id=lambda: metadata.known_vm_id,
            disable_service=disable_service,
            wait_for_disk=_disk_wait(ports.clock),
        ),
        root,
        settings.unit,
    )


def _eject_dvd(ports: Ports, root: Root, distrust: Optional[UntrustedPlatform]) -> None:
    """Eject the provisioning DVD of this machine. On other machines, a disc is the user's."""
    if distrust is None and root.is_live:
        ports.eject_dvd(root)


def _with_next_run(outcome: Outcome, root: Root, unit: str) -> Outcome:
    """The outcome with whether the service runs again; log the open steps if nothing failed."""
    if not outcome.is_open:
        return outcome
    outcome = outcome._replace(is_enabled=is_enabled(root, unit))
    if not outcome.failures and (outcome.unstored or outcome.is_enabled):
        log.warning("%s", warning_of(outcome))
    return outcome


def _disk_wait(clock: Clock) -> Callable[[], bool]:
    """Waits for a disk for a while; returns False at once when it has waited often enough."""
    waits = iter(range(_DISK_WAITS))

    def wait() -> bool:
        has_left = next(waits, None) is not None
        clock.sleep(_DISK_WAIT_S if has_left else 0.0)
        return has_left

    return wait

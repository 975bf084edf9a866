"""Runs each step once per VM, then sends the report until it is acknowledged.

A step counts as done only when the platform has acknowledged the report. A power cut
before that leaves all steps to the next boot. If a required step fails, the failure is
reported instead of Ready. A failure report is final.
"""

import logging
from functools import partial
from typing import Callable, Iterable, List, Optional, Tuple

from ..azure.retry_loop import LAST_ATTEMPT_S
from ..errors import AzprovError, DiskError, DocumentError, PlatformError, bug
from ..formats.platform.vm_id import is_same_vm, parse_vm_id
from ..system.commands import Commands
from ..system.init import disable
from ..system.root import Root
from ..system.state import State, read_state, write_state
from ..system.vm_id import read_vm_id
from .connect import Ports
from .deadline import Deadline
from .metadata import Metadata
from .outcome import FAILURE, READY, SERVICE, STATE, Failure, Outcome
from .report import failure_line, report_failure, report_ready
from .settings import BootSettings, WireServerSettings
from .steps import Step, steps_of

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
    deadline = Deadline(ports.clock, settings.wireserver.timeout_s)
    metadata = Metadata(ports, root, settings, deadline)

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

    def is_final(error: AzprovError) -> bool:
        # The next boot may get the answer that this boot did not get in time.
        lacks_answer = isinstance(error, (PlatformError, DocumentError))
        return not lacks_answer or deadline.left_s() >= LAST_ATTEMPT_S

    def disable_service() -> None:
        if not settings.keep_enabled:
            disable(root, settings.unit, commands)

    return run_once_per_vm(
        root,
        steps_of(
            settings,
            root,
            commands,
            ports.clock,
            metadata.instance,
            known_vm_id=lambda: read_vm_id(root) or metadata.known_vm_id,
            release_sshd=release_sshd,
        ),
        send_ready=lambda: report_ready(ports, root, wireserver(), dry_run=False),
        send_failure=send_failure,
        is_final=is_final,
        request_vm_id=lambda: metadata.instance().vm_id,
        disable_service=disable_service,
    )


def run_once_per_vm(
    root: Root,
    steps: Iterable[Step],
    *,
    send_ready: Callable[[], object],
    send_failure: Callable[[Failure], object],
    is_final: Callable[[AzprovError], bool],
    request_vm_id: Callable[[], str],
    disable_service: Callable[[], None],
) -> Outcome:
    """Run the steps that are not yet done for this VM, then report.

    A step runs whether or not the steps before it succeeded. The state is written when
    the report is acknowledged; the service is disabled when everything is done.

    `send_failure` reports the first required step that failed, if its error `is_final`:
    no later boot could undo it. A disk that is read-only, full or broken never keeps Ready
    from being sent: a later boot may be able to write. `request_vm_id` asks the platform for
    the id, where the firmware provides none. All callables except `is_final` may raise AzprovError.
    """
    old = read_state(root)
    vm_id = read_vm_id(root)
    if vm_id is None and old.vm_id is not None:
        vm_id = _requested(request_vm_id)
    done = old.done if is_same_vm(old.vm_id, vm_id) else ()
    boot = _Boot(done, is_live=root.is_live)
    boot.run_steps(steps)
    boot.report(send_ready, send_failure, is_final)
    if boot.is_acknowledged:
        if boot.done_now:
            state = State(vm_id or _requested(request_vm_id), boot.all_done)
            boot.attempt(STATE, lambda: write_state(root, state))
        elif boot.is_complete:
            log.info("Everything is already done for this VM")
        # Even if the state could not be written: the platform does not expect a second Ready.
        if boot.is_complete or [failure.name for failure in boot.failures] == [STATE]:
            boot.attempt(SERVICE, disable_service)
    return boot.outcome


class _Boot:
    """One boot of a VM for which some steps, and perhaps the report, are already done."""

    def __init__(self, done: Tuple[str, ...], *, is_live: bool) -> None:
        self._done = done
        self._is_live = is_live
        self._has_open_steps = False
        self._is_report_postponed = False
        self.done_now: List[str] = []
        self.failures: List[Failure] = []

    @property
    def all_done(self) -> Tuple[str, ...]:
        return tuple(dict.fromkeys((*self._done, *self.done_now)))

    @property
    def is_acknowledged(self) -> bool:
        """Whether the platform has acknowledged a report, now or at an earlier boot."""
        return READY in self.all_done or FAILURE in self.all_done

    @property
    def is_complete(self) -> bool:
        """Whether no step is left for a later boot."""
        return not self.failures and not self._has_open_steps

    @property
    def outcome(self) -> Outcome:
        return Outcome(
            tuple(self.done_now),
            tuple(self.failures),
            is_failure_reported=FAILURE in self.all_done,
            is_report_postponed=self._is_report_postponed,
        )

    def run_steps(self, steps: Iterable[Step]) -> None:
        for step in steps:
            if step.name in self._done and not step.is_undone():
                continue
            failure = self.attempt(step.name, step.run, is_required=step.is_required)
            if failure is None:
                self.done_now.append(step.name)
                continue
            self._has_open_steps = True
            if failure in self.failures:
                effect = "continuing with the next step"
                if self.is_acknowledged:
                    effect = "the next boot tries this step again"
                elif failure.is_required:
                    effect = "Ready will not be reported"
                log.warning("the step %s failed: %s; %s", step.name, failure.error, effect)

    def report(
        self,
        send_ready: Callable[[], object],
        send_failure: Callable[[Failure], object],
        is_final: Callable[[AzprovError], bool],
    ) -> None:
        """Report Ready, or the first failure of a required step if it is final."""
        if self.is_acknowledged:
            return
        cause = self.outcome.cause
        if cause is None:
            name, send = READY, send_ready
        elif is_final(cause.error):
            name, send = FAILURE, partial(send_failure, cause)
        else:
            self._is_report_postponed = True
            return
        if self.attempt(name, send) is None:
            self.done_now.append(name)

    def attempt(
        self, name: str, action: Callable[[], object], *, is_required: bool = False
    ) -> Optional[Failure]:
        """Try an action; note and return its failure. A bug in one step must not prevent Ready.

        A machine with a read-only disk is made so: there, the failure of an optional step is
        only logged, and not noted.
        """
        try:
            action()
        except AzprovError as error:
            failure = Failure(name, error, is_required and error.prevents_ready)
            is_read_only = isinstance(error, DiskError) and error.is_read_only
            if is_read_only and self._is_live and not is_required:
                log.warning("%s; the machine is read-only, so each boot tries again", error.summary)
                return failure
        except Exception as error:
            log.debug("", exc_info=error)
            failure = Failure(name, bug(error), is_required)
        else:
            return None
        self.failures.append(failure)
        return failure


def _requested(request_vm_id: Callable[[], str]) -> Optional[str]:
    try:
        return parse_vm_id(request_vm_id())
    except AzprovError as error:
        log.warning("neither the firmware nor the platform provides a VM id: %s", error)
        return None

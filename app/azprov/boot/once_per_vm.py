"""Runs each step once per VM: which steps are open, what is reported, what the state records.

A step counts as done only when the platform has acknowledged the report. A power cut
before that leaves all steps to the next boot.
"""

import logging
from functools import partial
from typing import Callable, Iterable, List, Optional, Tuple

from ..errors import AzprovError, DiskError, UntrustedPlatform, bug
from ..formats.platform.vm_id import is_same_vm, parse_vm_id
from ..system.firmware import read_vm_id
from ..system.hostname import read_hostname
from ..system.root import Root
from ..system.state import State, read_state, write_state
from .outcome import FAILURE, READY, SERVICE, STATE, Failure, Outcome
from .steps import HOSTNAME, Step

# What a machine that is read-only on purpose can do without.
_NEEDLESS = (HOSTNAME, STATE, SERVICE)

log = logging.getLogger(__name__)


def run_once_per_vm(
    root: Root,
    open_steps: Callable[[State], Iterable[Step]],
    *,
    send_ready: Callable[[], object],
    send_failure: Callable[[Failure], object],
    is_final: Callable[[AzprovError], bool],
    request_vm_id: Callable[[], str],
    disable_service: Callable[[], None],
    known_vm_id: Callable[[], Optional[str]],
    wait_for_disk: Callable[[], bool],
) -> Outcome:
    """Run the steps that are not yet done for this VM, then report.

    A step runs whether or not the steps before it succeeded. The state is written when
    the report is acknowledged; the service is disabled when everything is done. After the
    acknowledgement, each step that may follow Ready and lacked an answer runs again. So does
    each step that failed because a disk was full or broken, until it succeeds or
    `wait_for_disk` returns False.

    `open_steps` gets the state of this VM. Steps that the state has as done are skipped.
    `send_failure` reports the first required step that failed, if its error `is_final`:
    no later boot could undo it. A disk that is read-only, full or broken never keeps Ready
    from being sent: a later boot may be able to write. `request_vm_id` asks the platform for
    the id, where the firmware provides none, and `known_vm_id` is an id that the platform has
    already provided. The first, `send_ready`, `send_failure` and `disable_service` may raise
    AzprovError.
    """
    old = read_state(root)
    vm_id = read_vm_id(root)
    if vm_id is None and old.vm_id is not None:
        vm_id = _requested(request_vm_id)
    if not is_same_vm(old.vm_id, vm_id):
        old = State(vm_id)
    if old.old_hostname is None:
        old = old._replace(old_hostname=read_hostname(root))
    boot = _Boot(old, is_live=root.is_live)
    boot.run_steps(open_steps(old))
    boot.report(send_ready, send_failure, is_final)
    if boot.is_acknowledged:
        vm_id = vm_id or known_vm_id()
        if boot.following and vm_id is not None:
            # The power may fail while the steps that follow wait for their answer.
            boot.record(root, vm_id)
        boot.run_following(wait_for_disk)
        if boot.done_now:
            boot.record(root, vm_id or _requested(request_vm_id))
        elif boot.is_complete:
            log.info("Everything is already done for this VM")
        # Even if the state could not be written: the platform does not expect a second Ready.
        if boot.is_complete or [failure.name for failure in boot.failures] == [STATE]:
            boot.attempt(SERVICE, disable_service)
        if boot.is_complete and FAILURE in old.done:
            log.warning(
                "Azure keeps the failure that an earlier boot reported: delete the VM, and deploy "
                "it again"
            )
    return boot.outcome


class _Boot:
    """One boot of a VM for which some steps, and perhaps the report, are already done."""

    def __init__(self, old: State, *, is_live: bool) -> None:
        self._old = old
        self._done = old.done
        self._is_live = is_live
        self._open_steps: List[str] = []
        self._is_report_postponed = False
        #: The steps that failed for want of an answer, and run again after Ready.
        self.following: List[Step] = []
        self.done_now: List[str] = []
        self.failures: List[Failure] = []
        #: What a read-only machine did not store.
        self._unstored: List[Failure] = []
        # Whether the next boot will know that a report was acknowledged.
        self._is_recorded = READY in old.done or FAILURE in old.done

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
        return not self.failures and not self._open_steps

    @property
    def outcome(self) -> Outcome:
        return Outcome(
            tuple(self.done_now),
            # If something else failed too, that says more about the boot than distrust.
            tuple(sorted(self.failures, key=lambda failure: failure.is_distrust)),
            is_failure_reported=FAILURE in self.all_done,
            is_report_postponed=self._is_report_postponed,
            unstored=tuple(self._unstored),
            is_recorded=self._is_recorded or not self.is_acknowledged,
        )

    def run_steps(self, steps: Iterable[Step]) -> None:
        for step in steps:
            if step.name in self._done and not step.is_undone():
                continue
            failure = self.attempt(step.name, step.run, is_required=step.is_required)
            if failure is None:
                self.done_now.append(step.name)
                continue
            self._open_steps.append(step.name)
            lacks_answer = step.may_follow_ready and failure.error.lacks_answer
            if _is_full(failure.error) or (lacks_answer and not self.is_acknowledged):
                self.following.append(step)
            if lacks_answer and not self.is_acknowledged:
                log.info("The step %s has no answer yet: %s", step.name, failure.error.summary)
            elif not failure.is_distrust:
                log.warning("the step %s failed: %s", step.name, failure.error)

    def run_following(self, wait_for_disk: Callable[[], bool]) -> None:
        """Run the steps again that failed for want of an answer or of space on a disk."""
        for step in self.following:
            log.info("Trying the step %s again", step.name)
            before = self.outcome.failure_of(step.name)
            failure = self.attempt(step.name, step.run)
            while failure is not None and _is_full(failure.error) and wait_for_disk():
                failure = self.attempt(step.name, step.run)
            if failure is None:
                self._open_steps.remove(step.name)
                self.done_now.append(step.name)
            elif str(failure.error) == str(before):
                log.warning("the step %s failed again, for the same reason", step.name)
            else:
                log.warning("the step %s failed: %s", step.name, failure.error)
        self.following = []

    def record(self, root: Root, vm_id: Optional[str]) -> None:
        """Write the state; without an id, it belongs to no VM."""
        failure = self.attempt(STATE, partial(write_state, root, self.state_of(vm_id)))
        self._is_recorded = failure is None and vm_id is not None

    def state_of(self, vm_id: Optional[str]) -> State:
        """What is done for this VM, and the old host name if the next boot has to set one."""
        is_open = self.outcome.failure_of(HOSTNAME) is not None
        return State(vm_id, self.all_done, self._old.old_hostname if is_open else None)

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
        """Try an action; note and return its failure, in place of an earlier one.

        A bug in one step must not prevent Ready. A read-only disk is treated as intended: what
        could not be stored there is then not noted as a failure, unless someone needs it to log
        in.
        """
        self.failures = [failure for failure in self.failures if failure.name != name]
        self._unstored = [failure for failure in self._unstored if failure.name != name]
        try:
            action()
        except AzprovError as error:
            failure = Failure(name, error, is_required and error.prevents_ready)
            is_read_only = isinstance(error, DiskError) and error.is_read_only
            if is_read_only and self._is_live and name in _NEEDLESS:
                self._unstored.append(failure)
                return failure
        except Exception as error:
            log.debug("", exc_info=error)
            failure = Failure(name, bug(error), is_required)
        else:
            return None
        self.failures.append(failure)
        return failure


def _is_full(error: AzprovError) -> bool:
    """Whether a disk could not be written, although it is not read-only."""
    return isinstance(error, DiskError) and not error.is_read_only


def _requested(request_vm_id: Callable[[], str]) -> Optional[str]:
    try:
        return parse_vm_id(request_vm_id())
    except UntrustedPlatform:
        return None
    except AzprovError as error:
        log.debug("neither the firmware nor the platform provides a VM id: %s", error)
        return None

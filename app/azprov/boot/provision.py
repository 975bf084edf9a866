"""The first boot, as an ordered tuple of named steps: each once per VM, Ready last.

A step that is done is written down only when the platform has acknowledged the
report: a power cut before that leaves everything to be done again, which every
step can bear. A step that Ready must not go without fails the provisioning: the
platform is told so in place of Ready, which is final.
"""

import logging
from functools import partial
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from ..errors import AzprovError
from ..formats.platform.vm_id import is_same_vm, parse_vm_id
from ..system.root import Root
from ..system.state import State, read_state, write_state
from ..system.vm_id import read_vm_id

READY = "ready"
#: In place of Ready, where a required step failed. Neither is sent after the other.
FAILURE = "failure"
HOST_KEYS = "host-keys"
HOSTNAME = "hostname"
ADMIN_USER = "admin-user"
SSH_KEYS = "ssh-keys"
# What follows an acknowledged Ready, by the names of its failures.
_STATE = "state"
_SERVICE = "service"
_REPORTS = frozenset([READY, FAILURE])

log = logging.getLogger(__name__)


class Step(NamedTuple):
    """A step raises AzprovError if it could not be done; what it returns is nobody's."""

    name: str
    run: Callable[[], object]
    #: Whether Ready must not be reported without it.
    is_required: bool = False


class Provisioned(NamedTuple):
    """What is done now, and the first step's error that is still open."""

    done_now: Tuple[str, ...]
    failure: Optional[AzprovError]


def provision(
    root: Root,
    steps: Tuple[Step, ...],
    *,
    report_failure: Callable[[str, AzprovError], None],
    ask_vm_id: Callable[[], str],
    disable: Callable[[], None],
) -> Provisioned:
    """Run the steps that are open for this VM, the last of which is Ready.

    Each runs whatever became of those before it; in place of Ready `report_failure`
    is called with the name and error of a required step that failed; it raises that
    error itself where it is nothing to be told yet. When the report is acknowledged,
    what is done is written down; when all is, `disable` takes the service away.
    `ask_vm_id` asks the platform where the firmware does not say. All three may raise
    AzprovError.
    """
    old = read_state(root)
    vm_id = read_vm_id(root)
    if vm_id is None and old.vm_id is not None:
        vm_id = _asked(ask_vm_id)
    done = old.done if is_same_vm(old.vm_id, vm_id) else ()
    failures: Dict[str, AzprovError] = {}
    done_now: List[str] = []
    for planned in steps:
        step = _report_of(steps, failures, report_failure) if planned.name == READY else None
        step = step or planned
        if step.name in done or (step.name in _REPORTS and _REPORTS.intersection(done)):
            continue
        failure = _tried(step)
        if failure is None:
            done_now.append(step.name)
        else:
            failures[step.name] = failure
            if step.name not in _REPORTS:
                costs_ready = step.is_required and not _REPORTS.intersection(done)
                goes_on = "Ready will not be reported" if costs_ready else "going on without it"
                log.warning("the step %s failed: %s; %s", step.name, failure, goes_on)
    if not _REPORTS.intersection(failures):
        if done_now:
            state = State(vm_id or _asked(ask_vm_id), (*done, *done_now))
            _settle(failures, Step(_STATE, lambda: write_state(root, state)))
        elif not failures:
            log.info("Nothing is open for this VM")
        if set(failures) <= {_STATE}:
            # Also where the state could not be written: a second Ready is what
            # the platform does not expect.
            _settle(failures, Step(_SERVICE, disable))
    cause = failures.get(_cause(steps, failures))
    is_told = FAILURE in done or FAILURE in done_now
    return Provisioned(tuple(done_now), _told(failures, cause, is_told=is_told))


def _cause(steps: Tuple[Step, ...], failures: Dict[str, AzprovError]) -> str:
    """The first required step that failed; empty where none did."""
    return next((step.name for step in steps if step.is_required and step.name in failures), "")


def _report_of(
    steps: Tuple[Step, ...],
    failures: Dict[str, AzprovError],
    report_failure: Callable[[str, AzprovError], None],
) -> Optional[Step]:
    """The report to send in place of Ready, where there is a reason to."""
    name = _cause(steps, failures)
    return Step(FAILURE, partial(report_failure, name, failures[name])) if name else None


def _told(
    failures: Dict[str, AzprovError], cause: Optional[AzprovError], *, is_told: bool
) -> Optional[AzprovError]:
    """The first failure, which gives the exit code, in words that also tell of the report.

    `cause` is that of the first required step, if one failed now; `is_told` says
    whether Azure knows of a failure, now or from an earlier boot.
    """
    if not failures:
        return None
    step, first = next(iter(failures.items()))
    unready, untold = failures.get(READY), failures.get(FAILURE)
    if unready is not None and unready is not first:
        before = f"the step {step} failed before that: {first.summary}"
        return type(first)(f"Ready is not acknowledged, {unready.summary}; {before}", unready.hint)
    if untold is not None and untold is cause:
        why = f"nothing is reported, the next boot tries again: {untold.summary}"
        return type(first)(why, untold.hint)
    if untold is not None:
        why = f"provisioning failed, {first}; and Azure could not be told, {untold.summary}"
        return type(first)(why, untold.hint)
    if is_told and cause is not None:
        return type(first)(f"Azure is told that provisioning failed: {cause.summary}", cause.hint)
    if is_told:
        why = f"Azure was told before that provisioning failed, and now {first.summary}"
        return type(first)(why, first.hint)
    if unready is None:
        return type(first)(f"Ready is acknowledged, but {first.summary}", first.hint)
    return first


def _settle(failures: Dict[str, AzprovError], step: Step) -> None:
    failure = _tried(step)
    if failure is not None:
        failures[step.name] = failure


def _tried(step: Step) -> Optional[AzprovError]:
    """Run a step; its failure, if it was one. A bug in one step must not cost Ready."""
    try:
        step.run()
    except AzprovError as error:
        return error
    except Exception as error:
        log.debug("", exc_info=error)
        return AzprovError(
            f"a bug in azprov: {type(error).__name__}: {error}",
            "please report it with the output of -v",
        )
    return None


def _asked(ask_vm_id: Callable[[], str]) -> Optional[str]:
    try:
        return parse_vm_id(ask_vm_id())
    except AzprovError as error:
        log.warning("the firmware names no VM id, and the platform neither: %s", error)
        return None

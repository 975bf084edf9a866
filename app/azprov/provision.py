"""The first boot, as an ordered tuple of named steps: each once per VM, Ready last.

A step that is done is written down only when the platform has acknowledged
Ready: a power cut before that leaves everything to be done again, which every
step can bear.
"""

import logging
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from .documents.vm_id import is_same_vm, parse_vm_id
from .errors import AzprovError
from .host.identity import read_vm_id
from .host.root import Root
from .host.state import State, read_state, write_state

READY = "ready"
HOSTNAME = "hostname"
# What follows an acknowledged Ready, by the names of its failures.
_STATE = "state"
_SERVICE = "service"

log = logging.getLogger(__name__)


class Step(NamedTuple):
    """A step raises AzprovError if it could not be done."""

    name: str
    run: Callable[[], None]


class Provisioned(NamedTuple):
    """What is done now, and the first step's error that is still open."""

    done_now: Tuple[str, ...]
    failure: Optional[AzprovError]


def provision(
    root: Root,
    steps: Tuple[Step, ...],
    *,
    ask_vm_id: Callable[[], str],
    disable: Callable[[], None],
) -> Provisioned:
    """Run the steps that are open for this VM, the last of which is Ready.

    Each runs whatever became of those before it. When Ready is acknowledged,
    what is done is written down; when all is, `disable` takes the service away.
    `ask_vm_id` asks the platform where the firmware does not say; it may raise
    AzprovError.
    """
    old = read_state(root)
    vm_id = read_vm_id(root)
    if vm_id is None and old.vm_id is not None:
        vm_id = _asked(ask_vm_id)
    done = old.done if is_same_vm(old.vm_id, vm_id) else ()
    failures: Dict[str, AzprovError] = {}
    done_now: List[str] = []
    for step in steps:
        if step.name in done:
            continue
        failure = _tried(step)
        if failure is None:
            done_now.append(step.name)
        else:
            failures[step.name] = failure
            if step.name != READY:
                log.warning("%s; going on without it", failure)
    if READY not in failures:
        if done_now:
            state = State(vm_id or _asked(ask_vm_id), (*done, *done_now))
            _settle(failures, Step(_STATE, lambda: write_state(root, state)))
        elif not failures:
            log.info("Nothing is open for this VM")
        if set(failures) <= {_STATE}:
            # Also where the state could not be written: a second Ready is what
            # the platform does not expect.
            _settle(failures, Step(_SERVICE, disable))
    return Provisioned(tuple(done_now), _told(failures))


def _told(failures: Dict[str, AzprovError]) -> Optional[AzprovError]:
    """The first failure, which gives the exit code, in words that also tell of Ready's."""
    if not failures:
        return None
    first = next(iter(failures.values()))
    unready = failures.get(READY)
    if unready is not None and unready is not first:
        return type(first)(f"Ready is not acknowledged, {unready.summary}; {first}", unready.hint)
    if _STATE in failures or _SERVICE in failures:
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
            "please report it with what -v shows",
        )
    return None


def _asked(ask_vm_id: Callable[[], str]) -> Optional[str]:
    try:
        return parse_vm_id(ask_vm_id())
    except AzprovError as error:
        log.warning("the firmware names no VM id, and the platform neither: %s", error)
        return None

"""The outcome of a first boot, as data; its exit code, and the sentence for the open steps."""

from typing import List, NamedTuple, Optional, Tuple

from ..errors import AzprovError, DiskError, UntrustedPlatform
from .steps import ADMIN_USER, HOST_KEYS, HOSTNAME, SSH_KEYS

# Failures other than steps; READY and FAILURE are also recorded as done.
READY = "ready"
#: The report that provisioning failed. It replaces Ready, and is final.
FAILURE = "failure"
STATE = "state"
SERVICE = "service"

# What is open after a failure, the most important first: without the first three, no one
# can log in.
_OPEN = {
    HOST_KEYS: "sshd has no usable host keys",
    ADMIN_USER: "the admin user is not set up",
    SSH_KEYS: "login with the SSH keys is not set up",
    HOSTNAME: "the host name is not set",
    STATE: "progress is not recorded",
    SERVICE: "the service is not disabled",
}
_RANKS = list(_OPEN)


class Failure(NamedTuple):
    """What failed: a step by its name, a report, the state file or disabling the service."""

    name: str
    error: AzprovError
    #: Whether this is a step without which Ready must not be reported.
    is_required: bool = False

    @property
    def is_distrust(self) -> bool:
        """Whether a step was refused because this may not be an Azure VM; logged before."""
        return isinstance(self.error, UntrustedPlatform)


class Outcome(NamedTuple):
    """What a boot has done and what failed, each in the order in which it happened."""

    done_now: Tuple[str, ...]
    failures: Tuple[Failure, ...] = ()
    #: Whether the platform has acknowledged, now or earlier, that provisioning failed.
    is_failure_reported: bool = False
    #: Whether the next boot may still succeed, so that no failure was reported.
    is_report_postponed: bool = False
    #: What a read-only machine did not store, which is no failure.
    unstored: Tuple[Failure, ...] = ()
    #: False if a report was acknowledged, but the next boot will not know that.
    is_recorded: bool = True
    #: Whether the service starts at the next boot; set only if something is open.
    is_enabled: bool = False

    def failure_of(self, name: str) -> Optional[AzprovError]:
        """The error of a step, of a report, of STATE or of SERVICE, if it failed."""
        return next((failure.error for failure in self.failures if failure.name == name), None)

    @property
    def cause(self) -> Optional[Failure]:
        """The first required step that failed: the reason to report a failure."""
        return next((failure for failure in self.failures if failure.is_required), None)

    @property
    def is_open(self) -> bool:
        """Whether something failed, was not stored, or will be repeated."""
        return bool(self.failures or self.unstored) or not self.is_recorded


def exit_code_of(outcome: Outcome) -> int:
    """The exit code of the first failure, 0 without one."""
    return outcome.failures[0].error.exit_code if outcome.failures else 0


def error_of(outcome: Outcome) -> Optional[AzprovError]:
    """The sentence for a boot that failed, and the next step; None if nothing failed."""
    if not outcome.failures:
        return None
    report = outcome.failure_of(READY) or outcome.failure_of(FAILURE)
    first = report or _open_steps(outcome)[0].error
    return AzprovError(sentence_of(outcome), first.hint)


def warning_of(outcome: Outcome) -> str:
    """The sentence for a boot in which nothing failed, and what was not stored may be intended."""
    hint = "mount the file system writable, unless it is read-only on purpose"
    return f"{sentence_of(outcome)}; {hint}" if outcome.unstored else sentence_of(outcome)


def sentence_of(outcome: Outcome) -> str:
    """What was reported, everything that is open, and whether azprov runs again."""
    cause = outcome.cause
    ready, report = outcome.failure_of(READY), outcome.failure_of(FAILURE)
    if ready is not None:
        status, link = f"Ready was not acknowledged ({ready.summary})", ", and "
    elif cause is not None and outcome.is_report_postponed:
        status, link = "neither Ready nor a failure was reported", ", because "
    elif cause is not None and report is not None:
        status, link = f"the failure report was not acknowledged ({report.summary})", ", and "
    elif FAILURE in outcome.done_now:
        status, link = "a failure was reported to Azure, which is final", ": "
    elif outcome.is_failure_reported:
        status, link = "an earlier boot reported a failure to Azure, which is final", ", and "
    elif READY in outcome.done_now:
        status, link = "Ready was acknowledged", ", but "
    else:
        status, link = "an earlier boot reported Ready", ", but "
    items = _items(outcome)
    return f"{status}{link if items else ''}{_joined(items)}, and {_next_run(outcome)}"


def _open_steps(outcome: Outcome) -> List[Failure]:
    """Everything that is open, except for reports; the most important first."""
    opened = [*outcome.failures, *outcome.unstored]
    return sorted(
        (failure for failure in opened if failure.name not in (READY, FAILURE)),
        key=lambda failure: (failure != outcome.cause, _rank(failure)),
    )


def _rank(failure: Failure) -> int:
    return _RANKS.index(failure.name) if failure.name in _RANKS else len(_RANKS)


def _items(outcome: Outcome) -> List[str]:
    """What is open, each with its cause; those with the same cause are one item."""
    report = outcome.failure_of(READY) or outcome.failure_of(FAILURE)
    groups: List[Tuple[str, List[str]]] = []
    for failure in _open_steps(outcome):
        cause = "" if _is_same(failure.error, report) else failure.error.summary
        if report is not None and failure.is_distrust:
            cause = "because of the firmware"  # the error of the report has the sentence
        if not groups or groups[-1][0] != cause:
            groups.append((cause, []))
        groups[-1][1].append(_name_of(failure))
    items = [f"{_joined(names)} ({cause})" if cause else _joined(names) for cause, names in groups]
    if not (outcome.is_recorded or STATE in (failure.name for failure in _open_steps(outcome))):
        items.append(f"{_OPEN[STATE]} (the id of this VM is not known)")
    return items


def _is_same(error: AzprovError, report: Optional[AzprovError]) -> bool:
    """Whether a step lacks an answer for the same reason as the report."""
    return (
        report is not None
        and error.lacks_answer
        and report.lacks_answer
        and error.hint == report.hint
    )


def _name_of(failure: Failure) -> str:
    if failure.name == HOSTNAME and isinstance(failure.error, DiskError):
        return "the host name is not stored"  # the running kernel has it
    return _OPEN.get(failure.name, f"the step {failure.name} failed")


def _next_run(outcome: Outcome) -> str:
    """Whether azprov runs again, and what it does then."""
    run = "boot" if outcome.is_enabled else "run"
    is_only_unrecorded = all(failure.name == STATE for failure in _open_steps(outcome))
    lacks_report = outcome.is_report_postponed or any(map(outcome.failure_of, (READY, FAILURE)))
    if is_only_unrecorded and not (outcome.is_enabled or lacks_report):
        return "azprov does not run at the next boot"
    if not outcome.is_recorded:
        report = "a failure" if outcome.is_failure_reported else "Ready"
        return f"the next {run} repeats every step and may report {report} again"
    without = ", without another report" if outcome.is_failure_reported else ""
    return f"the next {run} tries again{without}"


def _joined(words: List[str]) -> str:
    """For example "A, B and C"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))

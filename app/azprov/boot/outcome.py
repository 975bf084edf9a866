"""The outcome of a first boot, as data; its exit code, and the sentence for its failure."""

from typing import NamedTuple, Optional, Tuple

from ..errors import AzprovError, UntrustedPlatform

# Failures other than steps; READY and FAILURE are also recorded as done.
READY = "ready"
#: The report that provisioning failed. It replaces Ready, and is final.
FAILURE = "failure"
STATE = "state"
SERVICE = "service"


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

    def failure_of(self, name: str) -> Optional[AzprovError]:
        """The error of a step, of a report, of STATE or of SERVICE, if it failed."""
        return next((failure.error for failure in self.failures if failure.name == name), None)

    @property
    def cause(self) -> Optional[Failure]:
        """The first required step that failed: the reason to report a failure."""
        return next((failure for failure in self.failures if failure.is_required), None)


def exit_code_of(outcome: Outcome) -> int:
    """The exit code of the first failure, 0 without one."""
    return outcome.failures[0].error.exit_code if outcome.failures else 0


def error_of(outcome: Outcome) -> Optional[AzprovError]:
    """The sentence for a boot that failed, and the next step; None if nothing failed."""
    if not outcome.failures:
        return None
    name, first, _ = outcome.failures[0]
    ready, report, cause = outcome.failure_of(READY), outcome.failure_of(FAILURE), outcome.cause
    if ready is not None and name != READY:
        return AzprovError(
            f"Ready was not acknowledged ({ready.summary}), and before that the step {name} "
            f"failed ({first.summary})",
            ready.hint,
        )
    if ready is not None:
        return ready
    if cause is not None and outcome.is_report_postponed:
        return AzprovError(
            f"no failure was reported, because the next boot may succeed: {cause.error.summary}",
            cause.error.hint,
        )
    if cause is not None and report is not None:
        return AzprovError(
            f"provisioning failed ({cause.error.summary}), and reporting the failure failed too "
            f"({report.summary})",
            report.hint,
        )
    if cause is not None and FAILURE in outcome.done_now:
        return AzprovError(
            f"provisioning failed, and the failure was reported to Azure: {cause.error.summary}",
            cause.error.hint,
        )
    if outcome.is_failure_reported:
        return AzprovError(
            f"an earlier boot reported a failure to Azure, and now this failed: {first.summary}",
            first.hint,
        )
    if READY in outcome.done_now:
        return AzprovError(f"Ready was acknowledged, but {first.summary}", first.hint)
    return AzprovError(
        f"an earlier boot reported Ready to Azure, and now this failed: {first.summary}", first.hint
    )

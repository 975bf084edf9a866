"""The outcome of a first boot: each sentence and exit code."""

from typing import Optional

import pytest

from azprov.boot.outcome import Failure, Outcome, error_of, exit_code_of
from azprov.errors import DocumentError, HostError, Refused, UnusableError

NAME = Failure("hostname", UnusableError("the name 'a b' is not valid", "deploy another name"))
USER = Failure("admin-user", UnusableError("no usable key", "deploy with a key"), is_required=True)
NO_METADATA = Failure("admin-user", DocumentError("no metadata", "look for a proxy"), True)
READY = Failure("ready", Refused("gave up after 900 s: 503 Busy", "try again later"))
REPORT = Failure("failure", Refused("gave up after 9 s: 503 Busy", "try again later"))
STATE = Failure("state", HostError("could not write state.json", "free some space"))
SERVICE = Failure("service", HostError("could not remove the link", "remove it"))


@pytest.mark.parametrize(
    ("outcome", "exit_code", "sentence"),
    [
        (Outcome(("hostname", "ready")), 0, None),
        (Outcome(()), 0, None),
        (
            Outcome(("ready",), (NAME,)),
            78,
            "Ready was acknowledged, but the name 'a b' is not valid; deploy another name",
        ),
        (Outcome(("hostname",), (READY,)), 69, "gave up after 900 s: 503 Busy; try again later"),
        (
            Outcome((), (NAME, READY)),
            78,
            "Ready was not acknowledged (gave up after 900 s: 503 Busy), and before that the step "
            "hostname failed (the name 'a b' is not valid); try again later",
        ),
        (
            Outcome(("hostname", "failure"), (USER,), is_failure_reported=True),
            78,
            "provisioning failed, and the failure was reported to Azure: no usable key; "
            "deploy with a key",
        ),
        (
            Outcome(("failure",), (NAME, USER, STATE), is_failure_reported=True),
            78,
            "provisioning failed, and the failure was reported to Azure: no usable key; "
            "deploy with a key",
        ),
        (
            Outcome((), (USER, REPORT)),
            78,
            "provisioning failed (no usable key), and reporting the failure failed too (gave up "
            "after 9 s: 503 Busy); try again later",
        ),
        (
            Outcome((), (NO_METADATA,), is_report_postponed=True),
            76,
            "no failure was reported, because the next boot may succeed: no metadata; "
            "look for a proxy",
        ),
        (
            Outcome(("admin-user",), (NAME,), is_failure_reported=True),
            78,
            "an earlier boot reported a failure to Azure, and now this failed: the name 'a b' is "
            "not valid; deploy another name",
        ),
        (
            Outcome((), (USER,)),
            78,
            "an earlier boot reported Ready to Azure, and now this failed: no usable key; "
            "deploy with a key",
        ),
        (
            Outcome((), (USER,), is_failure_reported=True),
            78,
            "an earlier boot reported a failure to Azure, and now this failed: no usable key; "
            "deploy with a key",
        ),
        (
            Outcome(("hostname", "ready"), (STATE,)),
            73,
            "Ready was acknowledged, but could not write state.json; free some space",
        ),
        (
            Outcome(("hostname", "ready"), (STATE, SERVICE)),
            73,
            "Ready was acknowledged, but could not write state.json; free some space",
        ),
    ],
)
def test_each_outcome_has_its_exit_code_and_sentence(
    outcome: Outcome, exit_code: int, sentence: Optional[str]
) -> None:
    """The exit code is the first failure's; the sentence says what was reported to Azure."""
    error = error_of(outcome)

    assert exit_code_of(outcome) == exit_code
    assert (None if error is None else str(error)) == sentence


def test_the_order_of_the_failures_decides_the_exit_code() -> None:
    """The sentence names the required step wherever it is in the order."""
    outcome = Outcome(("failure",), (STATE, NO_METADATA), is_failure_reported=True)

    assert exit_code_of(outcome) == 73
    assert str(error_of(outcome)) == (
        "provisioning failed, and the failure was reported to Azure: no metadata; look for a proxy"
    )

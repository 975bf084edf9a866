"""The outcome of a first boot: each sentence and exit code."""

from typing import Optional

import pytest

from azprov.boot.outcome import Failure, Outcome, error_of, exit_code_of, sentence_of, warning_of
from azprov.errors import (
    DiskError,
    DocumentError,
    HostError,
    NotConnected,
    Refused,
    UntrustedPlatform,
    UnusableError,
)

NAME = Failure("hostname", UnusableError("the name 'a b' is not valid", "deploy another name"))
USER = Failure("admin-user", UnusableError("no usable key", "deploy with a key"), is_required=True)
NO_METADATA = Failure("admin-user", DocumentError("no metadata", "look for a proxy"), True)
NO_ROUTE = NotConnected("no route to IMDS", "run dhclient eth0")
READY = Failure("ready", Refused("gave up after 900 s: 503 Busy", "try again later"))
UNREACHED = Failure("ready", NotConnected("no route to WireServer", "run dhclient eth0"))
REPORT = Failure("failure", Refused("gave up after 9 s: 503 Busy", "try again later"))
STATE = Failure("state", HostError("could not write state.json", "free some space"))
SERVICE = Failure("service", HostError("could not remove the link", "remove it"))


def read_only(name: str, path: str) -> Failure:
    return Failure(name, DiskError(f"could not write {path}", "mount it", is_read_only=True))


def untrusted(name: str) -> Failure:
    return Failure(name, UntrustedPlatform("the firmware is not Azure's"))


@pytest.mark.parametrize(
    ("outcome", "exit_code", "sentence"),
    [
        (Outcome(("hostname", "ready")), 0, None),
        (Outcome(()), 0, None),
        (
            Outcome(("ready",), (NAME,), is_enabled=True),
            78,
            "Ready was acknowledged, but the host name is not set (the name 'a b' is not valid), "
            "and the next boot tries again; deploy another name",
        ),
        (
            Outcome(("ready",), (NAME,)),
            78,
            "Ready was acknowledged, but the host name is not set (the name 'a b' is not valid), "
            "and the next run tries again; deploy another name",
        ),
        (
            Outcome(("hostname",), (READY,), is_enabled=True),
            69,
            "Ready was not acknowledged (gave up after 900 s: 503 Busy), and the next boot tries "
            "again; try again later",
        ),
        (
            Outcome((), (NAME, READY), is_enabled=True),
            78,
            "Ready was not acknowledged (gave up after 900 s: 503 Busy), and the host name is not "
            "set (the name 'a b' is not valid), and the next boot tries again; try again later",
        ),
        (
            Outcome((), (Failure("hostname", NO_ROUTE), UNREACHED), is_enabled=True),
            69,
            "Ready was not acknowledged (no route to WireServer), and the host name is not set, "
            "and the next boot tries again; run dhclient eth0",
        ),
        (
            Outcome((), (Failure("hostname", NO_ROUTE), READY), is_enabled=True),
            69,
            "Ready was not acknowledged (gave up after 900 s: 503 Busy), and the host name is not "
            "set (no route to IMDS), and the next boot tries again; try again later",
        ),
        (
            Outcome(("hostname", "failure"), (USER,), is_failure_reported=True, is_enabled=True),
            78,
            "a failure was reported to Azure, which is final: the admin user is not set up (no "
            "usable key), and the next boot tries again, without another report; deploy with a key",
        ),
        (
            Outcome(
                ("failure",),
                (NAME, USER, STATE),
                is_failure_reported=True,
                is_recorded=False,
                is_enabled=True,
            ),
            78,
            "a failure was reported to Azure, which is final: the admin user is not set up (no "
            "usable key), the host name is not set (the name 'a b' is not valid) and progress "
            "is not recorded (could not write state.json), and the next boot repeats every step "
            "and may report a failure again; deploy with a key",
        ),
        (
            Outcome((), (USER, REPORT), is_enabled=True),
            78,
            "the failure report was not acknowledged (gave up after 9 s: 503 Busy), and the admin "
            "user is not set up (no usable key), and the next boot tries again; try again later",
        ),
        (
            Outcome((), (NO_METADATA,), is_report_postponed=True, is_enabled=True),
            76,
            "neither Ready nor a failure was reported, because the admin user is not set up (no "
            "metadata), and the next boot tries again; look for a proxy",
        ),
        (
            Outcome(("admin-user",), (NAME,), is_failure_reported=True, is_enabled=True),
            78,
            "an earlier boot reported a failure to Azure, which is final, and the host name is not "
            "set (the name 'a b' is not valid), and the next boot tries again, without another "
            "report; deploy another name",
        ),
        (
            Outcome((), (USER,), is_enabled=True),
            78,
            "an earlier boot reported Ready, but the admin user is not set up (no usable key), and "
            "the next boot tries again; deploy with a key",
        ),
        (
            Outcome(("hostname", "ready"), (STATE,), is_recorded=False),
            73,
            "Ready was acknowledged, but progress is not recorded (could not write "
            "state.json), and azprov does not run at the next boot; free some space",
        ),
        (
            Outcome(("hostname", "ready"), (STATE, SERVICE), is_recorded=False, is_enabled=True),
            73,
            "Ready was acknowledged, but progress is not recorded (could not write state.json) "
            "and the service is not disabled (could not remove the link), and the next boot "
            "repeats every step and may report Ready again; free some space",
        ),
        (
            Outcome(
                ("ready",),
                (read_only("admin-user", "/etc/group"),),
                unstored=(
                    read_only("hostname", "/etc/hosts"),
                    read_only("state", "/var/lib/azprov"),
                ),
                is_recorded=False,
                is_enabled=True,
            ),
            73,
            "Ready was acknowledged, but the admin user is not set up (could not write "
            "/etc/group), the host name is not stored (could not write /etc/hosts) and progress "
            "is not recorded (could not write /var/lib/azprov), and the next boot repeats "
            "every step and may report Ready again; mount it",
        ),
        (
            Outcome(
                ("ready",),
                (NAME, Failure("host-keys", HostError("no keys", "run ssh-keygen -A"))),
                is_enabled=True,
            ),
            78,
            "Ready was acknowledged, but sshd has no usable host keys (no keys) and the host name "
            "is not set (the name 'a b' is not valid), and the next boot tries again; run "
            "ssh-keygen -A",
        ),
        (
            Outcome(("ready",), (untrusted("hostname"), untrusted("ssh-keys")), is_enabled=True),
            78,
            "Ready was acknowledged, but login with the SSH keys is not set up and the host name "
            "is not set (the firmware is not Azure's, so no user, SSH key or host name is taken "
            "from the platform), and the next boot tries again; to trust this network anyway, add "
            "--platform any (for the boot service, install it again with its options and this one)",
        ),
        (
            Outcome((), (UNREACHED, untrusted("hostname")), is_enabled=True),
            69,
            "Ready was not acknowledged (no route to WireServer), and the host name is not set "
            "(because of the firmware), and the next boot tries again; run dhclient eth0",
        ),
    ],
)
def test_each_outcome_has_its_exit_code_and_sentence(
    outcome: Outcome, exit_code: int, sentence: Optional[str]
) -> None:
    """The exit code is the first failure's; the sentence names the open steps and what follows."""
    error = error_of(outcome)

    assert exit_code_of(outcome) == exit_code
    assert (None if error is None else str(error)) == sentence


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (
            Outcome(
                ("ready",),
                unstored=(
                    read_only("hostname", "/etc/hosts"),
                    read_only("state", "/var/lib/azprov"),
                    read_only("service", "the link"),
                ),
                is_recorded=False,
                is_enabled=True,
            ),
            "Ready was acknowledged, but the host name is not stored (could not write /etc/hosts), "
            "progress is not recorded (could not write /var/lib/azprov) and the service is not "
            "disabled (could not write the link), and the next boot repeats every step and may "
            "report Ready again",
        ),
        (
            Outcome(
                ("hostname", "ready"),
                unstored=(read_only("state", "/var/lib/azprov"),),
                is_recorded=False,
            ),
            "Ready was acknowledged, but progress is not recorded (could not write "
            "/var/lib/azprov), and azprov does not run at the next boot",
        ),
        (
            Outcome(("ready",), unstored=(read_only("hostname", "/etc/hosts"),), is_enabled=True),
            "Ready was acknowledged, but the host name is not stored (could not write /etc/hosts), "
            "and the next boot tries again",
        ),
        (
            Outcome(("hostname", "ready"), is_recorded=False, is_enabled=True),
            "Ready was acknowledged, but progress is not recorded (the id of this VM is not "
            "known), and the next boot repeats every step and may report Ready again",
        ),
    ],
)
def test_what_a_read_only_machine_did_not_store_is_no_error(
    outcome: Outcome, sentence: str
) -> None:
    """The log ends with the consequences, but nothing failed."""
    assert error_of(outcome) is None
    assert exit_code_of(outcome) == 0
    assert outcome.is_open
    assert sentence_of(outcome) == sentence
    hint = "; mount the file system writable, unless it is read-only on purpose"
    assert warning_of(outcome) == sentence + (hint if outcome.unstored else "")


def test_the_order_of_the_failures_decides_the_exit_code() -> None:
    """The sentence names the required step first, wherever it is in the order."""
    outcome = Outcome(("failure",), (STATE, NO_METADATA), is_failure_reported=True)

    assert exit_code_of(outcome) == 73
    assert sentence_of(outcome).startswith(
        "a failure was reported to Azure, which is final: the admin user is not set up (no "
        "metadata) and progress is not recorded (could not write state.json), and "
    )

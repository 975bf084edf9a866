"""Rehearsals: every scenario ends as it should, and a client that fails is reported."""

import json
import subprocess
import sys
from typing import List

import pytest

import needs
from azprov.cli import main
from azprov.rehearsal.agent_scenarios import UNAVAILABLE
from azprov.rehearsal.run import Outcome, play
from azprov.rehearsal.scenario import Scenario
from azprov.rehearsal.transcript import Event
from azprov.system.clock import Clock
from namespaces import UNSHARE, skip_without_namespaces
from person import GID, UID
from pyz import PYZ


def client(code: str) -> List[str]:
    """A client that runs a line of Python instead of azprov."""
    return [sys.executable, "-c", code]


# The end of each scenario: the exit codes of its boots, how often Ready was
# acknowledged, the host name, and whether the service is disabled.
ENDS = {
    "healthy": ([0], 1, "rehearsal-vm", True),
    "restarted": ([0], 1, "rehearsal-vm", True),
    "network-late": ([0], 1, "rehearsal-vm", True),
    "busy": ([0], 1, "rehearsal-vm", True),
    "forbidden": ([0], 1, "rehearsal-vm", True),
    "web-page": ([0], 1, "rehearsal-vm", True),
    "half-document": ([0], 1, "rehearsal-vm", True),
    "no-ids": ([0], 1, "rehearsal-vm", True),
    "cut-connection": ([0], 1, "rehearsal-vm", True),
    "silent": ([0], 1, "rehearsal-vm", True),
    "ids-change": ([0], 1, "rehearsal-vm", True),
    "proxy": ([0], 1, "rehearsal-vm", True),
    "refused": ([69], 0, "rehearsal-vm", False),
    "imds-busy": ([0], 1, "rehearsal-vm", True),
    "imds-down": ([69], 1, "image", False),
    "imds-late": ([0], 1, "rehearsal-vm", True),
    "bad-host-name": ([78, 78], 1, "image", False),
    "second-boot": ([0, 0], 1, "rehearsal-vm", True),
    "captured-image": ([0, 0], 2, "rehearsal-vm", True),
    "power-cut": ([-9, 0], 2, "rehearsal-vm", True),
    "user-and-keys": ([0], 1, "rehearsal-vm", True),
    "user-network-late": ([0], 1, "rehearsal-vm", True),
    "bad-keys": ([0], 1, "rehearsal-vm", True),
    "failed-provisioning": ([78, 78], 0, "rehearsal-vm", False),
    "json": ([0], 1, "rehearsal-vm", True),
    "json-failure": ([78], 0, "rehearsal-vm", False),
}


@pytest.mark.parametrize("name", ENDS)
def test_each_scenario_ends_as_it_should(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The real client, over real sockets, gives the result that the scenario expects."""
    code = main(["rehearse", "--json", "--scenario", name])

    (scenario,) = json.loads(capsys.readouterr().out)["scenarios"]
    codes = [boot["exit_code"] for boot in scenario["boots"]]
    got = (codes, scenario["ready_reports"], scenario["hostname"], scenario["disabled"])
    assert got == ENDS[name]
    assert code == 0


def test_the_next_steps_of_a_rehearsal_are_for_a_vm() -> None:
    """No line tells a user to change the machine on which azprov rehearses."""
    done = subprocess.run(
        [sys.executable, "-I", PYZ, "rehearse", "--scenario", "bad-host-name"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "by hand on the VM with azprov set-hostname NAME\n" in done.stdout
    assert str(PYZ) not in done.stdout
    lines = done.stdout.splitlines()
    assert lines[-3] == (
        "The next steps above are for a VM on Azure: this machine needs none of them."
    )


def test_list_shows_a_line_for_each_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    """Each line begins with the name of the scenario."""
    assert main(["rehearse", "--list"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(ENDS)


def test_a_rehearsal_needs_loopback() -> None:
    """The error names the command that brings up lo, which a new network namespace needs."""
    skip_without_namespaces()

    done = subprocess.run(
        [*UNSHARE, sys.executable, PYZ, "rehearse"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout) == (73, "")
    assert done.stderr == (
        "azprov: loopback is down (Network is unreachable), so the platform cannot be simulated; "
        "run ip link set lo up\n"
    )


def test_a_rehearsal_needs_a_writable_folder() -> None:
    """The error on a read-only system says what to set."""
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 0 && exec "$0" "$1" rehearse -q', sys.executable, PYZ],
        cwd="/",
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (73, "")
    assert done.stderr == (
        "azprov: cannot create a folder for the simulated VM (No usable temporary directory found "
        "in ['/tmp', '/var/tmp', '/usr/tmp', '/']); set TMPDIR to a writable folder\n"
    )


def test_the_second_boot_sends_no_request(capsys: pytest.CaptureFixture[str]) -> None:
    """The first boot sends three requests, and the second one none to either service."""
    main(["rehearse", "--json", "--scenario", "second-boot"])

    (scenario,) = json.loads(capsys.readouterr().out)["scenarios"]
    assert [boot["requests"] for boot in scenario["boots"]] == [3, 0]


def test_a_rehearsal_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON has the result, the changed files and the events of each scenario."""
    assert main(["rehearse", "--json", "-q"]) == 0

    answer = json.loads(capsys.readouterr().out)
    assert answer["command"] == "rehearse"
    (scenario,) = answer["scenarios"]
    assert scenario["name"] == "healthy"
    assert scenario["passed"] is True
    assert scenario["shortcomings"] == []
    assert scenario["changes"] == [
        "/etc/hostname now contains: rehearsal-vm",
        "/etc/hosts now contains: 127.0.1.1\trehearsal-vm",
        "/etc/systemd/system/multi-user.target.wants/azure-provisioning.service was removed",
        "/var/lib/azprov/state.json was created: "
        '{"vm_id": "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90", "done": ["hostname", "ready"]}',
    ]
    events = [(event["who"], event["what"]) for event in scenario["events"]]
    assert ("platform", "WireServer answers GET /machine?comp=goalstate with 200 OK") in events
    assert ("platform", "WireServer answers POST /machine?comp=health with 200 OK") in events
    assert ("VM", "Response: 200 OK") in events


KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILeLl+L9DUoUbgVpkSxX5nH3FeAxsKNpir5ZJZkpGAQS rehearsal"


@pytest.mark.parametrize("name", ["user-and-keys", "bad-keys"])
def test_the_admin_user_could_log_in(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The VM has the account, its key and sudo, and sshd accepts no password."""
    main(["rehearse", "--json", "--scenario", name])

    (scenario,) = json.loads(capsys.readouterr().out)["scenarios"]
    ids = f"{UID}:{GID}"
    assert scenario["keys"] == 1
    for change in (
        f"/etc/passwd now contains: azureuser:x:{ids}::/home/azureuser:/bin/sh",
        "/etc/shadow now contains: azureuser:*::0:99999:7:::",
        f"/home/azureuser/.ssh/authorized_keys was created: {KEY}",
        '/etc/sudoers.d/90-azprov was created: "azureuser" ALL=(ALL:ALL) NOPASSWD:ALL',
    ):
        assert change in scenario["changes"]
    assert any(
        "sshd_config.d/00-azprov.conf was created" in change for change in scenario["changes"]
    )


@pytest.mark.parametrize("scenario", [["--scenario", "user-and-keys"], ["--all"]])
def test_nobody_cannot_rehearse_the_creation_of_a_user(scenario: List[str]) -> None:
    """The new user would have the caller's number, and azprov never treats 65534 as a person."""
    nobody = ["unshare", "-U", "--map-user=65534", "--map-group=65534"]
    command = [*needs.unshare("-n"), *nobody, sys.executable, str(PYZ), "rehearse", *scenario]

    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout) == (73, "")
    sentence = (
        "azprov: the rehearsed admin user gets the caller's UID, and 65534 is not a person's; "
    )
    assert ended.stderr.startswith(sentence + "run ")
    assert ended.stderr.endswith("azprov.pyz rehearse as another user\n")


def test_a_failure_is_reported_once_and_no_user_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    """No account is half created, and the second boot sends WireServer nothing."""
    main(["rehearse", "--json", "--scenario", "failed-provisioning"])

    (scenario,) = json.loads(capsys.readouterr().out)["scenarios"]
    assert (scenario["failure_reports"], scenario["ready_reports"]) == (1, 0)
    # The bad value is asked for again for five seconds, with random pauses.
    first, second = (boot["requests"] for boot in scenario["boots"])
    assert 6 <= first <= 7
    assert 4 <= second <= 5
    events = [event["what"] for event in scenario["events"]]
    assert any(
        "reason=the instance metadata contains no usable SSH public key|agent=azprov/" in s
        for s in events
    )
    assert not any("passwd" in change for change in scenario["changes"])


HEALTHY = Scenario("healthy", "", "", hostname="image", is_disabled=False)

NEVER_REPORTS = "import sys; sys.exit(0)"
FORGES_A_REPORT = """
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[sys.argv.index("--wireserver") + 1])
connection.request("GET", "/machine?comp=goalstate", headers={"x-ms-version": "2012-11-30"})
goal_state = connection.getresponse().read().decode()
ids = [goal_state.partition("<%s>" % tag)[2].partition("<")[0]
       for tag in ("Incarnation", "ContainerId", "InstanceId")]
body = ("<Health><GoalStateIncarnation>%s</GoalStateIncarnation><Container><ContainerId>%s"
        "</ContainerId><RoleInstanceList><Role><InstanceId>%s</InstanceId><Health><State>STATE"
        "</State></Health></Role></RoleInstanceList></Container></Health>" % tuple(ids))
for version, content_type in VERSIONS:
    connection.request("POST", "/machine?comp=health", body,
        {"x-ms-version": version, "Content-Type": content_type})
    response = connection.getresponse()
    response.read()
    print(response.status, file=sys.stderr)
"""


def ignore(_event: Event) -> None:
    """Show nothing: the outcome has the events."""


def client_log(outcome: Outcome) -> List[str]:
    return [event.what for event in outcome.events if event.who == "VM"][1:-1]


def reporting(state: str, *versions: str) -> List[str]:
    pairs = [tuple(version.split()) for version in versions]
    return client(FORGES_A_REPORT.replace("STATE", state).replace("VERSIONS", repr(pairs)))


def test_a_client_that_never_reports_fails() -> None:
    """Exit code 0 without an acknowledged report is not a success."""
    outcome = play(HEALTHY, client(NEVER_REPORTS), Clock(), ignore)

    assert outcome.shortcomings == ["Ready was acknowledged 0 times, not 1"]


def test_a_client_that_reports_twice_fails() -> None:
    """The platform expects one report of Ready."""
    outcome = play(
        HEALTHY, reporting("Ready", "2012-11-30 text/xml", "2012-11-30 text/xml"), Clock(), ignore
    )

    assert client_log(outcome) == ["200", "200"]
    assert outcome.shortcomings == ["Ready was acknowledged 2 times, not 1"]


def test_a_client_that_reports_a_failure_fails() -> None:
    """A report of another state counts as a failure report, not as Ready."""
    outcome = play(HEALTHY, reporting("NotReady", "2012-11-30 text/xml"), Clock(), ignore)

    assert outcome.shortcomings == [
        "Ready was acknowledged 0 times, not 1",
        "a failure was acknowledged 1 times, not 0",
    ]


def test_the_simulated_platform_is_strict() -> None:
    """The simulated platform refuses wrong headers and outdated identifiers."""
    outcome = play(
        HEALTHY,
        reporting("Ready", "2010-01-01 text/xml", "2012-11-30 text/plain", "2012-11-30 text/xml"),
        Clock(),
        ignore,
    )
    stale = HEALTHY._replace(reports=(UNAVAILABLE._replace(raises_incarnation=True),))
    late = play(
        stale, reporting("Ready", "2012-11-30 text/xml", "2012-11-30 text/xml"), Clock(), ignore
    )

    assert client_log(outcome) == ["400", "415", "200"]
    assert client_log(late) == ["503", "410"]


def test_a_client_that_crashes_fails() -> None:
    """The transcript has the error message of the client."""
    outcome = play(HEALTHY, client("raise SystemExit('oh no')"), Clock(), ignore)

    assert client_log(outcome) == ["oh no"]
    assert outcome.shortcomings[0] == "the exit code of boot 1 is 1, not 0"


FORGES_JSON = """
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[sys.argv.index("--wireserver") + 1])
agent, json = {"x-ms-guest-agent-name": "x"}, {"Content-Type": "application/json"}
for headers, body in (
    (agent, '{"state":"Ready"}'),
    (json, '{"state":"Ready"}'),
    ({**agent, **json}, '{"State":"Ready"}'),
    ({**agent, **json}, '{"state":"Ready"}'),
):
    connection.request("POST", "/provisioning/health", body, headers)
    response = connection.getresponse()
    response.read()
    print(response.status, file=sys.stderr)
"""


def test_the_simulated_platform_is_strict_with_json_reports() -> None:
    """The simulated platform refuses wrong headers and names, and answers 201 otherwise."""
    outcome = play(HEALTHY, client(FORGES_JSON), Clock(), ignore)

    assert client_log(outcome) == ["415", "400", "400", "201"]
    assert outcome.shortcomings == []

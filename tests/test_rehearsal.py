"""Rehearsals: every scenario ends as it should, and one that does not is told."""

import json
import sys
from typing import List

import pytest

from azprov.azure.clock import Clock
from azprov.cli import main
from azprov.rehearsal.scenarios import SCENARIOS, UNAVAILABLE, Scenario
from azprov.rehearsal.stage import Outcome, play


def client(code: str) -> List[str]:
    """A client of the rehearsal that runs a line of Python in place of azprov."""
    return [sys.executable, "-c", code]


ENDS = {
    "healthy": (0, 1),
    "network-late": (0, 1),
    "busy": (0, 1),
    "wrong-answers": (0, 1),
    "ids-change": (0, 1),
    "refused": (69, 0),
}


def test_the_scenarios_are_these() -> None:
    """Their names and ends are what README and issue name."""
    assert {s.name: (s.exit_code, s.ready_reports) for s in SCENARIOS} == ENDS


@pytest.mark.parametrize("name", ENDS)
def test_each_scenario_passes(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The real client comes through, over a real socket."""
    code = main(["rehearse", "--scenario", name])

    out = capsys.readouterr().out
    assert code == 0, out
    assert f"\nPASSED: exit code {ENDS[name][0]}, " in out


def test_a_rehearsal_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """The events are there for a program to read."""
    assert main(["rehearse", "--json", "-q"]) == 0

    answer = json.loads(capsys.readouterr().out)
    assert answer["command"] == "rehearse"
    (scenario,) = answer["scenarios"]
    assert scenario["name"] == "healthy"
    assert scenario["passed"] is True
    assert scenario["shortcomings"] == []
    assert (scenario["client_exit_code"], scenario["ready_reports"]) == (0, 1)
    said = [(event["who"], event["what"]) for event in scenario["events"]]
    assert ("platform", "GET /machine?comp=goalstate is answered 200 OK") in said
    assert ("platform", "POST /machine?comp=health is answered 200 OK") in said
    assert ("VM", "Response: 200 OK") in said


def test_the_list_names_every_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    """A line each."""
    assert main(["rehearse", "--list"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(ENDS)


HEALTHY = Scenario("healthy", "", "")

NEVER_REPORTS = "import sys; sys.exit(0)"
FORGES_A_REPORT = """
import http.client, sys
connection = http.client.HTTPConnection(sys.argv[3])
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


def said(outcome: Outcome) -> List[str]:
    return [event.what for event in outcome.events if event.who == "VM"][1:-1]


def reporting(state: str, *versions: str) -> List[str]:
    pairs = [tuple(version.split()) for version in versions]
    return client(FORGES_A_REPORT.replace("STATE", state).replace("VERSIONS", repr(pairs)))


def test_a_client_that_never_reports_fails() -> None:
    """Exit 0 without an acknowledged report is no success."""
    outcome = play(HEALTHY, client(NEVER_REPORTS), Clock())

    assert outcome.shortcomings == ["Ready was acknowledged 0 times, not 1"]


def test_a_client_that_reports_twice_fails() -> None:
    """One Ready is what the platform expects."""
    outcome = play(
        HEALTHY, reporting("Ready", "2012-11-30 text/xml", "2012-11-30 text/xml"), Clock()
    )

    assert said(outcome) == ["200", "200"]
    assert outcome.shortcomings == ["Ready was acknowledged 2 times, not 1"]


def test_a_client_that_reports_a_failure_fails() -> None:
    """Another state than Ready is counted on its own."""
    outcome = play(HEALTHY, reporting("NotReady", "2012-11-30 text/xml"), Clock())

    assert outcome.shortcomings == [
        "Ready was acknowledged 0 times, not 1",
        "1 other reports were sent",
    ]


def test_the_simulated_platform_is_strict() -> None:
    """Wrong headers and stale identifiers are refused."""
    outcome = play(
        HEALTHY,
        reporting("Ready", "2010-01-01 text/xml", "2012-11-30 text/plain", "2012-11-30 text/xml"),
        Clock(),
    )
    stale = HEALTHY._replace(reports=(UNAVAILABLE._replace(moves_on=True),))
    late = play(stale, reporting("Ready", "2012-11-30 text/xml", "2012-11-30 text/xml"), Clock())

    assert said(outcome) == ["400", "415", "200"]
    assert said(late) == ["503", "410"]


def test_a_client_that_crashes_fails() -> None:
    """Its last words are in the transcript."""
    outcome = play(HEALTHY, client("raise SystemExit('oh no')"), Clock())

    assert said(outcome) == ["oh no"]
    assert outcome.shortcomings[0] == "the exit code is 1, not 0"

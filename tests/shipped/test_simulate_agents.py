"""Other agents on the simulated platform: their verdicts are those of README's table."""

import re
from typing import Dict, List

import pytest

from agents.verdicts import PASSED, Agent, agents, table, verdicts
from azprov.rehearsal.agent_scenarios import FOR_ANY_AGENT
from needs import unshare
from project import ROOT

GIVES_UP, TOO_LONG, EXITS_0 = "gives up", "not within 150 s", "exits with 0, not Ready"

#: The verdicts that `python3 build.py agents` printed, in the order of its columns. The versions
#: are those of Debian 12.
EXPECTED: Dict[str, List[str]] = {
    "healthy": [PASSED, PASSED, PASSED, PASSED, PASSED],
    "restarted": [PASSED, TOO_LONG, PASSED, PASSED, PASSED],
    "network-late": [GIVES_UP, PASSED, PASSED, PASSED, PASSED],
    "busy": [GIVES_UP, PASSED, PASSED, PASSED, PASSED],
    "forbidden": [GIVES_UP, PASSED, PASSED, PASSED, PASSED],
    "web-page": [GIVES_UP, TOO_LONG, GIVES_UP, PASSED, PASSED],
    "half-document": [GIVES_UP, TOO_LONG, GIVES_UP, PASSED, PASSED],
    "no-ids": [EXITS_0, TOO_LONG, GIVES_UP, PASSED, PASSED],
    "cut-connection": [GIVES_UP, PASSED, PASSED, PASSED, PASSED],
    "silent": [TOO_LONG, TOO_LONG, PASSED, PASSED, PASSED],
    "ids-change": [EXITS_0, TOO_LONG, TOO_LONG, GIVES_UP, PASSED],
    "proxy": [PASSED, GIVES_UP, TOO_LONG, PASSED, PASSED],
    "refused": [EXITS_0, PASSED, PASSED, PASSED, PASSED],
    "imds-busy": [PASSED, PASSED, PASSED, PASSED, PASSED],
    "imds-down": [PASSED, PASSED, PASSED, PASSED, PASSED],
}
NAMES = [
    "sample Python script",
    "sample bash script",
    "cloud-init 22.4.2",
    "walinuxagent 2.7.3.0",
    "azprov",
]
# The other agents wait for half a minute or more in the other scenarios.
QUICK = ("healthy", "restarted", "forbidden")
# Longer than azprov's pauses, and than those of the others in the quick scenarios.
LIMIT_S = 40.0


def _agent(name: str) -> Agent:
    found = [agent for agent in agents() if agent.name == name]
    if not found:
        pytest.skip(f"{name} is not there: run `python3 build.py agents --fetch`")
    return found[0]


@pytest.mark.needs("unshare")
@pytest.mark.parametrize("name", NAMES)
def test_an_agent_has_the_verdicts_of_the_table(name: str) -> None:
    """Every agent reaches Ready on a healthy platform, and ends as README says on others."""
    unshare("--user", "--net")
    agent = _agent(name)
    column = NAMES.index(name)
    has_all = name in ("sample Python script", "azprov")
    wanted = [
        scenario
        for scenario, words in EXPECTED.items()
        if words[column] != TOO_LONG and (has_all or scenario in QUICK)
    ]

    found = verdicts([(agent, scenario) for scenario in wanted], limit_s=LIMIT_S)

    assert found == {(name, scenario): EXPECTED[scenario][column] for scenario in wanted}


def test_the_table_of_readme_has_the_expected_verdicts() -> None:
    """README shows the table that `python3 build.py agents` prints for these verdicts."""
    shown = [Agent(name, ()) for name in NAMES]
    words = {
        (name, scenario.name): EXPECTED[scenario.name][column]
        for column, name in enumerate(NAMES)
        for scenario in FOR_ANY_AGENT
    }

    assert table(shown, words) in (ROOT / "README.md").read_text()
    assert re.findall("[0-9]+ of 15", table(shown, words)) == [
        "5 of 15",
        "8 of 15",
        "10 of 15",
        "14 of 15",
        "15 of 15",
    ]

"""Other agents and azprov in the scenarios of `simulate`: who reports Ready, and who does not."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from azprov.azure.endpoint import WIRESERVER_ADDRESS
from azprov.rehearsal.agent_scenarios import FOR_ANY_AGENT
from azprov.rehearsal.scenario import Scenario
from benchmarks.agents import packages_of, version_of
from benchmarks.subject import BASH_NEEDS, SCRATCH, SCRIPTS, default_python, is_there, prepare
from pyz import PYZ

PASSED = "passed"
# Most of the runs wait.
_AT_ONCE = 12


class Agent(NamedTuple):
    name: str
    command: Tuple[str, ...]


def agents() -> List[Agent]:
    """The agents that can run here, azprov last."""
    run = (default_python(), "-I")
    found = [Agent("sample Python script", (*run, _script("sample_script.py"), WIRESERVER_ADDRESS))]
    if is_there(BASH_NEEDS):
        bash = ("bash", _script("sample_script.sh"), WIRESERVER_ADDRESS)
        found.append(Agent("sample bash script", bash))
    for peer, name, command in (
        ("cloud-init", "cloud-init", (_script("cloud_init.py"), "{}", WIRESERVER_ADDRESS)),
        ("waagent", "walinuxagent", (str(Path(__file__).with_name("walinuxagent.py")), "{}")),
    ):
        version = version_of(peer)
        if version is not None:
            words = (word.format(packages_of(peer)) for word in command)
            found.append(Agent(f"{name} {version}", (*run, *words)))
    provision = ("provision", "--root", f"{SCRATCH}/root", "--platform", "any")
    limits = ("--timeout", "30", "--imds-timeout", "20")
    return [*found, Agent("azprov", (*run, str(PYZ), *provision, *limits))]


def verdicts(wanted: Sequence[Tuple[Agent, str]], *, limit_s: float) -> Dict[Tuple[str, str], str]:
    """The verdict for each agent in each scenario, by their names."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        results = pool.map(lambda one: _verdict(*one, limit_s=limit_s), wanted)
        return {(agent.name, name): word for (agent, name), word in zip(wanted, results)}


def table(found: Sequence[Agent], words: Dict[Tuple[str, str], str]) -> str:
    """A Markdown table with a row for each scenario."""
    lines = [["", "expected of any agent", *(agent.name for agent in found)]]
    lines.append(["---"] * len(lines[0]))
    lines += [_row(scenario, found, words) for scenario in FOR_ANY_AGENT]
    passed = [
        sum(words[agent.name, scenario.name] == PASSED for scenario in FOR_ANY_AGENT)
        for agent in found
    ]
    total = len(FOR_ANY_AGENT)
    lines.append(["", "passed", *(f"{count} of {total}" for count in passed)])
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)


def _row(
    scenario: Scenario, found: Sequence[Agent], words: Dict[Tuple[str, str], str]
) -> List[str]:
    said = f"`{scenario.name}`: {scenario.story}"
    return [said, scenario.expected, *(words[agent.name, scenario.name] for agent in found)]


def _verdict(agent: Agent, name: str, *, limit_s: float) -> str:
    with TemporaryDirectory(prefix="azprov-agents-") as scratch:
        prepare(Path(scratch))
        command = [word.replace(SCRATCH, scratch) for word in agent.command]
        simulate = [sys.executable, "-I", str(PYZ), "simulate", "--json", "--scenario", name]
        done = subprocess.run(
            [*simulate, "--limit", f"{limit_s:g}", "--", *command],
            capture_output=True,
            text=True,
            check=False,
        )
    answer = json.loads(done.stdout)
    if "scenarios" not in answer:
        raise SystemExit(f"agents: {agent.name}, {name}: {done.stderr}")
    return _word(answer["scenarios"][0], limit_s)


def _word(result: Dict[str, Any], limit_s: float) -> str:
    """A word or two for the table."""
    code = result["command_exit_code"]
    if result["passed"]:
        return PASSED
    if result["failure_reports"]:
        return "reports a failure"
    if result["ready_reports"]:
        return f"reports {result['ready_reports']} times"
    if code == 0:
        return "exits with 0, not Ready"
    return f"not within {limit_s:g} s" if code is None else "gives up"


def _script(name: str) -> str:
    return str(SCRIPTS / name)

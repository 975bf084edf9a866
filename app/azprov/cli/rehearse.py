"""Run the client against a simulated platform on loopback; nothing is changed."""

import argparse
import logging
import os
import sys
from typing import Any, Dict, List

from ..azure.clock import Clock
from ..errors import UsageError
from ..rehearsal.scenarios import SCENARIOS, find_scenario
from ..rehearsal.stage import Outcome, play
from .console import Answer
from .options import Parser

_FAILED = 1

log = logging.getLogger(__name__)


def configure(parser: Parser) -> None:
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--scenario", metavar="NAME", default="healthy", help="how the platform behaves (healthy)"
    )
    choice.add_argument("--all", action="store_true", help="run every scenario")
    choice.add_argument("--list", action="store_true", help="name the scenarios, run none")


def run(options: argparse.Namespace) -> Answer:
    if options.list:
        names = [f"{scenario.name:<14} {scenario.story}" for scenario in SCENARIOS]
        stories = {scenario.name: scenario.story for scenario in SCENARIOS}
        return Answer("\n".join(names), {"scenarios": stories})
    chosen = find_scenario(options.scenario)
    if chosen is None:
        raise UsageError(
            f"there is no scenario {options.scenario!a}",
            "azprov.pyz rehearse --list names them",
        )
    outcomes = []
    for scenario in SCENARIOS if options.all else [chosen]:
        log.info("Rehearsing %s: %s", scenario.name, scenario.story)
        outcomes.append(play(scenario, _own_command(), Clock()))
    failed = [outcome for outcome in outcomes if outcome.shortcomings]
    text = "\n\n".join(_transcript(outcome) for outcome in outcomes)
    if options.all:
        text += (
            f"\n\n{len(outcomes) - len(failed)} of {len(outcomes)} scenarios ended as they should"
        )
    data = {"scenarios": [_summary(outcome) for outcome in outcomes]}
    return Answer(text, data, exit_code=_FAILED if failed else 0)


def _own_command() -> List[str]:
    """The command that starts this azprov again: its archive, or its package."""
    home = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    if os.path.isfile(home):
        return [sys.executable, home]
    code = (
        "import sys; sys.path.insert(0, {!r}); from azprov.__main__ import main; sys.exit(main())"
    )
    return [sys.executable, "-c", code.format(home)]


def _transcript(outcome: Outcome) -> str:
    scenario = outcome.scenario
    lines = [f"{scenario.name}: {scenario.story}", ""]
    lines += ["{:6.2f} s  {:<8}  {}".format(*event) for event in outcome.events]
    lines.append("")
    if outcome.shortcomings:
        lines.append("FAILED: {}.".format("; ".join(outcome.shortcomings)))
    else:
        lines += [
            f"On a VM: {scenario.meaning}",
            "PASSED: exit code {}, Ready acknowledged {}, as it should be.".format(
                outcome.exit_code, "once" if outcome.ready_reports else "never"
            ),
        ]
    return "\n".join(lines)


def _summary(outcome: Outcome) -> Dict[str, Any]:
    return {
        "name": outcome.scenario.name,
        "passed": not outcome.shortcomings,
        "shortcomings": outcome.shortcomings,
        "client_exit_code": outcome.exit_code,
        "ready_reports": outcome.ready_reports,
        "events": [event._asdict() for event in outcome.events],
    }

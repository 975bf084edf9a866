"""Runs any command against the simulated platform, at the platform's own addresses."""

import argparse
import os
import sys
from contextlib import suppress
from typing import Any, Dict, List

from ...boot.connect import real_ports
from ...errors import ERRORS_FOUND, AzprovError, Stopped, UsageError
from ...rehearsal.agent_scenarios import FOR_ANY_AGENT
from ...rehearsal.scenario import Scenario
from ...rehearsal.simulation import ADDRESSES, Result, serve, simulate
from ...system.own_network import enter_own_network
from ..colour import coloured_word
from ..output import Answer, write_line
from ..parser import Parser
from ..shared_options import parse_seconds
from ..transcript import hide_event, show_event

SUMMARY = "run any command where a simulated platform answers"
EXAMPLE = ("try another agent", "simulate --scenario busy -- python3 agent.py")
USAGE = "[OPTIONS] -- COMMAND"
DESCRIPTION = (
    "The command runs in a network of its own, in which only a simulated platform answers, at "
    "168.63.129.16 and 169.254.169.254. Without root it runs as root of a user namespace."
)

_NAMES = [scenario.name for scenario in FOR_ANY_AGENT]
# Longer than the deadline that any scenario needs.
_LIMIT_S = 60.0


def configure(parser: Parser) -> None:
    parser.takes_command = True
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--scenario",
        metavar="NAME",
        default="healthy",
        help=f"behaviour of the platform: {', '.join(_NAMES)} (default healthy)",
    )
    choice.add_argument("--all", action="store_true", help="run every scenario, show a table")
    parser.add_argument(
        "--limit",
        metavar="SECONDS",
        type=parse_seconds,
        default=_LIMIT_S,
        help=f"end the command after this time (default {_LIMIT_S:g})",
    )
    choice.add_argument("--serve", action="store_true", help="answer until Ctrl-C, run nothing")
    parser.add_argument("words", metavar="COMMAND", nargs="*", help="after --, with its options")


def run(options: argparse.Namespace) -> Answer:
    if bool(options.words) == options.serve:
        raise UsageError(
            "a simulation needs a command, or --serve alone",
            "type azprov.pyz simulate -- COMMAND, such as azprov.pyz simulate -- python3 agent.py",
        )
    if options.scenario not in _NAMES:
        from ..suggestions import suggest_value

        nearest = suggest_value(options.scenario, _NAMES)
        raise UsageError(
            f"there is no scenario {options.scenario!a}; those for any agent are "
            f"{', '.join(_NAMES)}",
            f"{nearest}azprov.pyz simulate --help lists them",
        )
    chosen = [one for one in FOR_ANY_AGENT if options.all or one.name == options.scenario]
    has_own_users = enter_own_network(ADDRESSES)
    if options.serve:
        return _serve(chosen[0], has_own_users)
    results: List[Result] = []
    is_silent = options.json or options.quiet
    for scenario in chosen:
        if not is_silent:
            write_line(
                f"Simulating {scenario.name}: {scenario.story}. Expected: {scenario.expected}."
            )
        results.append(
            simulate(
                scenario,
                options.words,
                real_ports().clock,
                hide_event if is_silent else show_event,
                limit_s=options.limit,
            )
        )
        if not is_silent and not options.all:
            write_line(_verdict(results[-1]))
    data = {"error": None, "scenarios": [_summary(result) for result in results]}
    text = "\n".join(_row(result) for result in results) if options.all else ""
    failed = [result.scenario.name for result in results if result.shortcomings]
    if failed:
        failure = AzprovError(f"these scenarios failed: {', '.join(failed)}", "read the transcript")
        return Answer(text, data, exit_code=ERRORS_FOUND, failure=failure)
    return Answer(text, data)


def _serve(scenario: Scenario, has_own_users: bool) -> Answer:
    """Answer until Ctrl-C, which is the usual end."""
    users = "--user --preserve-credentials " if has_own_users else ""
    write_line(
        f"The platform answers in the network of process {os.getpid()}; a shell in it:\n"
        f"nsenter --target {os.getpid()} {users}--net sh"
    )
    with suppress(Stopped):
        serve(scenario, real_ports().clock, show_event)
    return Answer("The platform answers no longer.", {"error": None, "scenarios": []})


def _ending(result: Result) -> str:
    if result.exit_code is None:
        return "still running at the limit"
    return f"exit code {result.exit_code}"


def _verdict(result: Result) -> str:
    if result.shortcomings:
        failed = coloured_word("FAILED", sys.stdout)
        return f"{failed}: {'; '.join(result.shortcomings)} ({_ending(result)})."
    passed = coloured_word("PASSED", sys.stdout)
    times = "once" if result.ready_reports else "never"
    return f"{passed}: Ready was acknowledged {times}, as expected ({_ending(result)})."


def _row(result: Result) -> str:
    """A line of the table for --all."""
    words = "; ".join(result.shortcomings) or "as expected"
    sign = "failed" if result.shortcomings else "passed"
    return f"{result.scenario.name:<14} {sign}  {words} ({_ending(result)})"


def _summary(result: Result) -> Dict[str, Any]:
    return {
        "name": result.scenario.name,
        "passed": not result.shortcomings,
        "shortcomings": result.shortcomings,
        "command_exit_code": result.exit_code,
        "requests": result.requests,
        "ready_reports": result.ready_reports,
        "failure_reports": result.failure_reports,
        "events": [event._asdict() for event in result.events],
    }

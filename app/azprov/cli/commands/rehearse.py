"""Runs a first boot against the simulated platform."""

import argparse
import os
import re
import socket
import sys
from typing import Any, Dict, List

from ...boot.connect import real_ports
from ...errors import ERRORS_FOUND, AzprovError, HostError, UsageError
from ...rehearsal.machine import require_person
from ...rehearsal.run import Outcome, play
from ...rehearsal.scenarios import SCENARIOS, find_scenario
from ..colour import coloured_word
from ..output import Answer, write_line
from ..parser import Parser
from ..program import own_path
from ..shared_options import parse_seconds
from ..transcript import hide_event, show_event

SUMMARY = "run a first boot, or an image's, against a simulated platform"
EXAMPLE = ("see what happens when the network comes late", "rehearse --scenario network-late")

_FOR_A_VM = "The next steps above are for a VM on Azure: this machine needs none of them."
_TIMES = ("never", "once", "twice")


def configure(parser: Parser) -> None:
    parser.option_of_words = "--scenario"
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--scenario",
        metavar="NAME",
        default="healthy",
        help="behaviour of the platform (default healthy)",
    )
    choice.add_argument("--all", action="store_true", help="run every scenario")
    choice.add_argument("--list", action="store_true", help="list the scenarios and run none")
    parser.add_argument(
        "--image",
        metavar="PATH",
        help="boot the image in this folder in a container, or this disk file in QEMU",
    )
    parser.add_argument(
        "--disk",
        choices=("scsi", "nvme", "virtio"),
        help="controller of the disk file (default scsi)",
    )
    parser.add_argument(
        "--generation",
        metavar="N",
        type=int,
        choices=(1, 2),
        help="generation of the VM: 1 has a BIOS, 2 has UEFI (default 2)",
    )
    parser.add_argument(
        "--secure-boot", action="store_true", help="start only what Microsoft's keys have signed"
    )
    parser.add_argument("--boots", metavar="N", type=_number, help="boots of the image (default 2)")
    parser.add_argument(
        "--limit",
        metavar="SECONDS",
        type=parse_seconds,
        help="time limit of each boot of the image (default 300; of a disk file 900)",
    )


def _number(text: str) -> int:
    if not re.match(r"[1-9]\Z", text):
        raise argparse.ArgumentTypeError(f"not a number from 1 to 9: {text!a}")
    return int(text)


def run(options: argparse.Namespace) -> Answer:
    if options.image is not None:
        from ..image_rehearsal import rehearse_image

        return rehearse_image(options)
    of_image = (options.boots, options.limit, options.disk, options.generation)
    if options.secure_boot or any(one is not None for one in of_image):
        raise UsageError(
            "--boots, --limit, --disk, --generation and --secure-boot need an image",
            "give the image with --image PATH",
        )
    if options.list:
        names = [f"{scenario.name:<19} {scenario.story}" for scenario in SCENARIOS]
        stories = [{"name": scenario.name, "story": scenario.story} for scenario in SCENARIOS]
        return Answer("\n".join(names), {"error": None, "scenarios": stories})
    chosen = find_scenario(options.scenario)
    if chosen is None:
        from ..suggestions import suggest_value

        nearest = suggest_value(options.scenario, [scenario.name for scenario in SCENARIOS])
        raise UsageError(
            f"there is no scenario {options.scenario!a}",
            f"{nearest}azprov.pyz rehearse --list lists them",
        )
    rehearsed = SCENARIOS if options.all else (chosen,)
    if any(scenario.keys for scenario in rehearsed):
        require_person()
    _require_loopback()
    outcomes = []
    is_silent = options.json or options.quiet
    for scenario in rehearsed:
        if not is_silent:
            write_line(f"Rehearsing {scenario.name}: {scenario.story}")
        outcomes.append(
            play(
                scenario,
                _own_command(),
                real_ports().clock,
                hide_event if is_silent else show_event,
            )
        )
        if not is_silent:
            write_line(_verdict(outcomes[-1]) + ("\n" if options.all else ""))
    failed = [outcome.scenario.name for outcome in outcomes if outcome.shortcomings]
    data = {"error": None, "scenarios": [_summary(outcome) for outcome in outcomes]}
    if failed:
        failure = AzprovError(f"these scenarios failed: {', '.join(failed)}", "read the transcript")
        return Answer("", data, exit_code=ERRORS_FOUND, failure=failure)
    has_summary = options.all and not options.quiet
    return Answer(f"All {len(outcomes)} scenarios passed." if has_summary else "", data)


def _require_loopback() -> None:
    """Raises HostError if loopback is down, as in a new network namespace."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("127.0.0.1", 9))  # sends nothing: it is a datagram socket
    except OSError as error:
        raise HostError(
            f"loopback is down ({error.strerror}), so the platform cannot be simulated",
            "run ip link set lo up",
        ) from error


def _own_command() -> List[str]:
    """The command that starts this azprov again, from its archive or its package."""
    home = own_path()
    if os.path.isfile(home):
        return [sys.executable, "-I", home]
    code = (
        "import sys; sys.path.insert(0, {!r}); from azprov.__main__ import main; sys.exit(main())"
    )
    return [sys.executable, "-I", "-c", code.format(home)]


def _verdict(outcome: Outcome) -> str:
    scenario = outcome.scenario
    lines = ["", "Changed files of the VM:"]
    lines += [f"  {change}" for change in outcome.changes or ["none"]]
    if any(booted.exit_code > 0 for booted in outcome.boots):
        lines.append(_FOR_A_VM)
    if outcome.shortcomings:
        failed = coloured_word("FAILED", sys.stdout)
        lines.append(f"{failed}: {'; '.join(outcome.shortcomings)}.")
    else:
        reports = f"Ready was acknowledged {_TIMES[outcome.ready_reports]}"
        if outcome.failure_reports:
            times = _TIMES[outcome.failure_reports]
            reports = f"the failure was acknowledged {times}, and Ready never"
        lines += [
            f"On Azure: {scenario.meaning}",
            f"{coloured_word('PASSED', sys.stdout)}: {reports}, as expected.",
        ]
    return "\n".join(lines)


def _summary(outcome: Outcome) -> Dict[str, Any]:
    return {
        "name": outcome.scenario.name,
        "passed": not outcome.shortcomings,
        "shortcomings": outcome.shortcomings,
        "boots": [booted._asdict() for booted in outcome.boots],
        "ready_reports": outcome.ready_reports,
        "failure_reports": outcome.failure_reports,
        "keys": outcome.keys,
        "hostname": outcome.hostname,
        "disabled": outcome.is_disabled,
        "changes": outcome.changes,
        "events": [event._asdict() for event in outcome.events],
    }

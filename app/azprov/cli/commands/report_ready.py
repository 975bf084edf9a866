"""Reports Ready to the platform."""

import argparse

from ...boot.connect import real_ports
from ...system.root import Root
from ..options import add_report_options, wireserver_settings
from ..output import Answer
from ..parser import Parser
from ..reporting import answer_of, report_ready

SUMMARY = "fetch the goal state, post Ready, wait for the acknowledgement"
EXAMPLE = ("give up after a minute", "report-ready --timeout 60")


def configure(parser: Parser) -> None:
    add_report_options(parser)


def run(options: argparse.Namespace) -> Answer:
    reported = report_ready(
        wireserver_settings(options), real_ports(), Root(), dry_run=options.dry_run
    )
    return answer_of(reported, dry_run=options.dry_run)

"""Reports Ready to the platform."""

import argparse

from ...boot.connect import real_ports
from ...boot.report import report_ready
from ...system.root import Root
from ..output import Answer
from ..parser import Parser
from ..shared_options import add_report_options, wireserver_settings

SUMMARY = "fetch the goal state, post Ready, wait for the acknowledgement"
EXAMPLE = ("give up after a minute", "report-ready --timeout 60")


def configure(parser: Parser) -> None:
    add_report_options(parser)


def run(options: argparse.Namespace) -> Answer:
    settings = wireserver_settings(options)
    reported = report_ready(real_ports(), Root(), settings, dry_run=options.dry_run)
    shown = reported.document.decode("utf-8") if options.dry_run else ""
    return Answer(shown, reported.as_json())

"""Reports to the platform that provisioning failed."""

import argparse
import logging
import os

from ...boot.connect import real_ports
from ...boot.report import failure_line, report_failure
from ...formats.platform.provisioning_report import parse_report
from ...system.root import Root
from ..output import Answer
from ..parser import Parser
from ..shared_options import add_report_options, wireserver_settings

SUMMARY = "report that provisioning failed (final), also to Hyper-V KVP"
DESCRIPTION = (
    "The platform treats this report as final: it fails the deployment and shows the reason."
)
EXAMPLE = ("fail the deployment and say why", 'report-failure --reason "the data disk is missing"')

log = logging.getLogger(__name__)


def configure(parser: Parser) -> None:
    parser.option_of_words = "--reason"
    parser.add_argument(
        "--reason",
        metavar="TEXT",
        required=True,
        type=_reason,
        help="what failed, for the person who deployed the VM",
    )
    add_report_options(parser)


def run(options: argparse.Namespace) -> Answer:
    ports, root, settings = real_ports(), Root(), wireserver_settings(options)
    line = failure_line(ports, root, settings.agent_name, options.reason, {})
    if ("reason", options.reason) not in parse_report(line):
        log.warning("the reason was shortened or cleaned to fit into the report")
    reported = report_failure(ports, root, settings, line, dry_run=options.dry_run)
    shown = reported.document.decode("utf-8") if options.dry_run else ""
    return Answer(shown, reported.as_json())


def _reason(text: str) -> str:
    # Python 3.6 decodes arguments as ASCII if no locale is set, as during a boot.
    text = os.fsencode(text).decode("utf-8", "replace")
    if not text.strip():
        raise argparse.ArgumentTypeError("the text is empty")
    return text

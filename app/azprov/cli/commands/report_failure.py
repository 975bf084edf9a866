"""Reports to the platform that provisioning failed."""

import argparse
import logging
import os

from ...boot.connect import real_ports
from ...formats.platform.provisioning_report import parse_report
from ...system.root import Root
from ..options import add_report_options, wireserver_settings
from ..output import Answer
from ..parser import Parser
from ..reporting import answer_of, failure_line, report_failed

SUMMARY = "post that provisioning failed, to Hyper-V KVP too; final"
DESCRIPTION = (
    "The platform takes this report as final: it fails the deployment and shows the reason."
)
EXAMPLE = ("fail the deployment and say why", 'report-failure --reason "the data disk is missing"')

log = logging.getLogger(__name__)


def configure(parser: Parser) -> None:
    parser.add_argument(
        "--reason",
        metavar="TEXT",
        required=True,
        type=_reason,
        help="what went wrong, for whoever deployed the VM",
    )
    add_report_options(parser)


def run(options: argparse.Namespace) -> Answer:
    settings, root = wireserver_settings(options), Root()
    line = failure_line(settings, root, options.reason, {})
    if ("reason", options.reason) not in parse_report(line):
        log.warning("the reason does not fit into a report as it is, and was cut or cleaned")
    reported = report_failed(settings, real_ports(), root, line, dry_run=options.dry_run)
    return answer_of(reported, dry_run=options.dry_run)


def _reason(text: str) -> str:
    # Python 3.6 reads arguments as ASCII where no locale is set, as at a boot.
    text = os.fsencode(text).decode("utf-8", "replace")
    if not text.strip():
        raise argparse.ArgumentTypeError("the text is empty")
    return text

"""Post that provisioning failed, with the reason.

The platform takes this report as final: it fails the deployment with the text.
"""

import argparse
import logging
import os

from ..documents import health
from ..documents.goal_state import GoalState
from . import reporting
from .console import Answer
from .options import Parser, add_report_options

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
    def failed(goal_state: GoalState) -> health.HealthReport:
        report = health.provisioning_failed(goal_state, options.reason)
        if report.details is not None and report.details.description != options.reason:
            log.warning("the reason does not fit into a report as it is, and was cut or cleaned")
        return report

    return reporting.run(options, failed)


def _reason(text: str) -> str:
    # Python 3.6 reads arguments as ASCII where no locale is set, as at a boot.
    text = os.fsencode(text).decode("utf-8", "replace")
    if not text.strip():
        raise argparse.ArgumentTypeError("the text is empty")
    return text

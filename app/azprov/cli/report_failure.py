"""Post that provisioning failed, with the reason.

The platform takes this report as final: it fails the deployment with the text.
"""

import argparse

from ..documents import health
from ..documents.goal_state import GoalState
from . import reporting
from .console import Answer
from .options import Parser, add_report_options


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
        return health.provisioning_failed(goal_state, options.reason)

    return reporting.run(options, failed)


def _reason(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("the text is empty")
    return text

"""What report-ready and report-failure share: one report, and the answer about it."""

import argparse
from typing import Callable

from ..documents.goal_state import GoalState
from ..documents.health import HealthReport
from ..report import report
from .console import Answer
from .options import wireserver_of


def run(options: argparse.Namespace, health: Callable[[GoalState], HealthReport]) -> Answer:
    wireserver, conversation = wireserver_of(options)
    reported = report(wireserver, conversation, health, dry_run=options.dry_run)
    data = dict(
        reported.goal_state._asdict(),
        state=reported.state,
        document=reported.document.decode("utf-8"),
        dry_run=options.dry_run,
        acknowledged=reported.reply is not None,
        status=None if reported.reply is None else reported.reply.status,
    )
    return Answer(reported.document + b"\n" if options.dry_run else "", data)

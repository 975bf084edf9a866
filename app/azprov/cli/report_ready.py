"""Fetch the goal state, post Ready, wait for the acknowledgement."""

import argparse

from ..documents import health
from . import reporting
from .console import Answer
from .options import Parser, add_report_options


def configure(parser: Parser) -> None:
    add_report_options(parser)


def run(options: argparse.Namespace) -> Answer:
    return reporting.run(options, health.ready)

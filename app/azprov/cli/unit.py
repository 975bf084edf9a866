"""Print the service file that `install` would write, without its note for `uninstall`."""

import argparse

from .console import Answer
from .install import add_service_options, unit_of
from .options import Parser


def configure(parser: Parser) -> None:
    add_service_options(parser)


def run(options: argparse.Namespace) -> Answer:
    text, _ = unit_of(options)
    return Answer(text.encode("utf-8"), {"unit": text})

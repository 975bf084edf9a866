"""Prints the service file that `install` would write."""

import argparse

from ...image.location import PYZ
from ...image.service_file import program_of
from ..output import Answer
from ..parser import Parser
from ..service_options import add_service_options, unit_of

SUMMARY = "print the service file that install would write"
DESCRIPTION = (
    "Nothing is changed. The file that install writes can also have a line MadeFolders=, with the "
    "folders that install created."
)
EXAMPLE = ("print a service that creates the admin user", "unit --admin-user")


def configure(parser: Parser) -> None:
    add_service_options(parser, root_purpose="examine")
    parser.add_argument(
        "--program",
        metavar="PATH",
        type=_program,
        default=None,
        help=f"path of azprov.pyz (default {PYZ})",
    )


def run(options: argparse.Namespace) -> Answer:
    text = unit_of(options, options.program).text
    return Answer(text, {"unit": text})


def _program(text: str) -> str:
    if program_of(text) != text:
        raise argparse.ArgumentTypeError(f"not a path that ends in /azprov.pyz: {text!a}")
    return text

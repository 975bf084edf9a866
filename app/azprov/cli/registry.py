"""Finds a command by its name: its module, and the parser of its options."""

from importlib import import_module
from types import ModuleType

from .parser import Parser
from .program import PROGRAM
from .shared_options import add_common_options


def load_command(name: str) -> ModuleType:
    """Import the module of one command; cli/commands/__init__.py describes these modules."""
    return import_module(f"{__package__}.commands.{name.replace('-', '_')}")


def command_parser(name: str) -> Parser:
    parser = Parser(prog=f"{PROGRAM} {name}")
    load_command(name).configure(parser)
    add_common_options(parser)
    return parser


def program_parser() -> Parser:
    """The parser of a command line that names no command."""
    parser = Parser(prog=PROGRAM)
    parser.add_argument("--version", action="store_true", help="show the version")
    add_common_options(parser)
    return parser

"""The options of a boot service, and the service file for them."""

import argparse
from typing import List, NamedTuple, Optional

from ..boot.settings import ON_AZURE
from ..errors import UsageError
from ..image.location import location
from ..image.python import UnusablePython, check_python, find_python
from ..image.service_file import UnusableWord, render_unit
from ..system.init import InitSystem
from ..system.init.known import BY_NAME, find_init
from .parser import Parser
from .shared_options import add_root_option, add_step_options


class Service(NamedTuple):
    """A service file, the init system that reads it, and the Python that it starts."""

    text: str
    init: InitSystem
    python: str


def add_service_options(parser: Parser, *, root_purpose: str = "change") -> None:
    """The options that change the content of the service file."""
    add_step_options(parser)
    parser.add_argument(
        "--python", metavar="PATH", help="the Python in the image (default: the one found)"
    )
    parser.add_argument(
        "--init", choices=list(BY_NAME), help="init system of the image (default: the one found)"
    )
    add_root_option(parser, purpose=root_purpose)
    parser.option_of_words = "--root"


def unit_of(options: argparse.Namespace, program: Optional[str] = None) -> Service:
    """The service for these options, by default for the program that `install` installs.

    Raises HostError if the image has no Python that can run azprov, and UsageError for options
    that do not fit the image.
    """
    init = find_init(options.root) if options.init is None else BY_NAME[options.init]
    python = options.python
    try:
        found = find_python(options.root) if python is None else check_python(options.root, python)
    except UnusablePython as error:
        raise UsageError(error.summary, error.hint) from error
    program = location(options.root).program if program is None else program
    arguments: List[str] = []
    if options.no_hostname:
        arguments.append("--no-hostname")
    if options.ssh_keys is not None:
        arguments += ["--ssh-keys", options.ssh_keys]
    if options.admin_user:
        arguments.append("--admin-user")
    if options.keep_enabled:
        arguments.append("--keep-enabled")
    if options.platform != ON_AZURE:
        arguments += ["--platform", options.platform]
    try:
        text = render_unit(found.path, arguments, init=init, program=program)
    except UnusableWord as error:
        raise UsageError(error.summary, error.hint) from error
    return Service(text, init, found.path)

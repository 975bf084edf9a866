"""The options that commands share, and the clients that are built from them."""

import argparse
import logging
import os
import random
import re
from typing import Any, Callable, NoReturn, Optional, Sequence, Tuple

from .. import __version__
from ..azure.conversation import Conversation
from ..azure.endpoint import IMDS_ADDRESS, WIRESERVER_ADDRESS, Endpoint, parse_endpoint
from ..azure.imds import LONGEST_TIMEOUT_S, Imds
from ..azure.patience import Patience, Presence
from ..azure.transport import Transport
from ..azure.wireserver import WireServer
from ..azure.wireserver_address import Whereabouts
from ..errors import UnusableError, UsageError
from ..system.clock import Clock
from ..system.root import Root

# Azure restarts a VM that has not reported after 20 minutes; a boot's last
# attempt must be over by then.
DEFAULT_TIMEOUT_S = 900.0

DEFAULT_IMDS_TIMEOUT_S = 120.0

WIRESERVER_VARIABLE = "AZPROV_WIRESERVER"
IMDS_VARIABLE = "AZPROV_IMDS"
#: In which form a report is sent: the documented one, or its possible successor.
XML, JSON = "xml", "json"
#: In place of an address: what a DHCP lease names, else the usual one.
AUTO = "auto"

_WIRESERVER_HINT = f"give it as {AUTO}, {WIRESERVER_ADDRESS} or 127.0.0.1:8080"
_IMDS_HINT = f"give it as {IMDS_ADDRESS} or 127.0.0.1:8080"

AGENT_NAME = "azprov/" + __version__

log = logging.getLogger(__name__)


class HelpAskedFor(Exception):
    """Holds the text, which is an answer like any other."""


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would print its usage and exit, and HelpAskedFor."""

    def __init__(self, *, prog: str, description: str) -> None:
        super().__init__(prog=prog, description=description, allow_abbrev=False, add_help=False)
        # A parser makes a formatter to try each option on, which in Python 3.14 imports
        # dataclasses and inspect, and before that shutil. A group does not.
        self._group = self.add_argument_group("options")
        self._group.add_argument("-h", "--help", action="help", help="show this help")

    def add_argument(self, *names: Any, **settings: Any) -> argparse.Action:
        return self._group.add_argument(*names, **settings)

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """A dash and one letter are an option, more letters none. Raises UsageError.

        Of 3.8 or newer, argparse takes -version for -v.
        """
        for word in argv:
            if word.startswith("-") and word[1:].isalpha() and len(word) > len("-v"):
                self.error(f"unrecognized arguments: {word}")
        return self.parse_args(argv)

    def print_help(self, file: object = None) -> NoReturn:  # noqa: ARG002 - argparse's own form
        from .help import help_of

        raise HelpAskedFor(help_of(self))

    def error(self, message: str) -> NoReturn:
        from .suggestions import suggest_option

        suggestion = suggest_option(message, self._option_string_actions)
        raise UsageError(message, f"{suggestion}{self.prog} --help shows how it is used")


def add_common_options(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.add_argument("-q", "--quiet", action="store_true", help="show errors only")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show requests and replies too"
    )


def add_wireserver_options(parser: Parser, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
    parser.add_argument(
        "--wireserver",
        metavar="HOST[:PORT]",
        help=f"numeric address, or {AUTO}: a DHCP lease's option 245, else {WIRESERVER_ADDRESS} "
        f"({AUTO}, or ${WIRESERVER_VARIABLE})",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        default=timeout_s,
        help=f"for the whole conversation ({timeout_s:g})",
    )
    parser.add_argument(
        "--agent-name",
        metavar="NAME",
        type=_agent_name,
        default=AGENT_NAME,
        help="how to call ourselves (azprov/VERSION)",
    )


def add_imds_options(
    parser: Parser, *, timeout_s: float = DEFAULT_IMDS_TIMEOUT_S, since: str = ""
) -> None:
    parser.add_argument(
        "--imds",
        metavar="HOST[:PORT]",
        help=f"numeric address ({IMDS_ADDRESS}, or ${IMDS_VARIABLE})",
    )
    parser.add_argument(
        "--imds-timeout",
        metavar="SECONDS",
        type=_imds_seconds,
        default=timeout_s,
        help=f"for all that is asked there{since} ({timeout_s:g}, at most 300)",
    )


def add_root_option(parser: Parser, *, purpose: str = "change") -> None:
    parser.add_argument(
        "--root", metavar="DIR", type=_root, default=Root(), help=f"the image to {purpose} (/)"
    )


def add_report_options(parser: Parser) -> None:
    add_wireserver_options(parser)
    add_protocol_option(parser)
    parser.add_argument("--dry-run", action="store_true", help="show the document, post nothing")


def add_protocol_option(parser: Parser) -> None:
    parser.add_argument(
        "--protocol",
        choices=(XML, JSON),
        default=XML,
        help=f"form of a report; {JSON} is newer, undocumented ({XML})",
    )


def wireserver_of(options: argparse.Namespace, root: Root) -> Tuple[WireServer, Conversation]:
    """The client of one conversation, over the real network and clock; `root` has the leases."""
    transport, conversation = connection_of(options, root)
    return WireServer(transport, conversation, agent_name=options.agent_name), conversation


def connection_of(options: argparse.Namespace, root: Root) -> Tuple[Transport, Conversation]:
    """What a client of WireServer speaks through."""
    clock = Clock()
    conversation = Conversation(clock, timeout_s=options.timeout, jitter=random.random)
    endpoint, locate = _wireserver_at(options, root, clock)
    return Transport(endpoint, clock, locate), conversation


def imds_of(options: argparse.Namespace, timeout_s: float) -> Tuple[Imds, Conversation]:
    """The client of one conversation with the metadata service."""
    clock = Clock()
    conversation = Conversation(clock, timeout_s=timeout_s, jitter=random.random)
    return _imds(options, clock, conversation), conversation


def patient_imds_of(
    options: argparse.Namespace,
    root: Root,
    timeout_s: float,
    *,
    silent_s: float,
    answering_s: float,
) -> Tuple[Imds, Conversation]:
    """One that waits for the network too: the two bounds count from when the platform is there.

    `root` has the leases, by which WireServer is asked whether it is.
    """
    clock = Clock()
    endpoint, locate = _wireserver_at(options, root, clock)
    patience = Patience(
        Presence(endpoint, clock, locate), clock, silent_s=silent_s, answering_s=answering_s
    )
    conversation = Conversation(
        clock, timeout_s=timeout_s, jitter=random.random, patience=patience.left_s
    )
    return _imds(options, clock, conversation), conversation


def require_addresses(options: argparse.Namespace) -> None:
    """Raises UsageError for an address that is none, before anything is done or told."""
    _wireserver_by(options)
    if "imds" in options:
        _imds_endpoint(options)


def user_name(text: str) -> str:
    """The name as it is, as an option's type.

    Raises argparse.ArgumentTypeError for what no Linux account can be called.
    """
    from ..formats.host.passwd import parse_user_name

    return argument(parse_user_name, text)


def argument(parse: Callable[[str], str], text: str) -> str:
    """What is parsed; UnusableError becomes argparse's own."""
    try:
        return parse(text)
    except UnusableError as error:
        raise argparse.ArgumentTypeError(error.summary) from error


def _imds(options: argparse.Namespace, clock: Clock, conversation: Conversation) -> Imds:
    transport = Transport(_imds_endpoint(options), clock)
    return Imds(transport, conversation, agent_name=AGENT_NAME)


def _imds_endpoint(options: argparse.Namespace) -> Endpoint:
    source, text = _said("--imds", options.imds, IMDS_VARIABLE, IMDS_ADDRESS)
    return _endpoint(source, text, _IMDS_HINT)


def _wireserver_at(
    options: argparse.Namespace, root: Root, clock: Clock
) -> Tuple[Endpoint, Optional[Callable[[], Endpoint]]]:
    """Its endpoint, and who says before each attempt whether that still holds."""
    source, endpoint = _wireserver_by(options)
    if endpoint is None:
        return Endpoint(WIRESERVER_ADDRESS), Whereabouts(root, clock)
    log.debug("WireServer is at %s by %s", endpoint, source)
    return endpoint, None


def _wireserver_by(options: argparse.Namespace) -> Tuple[str, Optional[Endpoint]]:
    """Who names its endpoint, and which that is; None where a lease is to name it."""
    source, text = _said("--wireserver", options.wireserver, WIRESERVER_VARIABLE, AUTO)
    return source, None if text == AUTO else _endpoint(source, text, _WIRESERVER_HINT)


def _said(option: str, given: Optional[str], variable: str, usual: str) -> Tuple[str, str]:
    """An address and who names it: the option, the variable, or neither."""
    return (option, given) if given is not None else (variable, os.environ.get(variable, usual))


def _endpoint(source: str, text: str, hint: str) -> Endpoint:
    try:
        return parse_endpoint(text)
    except ValueError as error:
        raise UsageError(f"{source} is {error}", hint) from error


def _seconds(text: str) -> float:
    seconds = float(text) if re.match(r"[0-9]{1,9}(?:\.[0-9]{1,9})?\Z", text) else 0.0
    if not seconds:
        raise argparse.ArgumentTypeError(f"not a number of seconds above 0: {text!a}")
    return seconds


def _imds_seconds(text: str) -> float:
    seconds = _seconds(text)
    if seconds > LONGEST_TIMEOUT_S:
        raise argparse.ArgumentTypeError(f"more than {LONGEST_TIMEOUT_S:g} seconds: {text!a}")
    return seconds


def _root(text: str) -> Root:
    if os.path.isfile(text):
        raise argparse.ArgumentTypeError(
            f"{text!a} is a file: mount the image that is in it, and name that folder"
        )
    if not os.path.isdir(text):
        raise argparse.ArgumentTypeError(f"there is no folder {text!a}")
    return Root(text)


def _agent_name(text: str) -> str:
    if not re.match(r"[!-~](?:[ -~]{0,126}[!-~])?\Z", text):
        raise argparse.ArgumentTypeError(f"not 1 to 128 printable ASCII characters: {text!a}")
    return text

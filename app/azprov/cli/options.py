"""The options that commands share, and the clients that are built from them."""

import argparse
import math
import os
import random
import re
from typing import NoReturn, Tuple

from .. import __version__
from ..azure.clock import Clock
from ..azure.conversation import Conversation
from ..azure.endpoint import WIRESERVER_ADDRESS, Endpoint, parse_endpoint
from ..azure.transport import Transport
from ..azure.wireserver import WireServer
from ..errors import UsageError

# Azure restarts a VM that has not reported after 20 minutes; a boot's last
# attempt must be over by then.
DEFAULT_TIMEOUT_S = 900.0

WIRESERVER_VARIABLE = "AZPROV_WIRESERVER"


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would print its usage and exit."""

    def __init__(self, *, prog: str, description: str, usage: str = "", epilog: str = "") -> None:
        super().__init__(
            prog=prog,
            usage=usage or None,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, f"{self.prog} --help shows how it is used")


def add_common_options(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show requests and replies too"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="show errors only")


def add_wireserver_options(parser: Parser) -> None:
    parser.add_argument(
        "--wireserver",
        metavar="HOST[:PORT]",
        help=f"its numeric address ({WIRESERVER_ADDRESS}, or what {WIRESERVER_VARIABLE} names)",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=_seconds,
        default=DEFAULT_TIMEOUT_S,
        help="for the whole conversation (900)",
    )
    parser.add_argument(
        "--agent-name",
        metavar="NAME",
        type=_agent_name,
        default="azprov/" + __version__,
        help="how to call ourselves (azprov/VERSION)",
    )


def add_report_options(parser: Parser) -> None:
    add_wireserver_options(parser)
    parser.add_argument("--dry-run", action="store_true", help="show the document, post nothing")


def wireserver_of(options: argparse.Namespace) -> Tuple[WireServer, Conversation]:
    """The client of one conversation, over the real network and clock."""
    clock = Clock()
    conversation = Conversation(clock, timeout_s=options.timeout, jitter=random.random)
    transport = Transport(_wireserver_endpoint(options.wireserver), clock)
    return WireServer(transport, conversation, agent_name=options.agent_name), conversation


def _wireserver_endpoint(flag: object) -> Endpoint:
    source, text = "--wireserver", flag
    if flag is None:
        source, text = WIRESERVER_VARIABLE, os.environ.get(WIRESERVER_VARIABLE)
    try:
        return parse_endpoint(str(text or WIRESERVER_ADDRESS))
    except ValueError as error:
        raise UsageError(
            f"{source} is {error}", "give it as 168.63.129.16 or 127.0.0.1:8080"
        ) from error


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"not a number of seconds above 0: {text!a}")
    return seconds


def _agent_name(text: str) -> str:
    if not re.match(r"[!-~](?:[ -~]{0,126}[!-~])?\Z", text):
        raise argparse.ArgumentTypeError(f"not 1 to 128 printable ASCII characters: {text!a}")
    return text

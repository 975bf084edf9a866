"""The options that commands share, and the settings that are read from them."""

import argparse
import os
import re
from typing import Callable

from ..azure.endpoint import IMDS_ADDRESS, WIRESERVER_ADDRESS
from ..boot.settings import (
    AGENT_NAME,
    ANYWHERE,
    AUTO,
    DEFAULT_IMDS_TIMEOUT_S,
    DEFAULT_TIMEOUT_S,
    IMDS_VARIABLE,
    JSON,
    LONGEST_IMDS_TIMEOUT_S,
    ON_AZURE,
    SHOW_TIMEOUT_S,
    WIRESERVER_VARIABLE,
    XML,
    ImdsSettings,
    WireServerSettings,
    imds_endpoint,
    wireserver_endpoint,
)
from ..errors import HostError, LoginBlocked, NotPermitted, UnusableError, UsageError
from ..system.root import Root
from .parser import Parser


def add_common_options(parser: Parser) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("-q", "--quiet", action="store_true", help="log errors only")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="also log requests and replies"
    )


def add_wireserver_options(
    parser: Parser, *, timeout_s: float = DEFAULT_TIMEOUT_S, has_dry_run: bool = False
) -> None:
    """The options for WireServer; `has_dry_run` is whether the command has --dry-run too."""
    parser.add_argument(
        "--wireserver",
        metavar="HOST[:PORT]",
        help=f"WireServer's IP, or {AUTO}: DHCP option 245, otherwise {WIRESERVER_ADDRESS} "
        f"(default ${WIRESERVER_VARIABLE} or {AUTO})",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=parse_seconds,
        default=None if has_dry_run else timeout_s,
        help=f"time limit for all attempts together (default {timeout_s:g}"
        + (f"; {SHOW_TIMEOUT_S:g} with --dry-run)" if has_dry_run else ")"),
    )
    parser.add_argument(
        "--agent-name",
        metavar="NAME",
        type=_agent_name,
        default=AGENT_NAME,
        help="agent name to send (default azprov/VERSION)",
    )


def add_imds_options(
    parser: Parser,
    *,
    timeout_s: float = DEFAULT_IMDS_TIMEOUT_S,
    purpose: str = "the metadata service",
    has_timeout: bool = False,
) -> None:
    """The options for the metadata service.

    `purpose` is what the time limit is for. With `has_timeout` --timeout is another name of
    --imds-timeout, for a command without requests to WireServer.
    """
    parser.add_argument(
        "--imds",
        metavar="HOST[:PORT]",
        help=f"IMDS's IP (default ${IMDS_VARIABLE} or {IMDS_ADDRESS})",
    )
    parser.add_argument(
        *(("--timeout", "--imds-timeout") if has_timeout else ("--imds-timeout",)),
        dest="imds_timeout",
        metavar="SECONDS",
        type=_imds_seconds,
        default=timeout_s,
        help=f"time limit for {purpose} ({_bounds_of(timeout_s)})",
    )


def _bounds_of(timeout_s: float) -> str:
    most = f"{LONGEST_IMDS_TIMEOUT_S:g}"
    is_most = timeout_s == LONGEST_IMDS_TIMEOUT_S
    return f"default and max. {most}" if is_most else f"default {timeout_s:g}, at most {most}"


def add_root_option(
    parser: Parser,
    *,
    purpose: str = "change",
    for_file: str = "if it is a disk file, mount it and give the mount point",
) -> None:
    """The option for the root of an image; `for_file` is what to do with a file instead."""
    parser.add_argument(
        "--root",
        metavar="DIR",
        type=lambda text: _root(text, for_file),
        default="/",
        help=f"folder of the image to {purpose} (default /)",
    )


def add_report_options(parser: Parser) -> None:
    add_wireserver_options(parser, has_dry_run=True)
    add_protocol_option(parser)
    parser.add_argument("--dry-run", action="store_true", help="print the document, post nothing")


def add_protocol_option(parser: Parser) -> None:
    parser.add_argument(
        "--protocol",
        choices=(XML, JSON),
        default=XML,
        help=f"report format; {JSON} is undocumented (default {XML})",
    )


def add_platform_option(parser: Parser) -> None:
    """The option for commands that take users, keys or names from the platform."""
    parser.add_argument(
        "--platform",
        choices=(ON_AZURE, ANYWHERE),
        default=ON_AZURE,
        help=f"trust only Azure VMs ({ON_AZURE}) or every network ({ANYWHERE})",
    )


#: Why no command takes the name of the admin user.
NAME_OF_ADMIN = "leave out the name of the user, since the deployment has it"


def add_step_options(parser: Parser) -> None:
    """The options for the steps of a first boot; `install` writes them into the service."""
    parser.explanations["--admin-user"] = NAME_OF_ADMIN
    parser.explanations["--hostname"] = (
        "the deployment has the host name, and --no-hostname keeps that of the image"
    )
    parser.add_argument("--no-hostname", action="store_true", help="do not set the host name")
    parser.add_argument(
        "--ssh-keys",
        metavar="USER",
        type=user_name,
        help="add the platform's public keys to this user",
    )
    parser.add_argument(
        "--admin-user", action="store_true", help="create the platform's admin user"
    )
    parser.add_argument(
        "--keep-enabled", action="store_true", help="do not disable the service after success"
    )
    add_platform_option(parser)


def wireserver_settings(options: argparse.Namespace) -> WireServerSettings:
    """Read the options for WireServer. Raises UsageError for an address that is not valid."""
    timeout_s = options.timeout
    if timeout_s is None:
        # Someone at a console waits for what a dry run prints.
        timeout_s = SHOW_TIMEOUT_S if options.dry_run else DEFAULT_TIMEOUT_S
    return WireServerSettings(
        *wireserver_endpoint(options.wireserver, os.environ),
        timeout_s,
        options.agent_name,
        getattr(options, "protocol", XML),
    )


def imds_settings(options: argparse.Namespace) -> ImdsSettings:
    """Read the options for the metadata service. Raises UsageError for a bad address."""
    return ImdsSettings(
        imds_endpoint(options.imds, os.environ),
        options.imds_timeout,
        is_trusted=getattr(options, "platform", ON_AZURE) == ANYWHERE,
    )


def require_user(root: Root, name: str, hint: str) -> None:
    """Raises UsageError if an option names a user that the root does not have, or a daemon's."""
    from ..boot.connect import real_commands
    from ..system.accounts import refuse_daemon
    from ..system.user_database import PASSWD, look_up_account

    account = look_up_account(root, name, real_commands())
    if account is None:
        raise UsageError(f"there is no user {name!a} in {root.outside(PASSWD)}", hint)
    try:
        refuse_daemon(root, account)
    except LoginBlocked as error:
        raise UsageError(error.summary, error.hint) from error


def user_name(text: str) -> str:
    """The type of an option that takes the name of a Linux user."""
    from ..formats.host.passwd import parse_user_name

    return option_value(parse_user_name, text)


def option_value(parse: Callable[[str], str], text: str) -> str:
    """Parse the value of an option. Raises ArgumentTypeError in place of UnusableError."""
    try:
        return parse(text)
    except UnusableError as error:
        raise argparse.ArgumentTypeError(error.summary) from error


def parse_seconds(text: str) -> float:
    """A duration in seconds, above 0. Raises ArgumentTypeError for another text."""
    seconds = float(text) if re.match(r"[0-9]{1,9}(?:\.[0-9]{1,9})?\Z", text) else 0.0
    if not seconds:
        raise argparse.ArgumentTypeError(f"not a number of seconds above 0: {text!a}")
    return seconds


def _imds_seconds(text: str) -> float:
    seconds = parse_seconds(text)
    if seconds > LONGEST_IMDS_TIMEOUT_S:
        raise argparse.ArgumentTypeError(f"more than {LONGEST_IMDS_TIMEOUT_S:g} seconds: {text!a}")
    return seconds


def _root(text: str, for_file: str) -> Root:
    from ..system.root.linux_root import require_linux_root

    # A command that names it is printed: there it is no option, and the shell keeps its end.
    path = f"./{text}" if text.startswith("-") else text
    try:
        root = Root(f"{path}/" if path.endswith("\n") else path)
    except NotPermitted:
        raise
    except HostError as error:
        what = error.summary
        if isinstance(error.__cause__, FileNotFoundError):
            what = f"there is no folder {text!a}"
        elif isinstance(error.__cause__, NotADirectoryError):
            what = f"{text!a} is not a folder: {for_file}"
        raise argparse.ArgumentTypeError(what) from error
    require_linux_root(root)
    return root


def _agent_name(text: str) -> str:
    if not re.match(r"[!-~](?:[ -~]{0,126}[!-~])?\Z", text):
        raise argparse.ArgumentTypeError(f"not 1 to 128 printable ASCII characters: {text!a}")
    return text

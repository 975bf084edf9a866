"""Runs the first boot."""

import argparse
import logging
import os
import sys
from contextlib import suppress
from typing import Sequence

from ...boot.connect import real_commands, real_ports
from ...boot.outcome import error_of, exit_code_of
from ...boot.provision import provision
from ...boot.settings import BootSettings
from ...errors import HostError
from ...formats.text import printable
from ...system.init import SYSTEMD, is_service_name, report_started
from ...system.root import Root
from ..output import Answer
from ..parser import Parser
from ..shared_options import (
    add_imds_options,
    add_protocol_option,
    add_root_option,
    add_step_options,
    add_wireserver_options,
    imds_settings,
    wireserver_settings,
)

log = logging.getLogger(__name__)

SUMMARY = "run the first boot's steps and report Ready, each once per VM"
EXAMPLE = ("create the admin user too", "provision --admin-user")


def configure(parser: Parser) -> None:
    add_step_options(parser)
    parser.add_argument(
        "--unit",
        metavar="NAME",
        type=_service_name,
        default=SYSTEMD.unit,
        help=f"unit to disable (default {SYSTEMD.unit})",
    )
    add_wireserver_options(parser)
    add_protocol_option(parser)
    add_imds_options(parser, purpose="the host name")
    add_root_option(parser)


def run(options: argparse.Namespace) -> Answer:
    if sys.stderr is not None and sys.stderr.isatty():
        log_command_of_service(options.root, sys.argv)
    outcome = provision(
        settings_of(options),
        options.root,
        real_ports(),
        real_commands(),
        release_sshd=lambda: report_started(os.environ),
    )
    return Answer(
        "",
        {"error": None, "done_now": list(outcome.done_now)},
        exit_code=exit_code_of(outcome),
        failure=error_of(outcome),
    )


def log_command_of_service(root: Root, typed: Sequence[str]) -> None:
    """Log the command of the installed service if a person typed one without its options."""
    from ...image.service_file import command_of, own_service
    from ...system.init.known import find_init

    with suppress(HostError):
        init = find_init(root)
        path = own_service(root, init)
        text = "" if path is None else (root.read(path) or b"").decode("utf-8", "replace")
        words = [word for word in command_of(text).options if word not in init.arguments]
        if path is not None and not set(words).issubset(typed):
            log.warning(
                "the installed service has other options; to repeat what it does, run "
                "azprov.pyz provision %s",
                printable(" ".join(words)),
            )


def settings_of(options: argparse.Namespace) -> BootSettings:
    """Read the options. Raises UsageError: a mistyped one must not fail the deployment."""
    return BootSettings(
        wireserver_settings(options),
        imds_settings(options),
        unit=options.unit,
        set_hostname=not options.no_hostname,
        create_admin_user=options.admin_user,
        ssh_keys_user=options.ssh_keys,
        keep_enabled=options.keep_enabled,
    )


def _service_name(text: str) -> str:
    if not is_service_name(text):
        raise argparse.ArgumentTypeError(f"not the name of a service: {text!a}")
    return text

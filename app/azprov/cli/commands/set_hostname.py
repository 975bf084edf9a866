"""Sets the host name of this machine or of an image."""

import argparse

from ...boot.connect import fetch_metadata, real_commands, real_ports
from ...boot.steps import hostname_of
from ...formats.host.hostname import parse_hostname
from ...formats.platform.instance import Wanted
from ...system.hostname import set_hostname
from ..output import Answer
from ..parser import Parser
from ..shared_options import (
    add_imds_options,
    add_platform_option,
    add_root_option,
    imds_settings,
    option_value,
)

SUMMARY = "set the host name to NAME, or to the name from Azure"
EXAMPLE = ("set a name of your own in an image", "set-hostname web01 --root image")


def configure(parser: Parser) -> None:
    for option in ("--name", "--hostname"):
        parser.explanations[option] = "the name needs no option: azprov.pyz set-hostname NAME"
    parser.add_argument(
        "name",
        nargs="?",
        metavar="NAME",
        type=_host_name,
        help="the new host name (default the name from Azure)",
    )
    add_imds_options(parser)
    add_platform_option(parser)
    add_root_option(parser)


def run(options: argparse.Namespace) -> Answer:
    name, ports = options.name, real_ports()
    if name is None:
        wanted = Wanted(hostname=True)
        instance = fetch_metadata(ports, options.root, imds_settings(options), wanted)
        name = hostname_of(instance)
    set_hostname(options.root, name, real_commands(), ports.clock)
    return Answer("", {"hostname": name})


def _host_name(text: str) -> str:
    return option_value(parse_hostname, text)

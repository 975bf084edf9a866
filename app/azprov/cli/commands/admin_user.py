"""Creates the admin user that the platform names."""

import argparse

from ...boot.connect import fetch_metadata, real_commands, real_ports
from ...boot.steps import create_admin_user
from ...formats.platform.instance import Wanted
from ..output import Answer
from ..parser import Parser
from ..shared_options import (
    NAME_OF_ADMIN,
    add_imds_options,
    add_platform_option,
    add_root_option,
    imds_settings,
)

SUMMARY = "create the admin user: home, keys, sudo, locked password"
EXAMPLE = ("give up after half a minute", "admin-user --imds-timeout 30")


def configure(parser: Parser) -> None:
    parser.explanations.update(
        {"": NAME_OF_ADMIN, "--user": NAME_OF_ADMIN, "--name": NAME_OF_ADMIN}
    )
    add_imds_options(parser)
    add_platform_option(parser)
    add_root_option(parser)


def run(options: argparse.Namespace) -> Answer:
    ports = real_ports()
    wanted = Wanted(admin_user=True, keys=True)
    instance = fetch_metadata(ports, options.root, imds_settings(options), wanted)
    keys = create_admin_user(options.root, instance, real_commands(), ports.clock)
    fingerprints = [key.fingerprint for key in keys]
    return Answer("", {"user": instance.admin_username, "keys": fingerprints})

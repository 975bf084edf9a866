"""Adds the platform's SSH keys to a user of this machine or of an image."""

import argparse

from ...boot.connect import fetch_metadata, real_commands, real_ports
from ...boot.steps import add_ssh_keys, keys_to_add
from ...formats.platform.instance import Wanted
from ..output import Answer
from ..parser import Parser
from ..shared_options import (
    add_imds_options,
    add_platform_option,
    add_root_option,
    imds_settings,
    require_user,
    user_name,
)

SUMMARY = "add the platform's public keys to a user's authorized_keys"
EXAMPLE = ("let the person who deployed the VM log in as root", "ssh-keys --user root")


def configure(parser: Parser) -> None:
    parser.option_of_words = "--user"
    parser.add_argument(
        "--user", metavar="NAME", type=user_name, required=True, help="an existing user"
    )
    add_imds_options(parser)
    add_platform_option(parser)
    add_root_option(parser)


def run(options: argparse.Namespace) -> Answer:
    hint = "name an existing user; azprov.pyz admin-user creates the platform's admin user"
    require_user(options.root, options.user, hint)
    ports = real_ports()
    instance = fetch_metadata(ports, options.root, imds_settings(options), Wanted(keys=True))
    keys = keys_to_add(instance, options.user)
    if keys:
        add_ssh_keys(options.root, options.user, keys, real_commands(), ports.clock)
    return Answer("", {"user": options.user, "keys": [key.fingerprint for key in keys]})

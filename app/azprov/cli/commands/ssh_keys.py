"""Adds the platform's SSH keys to a user of this machine or of an image."""

import argparse
import logging
from typing import List

from ...boot.connect import open_imds, real_commands, real_ports
from ...errors import UnusableError
from ...formats.host.ssh_keys import SshKey, parse_ssh_keys
from ...formats.platform.instance import Instance
from ...system.accounts import require_account
from ...system.sshd.authorized_keys import add_keys
from ..options import add_imds_options, add_root_option, imds_settings, user_name
from ..output import Answer
from ..parser import Parser

SUMMARY = "add the platform's public keys to a user's authorized_keys"
EXAMPLE = ("let the person who deployed the VM log in as root", "ssh-keys --user root")

log = logging.getLogger(__name__)


def configure(parser: Parser) -> None:
    parser.add_argument(
        "--user", metavar="NAME", type=user_name, required=True, help="a user that is there"
    )
    add_imds_options(parser)
    add_root_option(parser)


def run(options: argparse.Namespace) -> Answer:
    account = require_account(options.root, options.user)
    imds, conversation = open_imds(real_ports(), imds_settings(options))
    keys = keys_of(conversation.retry(imds.fetch_instance))
    add_keys(options.root, account, keys, real_commands())
    return Answer("", {"user": account.name, "keys": [key.fingerprint for key in keys]})


def keys_of(instance: Instance) -> List[SshKey]:
    """The keys that sshd can use; the others are told and left out.

    Raises UnusableError if there is none.
    """
    keys: List[SshKey] = []
    for number, text in enumerate(instance.public_keys, start=1):
        try:
            keys += [key for key in parse_ssh_keys(text) if key not in keys]
        except ValueError as error:
            log.warning("the platform's public key %d is left out: %s", number, error)
    if not keys:
        held = instance.public_keys
        raise UnusableError(
            f"the platform names {'no usable' if held else 'no'} public key",
            "deploy the VM with an SSH key in OpenSSH's form",
        )
    return keys

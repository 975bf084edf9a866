"""Creates the admin user that the platform names."""

import argparse

from ...boot.connect import open_imds, real_commands, real_ports
from ...errors import DocumentError
from ...formats.host.passwd import parse_user_name
from ...formats.platform.instance import Instance
from ...system.admin_user import set_up_admin
from ...system.commands import Commands
from ...system.root import Root
from ..options import add_imds_options, add_root_option, imds_settings
from ..output import Answer
from ..parser import Parser
from .ssh_keys import keys_of

SUMMARY = "create the admin user: home, keys, sudo, locked password"
EXAMPLE = ("give up after half a minute", "admin-user --imds-timeout 30")


def configure(parser: Parser) -> None:
    add_imds_options(parser)
    add_root_option(parser)


def run(options: argparse.Namespace) -> Answer:
    imds, conversation = open_imds(real_ports(), imds_settings(options))
    instance = conversation.retry(imds.fetch_instance)
    create_admin(options.root, instance, real_commands())
    keys = [key.fingerprint for key in keys_of(instance)]
    return Answer("", {"user": instance.admin_username, "keys": keys})


def create_admin(root: Root, instance: Instance, commands: Commands) -> None:
    """Make the user that the platform names; nothing is made for one that cannot log in.

    Raises DocumentError, UnusableError or HostError.
    """
    if not instance.admin_username:
        raise DocumentError(
            "instance metadata names no admin user",
            "see what it says: azprov.pyz metadata compute/osProfile",
        )
    set_up_admin(
        root,
        parse_user_name(instance.admin_username),
        keys_of(instance),
        commands,
        no_passwords=instance.is_password_login_disabled,
    )

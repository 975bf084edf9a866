"""Installs azprov into an image or into this machine."""

import argparse
import os
from typing import List, Tuple

from ...errors import HostError, UsageError
from ...image.install import install
from ...image.python import check_python, find_python
from ...image.service_file import PYZ, render_unit
from ...system.accounts import require_account
from ...system.init_systems import INITS, Init, find_init, starts_by
from ...system.root import Root
from ..options import add_root_option
from ..output import Answer
from ..parser import Parser
from ..program import own_path
from .provision import add_step_options

SUMMARY = "put this file and its boot service into an image or this VM"
EXAMPLE = ("have the image's first boot create the admin user", "install --root image --admin-user")


def configure(parser: Parser) -> None:
    add_service_options(parser)
    parser.add_argument("--no-enable", action="store_true", help="do not start it at the next boot")
    parser.add_argument("--force", action="store_true", help="replace a service of the same name")


def add_service_options(parser: Parser) -> None:
    """What the service file depends on; `unit` has them too."""
    add_step_options(parser)
    parser.add_argument(
        "--python", metavar="PATH", help="a Python inside the root (found when not given)"
    )
    parser.add_argument(
        "--init", choices=list(INITS), help="whose service it is (found in the root when not given)"
    )
    add_root_option(parser)


def run(options: argparse.Namespace) -> Answer:
    archive = own_path()
    if not os.path.isfile(archive):
        raise UsageError("this is no azprov.pyz but its source", "build it: python3 build.py")
    unit, init = unit_of(options)
    if not options.force:
        _require_init(options.root, init)
    if options.ssh_keys is not None:
        require_account(options.root, options.ssh_keys)
    with open(archive, "rb") as file:
        content = file.read()
    changed = install(
        options.root,
        content,
        unit,
        init=init,
        enable=not options.no_enable,
        force=options.force,
    )
    text = "\n".join(_said(options.root, path) for path in changed)
    return Answer(text or "everything is installed already", {"changed": changed})


def _said(root: Root, path: str) -> str:
    """What became of a path; with --no-enable the link is one that goes."""
    verb = "removed" if root.status(path, follow=False) is None else "installed"
    return f"{verb} {root.outside(path)}"


def _require_init(root: Root, init: Init) -> None:
    """Raises HostError for a service that would not be started."""
    found = find_init(root)
    if found is not init and starts_by(root, found):
        raise HostError(
            f"{root} starts by {found.name}, not by {init.name}",
            "leave --init out, or write it all the same with --force",
        )


def unit_of(options: argparse.Namespace, program: str = PYZ) -> Tuple[str, Init]:
    """The service file for these options, and who reads it.

    Raises HostError if no Python can run it.
    """
    init = find_init(options.root) if options.init is None else INITS[options.init]
    python = options.python
    found = find_python(options.root) if python is None else check_python(options.root, python)
    arguments: List[str] = []
    if options.no_hostname:
        arguments.append("--no-hostname")
    if options.ssh_keys is not None:
        arguments += ["--ssh-keys", options.ssh_keys]
    if options.admin_user:
        arguments.append("--admin-user")
    if options.keep_enabled:
        arguments.append("--keep-enabled")
    return render_unit(found.path, arguments, init=init, program=program), init

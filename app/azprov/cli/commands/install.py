"""Installs azprov into an image or into this machine."""

import argparse
import logging
import os
from typing import List, Optional

from ...errors import HostError, UsageError
from ...formats.text import printable, shell_word
from ...image.install import install
from ...image.service_file import command_of
from ...system.init import InitSystem
from ...system.init.known import find_init, unknown_program
from ...system.root import Root
from ...system.root.opening import open_given_file
from ..output import Answer
from ..parser import Parser
from ..program import own_path
from ..service_options import add_service_options, unit_of
from ..shared_options import require_user

log = logging.getLogger(__name__)

_SUMS = "/SHA256SUMS"

SUMMARY = "put this file and its boot service into an image or this VM"
EXAMPLE = ("have the image's first boot create the admin user", "install --root image --admin-user")


def configure(parser: Parser) -> None:
    add_service_options(parser)
    parser.add_argument("--no-enable", action="store_true", help="do not enable the service")
    parser.add_argument("--force", action="store_true", help="replace a service of the same name")


def run(options: argparse.Namespace) -> Answer:
    archive = own_path()
    if not os.path.isfile(archive):
        raise UsageError(
            "install needs azprov.pyz, but this is its source code",
            "build it with python3 build.py",
        )
    service = unit_of(options)
    if not options.force:
        _require_init(options.root, service.init)
        if options.init is None:
            _refuse_unknown(options.root, service.text)
    if options.ssh_keys is not None:
        hint = "name an existing user, or use --admin-user to create the platform's admin user"
        require_user(options.root, options.ssh_keys, hint)
    content = _verified(archive)
    changed: List[str] = []
    failure: Optional[HostError] = None
    try:
        install(
            options.root,
            content,
            service.text,
            changed,
            init=service.init,
            enable=not options.no_enable,
            force=options.force,
            python=service.python,
        )
    except HostError as error:
        failure = error
    text = "\n".join(_line(options.root, path, service.init) for path in changed)
    data = {"error": None, "changed": changed}
    if failure is not None:
        return Answer(
            "" if options.quiet else text, data, exit_code=failure.exit_code, failure=failure
        )
    if changed and options.ssh_keys is None and not options.admin_user:
        log.info(
            "The first boot creates no user, so the user that a deployment names will not exist on "
            "its VM; to have the user, install with --admin-user"
        )
    return Answer("" if options.quiet else text or "everything is already installed", data)


def _verified(archive: str) -> bytes:
    """The content of the archive, if it has the checksum in the SHA256SUMS beside it.

    install.sh has compared them too, but the file may have been exchanged since. Without such
    a checksum, the archive was copied alone. Raises HostError.
    """
    from hashlib import sha256

    with open_given_file(archive) as file:
        content = file.read()
    folder, name = os.path.split(archive)
    delivery = Root(folder)
    lines = [line.split() for line in (delivery.read(_SUMS) or b"").splitlines()]
    noted = [line[0] for line in lines if line[1:] == [os.fsencode(name)]]
    if noted and sha256(content).hexdigest().encode("ascii") not in noted:
        raise HostError(
            f"{printable(archive)} does not match {delivery.outside(_SUMS)}",
            "copy all of dist/ again",
        )
    return content


def _line(root: Root, path: str, init: InitSystem) -> str:
    """Whether `install` wrote, removed or edited a path; --no-enable removes the link."""
    verb = "removed" if root.status(path, follow=False) is None else "installed"
    return f"{'edited' if path in init.settings else verb} {root.outside(path)}"


def _refuse_unknown(root: Root, service: str) -> None:
    """Raises UsageError if the kernel starts a program that azprov has no service for."""
    program = unknown_program(root)
    if program:
        command = command_of(service)
        words = [command.python, "-I", command.program, command.name, *command.options]
        raise UsageError(
            f"{root} boots with {printable(program)}, and azprov has no service for it",
            "add --force, and have the image run this at boot, in the background: "
            f"{' '.join(map(shell_word, words))}",
        )


def _require_init(root: Root, init: InitSystem) -> None:
    """Raises UsageError if the image boots with another init system."""
    found = find_init(root)
    if found is not init and found.is_installed(root):
        raise UsageError(
            f"{root} boots with {found.title}, not with {init.title}",
            "leave out --init, or add --force to install the service anyway",
        )

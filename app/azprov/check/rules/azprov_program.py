"""Whether the two files that azprov's service starts are usable: azprov.pyz and its Python."""

import re
from typing import Iterator

from ...errors import HostError
from ...formats.text import printable
from ...image.location import PYZ, location
from ...image.python import check_python
from ..facts import packages
from ..facts.archive import flaw_of
from ..facts.azprov_service import installed_program, is_of_package, own_command, own_file
from ..facts.image import Image
from ..finding import ERROR, Check, Finding, Rule
from ..fixes import install, install_again

# dpkg's file lists, and the packages of the interpreter and its standard library.
_DPKG_FOLDER = "/var/lib/dpkg/info"
_PYTHON_PARTS = re.compile(r"((?:lib)?python3(?:\.\d+)?(?:-minimal|-stdlib)?)(?::\w+)?\.list\Z")

PROGRAM_UNUSABLE = Rule(
    "program-unusable",
    ERROR,
    "the azprov.pyz that the service starts is missing, damaged, or not azprov",
    "run azprov install --force",
)
PYTHON_UNUSABLE = Rule(
    "python-unusable",
    ERROR,
    "the Python that the service starts is missing, too old or incomplete",
    "install a complete Python 3.6 or newer",
)


def check_program(image: Image) -> Iterator[Finding]:
    """Find a missing or damaged archive, or one that is not azprov's."""
    if own_file(image) is None:
        return
    program = installed_program(image)
    flaw = _flaw_of(image, program)
    if flaw:
        yield PROGRAM_UNUSABLE.found(
            f"{image.shown(program)} {flaw}, so azprov's service fails at every boot and the "
            "deployment fails after 40 minutes",
            install_again(image),
        )


def check_interpreter(image: Image) -> Iterator[Finding]:
    """Find an incomplete Python in the service; its files are checked, not run."""
    command = own_command(image)
    if command is None:
        return
    try:
        check_python(image.root, command.python)
    except HostError as error:
        yield PYTHON_UNUSABLE.found(
            f"azprov's service cannot start: {error.summary}; the deployment fails after 40 "
            "minutes",
            _install_python(image),
        )


def _install_python(image: Image) -> str:
    """Install Python, and the service again, since the new Python may have another path."""
    again = install_again(image)
    matches = map(_PYTHON_PARTS.match, image.names(_DPKG_FOLDER))
    installed = [match.group(1) for match in matches if match]
    names = ""
    # apt restores missing files of an installed package only with --reinstall.
    if installed and image.tool == "apt-get":
        names = " ".join(["--reinstall", *installed])
    command = install(image, packages.PYTHON, names=names)
    if is_of_package(image):
        return command
    return f"{command} && {again}" if image.tool else f"{command}, then: {again}"


def _flaw_of(image: Image, program: str) -> str:
    try:
        is_in_var = image.root.real_path(program, allow_missing=True).startswith("/var/")
        if is_in_var and location(image.root).program != PYZ:
            return "is in /var, and a deployment of this image has a /var of its own"
        file = image.root.open_file(program)
    except HostError as error:
        return f"cannot be read ({printable(error.summary)})"
    if file is None:
        return "is missing"
    with file:
        return flaw_of(file)


CHECKS = (
    Check(check_program, (PROGRAM_UNUSABLE,)),
    Check(check_interpreter, (PYTHON_UNUSABLE,)),
)

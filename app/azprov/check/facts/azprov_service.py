"""What is installed of azprov itself: its service's file, its command, the options in it."""

import re
from typing import List, NamedTuple, Optional

from ...formats.host.config_syntax import parse_sections
from ...image.service_file import PYZ, program_of
from ...system.boot_service import UNIT_NAME
from ...system.init_systems import OPENRC as OPENRC_SERVICE
from ...system.init_systems import SYSTEMD
from .image import Image
from .services import OPENRC, UNIT_FOLDERS

SCRIPT = OPENRC_SERVICE.file
#: The name by which both init systems know it.
NAME = UNIT_NAME.rpartition(".")[0]

_INTERPRETER = re.compile(r"/[A-Za-z0-9/._+-]*python3?[0-9.]*(?=[\s\"']|$)")
_ARGUMENTS = re.compile(r'^command_args="([^"]*)"', re.MULTILINE)
_USUAL_PYTHON = "/usr/bin/python3"


class Command(NamedTuple):
    """What a service starts: a Python, azprov, its command, and the options behind it."""

    python: str
    program: str
    name: str
    options: List[str]


def service_file(image: Image) -> Optional[str]:
    """What starts azprov under the init system of the image, None if there is nothing."""
    if image.services.init == OPENRC:
        return SCRIPT if image.is_there(SCRIPT) else None
    places = [SYSTEMD.file, *(f"{folder}/{UNIT_NAME}" for folder in UNIT_FOLDERS)]
    return next((path for path in places if image.is_there(path)), None)


def own_file(image: Image) -> Optional[str]:
    """As `service_file`, but only azprov's own, and none that is masked."""
    if image.services.is_masked(NAME):
        return None
    path = service_file(image)
    return path if path is not None and program_of(image.text(path)) is not None else None


def command_of(text: str) -> Command:
    """What a service's file starts; the name is empty where it cannot be told."""
    for setting in parse_sections(text):
        if setting.key == "ExecStart" and program_of(setting.value) is not None:
            words = setting.value.split()
            return _command(words[0].lstrip("-@:+!"), words)
    python, arguments = _INTERPRETER.search(text), _ARGUMENTS.search(text)
    return _command(
        python.group() if python else _USUAL_PYTHON, arguments.group(1).split() if arguments else []
    )


def _command(python: str, words: List[str]) -> Command:
    program = program_of(" ".join(words)) or PYZ
    after = words[words.index(program) + 1 :] if program in words else []
    options = after[1:]
    if tuple(options[:2]) == OPENRC_SERVICE.arguments:
        options = options[2:]
    return Command(python, program, after[0] if after else "", options)


def installed_program(image: Image) -> str:
    """The archive that the installed service starts; where `install` puts one if there is none."""
    path = own_file(image)
    return PYZ if path is None else command_of(image.text(path)).program


def installed_options(image: Image) -> List[str]:
    """The options of the first boot that the installed service has; `install` takes them too."""
    path = own_file(image)
    return [] if path is None else command_of(image.text(path)).options

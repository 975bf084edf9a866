"""The installed azprov service: its file, its command and its options."""

import re
from typing import List, NamedTuple, Optional

from ...formats.host.config_syntax import parse_sections
from ...image.service_file import PYZ, program_of
from ...system.init import INIT_SYSTEMS, SERVICE
from .files import read_once
from .image import Image

# The characters of a path, up to a character that may end one.
_PATH = re.compile(r"([A-Za-z0-9/._+-]+)([^A-Za-z0-9/._+-]?)")
_INTERPRETER = re.compile(r"python3?[0-9.]*\Z")
_ARGUMENTS = re.compile(r'^command_args="([^"]*)"', re.MULTILINE)
_USUAL_PYTHON = "/usr/bin/python3"


class Command(NamedTuple):
    """The command line of a service: a Python, azprov, its command and the options after it."""

    python: str
    program: str
    name: str
    options: List[str]


@read_once
def service_file(image: Image) -> Optional[str]:
    """The file of azprov's service under the image's init system; None if there is none."""
    init = image.services.init
    if init is None:
        return None
    paths = [f"{folder}/{init.unit}" for folder in init.unit_folders]
    return next((path for path in paths if image.is_there(path)), None)


@read_once
def own_file(image: Image) -> Optional[str]:
    """The same as `service_file`, but None if the service is masked or does not start azprov."""
    if image.services.is_masked(SERVICE):
        return None
    path = service_file(image)
    return path if path is not None and program_of(image.text(path)) is not None else None


def command_of(text: str) -> Command:
    """The command in a service file; its name is empty if the file does not start azprov."""
    for setting in parse_sections(text):
        if setting.key == "ExecStart" and program_of(setting.value) is not None:
            words = setting.value.split()
            return _command(words[0].lstrip("-@:+!"), words)
    arguments = _ARGUMENTS.search(text)
    return _command(_interpreter(text), arguments.group(1).split() if arguments else [])


def _interpreter(text: str) -> str:
    """The first absolute path with the name of a Python."""
    for path, end in _PATH.findall(text):
        start = path.find("/")
        if start >= 0 and end in " \t\r\n\"'" and _INTERPRETER.search(path, start):
            return str(path[start:])
    return _USUAL_PYTHON


def _command(python: str, words: List[str]) -> Command:
    program = program_of(" ".join(words)) or PYZ
    after = words[words.index(program) + 1 :] if program in words else []
    options = after[1:]
    for init in INIT_SYSTEMS:
        count = len(init.arguments)
        if count and tuple(options[:count]) == init.arguments:
            options = options[count:]
    return Command(python, program, after[0] if after else "", options)


@read_once
def installed_program(image: Image) -> str:
    """The archive that the installed service starts, or the path that `install` uses."""
    path = own_file(image)
    return PYZ if path is None else command_of(image.text(path)).program


@read_once
def installed_options(image: Image) -> List[str]:
    """The options in the installed service. `install` accepts the same ones."""
    path = own_file(image)
    return [] if path is None else command_of(image.text(path)).options

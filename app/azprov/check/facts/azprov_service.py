"""The installed azprov service: its file, its command and its options."""

from typing import List, NamedTuple, Optional

from ...image.service_file import PYZ, program_of
from ...system.init import INIT_SYSTEMS, SERVICE
from .files import read_once
from .image import Image


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
    commands = [words for init in INIT_SYSTEMS for words in init.commands_in(text)]
    own = [words for words in commands if program_of(" ".join(words)) is not None]
    python, *words = own[0] if own else commands[-1]
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

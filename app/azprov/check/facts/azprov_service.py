"""The installed azprov service: its file, its command and its options."""

from typing import List, Optional

from ...image.location import PYZ, location
from ...image.service_file import Command, command_of, program_of
from ...system.init import SERVICE
from .files import read_once
from .image import Image


@read_once
def service_file(image: Image) -> Optional[str]:
    """The file of azprov's service under the image's init system; None if there is none."""
    init = image.services.init
    if init is None:
        return None
    paths = [init.file_in(folder) for folder in init.unit_folders]
    return next((path for path in paths if image.is_there(path)), None)


@read_once
def own_file(image: Image) -> Optional[str]:
    """The same as `service_file`; None if it is masked, or not azprov's for this init system."""
    path = service_file(image)
    init = image.services.init
    if path is None or init is None or image.services.is_masked(SERVICE):
        return None
    text = image.text(path)
    return path if program_of(text) is not None and init.can_read(text) else None


@read_once
def own_command(image: Image) -> Optional[Command]:
    """The command in azprov's service; None if `own_file` has none."""
    path = own_file(image)
    return None if path is None else command_of(image.text(path))


def installed_program(image: Image) -> str:
    """The archive that the installed service starts, or the path that `install` uses."""
    command = own_command(image)
    return location(image.root).program if command is None else command.program


def is_of_package(image: Image) -> bool:
    """Whether a distribution's package has the installed service, and not `install`."""
    init = image.services.init
    is_elsewhere = init is not None and own_file(image) in init.package_files
    programs = (PYZ, location(image.root).program)
    return is_elsewhere or installed_program(image) not in programs


def installed_options(image: Image) -> List[str]:
    """The options in the installed service. `install` accepts the same ones."""
    command = own_command(image)
    return [] if command is None else command.options

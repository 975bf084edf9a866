"""The installed azprov service: its file, its command and its options."""

from typing import List, Optional

from ...image.service_file import PYZ, command_of, program_of
from ...system.init import SERVICE
from .files import read_once
from .image import Image


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

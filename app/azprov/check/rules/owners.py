"""Whether users other than root can change what root runs at boot: azprov, its service, Python."""

from typing import Iterator

from ...image.location import location
from ...image.ownership import find_unsafe, fix, sentence, service_paths
from ..facts.azprov_service import own_command, own_file
from ..facts.image import Image
from ..finding import WARNING, Check, Finding, Rule

PROGRAM_UNGUARDED = Rule(
    "program-unguarded",
    WARNING,
    "users other than root can change azprov, its service or its Python, which root runs at the "
    "first boot",
    "give the files and their folders to root, and let no one else write to them",
)


def check_owners(image: Image) -> Iterator[Finding]:
    """Find what users other than root can change on the way to azprov, its service and Python."""
    service, command = own_file(image), own_command(image)
    if service is None or command is None or image.services.init is None:
        return
    paths = [
        command.program,
        service,
        location(image.root).command,
        *service_paths(image.root, image.services.init),
    ]
    found = find_unsafe(image.root, paths, python=command.python)
    if found:
        yield PROGRAM_UNGUARDED.found(sentence(image.root, found), fix(image.root, found))


CHECKS = (Check(check_owners, (PROGRAM_UNGUARDED,)),)

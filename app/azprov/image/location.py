"""The place of azprov in an image: the paths of its program and its command."""

from typing import NamedTuple

from ..system.root import Root

#: Where `install` puts the archive. A distribution's package may use another path.
PYZ = "/usr/local/lib/azprov/azprov.pyz"


class Location(NamedTuple):
    """The paths at which `install` puts the archive, and the link that makes it a command."""

    program: str
    command: str


USUAL_LOCATION = Location(PYZ, "/usr/local/bin/azprov")
_WITHOUT_LOCAL = Location("/usr/lib/azprov/azprov.pyz", "/usr/bin/azprov")


def location(root: Root) -> Location:
    """The location of azprov in an image, installed or not. Raises HostError.

    In images of ostree and bootc /usr/local is often a link to /var/usrlocal. A deployment has
    /usr and /etc of its image, but a /var of its own. On a machine that was deployed /usr is
    read-only, and /var is kept: https://ostreedev.github.io/ostree/adapting-existing/ and
    https://bootc-dev.github.io/bootc/filesystem.html, read 2026-11-27.
    """
    is_in_var = root.real_path("/usr/local", allow_missing=True).startswith("/var/")
    is_deployed = root.is_live and root.status("/run/ostree-booted") is not None
    return _WITHOUT_LOCAL if is_in_var and not is_deployed else USUAL_LOCATION

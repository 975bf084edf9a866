"""Scripts and services that run a DHCP client themselves, such as an rcS that calls udhcpc."""

import re

from ....formats.host.config_syntax import uncommented
from ..image import Image

#: Scripts that an init program or a service of the distribution runs, and people write to.
_SCRIPTS = ("/etc/init.d/rcS", "/etc/rc.local", "/etc/rc.d/rc.local")
_CLIENT = re.compile(r"(?:\A|[\s/='\"`(|&;])(?:udhcpc|dhcpcd|dhclient)(?:\Z|[\s'\"`)|&;])")


def starts_client(image: Image) -> bool:
    """Whether something that starts at boot has the name of a DHCP client in a command."""
    local = image.matching("/etc/local.d", ".start")  # of OpenRC
    paths = [*_SCRIPTS, *local, *image.services.started_files()]
    return any(_CLIENT.search(line) for path in paths for line in uncommented(image.text(path)))

"""netifrc of Gentoo: a service such as net.eth0 for each interface, and /etc/conf.d/net.

Source: net.lo of netifrc 0.7.14, which uses DHCP on an interface without config_NAME.
"""

import re
from typing import Iterator, Tuple

from ...fixes import enable
from ..image import Image
from .base import Manager
from .instances import read_instances
from .nic_settings import DHCP, OFF, STATIC, NicSetting, from_file, starts_with_ipv4

_TEMPLATE = "net"
_SCRIPT = "/etc/init.d/net.lo"
_CONF = "/etc/conf.d/net"
_CLIENTS = tuple(
    f"{folder}/{name}"
    for folder in ("/usr/sbin", "/sbin", "/usr/bin", "/bin")
    for name in ("dhcpcd", "dhclient", "busybox", "pump")
)
# A value may have several lines, in quotes or as an array.
_CONFIG = re.compile(
    r"^[ \t]*config_(\w+)=(?:\"([^\"]*)\"|'([^']*)'|\(([^()]*)\)|([^\s\"'(;#]*))", re.MULTILINE
)
_NOT_IN_NAMES = re.compile(r"\W", re.ASCII)


def reads(image: Image) -> Iterator[NicSetting]:
    """Each interface whose service starts at boot."""
    shared = dict(_configured(image, _CONF))
    for setting in read_instances(image, _TEMPLATE):
        nic = setting.pattern
        if nic != "lo":
            # systemd's service does not read the second file.
            own = dict(_configured(image, f"{_CONF}.{nic}"))
            name = _NOT_IN_NAMES.sub("_", nic)
            yield own.get(name, shared.get(name, setting))._replace(pattern=nic)


def _configured(image: Image, path: str) -> Iterator[Tuple[str, NicSetting]]:
    """What a file says about each interface, by the name that it has in shell variables."""
    for name, *texts in _CONFIG.findall(image.text(path)):
        words = "".join(texts).replace('"', " ").replace("'", " ").split()
        if not words or "dhcp" in words:
            method = DHCP
        else:
            method = STATIC if any(map(starts_with_ipv4, words)) else OFF
        yield name, NicSetting(from_file(path), name, method)


def fix(image: Image, nic: str) -> str:
    """Start the service of the interface, or override its setting."""
    if any(one.matches(nic) for one in reads(image)):
        name = _NOT_IN_NAMES.sub("_", nic)
        return f"printf 'config_{name}=dhcp\\n' >> {image.typed(_CONF)}"
    command = enable(image, image.services.instance(_TEMPLATE, nic))
    if image.services.init and image.services.init.has_units:
        return command
    script = image.typed(f"/etc/init.d/{_TEMPLATE}.{nic}", follow=False)
    return f"ln -sfn net.lo {script} && {command}"


MANAGER = Manager("netifrc", (), reads, fix, dhcp_clients=_CLIENTS, files=(_SCRIPT,))

"""netctl of Arch Linux: a file for each profile, and the units that start them.

Source: netctl.profile(5) and netctl.special(7) of netctl 1.29.
"""

import re
from typing import Iterator, Set

from ....formats.host.config_syntax import parse_assignments
from ...fixes import inside
from ..image import Image
from .base import Manager
from .nic_settings import DHCP, OFF, STATIC, NicSetting, from_file

_FOLDER = "/etc/netctl"
# A unit for each profile, and one for each interface, which finds a profile for it.
_BY_PROFILE, _BY_INTERFACE = "netctl", "netctl-ifplugd"
_METHODS = {"dhcp": DHCP, "static": STATIC}
_CLIENTS = tuple(
    f"{folder}/{name}"
    for folder in ("/usr/bin", "/usr/sbin", "/bin", "/sbin")
    for name in ("dhcpcd", "dhclient")
)
_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")


def reads(image: Image) -> Iterator[NicSetting]:
    """Each profile of an Ethernet card that starts at boot."""
    profiles, interfaces = _started(image, _BY_PROFILE), _started(image, _BY_INTERFACE)
    for path in image.matching(_FOLDER):
        if image.is_folder(path):
            continue
        values = parse_assignments(image.text(path))
        nic = values.get("Interface", "")
        is_started = path.rpartition("/")[2] in profiles or nic in interfaces
        if is_started and nic and values.get("Connection") == "ethernet":
            yield NicSetting(from_file(path), nic, _METHODS.get(values.get("IP", ""), OFF))


def _started(image: Image, template: str) -> Set[str]:
    """The instances of a unit, with the names that systemd-escape(1) made for them undone."""
    return {
        _ESCAPED.sub(lambda match: chr(int(match.group(1), 16)), one.replace("-", "/"))
        for one in image.services.instances(template)
    }


def fix(image: Image, nic: str) -> str:
    """Write the profile of the interface, and start it at boot if nothing does."""
    paths = [one.source.name for one in reads(image) if one.matches(nic)]
    typed = image.typed(paths[0] if paths else f"{_FOLDER}/{nic}")
    command = f"printf 'Interface={nic}\\nConnection=ethernet\\nIP=dhcp\\n' > {typed}"
    return command if paths else f"{command} && {inside(image, f'netctl enable {nic}')}"


MANAGER = Manager(
    "netctl",
    (f"{_BY_PROFILE}@", f"{_BY_INTERFACE}@"),
    reads,
    fix,
    dhcp_clients=_CLIENTS,
)

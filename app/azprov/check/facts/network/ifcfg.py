"""ifcfg files: the network service of Red Hat, and wicked of SUSE.

Sources: Red Hat's /usr/share/doc/initscripts/sysconfig.txt and ifcfg(5) of wicked.
"""

from typing import Iterator

from ....formats.host.config_syntax import parse_assignments
from ..image import Image
from .base import Manager
from .nic_settings import DHCP, OFF, STATIC, NicSetting, from_file, only_mac, starts_with_ipv4

_RED_HAT_FOLDER = "/etc/sysconfig/network-scripts"
_SUSE_FOLDER = "/etc/sysconfig/network"
# What editors and package managers leave beside the files in use.
# As Red Hat's ifup and wicked's ifcfg(5) know them.
_DHCP = ("dhcp", "dhcp4", "dhcp+autoip", "bootp")
_BACKUPS = (".bak", ".rpmsave", ".rpmnew", "~")


def reads(image: Image) -> Iterator[NicSetting]:
    for folder in (_RED_HAT_FOLDER, _SUSE_FOLDER):
        for path in image.matching(folder):
            prefix, _, name = path.rpartition("/")[2].partition("ifcfg-")
            if not prefix and name not in ("", "lo") and not name.endswith(_BACKUPS):
                yield _setting(image, path, name)


def _setting(image: Image, path: str, name: str) -> NicSetting:
    values = parse_assignments(image.text(path))
    protocol = values.get("BOOTPROTO", "none").lower()
    method = DHCP if protocol in _DHCP else OFF
    if method == OFF and starts_with_ipv4(values.get("IPADDR", values.get("IPADDR0", ""))):
        method = STATIC
    if (
        values.get("ONBOOT", "yes").lower() == "no"  # Red Hat
        or values.get("STARTMODE", "auto").lower() in ("off", "manual")  # SUSE
    ):
        method = OFF
    mac = only_mac(values.get("HWADDR", ""))
    return NicSetting(from_file(path), values.get("DEVICE", name), method, mac)


def fix(image: Image, nic: str) -> str:
    """The command that writes the interface's file in the form of the distribution."""
    if image.is_there(_RED_HAT_FOLDER):
        folder, text = _RED_HAT_FOLDER, f"DEVICE={nic}\\nBOOTPROTO=dhcp\\nONBOOT=yes\\n"
    else:
        folder, text = _SUSE_FOLDER, "BOOTPROTO=dhcp\\nSTARTMODE=auto\\n"
    paths = [one.source.name for one in reads(image) if one.matches(nic)]
    return f"printf '{text}' > {image.typed(paths[0] if paths else f'{folder}/ifcfg-{nic}')}"


MANAGER = Manager(
    "the distribution's network service",
    ("wicked", "wickedd", "network"),
    reads,
    fix,
    files=(_RED_HAT_FOLDER, _SUSE_FOLDER),
)

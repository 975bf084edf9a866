"""ConnMan: connman.conf(5) and connman-service.config(5). It uses DHCP on every Ethernet card."""

from typing import Dict, Iterator

from ....formats.host.config_syntax import parse_sections
from ..image import Image
from .base import Manager
from .nic_settings import DHCP, OFF, STATIC, NicSetting, from_file, in_effect, only_mac

_MAIN_CONF = "/etc/connman/main.conf"
_SERVICES = "/var/lib/connman"
_SECTION = "service_"


def reads(image: Image) -> Iterator[NicSetting]:
    """The interfaces that ConnMan leaves alone, by the beginnings of their names, and services."""
    for section, key, value in parse_sections(image.text(_MAIN_CONF)):
        if (section, key) == ("General", "NetworkInterfaceBlacklist"):
            for prefix in filter(None, map(str.strip, value.split(","))):
                yield NicSetting(from_file(_MAIN_CONF), f"{prefix}*", OFF, hides_others=True)
    for path in image.matching(_SERVICES, ".config"):
        services: Dict[str, Dict[str, str]] = {}
        for section, key, value in parse_sections(image.text(path)):
            services.setdefault(section, {})[key] = value
        for name, values in services.items():
            if name.startswith(_SECTION) and values.get("Type") == "ethernet":
                yield _service(path, values)


def _service(path: str, values: Dict[str, str]) -> NicSetting:
    method = {"dhcp": DHCP, "off": OFF}.get(values.get("IPv4", "dhcp"), STATIC)
    pattern = values.get("DeviceName", "*")
    return NicSetting(from_file(path), pattern, method, only_mac(values.get("MAC", "")))


def fix(image: Image, nic: str) -> str:
    """There always is a setting where ConnMan does not use DHCP, which is its default."""
    applied = in_effect(reads(image), nic, first_match_wins=False)
    path = applied[0].source.name if applied else _MAIN_CONF
    if path == _MAIN_CONF:
        return (
            f"change NetworkInterfaceBlacklist in {image.edited(path)} so that {nic} is not in it"
        )
    return f"set IPv4=dhcp for {nic} in {image.edited(path)}"


MANAGER = Manager("ConnMan", ("connman", "connmand"), reads, fix, dhcp_by_default=True)

"""dhcpcd, as one service for all interfaces or as one unit for each: dhcpcd.conf(5)."""

from typing import Iterator

from ....formats.bounds import COMPARED
from ....formats.host.config_syntax import uncommented
from ..files import TooMuch
from ..image import Image
from .base import Manager
from .instances import enable_instance, read_instances
from .nic_settings import DHCP, OFF, STATIC, NicSetting, from_file

_FILE = "/etc/dhcpcd.conf"
_TEMPLATE = "dhcpcd"


def reads(image: Image) -> Iterator[NicSetting]:
    """What dhcpcd.conf says about interfaces; dhcpcd uses DHCP on those that it does not name."""
    source = from_file(_FILE)
    yield from _static_addresses(image)
    for line in uncommented(image.text(_FILE)):
        word, _, value = line.partition(" ")
        if word == "denyinterfaces":
            for denied in value.split():
                yield NicSetting(source, denied, OFF)
        elif word == "allowinterfaces":
            for allowed in value.split():
                yield NicSetting(source, allowed, DHCP)
            yield NicSetting(source, "*", OFF)


def fix(image: Image, nic: str) -> str:
    return (
        f"remove the static, denyinterfaces and allowinterfaces lines that apply to {nic} from "
        f"{image.edited(_FILE)}"
    )


def reads_of_instances(image: Image) -> Iterator[NicSetting]:
    """Each unit's interface, with the static address that dhcpcd.conf gives it, if any.

    The interface is on the command line of such a unit, so allowinterfaces and
    denyinterfaces do not apply to it: dhcpcd(8).
    """
    static = list({one.pattern: one for one in _static_addresses(image)}.values())
    if len(static) > COMPARED:
        raise TooMuch(
            f"{image.shown(_FILE)} gives more than {COMPARED} interfaces a static address",
            "shorten that file",
        )
    for setting in read_instances(image, _TEMPLATE):
        named = next((one for one in static if one.matches(setting.pattern)), None)
        yield setting if named is None else named._replace(pattern=setting.pattern)


def fix_instances(image: Image, nic: str) -> str:
    if any(one.matches(nic) for one in reads_of_instances(image)):
        return fix(image, nic)
    return enable_instance(image, _TEMPLATE, nic)


def _static_addresses(image: Image) -> Iterator[NicSetting]:
    # Lines before the first "interface" apply to all interfaces.
    pattern = "*"
    for line in uncommented(image.text(_FILE)):
        word, _, value = line.partition(" ")
        if word == "interface":
            pattern = value.strip()
        elif word == "static" and "ip_address=" in value:
            yield NicSetting(from_file(_FILE), pattern, STATIC)


MANAGER = Manager("dhcpcd", ("dhcpcd",), reads, fix, dhcp_by_default=True)
INSTANCES = Manager("dhcpcd", ("dhcpcd@",), reads_of_instances, fix_instances)

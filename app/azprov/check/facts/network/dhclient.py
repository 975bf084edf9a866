"""dhclient, as one systemd unit for each interface, which is how Arch Linux starts it."""

from typing import Iterator

from ..image import Image
from .base import Manager
from .instances import enable_instance, read_instances
from .nic_settings import NicSetting

_TEMPLATE = "dhclient"


def reads(image: Image) -> Iterator[NicSetting]:
    return read_instances(image, _TEMPLATE)


def fix(image: Image, nic: str) -> str:
    return enable_instance(image, _TEMPLATE, nic)


MANAGER = Manager("dhclient", ("dhclient@",), reads, fix)

"""ConnMan, which uses DHCP on every Ethernet interface; its settings are not read."""

from typing import Iterator

from ..image import Image
from .base import Manager
from .nic_settings import NicSetting


def reads(_: Image) -> Iterator[NicSetting]:
    return iter(())


def fix(image: Image, nic: str) -> str:
    return f"remove the settings for {nic} from {image.edited('/var/lib/connman')}"


MANAGER = Manager("ConnMan", ("connman", "connmand"), reads, fix, dhcp_by_default=True)

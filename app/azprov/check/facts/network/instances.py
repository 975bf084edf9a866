"""DHCP clients that start as one systemd unit for each interface, such as dhcpcd@eth0.service."""

from typing import Iterator

from ...fixes import enable
from ..image import Image
from .nic_settings import DHCP, UNIT, NicSetting, Source


def read_instances(image: Image, template: str) -> Iterator[NicSetting]:
    """A setting for each instance of `template` that starts at boot."""
    for nic in sorted(image.services.instances(template)):
        yield NicSetting(Source(UNIT, f"{template}@{nic}.service"), nic, DHCP)


def enable_instance(image: Image, template: str, nic: str) -> str:
    """The command that starts the client for one more interface."""
    return enable(image, f"{template}@{nic}")

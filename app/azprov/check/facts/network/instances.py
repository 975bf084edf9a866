"""DHCP clients that start as one service for each interface, such as dhcpcd@eth0.service."""

from typing import Iterator

from ...fixes import enable
from ..image import Image
from .nic_settings import DHCP, UNIT, NicSetting, Source


def read_instances(image: Image, template: str) -> Iterator[NicSetting]:
    """A setting for each instance of `template` that starts at boot."""
    for nic in sorted(image.services.instances(template)):
        yield NicSetting(
            Source(UNIT, image.services.file_name(image.services.instance(template, nic))),
            nic,
            DHCP,
        )


def enable_instance(image: Image, template: str, nic: str) -> str:
    """The command that starts the client for one more interface."""
    return enable(image, image.services.instance(template, nic))

"""All network managers that azprov knows, and those that an image uses."""

from typing import List

from ..image import Image
from . import (
    connman,
    dhclient,
    dhcpcd,
    ifcfg,
    ifupdown,
    netctl,
    netifrc,
    netplan,
    network_manager,
    networkd,
)
from .base import ManagerState, read_state

#: To add a manager, add its module and one line here. Findings name the first manager in this
#: order that is in use. netplan comes first because it writes the settings of the others.
MANAGERS = (
    netplan.MANAGER,
    networkd.MANAGER,
    ifupdown.MANAGER,
    network_manager.MANAGER,
    dhcpcd.MANAGER,
    dhcpcd.INSTANCES,
    dhclient.MANAGER,
    connman.MANAGER,
    ifcfg.MANAGER,
    ifupdown.BUILDROOT,
    netifrc.MANAGER,
    netctl.MANAGER,
)


def managers_in_use(image: Image) -> List[ManagerState]:
    """The managers that configure interfaces when the image boots, with their settings."""
    return [read_state(image, manager) for manager in MANAGERS if manager.is_in_use(image)]

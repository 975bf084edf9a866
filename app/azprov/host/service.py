"""The boot service under systemd: its links, and taking them away."""

import logging
from typing import List

from .commands import Commands
from .root import Root

UNIT_NAME = "azure-provisioning.service"
UNIT_FOLDER = "/etc/systemd/system"
_SYSTEMCTL_S = 30.0

log = logging.getLogger(__name__)


def disable(root: Root, unit: str, commands: Commands) -> None:
    """Take a unit's links away, so that it does not start at the next boot. Idempotent.

    systemctl knows links that are not below /etc; where it is absent or fails,
    the links are removed here. --no-reload: what runs now needs no new look at
    the units. Raises HostError if a link stays.
    """
    if not enabling_links(root, unit):
        return
    if root.is_live:
        commands.run(["systemctl", "--no-reload", "disable", unit], limit_s=_SYSTEMCTL_S)
    for link in enabling_links(root, unit):
        root.remove(link)
    log.info("Disabled %s", unit)


def enabling_links(root: Root, unit: str) -> List[str]:
    """The links below /etc/systemd/system by which a target starts the unit."""
    return [
        f"{UNIT_FOLDER}/{folder}/{unit}"
        for folder in root.names(UNIT_FOLDER)
        if folder.endswith((".wants", ".requires"))
        and root.status(f"{UNIT_FOLDER}/{folder}/{unit}", follow=False) is not None
    ]

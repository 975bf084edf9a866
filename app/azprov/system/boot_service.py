"""The boot service under systemd and OpenRC: its links, and taking them away."""

import logging
import re
from typing import List

from .commands import Commands
from .root import Root

UNIT_NAME = "azure-provisioning.service"
UNIT_FOLDER = "/etc/systemd/system"
#: The name of the same service under OpenRC, so that a name says which init is meant.
SCRIPT_NAME = "azure-provisioning"
RUNLEVELS = "/etc/runlevels"
_SYSTEMCTL_S = 30.0
# systemd.unit(5): at most 255 of these; a name that begins with a dot is a folder's or hidden.
_NAME = re.compile(r"[A-Za-z0-9:_\\@-][A-Za-z0-9:_.\\@-]{0,254}\Z")

log = logging.getLogger(__name__)


def is_service_name(text: str) -> bool:
    """Whether a unit or script can be called that."""
    return _NAME.match(text) is not None


def disable(root: Root, unit: str, commands: Commands) -> None:
    """Take a unit's links away, so that it does not start at the next boot. Idempotent.

    A name without a suffix is a service's, as to systemctl, or a script's of OpenRC.
    systemctl knows links that are not below /etc; where it is absent or fails,
    the links are removed here, which is all that OpenRC's rc-update does.
    --no-reload: what runs now needs no new look at the units. Raises HostError
    if a link stays.
    """
    name, links = unit, enabling_links(root, unit)
    if not links:
        name = f"{unit}.service"
        links = enabling_links(root, name)
    if not links:
        # By hand there need be none of its own.
        level = logging.DEBUG if unit in (UNIT_NAME, SCRIPT_NAME) else logging.WARNING
        log.log(level, "%s is not enabled, so there is nothing to disable", unit)
        return
    if root.is_live and any(link.startswith(UNIT_FOLDER) for link in links):
        commands.run(["systemctl", "--no-reload", "disable", name], limit_s=_SYSTEMCTL_S)
    for link in enabling_links(root, name):
        root.remove(link)
    log.info("Disabled %s", name)


def enabling_links(root: Root, unit: str) -> List[str]:
    """The links below /etc by which a target of systemd, or a runlevel, starts the unit."""
    folders = [
        f"{UNIT_FOLDER}/{folder}"
        for folder in root.names(UNIT_FOLDER)
        if folder.endswith((".wants", ".requires"))
    ]
    folders += [f"{RUNLEVELS}/{runlevel}" for runlevel in root.names(RUNLEVELS)]
    return [
        f"{folder}/{unit}"
        for folder in folders
        if root.status(f"{folder}/{unit}", follow=False) is not None
    ]

"""The init systems that azprov has a service for, and its service under each of them."""

import logging
import re
from typing import Dict, List, Optional, Tuple

from ..commands import Commands
from ..root import Root
from .base import SERVICE, InitSystem
from .openrc import OPENRC
from .systemd import SYSTEMD, report_started

__all__ = [
    "BY_NAME",
    "INIT_SYSTEMS",
    "OPENRC",
    "SERVICE",
    "SYSTEMD",
    "InitSystem",
    "disable",
    "enabling_links",
    "find_init",
    "init_program",
    "init_started_by",
    "is_enabled",
    "is_service_name",
    "report_started",
    "restart_services",
]

#: In the order in which an image is searched for them.
INIT_SYSTEMS: Tuple[InitSystem, ...] = (SYSTEMD, OPENRC)
BY_NAME: Dict[str, InitSystem] = {init.name: init for init in INIT_SYSTEMS}

_KERNEL_STARTS = ("/sbin/init", "/etc/init", "/bin/init")
# systemd.unit(5) allows 255 of these characters. A name that begins with a dot is a folder
# or a hidden file.
_SERVICE_NAME = re.compile(r"[A-Za-z0-9:_\\@-][A-Za-z0-9:_.\\@-]{0,254}\Z")

log = logging.getLogger(__name__)


def find_init(root: Root) -> InitSystem:
    """The init system of an image: the one that boots, or the first one that is installed.

    systemd if there is neither.
    """
    booting = init_started_by(root, init_program(root))
    if booting is not None:
        return booting
    return next((init for init in INIT_SYSTEMS if init.is_installed(root)), SYSTEMD)


def init_program(root: Root) -> str:
    """The program that the kernel starts, with links resolved; empty if there is none.

    Source: kernel_init in Linux's init/main.c. Its last resort, /bin/sh, does not count.
    """
    path = next((path for path in _KERNEL_STARTS if root.status(path) is not None), None)
    return "" if path is None else root.real_path(path)


def init_started_by(root: Root, program: str) -> Optional[InitSystem]:
    """The init system that a program is or starts; None for another one."""
    return next((init for init in INIT_SYSTEMS if init.is_started_by(root, program)), None)


def is_service_name(text: str) -> bool:
    """Whether a text can be the name of a service."""
    return _SERVICE_NAME.match(text) is not None


def enabling_links(root: Root, unit: str) -> List[str]:
    """The links below /etc that make a unit start at boot, under any init system."""
    return [link for init in INIT_SYSTEMS for link in init.enabling_links(root, unit)]


def disable(root: Root, unit: str, commands: Commands) -> None:
    """Stop a service from starting at the next boot. Idempotent.

    A name without a suffix means that service of any init system. Raises HostError if a
    link cannot be removed.
    """
    for name in _names_of(unit):
        enabled = [init for init in INIT_SYSTEMS if init.enabling_links(root, name)]
        for init in enabled:
            init.disable(root, name, commands)
        if enabled:
            log.info("Disabled %s", name)
            return
    # If azprov's own service is not enabled, `provision` was started by hand.
    is_own = unit in [SERVICE, *(init.unit for init in INIT_SYSTEMS)]
    level = logging.DEBUG if is_own else logging.WARNING
    log.log(level, "%s is not enabled, so there is nothing to disable", unit)


def is_enabled(root: Root, unit: str) -> bool:
    """Whether a link below /etc makes a service start at boot, named as for `disable`."""
    return any(enabling_links(root, name) for name in _names_of(unit))


def _names_of(unit: str) -> Tuple[str, ...]:
    """The names that a service with this name, perhaps without its suffix, can have."""
    return unit, SYSTEMD.unit_name(unit)


def restart_services(root: Root, services: Tuple[str, ...], verb: str, commands: Commands) -> None:
    """Restart those of the services that start at boot; best effort, and only on a live system.

    The verb is systemctl's, such as "try-restart".
    """
    for init in INIT_SYSTEMS if root.is_live else ():
        for service in services:
            if any(init.enabling_links(root, unit) for unit in init.starting_units(service)):
                init.restart(service, verb, commands)

"""The boot services of a machine. known.py has the init systems other than systemd."""

import logging
import re
from typing import Iterable, Tuple

from ..commands import Commands
from ..root import Root
from .base import SERVICE, InitSystem
from .systemd import SYSTEMD, report_started

__all__ = [
    "SERVICE",
    "SYSTEMD",
    "InitSystem",
    "disable",
    "is_enabled",
    "is_service_name",
    "report_started",
    "restart_services",
]

# systemd.unit(5) allows 255 of these characters. A name that begins with a dot is a folder
# or a hidden file.
_SERVICE_NAME = re.compile(r"[A-Za-z0-9:_\\@-][A-Za-z0-9:_.\\@-]{0,254}\Z")

log = logging.getLogger(__name__)


def is_service_name(text: str) -> bool:
    """Whether a text can be the name of a service."""
    return _SERVICE_NAME.match(text) is not None


def disable(root: Root, unit: str, commands: Commands) -> None:
    """Stop a service from starting at the next boot. Idempotent.

    A name without a suffix means that service of any init system. Raises HostError if a
    link cannot be removed.
    """
    for name in _names_of(unit):
        enabled = [init for init in _inits_with(name) if init.enabling_links(root, name)]
        for init in enabled:
            init.disable(root, name, commands)
        if enabled:
            log.info("Disabled %s", name)
            return
    # If azprov's own service is not enabled, `provision` was started by hand.
    level = logging.DEBUG if unit in (SERVICE, SYSTEMD.unit) else logging.WARNING
    log.log(level, "%s is not enabled, so there is nothing to disable", unit)


def is_enabled(root: Root, unit: str) -> bool:
    """Whether a link below /etc makes a service start at boot, named as for `disable`."""
    return any(
        init.enabling_links(root, name) for name in _names_of(unit) for init in _inits_with(name)
    )


def _names_of(unit: str) -> Tuple[str, ...]:
    """The names that a service with this name, perhaps without its suffix, can have."""
    return unit, SYSTEMD.unit_name(unit)


def _inits_with(name: str) -> Iterable[InitSystem]:
    """The init systems that can have a service of this name."""
    return (SYSTEMD,) if name.endswith(SYSTEMD.unit_name("")) else _all()


def _all() -> Iterable[InitSystem]:
    from .known import INIT_SYSTEMS

    return INIT_SYSTEMS


def restart_services(root: Root, services: Tuple[str, ...], verb: str, commands: Commands) -> None:
    """Restart those of the services that start at boot; best effort, and only on a live system.

    The verb is systemctl's, such as "try-restart".
    """
    # The test of sd_booted(3), which spares a first boot under systemd the other init systems.
    inits = (SYSTEMD,) if root.status("/run/systemd/system") else _all()
    for init in inits if root.is_live else ():
        for service in services:
            if any(init.enabling_links(root, unit) for unit in init.starting_units(service)):
                init.restart(root, service, verb, commands)

"""Every init system that azprov has a service for, and which of them an image has.

A first boot under systemd does not import this module.
"""

from typing import Dict, List, Optional, Tuple

from ..root import Root
from .base import InitSystem
from .dinit import DINIT
from .lsb import BUSYBOX, SYSVINIT
from .openrc import OPENRC
from .runit import RUNIT
from .s6 import S6_INIT
from .scripts import script_text
from .systemd import SYSTEMD

__all__ = [
    "BY_NAME",
    "INIT_SYSTEMS",
    "enabling_links",
    "find_init",
    "init_program",
    "init_started_by",
    "unknown_program",
]

#: In the order in which an image is searched for them.
INIT_SYSTEMS: Tuple[InitSystem, ...] = (SYSTEMD, OPENRC, DINIT, RUNIT, S6_INIT, SYSVINIT, BUSYBOX)
BY_NAME: Dict[str, InitSystem] = {init.name: init for init in INIT_SYSTEMS}

_KERNEL_STARTS = ("/sbin/init", "/etc/init", "/bin/init")


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


def unknown_program(root: Root) -> str:
    """The program that the kernel starts, if azprov has no service for it; otherwise empty.

    A script may start any init system that is installed.
    """
    program = init_program(root)
    if not program or init_started_by(root, program) is not None:
        return ""
    is_script = script_text(root, program).startswith("#!")
    is_one_installed = any(init.is_installed(root) for init in INIT_SYSTEMS)
    return "" if is_script and is_one_installed else program


def init_started_by(root: Root, program: str) -> Optional[InitSystem]:
    """The init system that a program is or starts; None for another one."""
    return next((init for init in INIT_SYSTEMS if init.is_started_by(root, program)), None)


def enabling_links(root: Root, unit: str) -> List[str]:
    """The links below /etc that make a unit start at boot, under any init system."""
    return [link for init in INIT_SYSTEMS for link in init.enabling_links(root, unit)]

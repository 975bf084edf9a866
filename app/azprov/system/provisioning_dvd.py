"""The DVD that Azure gives a new VM, with the deployment's password and custom data in clear.

cloud-init and the Azure Linux agent eject it too, before they report Ready. azprov does not
mount it and reads nothing from it. Source of the numbers: linux/cdrom.h.
"""

import errno
import fcntl
import logging
import os
from typing import Callable

from .root import Root

#: Called with a descriptor, the number of a request and its argument; raises OSError.
Ioctl = Callable[[int, int, int], int]

_DRIVE = "dev/sr0"
_EJECT, _DRIVE_STATUS, _CURRENT_SLOT = 0x5309, 0x5326, 0x7FFFFFFF
_WITHOUT_DISC = (1, 2)  # no disc, and an open tray
_NO_DRIVE = (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOMEDIUM)

log = logging.getLogger(__name__)


def eject_dvd(root: Root, ioctl: Ioctl = fcntl.ioctl) -> None:
    """Eject the DVD if there is one. A failure is logged, and nothing is raised."""
    drive = -1
    try:
        # Without O_NONBLOCK, a drive without a disc could not be opened.
        drive = os.open(_DRIVE, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=root.descriptor)
        if ioctl(drive, _DRIVE_STATUS, _CURRENT_SLOT) not in _WITHOUT_DISC:
            ioctl(drive, _EJECT, 0)
            log.info("Ejected the provisioning DVD")
    except OSError as error:
        if error.errno not in _NO_DRIVE:
            log.warning("could not eject the provisioning DVD in /dev/sr0: %s", error.strerror)
    finally:
        if drive >= 0:
            os.close(drive)

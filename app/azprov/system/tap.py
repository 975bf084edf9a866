"""The network cable of a virtual machine: a device of which one end is a file.

Sources: the kernel's Documentation/networking/tuntap.rst and <linux/if_tun.h>.
"""

import fcntl
import os
import struct

from ..errors import HostError

_DEVICE = "/dev/net/tun"
_TUNSETIFF = 0x400454CA
_IFF_TAP, _IFF_NO_PI = 0x0002, 0x1000
# The name and the flags of a struct ifreq, of which the rest is not used.
_REQUEST = struct.Struct("=16sH22x")


def open_tap(name: str) -> int:
    """Create a network device in this process's network, and return the file of its other end.

    The device exists as long as the file is open in any process. Whatever is written to the file
    arrives at the device as an Ethernet frame, and the other way round. Raises HostError.
    """
    try:
        number = os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise HostError(
            f"{_DEVICE} could not be opened ({error.strerror}), which gives a virtual machine its "
            "network",
            "run modprobe tun as root",
        ) from error
    try:
        fcntl.ioctl(number, _TUNSETIFF, tap_request(name))
    except OSError as error:
        os.close(number)
        raise HostError(
            f"the network device of the virtual machine could not be created ({error.strerror})",
            "run it as root",
        ) from error
    return number


def tap_request(name: str) -> bytes:
    """The argument of TUNSETIFF for a device of that name, of at most 15 characters."""
    return _REQUEST.pack(name.encode("ascii"), _IFF_TAP | _IFF_NO_PI)

"""The VM's id, as its firmware reports it."""

from typing import Optional

from ..errors import HostError
from ..formats.platform.vm_id import parse_vm_id, swapped
from .root import Root

PRODUCT_UUID = "/sys/class/dmi/id/product_uuid"


def read_vm_id(root: Root) -> Optional[str]:
    """The id; None if it is missing, not readable, or not a valid id."""
    try:
        content = root.read(PRODUCT_UUID)
    except HostError:
        return None
    return None if content is None else parse_vm_id(content.decode("ascii", "replace"))


def read_platform_vm_id(root: Root) -> Optional[str]:
    """The id in the platform's form; None if the firmware reports none.

    The firmware of a generation 1 VM, which has no EFI, reports it byte-swapped.
    """
    vm_id = read_vm_id(root)
    if vm_id is None or root.status("/sys/firmware/efi") is not None:
        return vm_id
    return swapped(vm_id)

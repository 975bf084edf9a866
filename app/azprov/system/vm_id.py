"""Which VM this is, by its firmware."""

from typing import Optional

from ..errors import HostError
from ..formats.platform.vm_id import parse_vm_id, swapped
from .root import Root

PRODUCT_UUID = "/sys/class/dmi/id/product_uuid"


def read_vm_id(root: Root) -> Optional[str]:
    """The id, None where there is none, none that can be read, or none worth the name."""
    try:
        content = root.read(PRODUCT_UUID)
    except HostError:
        return None
    return None if content is None else parse_vm_id(content.decode("ascii", "replace"))


def read_platform_vm_id(root: Root) -> Optional[str]:
    """The id as the platform writes it, where the firmware says one.

    A generation 1 VM, one without EFI, has it byte-swapped in its firmware.
    """
    vm_id = read_vm_id(root)
    if vm_id is None or root.status("/sys/firmware/efi") is not None:
        return vm_id
    return swapped(vm_id)

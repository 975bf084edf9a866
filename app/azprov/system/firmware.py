"""What the firmware reports: the VM's id, and whether this is an Azure VM."""

from typing import Optional

from ..errors import HostError, UntrustedPlatform
from ..formats.platform.vm_id import parse_vm_id, swapped
from ..formats.text import printable
from .root import Root

PRODUCT_UUID = "/sys/class/dmi/id/product_uuid"
CHASSIS_ASSET_TAG = "/sys/class/dmi/id/chassis_asset_tag"
#: The same on all Azure VMs, of both generations and of both processors. cloud-init,
#: walinuxagent and azure-init compare it too.
AZURE_TAG = "7783-7084-3265-9085-8269-3286-77"


def read_vm_id(root: Root) -> Optional[str]:
    """The id; None if it is missing, not readable, or not a valid id."""
    return parse_vm_id(_read(root, PRODUCT_UUID))


def read_platform_vm_id(root: Root) -> Optional[str]:
    """The id in the platform's form; None if the firmware reports none.

    The firmware of a generation 1 VM, which has no EFI, reports it byte-swapped.
    """
    vm_id = read_vm_id(root)
    if vm_id is None or root.status("/sys/firmware/efi") is not None:
        return vm_id
    return swapped(vm_id)


def why_untrusted(root: Root) -> Optional[UntrustedPlatform]:
    """The error of a machine that is not an Azure VM by its firmware; None for an Azure VM.

    Anyone on the link of another machine could answer at the platform's addresses, which
    are routed like all others (CVE-2024-6174).
    """
    tag = _read(root, CHASSIS_ASSET_TAG)
    if tag == AZURE_TAG:
        return None
    found = f"chassis asset tag {printable(tag, 64)}" if tag else "no chassis asset tag"
    return UntrustedPlatform(
        f"the firmware does not identify this machine as an Azure VM ({found})"
    )


def _read(root: Root, path: str) -> str:
    """The text in a file of the firmware; empty if it cannot be read."""
    try:
        content = root.read(path)
    except HostError:
        content = None
    return (content or b"").decode("ascii", "replace").strip()

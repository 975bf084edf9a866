"""The id of a VM, as the metadata service and the firmware give it.

On generation 1 VMs the firmware's product_uuid has the first three fields of the
GUID byte-swapped against the vmId of the metadata service (LP 1835584).
"""

import re
from typing import Optional

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


def parse_vm_id(text: str) -> Optional[str]:
    """The id in lower case; None for what is no GUID, or the same digit all over.

    Firmware without an id says so by zeros or by "f"s.
    """
    vm_id = text.strip().lower()
    if not _GUID.match(vm_id) or len(set(vm_id) - {"-"}) == 1:
        return None
    return vm_id


def is_same_vm(one: Optional[str], other: Optional[str]) -> bool:
    """Whether two ids are one VM's; an id that is not known is nobody's."""
    if one is None or other is None:
        return False
    return one == other or swapped(one) == other


def swapped(vm_id: str) -> str:
    """The other form of the id, with the bytes of its first three fields turned round."""
    fields = vm_id.split("-")
    return "-".join([bytes.fromhex(field)[::-1].hex() for field in fields[:3]] + fields[3:])

"""The id of a VM, from the metadata service and from the firmware.

On generation 1 VMs the first three fields of the firmware's product_uuid are
byte-swapped, compared with the vmId of the metadata service (LP 1835584).
"""

import re
from typing import Optional

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


def parse_vm_id(text: str) -> Optional[str]:
    """The id in lower case; None if the text is not a GUID, or repeats one digit.

    Firmware without an id has only zeros or only "f"s.
    """
    vm_id = text.strip().lower()
    if not _GUID.match(vm_id) or len(set(vm_id) - {"-"}) == 1:
        return None
    return vm_id


def is_same_vm(one: Optional[str], other: Optional[str]) -> bool:
    """Whether two ids belong to the same VM; an unknown id matches none."""
    if one is None or other is None:
        return False
    return one == other or swapped(one) == other


def swapped(vm_id: str) -> str:
    """The other form of the id: the bytes of its first three fields are reversed."""
    fields = vm_id.split("-")
    return "-".join([bytes.fromhex(field)[::-1].hex() for field in fields[:3]] + fields[3:])

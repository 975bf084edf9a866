"""What can happen to a VM and its disk, as the table in README lists it."""

from typing import Dict, NamedTuple


class Copy(NamedTuple):
    """A disk that booted once as a VM, and what boots with it next."""

    #: Whether the next boot has the vmId of the first one.
    is_same_vm: bool
    has_os_profile: bool = True
    #: Whether the disk is the image's again, or was prepared by `deprovision`.
    is_fresh: bool = False
    #: Whether the next boot sets the name and reports Ready, if the service runs.
    sets_name: bool = False
    reports: bool = False


_SAME = Copy(is_same_vm=True)
_NEW_FROM_DISK = Copy(is_same_vm=False, has_os_profile=False, reports=True)
#: By the first column of README's table.
COPIES: Dict[str, Copy] = {
    "restarted, or deallocated and started": _SAME,
    "resized": _SAME,
    "redeployed to another host": _SAME,
    "restored in place, from a backup of the same VM": _SAME,
    "reimaged": Copy(is_same_vm=True, is_fresh=True, sets_name=True, reports=True),
    "created from a generalized image, after `deprovision`": Copy(
        is_same_vm=False, is_fresh=True, sets_name=True, reports=True
    ),
    "created from a generalized image, without `deprovision`": Copy(
        is_same_vm=False, sets_name=True, reports=True
    ),
    "created from a specialized image": _NEW_FROM_DISK,
    "created from a restored, copied or attached OS disk": _NEW_FROM_DISK,
}

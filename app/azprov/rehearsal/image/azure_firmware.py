"""Lets a container see the firmware of an Azure VM in /sys/class/dmi/id.

A container has the sysfs of this machine's kernel, in which no folder can be made and which may
have no DMI at all. So /sys/class gets another folder on top: its own classes, and that of an Azure
VM. systemd-nspawn mounts sysfs after all --bind= mounts, and thus the folder is mounted from
outside, as soon as the container's init runs. A container has no EFI variables, so the VM id has
the form that generation 1 VMs have.

Sources: open_tree(2), move_mount(2), setns(2), mount(2), <asm/unistd.h>.
"""

import os
import threading
from typing import Any, List

from ...formats.platform.vm_id import swapped
from ...system.firmware import AZURE_TAG, CHASSIS_ASSET_TAG, PRODUCT_UUID
from ...system.private_mounts import CLONE_NEWNS
from ...system.root import Root

_CLASSES = "/sys/class"
# The numbers are the same on all processors but alpha.
_OPEN_TREE, _MOVE_MOUNT = 428, 429
_OPEN_TREE_CLONE, _OPEN_TREE_CLOEXEC, _AT_RECURSIVE = 0x1, os.O_CLOEXEC, 0x8000
_FROM_DESCRIPTOR = 0x4  # MOVE_MOUNT_F_EMPTY_PATH
_AT_FDCWD = -100
_CLONE_FS = 0x00000200
_MS_RDONLY, _MS_REMOUNT, _MS_BIND = 0x1, 0x20, 0x1000
_WAIT_S = 30.0


def write_firmware(root: Root, vm_id: str) -> None:
    """Write the folder that is shown at /sys/class, below a root of this process's own."""
    for name in Root("/").names(_CLASSES):
        root.make_folders(f"/{name}")
    texts = {
        CHASSIS_ASSET_TAG: AZURE_TAG,
        PRODUCT_UUID: swapped(vm_id),
        "/sys/class/dmi/id/sys_vendor": "Microsoft Corporation",
        "/sys/class/dmi/id/product_name": "Virtual Machine",
        "/sys/class/dmi/id/board_name": "Virtual Machine",
        "/sys/class/dmi/id/board_vendor": "Microsoft Corporation",
        "/sys/class/dmi/id/chassis_vendor": "Microsoft Corporation",
    }
    root.make_folders("/dmi/id")
    for path, text in texts.items():
        root.write(path[len(_CLASSES) :], f"{text}\n".encode("ascii"))


def show_firmware(folder: str, leader: int) -> str:
    """Mount the folder at /sys/class of the container with this init. Empty, or why it failed."""
    problems: List[str] = []

    def work() -> None:
        try:
            _mount_inside(folder, leader)
        except OSError as error:
            problems.append(str(error.strerror))

    # A thread leaves this process's mounts alone, and ends with its own view of them.
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(_WAIT_S)
    return problems[0] if problems else ""


def _mount_inside(folder: str, leader: int) -> None:
    from ctypes import CDLL

    library = CDLL(None, use_errno=True)
    namespace = os.open(f"/proc/{leader}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    try:
        tree = _clone(library, _AT_FDCWD, folder)
        names = os.listdir(folder)
        try:
            _require(library.unshare(_CLONE_FS))
            _require(library.setns(namespace, CLONE_NEWNS))
            classes = os.open(_CLASSES, os.O_PATH | os.O_CLOEXEC)
            try:
                own = [(name, _clone(library, classes, name)) for name in os.listdir(_CLASSES)]
            finally:
                os.close(classes)
            _attach(library, tree, _CLASSES)
            for name, descriptor in own:
                if name in names and name != "dmi":
                    _attach(library, descriptor, f"{_CLASSES}/{name}")
                os.close(descriptor)
            flags = _MS_REMOUNT | _MS_BIND | _MS_RDONLY
            _require(library.mount(None, _CLASSES.encode(), None, flags, None))
        finally:
            os.close(tree)
    finally:
        os.close(namespace)


def _clone(library: Any, folder: int, path: str) -> int:
    """A descriptor of a mount that is nowhere yet: this folder. Raises OSError."""
    flags = _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | _AT_RECURSIVE
    return _require(library.syscall(_OPEN_TREE, folder, os.fsencode(path), flags))


def _attach(library: Any, mount: int, point: str) -> None:
    path = os.fsencode(point)
    _require(library.syscall(_MOVE_MOUNT, mount, b"", _AT_FDCWD, path, _FROM_DESCRIPTOR))


def _require(result: int) -> int:
    if result < 0:
        from ctypes import get_errno

        number = get_errno()
        raise OSError(number, os.strerror(number))
    return result

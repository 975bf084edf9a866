"""The installed kernels: their modules, and where the initramfs of each one is."""

from typing import Dict, FrozenSet, List, NamedTuple, Optional

from ...formats.bounds import MODULE_LIST_BYTES
from .files import Files, read_once

#: Source: https://learn.microsoft.com/azure/virtual-machines/linux/create-upload-generic,
#: read 2026-11-22.
HYPERV_DRIVERS = ("hv_vmbus", "hv_netvsc", "hv_storvsc")
#: The drivers without which a kernel cannot find its root file system.
DISK_DRIVERS = ("hv_vmbus", "hv_storvsc")
#: The driver of the disks of newer VM sizes, which have no SCSI disks:
#: https://learn.microsoft.com/azure/virtual-machines/nvme-overview, read 2026-11-27.
NVME = "nvme"
_MODULE_FOLDERS = ("/usr/lib/modules", "/lib/modules")


class Kernel(NamedTuple):
    """A kernel, its folder of modules, and the names of the drivers that it has in each way."""

    version: str
    folder: str
    built_in: FrozenSet[str]
    modules: FrozenSet[str]


@read_once
def installed_kernels(image: Files) -> List[Kernel]:
    """The kernels that have modules in the image, sorted by version."""
    found: Dict[str, Kernel] = {}
    for parent in _MODULE_FOLDERS:
        for folder in image.matching(parent):
            version = folder.rpartition("/")[2]
            built_in, modules = f"{folder}/modules.builtin", f"{folder}/modules.dep"
            if version not in found and image.is_there(built_in, modules):
                found[version] = Kernel(
                    version, folder, _drivers(image, built_in), _drivers(image, modules)
                )
    return [found[version] for version in sorted(found)]


def _drivers(image: Files, path: str) -> FrozenSet[str]:
    """The drivers that a modules.builtin or modules.dep lists, with underscores."""
    return frozenset(
        line.partition(":")[0].rpartition("/")[2].partition(".ko")[0].replace("-", "_")
        for line in image.text(path, limit_bytes=MODULE_LIST_BYTES).splitlines()
    )


def initramfs_path(image: Files, kernel: Kernel) -> Optional[str]:
    """The initramfs of a kernel, in the place where its distribution keeps it."""
    flavour = kernel.version.rpartition("-")[2]
    package = image.text(f"{kernel.folder}/pkgbase").strip() or "linux"
    machine_id = image.text("/etc/machine-id").strip() or "Default"
    paths = [
        f"/boot/initrd.img-{kernel.version}",
        f"/boot/initramfs-{kernel.version}.img",
        f"/boot/initrd-{kernel.version}",
        f"/boot/initramfs-{flavour}",
        f"/boot/initramfs-{package}.img",
        f"/boot/{machine_id}/{kernel.version}/initrd",
        f"/efi/{machine_id}/{kernel.version}/initrd",
        f"{kernel.folder}/initrd",
        f"{kernel.folder}/initramfs.img",
    ]
    # Ubuntu has a folder of that name beside the modules.
    return next(
        (
            path
            for path in paths
            if image.is_there(path)
            and not (path.startswith(kernel.folder) and image.is_folder(path))
        ),
        None,
    )

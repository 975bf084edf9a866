"""Whether the initramfs has the disk drivers without which the kernel cannot find its root."""

from typing import Iterator, List, Optional

from ..boot_fixes import add_drivers, rebuild_initramfs
from ..facts.boot_loader import unified_kernels
from ..facts.image import Image
from ..facts.initramfs import NO_INITRD, find_modules
from ..facts.initramfs_maker import includes_drivers, is_built_since, is_maker_installed
from ..facts.kernels import DISK_DRIVERS, NVME, Kernel, initramfs_path, installed_kernels
from ..facts.unpacking import Allowance
from ..finding import ERROR, NOTE, WARNING, Check, Finding, Rule

INITRAMFS_NONE = Rule(
    "initramfs-none",
    NOTE,
    "a kernel needs disk drivers from its initramfs, and no initramfs was found",
    "build the initramfs",
)
INITRAMFS_UNREAD = Rule(
    "initramfs-unread",
    WARNING,
    "an initramfs could not be searched for disk drivers, for example because zstd is missing",
    "install zstd and check again, or add the drivers and build the initramfs again",
)
INITRAMFS_DRIVERS = Rule(
    "initramfs-drivers",
    ERROR,
    "an initramfs lacks the Hyper-V disk drivers, so the kernel cannot find its root",
    "add hv_vmbus and hv_storvsc to the initramfs",
)
INITRAMFS_NVME = Rule(
    "initramfs-nvme",
    WARNING,
    "an initramfs lacks the driver nvme, so the image boots only on VM sizes with SCSI disks",
    "add nvme to the initramfs",
)


def check_initramfs(image: Image) -> Iterator[Finding]:
    allowance = Allowance()
    for kernel in installed_kernels(image):
        modules = kernel.modules - kernel.built_in
        needed = [name for name in DISK_DRIVERS if name in modules]
        nvme = [name for name in (NVME,) if name in modules]
        path = initramfs_path(image, kernel) or _unified_kernel(image, kernel)
        if path is None:
            # A kernel may have its initramfs built in, or get it from another partition.
            if needed and is_maker_installed(image) and not unified_kernels(image):
                yield _none(image, kernel, needed)
        elif needed or nvme:
            search = find_modules(
                image.root,
                path,
                frozenset(needed + nvme),
                allowance,
                folders=image.unpackers,
            )
            missing = [name for name in needed if name not in search.found]
            if search.problem and missing:
                if search.problem != NO_INITRD and not _is_known(image, path, missing):
                    yield _unread(image, kernel, path, missing, search.problem)
            elif missing:
                names = ", ".join(missing)
                yield INITRAMFS_DRIVERS.found(
                    f"{image.shown(path)} has no {names}, so kernel {kernel.version} does not find "
                    "its root on Azure and the deployment fails after 40 minutes",
                    _build(image, kernel, missing),
                )
            elif not search.problem and not search.found.issuperset(nvme):
                yield INITRAMFS_NVME.found(
                    f"{image.shown(path)} has no {NVME}, so kernel {kernel.version} finds its root "
                    "only on VM sizes with SCSI disks, which newer sizes do not have",
                    _build(image, kernel, nvme),
                )


def _unified_kernel(image: Image, kernel: Kernel) -> Optional[str]:
    paths = unified_kernels(image)
    return next((path for path in paths if kernel.version in path), None)


def _is_known(image: Image, path: str, drivers: List[str]) -> bool:
    """Whether the settings say that an initramfs has the drivers, which was not read."""
    return includes_drivers(image, drivers) and is_built_since(image, path)


def _build(image: Image, kernel: Kernel, drivers: List[str]) -> str:
    command = rebuild_initramfs(image, kernel)
    if includes_drivers(image, drivers):
        return command
    return f"{add_drivers(image, drivers)}, then: {command}"


def _none(image: Image, kernel: Kernel, needed: List[str]) -> Finding:
    return INITRAMFS_NONE.found(
        f"no initramfs of kernel {kernel.version} was found, and the kernel needs "
        f"{', '.join(needed)} from it to find its root",
        rebuild_initramfs(image, kernel),
    )


def _unread(image: Image, kernel: Kernel, path: str, missing: List[str], problem: str) -> Finding:
    names = ", ".join(missing)
    tool = next((name for name in ("zstd", "lz4", "lzop") if problem.endswith(name)), "")
    return INITRAMFS_UNREAD.found(
        f"{image.shown(path)} could not be searched for {names} ({problem}); "
        "without these drivers the kernel cannot find its root",
        (f"install {tool} on this machine and check again, or " if tool else "")
        + _build(image, kernel, missing),
    )


CHECKS = (
    Check(check_initramfs, (INITRAMFS_NONE, INITRAMFS_UNREAD, INITRAMFS_DRIVERS, INITRAMFS_NVME)),
)

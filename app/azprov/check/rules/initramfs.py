"""Whether the initramfs has the disk drivers without which the kernel cannot find its root."""

from typing import Iterator

from ..boot_fixes import add_drivers, rebuild_initramfs
from ..facts.image import Image
from ..facts.initramfs import Allowance, find_modules
from ..facts.initramfs_maker import includes_drivers
from ..facts.kernels import DISK_DRIVERS, initramfs_path, installed_kernels
from ..finding import ERROR, NOTE, Check, Finding, Rule

INITRAMFS_NONE = Rule(
    "initramfs-none",
    NOTE,
    "a kernel needs disk drivers from its initramfs, and no initramfs was found",
    "build the initramfs",
)
INITRAMFS_UNREAD = Rule(
    "initramfs-unread",
    NOTE,
    "an initramfs could not be searched for disk drivers, for example because it uses zstd",
    "list it with lsinitramfs or lsinitrd",
)
INITRAMFS_DRIVERS = Rule(
    "initramfs-drivers",
    ERROR,
    "an initramfs lacks the Hyper-V disk drivers, so the kernel cannot find its root",
    "add hv_vmbus and hv_storvsc to the initramfs",
)


def check_initramfs(image: Image) -> Iterator[Finding]:
    allowance = Allowance()
    for kernel in installed_kernels(image):
        needed = [name for name in DISK_DRIVERS if name in kernel.modules - kernel.built_in]
        path = initramfs_path(image, kernel)
        if not needed:
            continue
        if path is None:
            yield INITRAMFS_NONE.found(
                f"no initramfs of kernel {kernel.version} was found, and the kernel needs "
                f"{', '.join(needed)} from it to find its root",
                rebuild_initramfs(image, kernel),
            )
            continue
        search = find_modules(image.root, path, frozenset(needed), allowance)
        missing = [name for name in needed if name not in search.found]
        if not missing or (search.problem and includes_drivers(image, missing)):
            continue
        names = ", ".join(missing)
        if search.problem:
            yield INITRAMFS_UNREAD.found(
                f"{image.shown(path)} could not be searched for {names} ({search.problem}); "
                "without these drivers the kernel cannot find its root",
                "check its list of files with lsinitramfs or lsinitrd; if it lacks them, "
                f"{add_drivers(image, missing)}",
            )
        else:
            yield INITRAMFS_DRIVERS.found(
                f"{image.shown(path)} has no {names}, so kernel {kernel.version} does not find "
                "its root on Azure and the deployment fails after 40 minutes",
                f"{add_drivers(image, missing)}, then: {rebuild_initramfs(image, kernel)}",
            )


CHECKS = (Check(check_initramfs, (INITRAMFS_NONE, INITRAMFS_UNREAD, INITRAMFS_DRIVERS)),)

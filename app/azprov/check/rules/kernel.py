"""Whether the kernels have the Hyper-V drivers for a VM on Azure: bus, disk and network.

Source: https://learn.microsoft.com/azure/virtual-machines/linux/create-upload-generic,
read 2026-11-22.
"""

from typing import Iterator, List, Optional

from ..boot_fixes import edit_command_line
from ..facts import packages
from ..facts.image import Image
from ..facts.kernel_command_line import CommandLine, find_in_every_entry
from ..facts.kernels import DISK_DRIVERS, HYPERV_DRIVERS, NVME, Kernel, installed_kernels
from ..facts.modprobe import blacklisted_modules, forbidden_modules
from ..finding import ERROR, WARNING, Check, Finding, Rule
from ..fixes import install

_NEEDED_FOR = {"disk": set(DISK_DRIVERS), "network": {"hv_vmbus", "hv_netvsc"}}

KERNEL_NONE = Rule(
    "kernel-none",
    WARNING,
    "no kernel modules are installed, so the image cannot boot unless a kernel is added later",
    "install a kernel",
)
KERNEL_DRIVERS = Rule(
    "kernel-drivers",
    ERROR,
    "a kernel lacks Hyper-V drivers, so a VM that boots it has no disk or no network",
    "install a kernel with hv_vmbus, hv_netvsc and hv_storvsc",
)
KERNEL_NVME = Rule(
    "kernel-nvme",
    WARNING,
    "no kernel has the driver nvme, so the image boots only on VM sizes with SCSI disks",
    "install a kernel with the driver nvme",
)
KERNEL_DRIVER_FORBIDDEN = Rule(
    "kernel-driver-forbidden",
    ERROR,
    "modprobe's settings or the kernel command line prevent a Hyper-V driver from loading",
    "remove the driver from modprobe.d and the kernel command line, and rebuild the initramfs",
)


def check_drivers(image: Image) -> Iterator[Finding]:
    kernels = installed_kernels(image)
    if not kernels and image.has_usual_folders:
        yield KERNEL_NONE.found(
            "no kernel modules are installed, so this root cannot boot unless a kernel is "
            "added later, and its drivers for Azure cannot be checked",
            install(image, packages.KERNEL),
        )
    complete = [kernel.version for kernel in kernels if not _missing_drivers(kernel)]
    for kernel in kernels:
        missing = _missing_drivers(kernel)
        if missing:
            lost = [name for name, drivers in _NEEDED_FOR.items() if drivers & set(missing)]
            yield KERNEL_DRIVERS.found(
                f"kernel {kernel.version} has no {', '.join(missing)}, so a VM that boots it has "
                f"no {' or '.join(lost)} on Azure",
                f"remove this kernel, so that {complete[-1]} boots"
                if complete
                else install(image, packages.HYPERV_KERNEL),
                severity=WARNING if complete else ERROR,
            )


def check_nvme(image: Image) -> Iterator[Finding]:
    """Find an image without the driver nvme: newer VM sizes have only NVMe disks."""
    kernels = [one for one in installed_kernels(image) if not _missing_drivers(one)]
    if kernels and not any(NVME in one.built_in | one.modules for one in kernels):
        yield KERNEL_NVME.found(
            f"kernel {kernels[-1].version} has no nvme, so the image boots only on VM sizes "
            "with SCSI disks, which newer sizes do not have",
            install(image, packages.HYPERV_KERNEL),
        )


def _missing_drivers(kernel: Kernel) -> List[str]:
    return [name for name in HYPERV_DRIVERS if name not in kernel.built_in | kernel.modules]


def check_forbidden(image: Image) -> Iterator[Finding]:
    modules = set(HYPERV_DRIVERS) & {
        name for kernel in installed_kernels(image) for name in kernel.modules
    }
    for path, module in forbidden_modules(image):
        if module in modules:
            yield KERNEL_DRIVER_FORBIDDEN.found(
                _prevents(image, path, module),
                f"remove the line about {module} from {image.edited(path)}, and rebuild the "
                "initramfs",
            )
    for module in sorted(modules):
        line = _line_against(image, module)
        if line:
            yield KERNEL_DRIVER_FORBIDDEN.found(
                _prevents(image, line.path, module),
                edit_command_line(image, line.path, f"remove {module} from the blacklist in"),
            )


def _line_against(image: Image, module: str) -> Optional[CommandLine]:
    return find_in_every_entry(image, lambda words: module in blacklisted_modules(words))


def _prevents(image: Image, path: str, module: str) -> str:
    lost = next(name for name, drivers in _NEEDED_FOR.items() if module in drivers)
    return f"{image.shown(path)} prevents {module} from loading, so a VM has no {lost} on Azure"


CHECKS = (
    Check(check_drivers, (KERNEL_NONE, KERNEL_DRIVERS)),
    Check(check_nvme, (KERNEL_NVME,)),
    Check(check_forbidden, (KERNEL_DRIVER_FORBIDDEN,)),
)

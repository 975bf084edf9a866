"""Whether the kernels have the Hyper-V drivers for a VM on Azure: bus, disk and network.

Source: https://learn.microsoft.com/azure/virtual-machines/linux/create-upload-generic,
read 2026-11-22.
"""

from typing import Iterator, List

from ..facts import packages
from ..facts.image import Image
from ..facts.kernels import DISK_DRIVERS, HYPERV_DRIVERS, Kernel, installed_kernels
from ..facts.modprobe import forbidden_modules
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
KERNEL_DRIVER_FORBIDDEN = Rule(
    "kernel-driver-forbidden",
    ERROR,
    "modprobe's settings prevent a Hyper-V driver from loading",
    "remove the line from modprobe.d, and rebuild the initramfs",
)


def check_drivers(image: Image) -> Iterator[Finding]:
    kernels = installed_kernels(image)
    if not kernels:
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


def _missing_drivers(kernel: Kernel) -> List[str]:
    return [name for name in HYPERV_DRIVERS if name not in kernel.built_in | kernel.modules]


def check_forbidden(image: Image) -> Iterator[Finding]:
    modules = {name for kernel in installed_kernels(image) for name in kernel.modules}
    for path, module in forbidden_modules(image):
        if module in modules:
            lost = next(name for name, drivers in _NEEDED_FOR.items() if module in drivers)
            yield KERNEL_DRIVER_FORBIDDEN.found(
                f"{image.shown(path)} prevents {module} from loading, so a VM has no {lost} on "
                "Azure",
                f"remove the line about {module} from {image.edited(path)}, and rebuild the "
                "initramfs",
            )


CHECKS = (
    Check(check_drivers, (KERNEL_NONE, KERNEL_DRIVERS)),
    Check(check_forbidden, (KERNEL_DRIVER_FORBIDDEN,)),
)

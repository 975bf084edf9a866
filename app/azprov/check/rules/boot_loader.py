"""Whether a boot loader starts a kernel of the image, and finds that kernel and its initrd."""

from typing import Iterator

from ..boot_fixes import replace_missing_file
from ..facts.boot_files import (
    has_kernel_file,
    has_plain_kernel_path,
    missing_file,
)
from ..facts.boot_loader import (
    GRUB_FILES,
    PARTITIONS,
    configurations,
    has_boot_loader,
    unified_kernels,
)
from ..facts.image import Image
from ..facts.kernels import installed_kernels
from ..finding import ERROR, NOTE, WARNING, Check, Finding, Rule

BOOT_FILE_MISSING = Rule(
    "boot-file-missing",
    ERROR,
    "the boot loader starts a kernel or an initrd that does not exist",
    "create the file, or change its path in the boot menu",
)
KERNEL_FILE_NONE = Rule(
    "kernel-file-none",
    NOTE,
    "kernel modules are installed without a kernel, so the image may not boot",
    "reinstall the kernel's package",
)
BOOT_LOADER_NONE = Rule(
    "boot-loader-none",
    NOTE,
    "no known boot loader configuration starts the kernel, so the image may not boot",
    "write the configuration of a boot loader",
)


def check_boot_files(image: Image) -> Iterator[Finding]:
    results = [missing_file(image, configuration) for configuration in configurations(image)]
    # An image may have a boot loader for each generation of VMs.
    another_boots = None in results or bool(unified_kernels(image))
    for missing in results:
        if missing is None:
            continue
        kind = "kernel" if missing.is_kernel else "initrd"
        yield BOOT_FILE_MISSING.found(
            f"{image.shown(missing.entry.path)} starts the {kind} {missing.path}, which does not "
            "exist, so "
            + (
                "the image boots only with its other boot loader"
                if another_boots
                else "the image does not boot and the deployment fails after 40 minutes"
            ),
            replace_missing_file(image, missing),
            severity=WARNING if another_boots else ERROR,
        )


def check_boot_loader(image: Image) -> Iterator[Finding]:
    """Find a missing kernel or boot loader.

    A running machine has both, and an image may get them later.
    """
    has_file = has_kernel_file(image)
    if image.root.is_live or not (installed_kernels(image) or has_file):
        return
    # check_boot_files looks up the kernels that a boot menu names.
    has_named_kernel = any(map(has_plain_kernel_path, configurations(image)))
    if has_boot_loader(image) and (has_file or has_named_kernel):
        return
    image.require(*PARTITIONS)
    if not has_file:
        yield KERNEL_FILE_NONE.found(
            f"kernel modules are installed, but no kernel was found in {image.shown('/boot')} or "
            "beside the modules, so this root boots only if the final disk image provides a kernel",
            "reinstall the kernel's package, unless the disk gets a kernel later",
        )
    else:
        yield BOOT_LOADER_NONE.found(
            "a kernel is installed, but no boot loader configuration that azprov knows starts "
            "it, so this root boots only if the final disk image provides a boot loader",
            f"write {image.edited(GRUB_FILES[0])} or the configuration of another boot loader, "
            "unless the disk gets one later",
        )


CHECKS = (
    Check(check_boot_files, (BOOT_FILE_MISSING,)),
    Check(check_boot_loader, (KERNEL_FILE_NONE, BOOT_LOADER_NONE)),
)

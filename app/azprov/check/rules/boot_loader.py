"""Whether the boot loader finds the kernel and the initrd that it starts."""

from typing import Iterator

from ..boot_fixes import replace_missing_file
from ..facts.boot_files import missing_file
from ..facts.boot_loader import configurations, unified_kernels
from ..facts.image import Image
from ..finding import ERROR, WARNING, Check, Finding, Rule

BOOT_FILE_MISSING = Rule(
    "boot-file-missing",
    ERROR,
    "the boot loader starts a kernel or an initrd that does not exist",
    "create the file, or change its path in the boot menu",
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


CHECKS = (Check(check_boot_files, (BOOT_FILE_MISSING,)),)

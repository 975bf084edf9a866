"""Whether the firmware of a VM of generation 2 starts the image, also with Secure Boot.

Source: https://learn.microsoft.com/azure/virtual-machines/generation-2 and
https://learn.microsoft.com/azure/virtual-machines/trusted-launch, read 2026-11-27.
"""

from typing import Iterator

from ..boot_fixes import install_fallback
from ..facts.boot_loader import unified_kernels
from ..facts.esp import missing_beside_shim, read_esp, starts_with_bios, unsigned_programs
from ..facts.image import Image
from ..finding import ERROR, NOTE, WARNING, Check, Finding, Rule

_NAMED = 3

ESP_FALLBACK = Rule(
    "esp-fallback",
    ERROR,
    "the EFI system partition has no EFI/BOOT/BOOTX64.EFI (BOOTAA64.EFI on arm64), which the "
    "firmware of a new VM of generation 2 starts",
    "copy the boot loader to that path",
)
ESP_SHIM = Rule(
    "esp-shim",
    ERROR,
    "the shim in EFI/BOOT does not find the boot loader that it starts, such as grubx64.efi, or "
    "starts fallback without a BOOT.CSV",
    "copy the boot loader to EFI/BOOT, and remove fallback (fbx64.efi) from there",
)
UNSIGNED = Rule(
    "secure-boot-unsigned",
    NOTE,
    "the boot loader or the kernel is not signed, so the image starts only without Secure Boot",
    "install signed ones, or deploy without Secure Boot",
)


def check_fallback(image: Image) -> Iterator[Finding]:
    """Find an ESP without the default loader: a new VM has no boot entries in its firmware."""
    esp = read_esp(image)
    if esp.programs and not esp.started:
        has_bios = starts_with_bios(image)
        folder = esp.programs[0].rpartition("/")[0].rpartition("/")[0]
        yield ESP_FALLBACK.found(
            f"{image.shown(folder)} has no BOOT/BOOT{esp.suffix.upper()}.EFI, which the firmware "
            "of a new VM starts, so a VM of generation 2 does not boot"
            + ("" if has_bios else " and its deployment fails after 40 minutes"),
            install_fallback(image, esp, folder),
            severity=WARNING if has_bios else ERROR,
        )


def check_shim(image: Image) -> Iterator[Finding]:
    for path, missing in missing_beside_shim(image):
        yield shim_finding(image.shown(path), missing, has_bios=starts_with_bios(image))


def shim_finding(shown: str, missing: str, *, has_bios: bool) -> Finding:
    """A shim in EFI/BOOT that does not find a file. Without BOOT.CSV, fallback resets the VM."""
    is_csv = missing == "BOOT.CSV"
    return ESP_SHIM.found(
        f"{shown} is a shim "
        + (
            "and starts fallback, which finds no BOOT.CSV and resets the VM again and again"
            if is_csv
            else f"and starts {missing}, which is not in its folder"
        )
        + ", so a VM of generation 2 does not boot"
        + ("" if has_bios else " and its deployment fails after 40 minutes"),
        "remove fallback (fbx64.efi, fbaa64.efi) from EFI/BOOT, and copy the boot loader there"
        if is_csv
        else f"copy the boot loader to {missing} in the folder of the shim",
        severity=WARNING if has_bios else ERROR,
    )


def check_signatures(image: Image) -> Iterator[Finding]:
    esp = read_esp(image)
    if not esp.programs:
        return
    kernels = [path for path in image.matching("/boot") if path.startswith("/boot/vmlinuz-")]
    paths = unsigned_programs(image, [*esp.loaders, *kernels, *unified_kernels(image)])
    if paths:
        names = ", ".join(map(image.shown, paths[:_NAMED]))
        if len(paths) > _NAMED:
            names += f" and {len(paths) - _NAMED} more"
        yield UNSIGNED.found(
            f"{names} {'is' if len(paths) == 1 else 'are'} not signed, so the firmware or the boot "
            "loader refuses to start it on a VM with Secure Boot",
            "install signed packages of boot loader and kernel, or deploy with "
            "--enable-secure-boot false",
        )


CHECKS = (
    Check(check_fallback, (ESP_FALLBACK,)),
    Check(check_shim, (ESP_SHIM,)),
    Check(check_signatures, (UNSIGNED,)),
)

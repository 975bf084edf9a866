"""Whether the firmware of a VM finds something on a disk file that it can start.

Source: UEFI 2.10, section 3.5.1.1, and
https://learn.microsoft.com/azure/virtual-machines/generation-2, read 2026-11-27.
"""

from typing import Iterator, List

from ..facts.disk.disk_file import DiskFile
from ..facts.disk.loaders import Esp, read_esps
from ..facts.disk.partitions import read_table
from ..finding import ERROR, WARNING, DiskCheck, Finding, Rule
from .esp import ESP_FALLBACK, ESP_SHIM, UNSIGNED, shim_finding

_NEITHER = "so its deployment fails after 40 minutes"

DISK_BOOT = Rule(
    "disk-boot",
    ERROR,
    "the disk has neither an EFI system partition nor boot code in its first sector",
    "install a boot loader for the generation of VM that you deploy",
)


def check_boot(disk: DiskFile) -> Iterator[Finding]:
    if not disk.is_readable:
        return
    table = read_table(disk)
    if table.fault or not table.partitions:
        return
    esps = read_esps(disk)
    if not esps and not table.has_boot_code:
        yield DISK_BOOT.found(
            f"{disk.shown} has neither an EFI system partition, which a VM of generation 2 needs, "
            f"nor boot code in its first sector, which one of generation 1 needs, {_NEITHER}",
            "install a boot loader into the image, such as systemd-boot with bootctl, or GRUB",
        )
    elif esps and not any(one.fits for esp in esps for one in esp.loaders):
        yield ESP_FALLBACK.found(
            f"{_without_loader(disk, esps)}, so a VM of generation 2 does not boot"
            + ("" if table.has_boot_code else f" and {_NEITHER[3:]}"),
            "copy the boot loader to EFI/BOOT/BOOTX64.EFI (BOOTAA64.EFI on arm64) in that "
            "partition",
            severity=WARNING if table.has_boot_code else ERROR,
        )


def check_shim(disk: DiskFile) -> Iterator[Finding]:
    for esp in read_esps(disk) if disk.is_readable else []:
        for one in esp.loaders:
            if one.missing:
                yield shim_finding(
                    f"EFI/BOOT/{one.name} in partition {esp.number} of {disk.shown}",
                    one.missing,
                    has_bios=read_table(disk).has_boot_code,
                )


def check_signature(disk: DiskFile) -> Iterator[Finding]:
    for esp in read_esps(disk) if disk.is_readable else []:
        for one in esp.loaders:
            if one.fits and not one.is_signed:
                yield UNSIGNED.found(
                    f"EFI/BOOT/{one.name} in partition {esp.number} of {disk.shown} is not signed, "
                    "so the firmware refuses to start it on a VM with Secure Boot",
                    "install a signed boot loader, such as shim, or deploy with "
                    "--enable-secure-boot false",
                )


def _without_loader(disk: DiskFile, esps: List[Esp]) -> str:
    """The fault of the EFI system partitions; most disks have only one."""
    esp = esps[0]
    where = f"the EFI system partition {esp.number} of {disk.shown}"
    if esp.fault:
        return f"{where} cannot be read: {esp.fault}"
    if esp.loaders:
        names = " and ".join(f"EFI/BOOT/{one.name}" for one in esp.loaders)
        return f"{where} has a file {names} that is no program for that architecture"
    return f"{where} has no EFI/BOOT/BOOTX64.EFI or BOOTAA64.EFI, which the firmware starts"


CHECKS = (
    DiskCheck(check_boot, (DISK_BOOT, ESP_FALLBACK)),
    DiskCheck(check_shim, (ESP_SHIM,)),
    DiskCheck(check_signature, (UNSIGNED,)),
)

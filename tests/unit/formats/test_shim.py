"""The file that a shim starts."""

from typing import List

import pytest

from azprov.formats.host.shim import is_csv, missing_loader

MARK = "\\EFI\\BOOT\\fbx64.efi\0\\fbx64.efi\0\\mmx64.efi\0"
DEBIAN = f"MZ\0{MARK}\\\\grubx64.efi\0".encode("utf-16-le")
SUSE = f"MZ\0{MARK}\\grub.efi\0".encode("utf-16-le")


@pytest.mark.parametrize(
    ("content", "beside", "has_csv", "missing"),
    [
        (DEBIAN, ["BOOTX64.EFI", "mmx64.efi"], False, "grubx64.efi"),
        (DEBIAN, ["BOOTX64.EFI", "GRUBX64.EFI"], False, ""),
        (SUSE, ["grubx64.efi"], False, "grub.efi"),
        (SUSE, ["grub.efi"], False, ""),
        (DEBIAN, ["fbx64.efi", "grubx64.efi"], False, "BOOT.CSV"),
        (DEBIAN, ["FBX64.EFI"], True, ""),
        (DEBIAN, ["grubx64.efi"], True, ""),
        (b"MZ" + "\\grubx64.efi\0".encode("utf-16-le"), [], False, ""),
        (f"MZ\0{MARK}".encode("utf-16-le"), [], False, ""),
        (b"", [], False, ""),
    ],
)
def test_a_shim_needs_the_boot_loader_that_is_built_in(
    content: bytes, beside: List[str], *, has_csv: bool, missing: str
) -> None:
    """The name is in the shim, and is compared as FAT does; fallback needs BOOT.CSV instead."""
    assert missing_loader(content, beside, has_csv=has_csv) == missing


@pytest.mark.parametrize(
    ("name", "is_list"),
    [("BOOT.CSV", True), ("bootx64.csv", True), ("BOOTAA64.CSV", True), ("grub.cfg", False)],
)
def test_fallback_reads_lists_with_these_names(name: str, *, is_list: bool) -> None:
    """fallback of one architecture reads BOOTX64.CSV, and BOOT.CSV without it."""
    assert is_csv(name) is is_list

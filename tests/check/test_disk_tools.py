"""Disk files that sfdisk, mtools and qemu-img made, and the fixes that use them."""

import subprocess
from pathlib import Path
from typing import List, Tuple

import pytest

from azprov.check import check_disk
from azprov.check.facts.disk.disk_file import open_disk
from azprov.check.finding import Finding
from check.image_changes import pe

pytestmark = pytest.mark.needs("sfdisk", "mformat", "mcopy", "qemu-img")

ESP_MIB = 33
LAYOUT = (
    f"label: gpt\nstart=1MiB, size={ESP_MIB}MiB, type=uefi\nstart={ESP_MIB + 1}MiB, type=linux\n"
)
VPC = ("convert", "-f", "raw", "-O", "vpc")


def run(*command: str, text: str = "", folder: Path) -> None:
    subprocess.run(command, cwd=folder, input=text, check=True, text=True, capture_output=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with disk.raw, of 64 MiB."""
    (tmp_path / "loader").write_bytes(pe(signed=True))
    with open(tmp_path / "disk.raw", "wb") as file:
        file.truncate(64 << 20)
    run("sfdisk", "--quiet", "disk.raw", text=LAYOUT, folder=tmp_path)
    run("mformat", "-i", "disk.raw@@1M", "-T", str(ESP_MIB << 11), "-F", "::", folder=tmp_path)
    run("mmd", "-i", "disk.raw@@1M", "::/EFI", "::/EFI/BOOT", folder=tmp_path)
    run("mcopy", "-i", "disk.raw@@1M", "loader", "::/EFI/BOOT/BOOTX64.EFI", folder=tmp_path)
    return tmp_path


def findings(path: Path) -> List[Finding]:
    disk = open_disk(str(path))
    with disk.file:
        return check_disk(disk)


def found(path: Path) -> List[Tuple[str, str]]:
    return [(one.rule, one.severity) for one in findings(path)]


def fix_of(path: Path, rule: str) -> str:
    return next(one.fix for one in findings(path) if one.rule == rule)


def test_a_disk_of_the_usual_tools_is_sound(folder: Path) -> None:
    """The raw disk, and the fixed VHD that the fix makes of it."""
    assert found(folder / "disk.raw") == [("disk-format", "note")]

    run("sh", "-c", fix_of(folder / "disk.raw", "disk-format"), folder=folder)

    assert found(folder / "disk.vhd") == []


def test_qemu_img_without_force_size_makes_a_size_that_azure_refuses(folder: Path) -> None:
    """It rounds the size to cylinders, and so the second copy is no longer at the end."""
    run("qemu-img", *VPC, "-o", "subformat=fixed", "disk.raw", "disk.vhd", folder=folder)

    assert found(folder / "disk.vhd") == [
        ("disk-size", "error"),
        ("gpt-backup", "note"),
    ]


@pytest.mark.parametrize(
    ("name", "options", "article"),
    [
        ("qcow2", (), "a qcow2 file"),
        ("vhdx", (), "of the format VHDX"),
        ("vmdk", (), "of the format VMDK"),
        ("vdi", (), "of the format VDI"),
        ("vpc", (), "a dynamic VHD"),
    ],
)
def test_another_format_is_named_and_converted(
    name: str, options: Tuple[str, ...], article: str, folder: Path
) -> None:
    """The fix makes a fixed VHD of it, with the same disk in it."""
    run("qemu-img", "convert", "-O", name, *options, "disk.raw", "other.img", folder=folder)
    (finding,) = findings(folder / "other.img")

    assert f" is {article}, and Azure accepts only fixed VHDs" in finding.what
    command = finding.fix.replace("run ", "").replace(", and check the new file", "")
    run("sh", "-c", command, folder=folder)

    # A dynamic VHD was rounded to cylinders when it was made.
    wanted = [("disk-size", "error"), ("gpt-backup", "note")] if name == "vpc" else []
    assert found(folder / "other.vhd") == wanted


def test_an_enlarged_disk_gets_its_second_copy_at_the_end(folder: Path) -> None:
    """Both fixes are typed: the size becomes a whole MiB, then the copy is moved."""
    disk = folder / "disk.raw"
    with open(disk, "ab") as file:
        file.truncate((64 << 20) + 1000)
    usual = [("disk-format", "note")]
    assert [one for one in found(disk) if one not in usual] == [
        ("disk-size", "error"),
        ("gpt-backup", "note"),
    ]

    run("sh", "-c", fix_of(disk, "disk-size"), folder=folder)
    run("sh", "-c", fix_of(disk, "gpt-backup"), folder=folder)

    assert disk.stat().st_size == 65 << 20
    assert found(disk) == usual

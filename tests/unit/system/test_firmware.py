"""What the firmware of a machine reports."""

from pathlib import Path

import pytest

from azprov.system.firmware import read_platform_vm_id, why_untrusted
from azprov.system.root import Root

VM_ID = "5f6b1c2d-3e4f-4a5b-8c6d-7e8f9a0b1c2d"
SWAPPED = "2d1c6b5f-4f3e-5b4a-8c6d-7e8f9a0b1c2d"


def firmware(folder: Path, name: str, content: bytes) -> Root:
    (folder / "sys/class/dmi/id").mkdir(parents=True)
    (folder / "sys/class/dmi/id" / name).write_bytes(content)
    return Root(str(folder))


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        (b"", "no chassis asset tag"),
        (b" \n", "no chassis asset tag"),
        (b"Asset-\xff\n", "chassis asset tag Asset-\N{REPLACEMENT CHARACTER}"),
        (
            b"7783-7084-3265-9085-8269-3286-78\n",
            "chassis asset tag 7783-7084-3265-9085-8269-3286-78",
        ),
        (b"x" * 100, "chassis asset tag " + "x" * 61 + "..."),
    ],
)
def test_a_machine_with_another_tag_is_no_azure_vm(tmp_path: Path, tag: bytes, found: str) -> None:
    """The error shows the tag, whatever bytes it has."""
    error = why_untrusted(firmware(tmp_path, "chassis_asset_tag", tag))

    assert error is not None
    assert f"({found})" in error.summary


def test_a_tag_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    """The sandbox of a container may have a folder there."""
    (tmp_path / "sys/class/dmi/id/chassis_asset_tag").mkdir(parents=True)

    error = why_untrusted(Root(str(tmp_path)))

    assert error is not None
    assert "(no chassis asset tag)" in error.summary


@pytest.mark.parametrize(("has_efi", "vm_id"), [(True, VM_ID), (False, SWAPPED)])
def test_the_id_of_a_generation_1_vm_is_swapped(tmp_path: Path, has_efi: bool, vm_id: str) -> None:
    """Only the firmware of a generation 2 VM, which has EFI, reports it as the platform does."""
    root = firmware(tmp_path, "product_uuid", f"{VM_ID}\n".encode())
    if has_efi:
        (tmp_path / "sys/firmware/efi").mkdir(parents=True)

    assert read_platform_vm_id(root) == vm_id

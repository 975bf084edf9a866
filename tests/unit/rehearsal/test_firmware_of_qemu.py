"""The firmware for a virtual machine is found by the descriptions of its packages."""

import json
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest

from azprov.rehearsal.image.firmware import Firmware, find_firmware
from azprov.system.root import Root


def describe(
    name: str, features: List[str], *, machine: str = "pc-q35-*", architecture: str = "x86_64"
) -> Dict[str, Any]:
    """A description like those of Debian's package ovmf."""
    return {
        "description": "UEFI firmware",
        "interface-types": ["uefi"],
        "mapping": {
            "device": "flash",
            "executable": {"filename": f"/usr/share/{name}.code", "format": "raw"},
            "nvram-template": {"filename": f"/usr/share/{name}.vars", "format": "raw"},
        },
        "targets": [{"architecture": architecture, "machines": [machine]}],
        "features": features,
        "tags": [],
    }


# Named as in Debian 12; the first that fits is used.
DEBIAN = {
    "40-secure-enrolled": describe(
        "ms", ["acpi-s3", "amd-sev", "enrolled-keys", "requires-smm", "secure-boot"]
    ),
    "45-arm": describe("arm", ["verbose-static"], machine="virt-*", architecture="aarch64"),
    "50-secure": describe("secboot", ["acpi-s3", "requires-smm", "secure-boot"]),
    "60-usual": describe("usual", ["acpi-s3", "amd-sev"]),
    "70-other": describe("other", ["acpi-s3"]),
}


def root_with(folder: Path, descriptions: Dict[str, Any], *, at: str = "usr/share") -> Root:
    place = folder / at / "qemu/firmware"
    place.mkdir(parents=True)
    for name, description in descriptions.items():
        text = description if isinstance(description, str) else json.dumps(description)
        (place / f"{name}.json").write_text(text)
    (folder / "usr/share").mkdir(parents=True, exist_ok=True)
    for name in ("ms", "arm", "secboot", "usual", "other"):
        (folder / f"usr/share/{name}.code").write_text("")
    return Root(str(folder))


@pytest.mark.parametrize(
    ("architecture", "secure_boot", "expected"),
    [
        (
            "x86_64",
            True,
            Firmware("/usr/share/ms.code", "raw", "/usr/share/ms.vars", "raw", needs_smm=True),
        ),
        ("x86_64", False, Firmware("/usr/share/usual.code", "raw", "/usr/share/usual.vars", "raw")),
        ("aarch64", False, Firmware("/usr/share/arm.code", "raw", "/usr/share/arm.vars", "raw")),
        ("aarch64", True, None),
    ],
)
def test_the_first_firmware_that_fits_is_found(
    architecture: str, secure_boot: bool, expected: Optional[Firmware], tmp_path: Path
) -> None:
    """Secure Boot needs firmware with Microsoft's keys, and no other boot uses it."""
    root = root_with(tmp_path, DEBIAN)

    assert find_firmware(root, architecture, secure_boot=secure_boot) == expected


def test_a_machine_without_firmware_has_none(tmp_path: Path) -> None:
    """Without any descriptions there is no firmware."""
    assert find_firmware(Root(str(tmp_path)), "x86_64", secure_boot=False) is None


def test_firmware_that_is_not_installed_is_passed_over(tmp_path: Path) -> None:
    """Debian describes firmware for ARM that its package does not have."""
    root = root_with(tmp_path, DEBIAN)
    (tmp_path / "usr/share/usual.code").unlink()

    found = find_firmware(root, "x86_64", secure_boot=False)

    assert found is not None
    assert found.code == "/usr/share/other.code"


@pytest.mark.parametrize("content", [DEBIAN["70-other"], ""])
def test_a_description_in_etc_replaces_one_in_usr(content: Any, tmp_path: Path) -> None:
    """An administrator can replace a description, or hide it by an empty file."""
    root_with(tmp_path, {"60-usual": content}, at="etc")
    root = root_with(tmp_path, DEBIAN)

    found = find_firmware(root, "x86_64", secure_boot=False)

    assert found is not None
    assert found.code == "/usr/share/other.code"


@pytest.mark.parametrize(
    "change",
    [
        {"mapping": {"device": "memory", "filename": "/usr/share/usual.code"}},
        {"mapping": {**DEBIAN["60-usual"]["mapping"], "mode": "stateless"}},
        {"targets": [{"architecture": "x86_64", "machines": ["microvm-*"]}]},
        {"targets": 1},
        {"features": [[]]},
        {"mapping": []},
    ],
)
def test_firmware_for_another_purpose_is_passed_over(
    change: Dict[str, Any], tmp_path: Path
) -> None:
    """Firmware for other machines or without variables is not used, nor an invalid description."""
    root = root_with(
        tmp_path,
        {
            "10-changed": {**DEBIAN["60-usual"], **change},
            "20-not-json": "{",
            "30-list": "[]",
            "70-other": DEBIAN["70-other"],
        },
    )

    found = find_firmware(root, "x86_64", secure_boot=False)

    assert found is not None
    assert found.code == "/usr/share/other.code"

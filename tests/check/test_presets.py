"""`check` reads the presets of systemd as `systemctl preset-all` does."""

import subprocess
from pathlib import Path
from typing import Dict, Tuple

import pytest

import needs
from check.image_changes import UNIT, found, found_by
from sound_image import GRUB, VENDOR, WANTS, Change, change, make_sound

PRESETS = "usr/lib/systemd/system-preset"
AZPROV = "etc/systemd/system-preset/00-azprov.preset"
FEDORA: Change = {"usr/lib/os-release": "ID=fedora\n", "etc/machine-id": "uninitialized\n"}
OTHERS = "enable ssh*\nenable systemd-networkd*\nenable chrony*\n"
# Each text of presets, and whether azprov's service is enabled after a first boot on Fedora.
CASES: Dict[str, Tuple[Change, bool]] = {
    "what install writes": ({f"{PRESETS}/99-default.preset": OTHERS + "disable *\n"}, True),
    "without what install writes": (
        {f"{PRESETS}/99-default.preset": OTHERS + "disable *\n", AZPROV: None},
        False,
    ),
    "an earlier file": ({f"{PRESETS}/00-a.preset": OTHERS + "disable *\n"}, False),
    "a later file in /etc": (
        {"etc/systemd/system-preset/10-a.preset": OTHERS + "disable *\n"},
        True,
    ),
    "a file of the same name is hidden": ({f"{PRESETS}/00-azprov.preset": "disable *\n"}, True),
    "by name": ({f"{PRESETS}/50.preset": f"disable {UNIT}\n", AZPROV: None}, False),
    "by a pattern": ({f"{PRESETS}/50.preset": "disable azure-*.service\n", AZPROV: None}, False),
    "the first line counts": (
        {f"{PRESETS}/50.preset": f"enable {UNIT}\ndisable azure-*\n", AZPROV: None},
        True,
    ),
    "presets about others": ({f"{PRESETS}/50.preset": "disable bluetooth*\n", AZPROV: None}, True),
}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    root = make_sound(tmp_path / "image")
    units = ("systemd-networkd", "ssh", "chrony")
    change(
        root,
        {f"{VENDOR}/{one}.service": "[Install]\nWantedBy=multi-user.target\n" for one in units},
    )
    # What Fedora's boot loader entries say.
    grub = root / GRUB
    grub.write_text(grub.read_text().replace(" ro ", " rw "))
    return root


@pytest.mark.needs("systemctl")
@pytest.mark.parametrize("case", CASES)
def test_check_reads_presets_as_systemctl_does(image: Path, case: str) -> None:
    """A service is reported if, and only if, `systemctl preset-all` removes its link."""
    systemctl = needs.program("systemctl")
    changes, is_enabled = CASES[case]
    change(image, {**FEDORA, **changes})

    assert (found(image) == []) is is_enabled

    subprocess.run([systemctl, "--root", image, "preset-all"], check=True, capture_output=True)
    assert (image / WANTS / UNIT).is_symlink() is is_enabled
    assert is_enabled or found(image) == [("service-disabled", "error")]


@pytest.mark.needs("systemctl")
def test_the_fix_keeps_a_service_enabled(image: Path) -> None:
    """The command in the finding about another service writes a preset for it."""
    systemctl = needs.program("systemctl")
    (image / PRESETS).mkdir(parents=True)
    (image / PRESETS / "90.preset").write_text("enable ssh*\nenable chrony*\ndisable *\n")
    change(image, FEDORA)

    (finding,) = found_by(image, "network-none")
    subprocess.run(["sh", "-c", finding.fix.split("; ")[0]], check=True, capture_output=True)

    assert found_by(image, "network-none") == []
    subprocess.run([systemctl, "--root", image, "preset-all"], check=True, capture_output=True)
    assert (image / WANTS / "systemd-networkd.service").is_symlink()


KEPT: Dict[str, Change] = {
    "systemd of Debian only enables": {"usr/lib/os-release": "ID=debian\n"},
    "a machine ID": {"etc/machine-id": ""},
    "systemd cannot change a root that is read-only": {GRUB: None},
    "an older systemd": {"usr/lib/systemd/libsystemd-shared-239.so": ""},
}


@pytest.mark.parametrize("kind", KEPT)
def test_presets_that_systemd_does_not_apply_are_no_error(image: Path, kind: str) -> None:
    """Presets remove links only at a first boot with a writable root, and not on every system."""
    read_only = (image / GRUB).read_text().replace(" rw ", " ro ")
    preset: Change = {AZPROV: None, f"{PRESETS}/90.preset": OTHERS + "disable *\n"}
    change(image, {**FEDORA, **preset})
    assert [one.rule for one in found_by(image, "service-disabled")] == ["service-disabled"]

    change(image, KEPT[kind])
    if GRUB in KEPT[kind]:
        (image / GRUB).write_text(read_only)

    assert found_by(image, "service-disabled") == []


def test_a_service_that_only_a_preset_enables_does_not_start_from_a_read_only_root(
    image: Path,
) -> None:
    """With ro on the kernel's line systemd cannot make the links, and nothing starts."""
    change(image, {"etc/machine-id": "uninitialized\n", f"{WANTS}/{UNIT}": None})
    assert found_by(image, "service-disabled") == []

    grub = image / GRUB
    grub.write_text(grub.read_text().replace(" rw ", " ro "))

    assert [one.rule for one in found_by(image, "service-disabled")] == ["service-disabled"]

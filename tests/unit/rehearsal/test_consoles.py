"""The cause of a failed boot is found on real consoles, which boots in QEMU have written."""

import pytest

from azprov.rehearsal.image.evidence import Line
from azprov.rehearsal.image.signs import find_sign, is_final, is_silent_console, renamed_card
from project import ROOT

SAMPLES = ROOT / "tests/samples/console"
#: The cause by the file, and the line that shows it.
CAUSES = {
    "dracut-no-driver": (
        "no-root-device",
        "[  *** ] Job dev-disk-by\\x2dlabel-root.devic\u2026tart running (1min 10s / no limit)",
    ),
    "grub-no-configuration": (
        "boot-loader",
        "   Minimal BASH-like line editing is supported. For the first word, TAB",
    ),
    "initramfs-tools-no-driver": (
        "no-root-device",
        "Gave up waiting for root file system device.  Common problems:",
    ),
    "initramfs-tools-wrong-root": (
        "no-root-device",
        "Gave up waiting for root file system device.  Common problems:",
    ),
    "kernel-no-initramfs": (
        "no-root-device",
        "[    6.504798] Kernel panic - not syncing: VFS: Unable to mount root fs on "
        "unknown-block(0,0)",
    ),
    "ovmf-nothing-to-boot": ("firmware", "UEFI Interactive Shell v2.2"),
    "ovmf-unsigned-loader": (
        "secure-boot",
        'BdsDxe: failed to load Boot0001 "UEFI QEMU QEMU HARDDISK " from '
        "PciRoot(0x0)/Pci(0x1,0x0)/Scsi(0x0,0x0): Access Denied",
    ),
    "shim-unsigned-grub": ("secure-boot", "Verification failed: (0x1A) Security Violation"),
    "systemd-fstab-device": (
        "emergency-mode",
        "[  OK  ] Reached target emergency.target - Emergency Mode.",
    ),
}


def console(name: str) -> list[Line]:
    text = (SAMPLES / f"{name}.txt").read_text()
    return [Line(float(number), line) for number, line in enumerate(text.splitlines())]


@pytest.mark.parametrize("name", CAUSES)
def test_the_cause_is_found(name: str) -> None:
    """Each console names one cause, by the line that shows it."""
    found = find_sign(console(name))

    assert found is not None
    assert (found[0].cause, found[1].text) == CAUSES[name]


@pytest.mark.parametrize(
    "name", sorted(set(CAUSES) - {"dracut-no-driver", "grub-no-configuration"})
)
def test_a_boot_that_cannot_get_further_is_not_waited_for(name: str) -> None:
    """A rehearsal ends some seconds after such a line, long before its limit."""
    assert any(is_final(line.text) for line in console(name))


def test_a_console_that_shows_no_kernel_is_silent() -> None:
    """SeaBIOS starts a disk without a boot program, and then nothing is written any more."""
    lines = console("seabios-no-boot-code")

    assert find_sign(lines) is None
    assert is_silent_console(lines)
    assert is_silent_console([])
    assert not is_silent_console(console("kernel-no-initramfs"))


def test_the_new_name_of_the_network_card_is_read() -> None:
    """The kernel prints the name that udev gave; without such a line there is none."""
    line = "[    5.241312] virtio_net virtio1 enp0s2: renamed from eth0"

    assert renamed_card([Line(5.0, line)]) == "enp0s2"
    assert renamed_card(console("kernel-no-initramfs")) == ""

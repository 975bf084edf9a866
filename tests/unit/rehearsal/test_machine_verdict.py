"""What the verdict says about a virtual machine, whose devices are not those of Azure."""

from typing import Sequence, Tuple

from azprov.rehearsal.image.causes import why_not_ready
from azprov.rehearsal.image.evidence import LIMIT, STUCK, BootSeen, Expected, Line

DEVICES = "QEMU has other devices"
EXPECTED = Expected("web01", "azureuser", devices=DEVICES, check_command="check")


def boot(*texts: str, ending: str = LIMIT) -> BootSeen:
    console: Tuple[Line, ...] = tuple(Line(float(at), text) for at, text in enumerate(texts))
    return BootSeen(0.0, 300.0, ending, console)


def test_a_machine_that_shows_nothing_is_no_proof_of_a_missing_dhcp_client() -> None:
    """Without a line of the kernel, the verdict asks for a console on the serial port."""
    shown: Sequence[str] = ("SeaBIOS (version 1.16.2)", "Booting from Hard Disk...")

    finding = why_not_ready(boot(*shown), EXPECTED)

    assert finding.cause == "silent-console"
    assert "add console=ttyS0 (console=ttyAMA0 on arm64)" in finding.fix
    assert finding.lines == (
        "0.00 s  SeaBIOS (version 1.16.2)",
        "1.00 s  Booting from Hard Disk...",
    )
    assert why_not_ready(boot(*shown, "web01 login:"), EXPECTED).cause == "no-dhcp"


def test_a_container_may_show_nothing() -> None:
    """A container has no firmware, so that an empty console is no sign of a boot loader."""
    assert why_not_ready(boot(), EXPECTED._replace(devices="")).cause == "no-dhcp"


def test_a_missing_disk_may_be_the_fault_of_the_devices() -> None:
    """The fix says which drivers QEMU needs instead of those that Azure needs."""
    finding = why_not_ready(boot("(initramfs)", ending=STUCK), EXPECTED)

    assert finding.cause == "initramfs-shell"
    assert finding.fix.endswith(f"; check names the error. {DEVICES}")


def test_another_name_of_the_network_card_is_named() -> None:
    """Without net.ifnames=0 the card is eth0 on Azure, and not in QEMU."""
    renamed = boot("[    5.2] virtio_net virtio1 enp0s2: renamed from eth0", "web01 login:")

    assert why_not_ready(renamed, EXPECTED).fix == (
        "enable a DHCP client for eth0 (check names it); in this VM it has the name enp0s2, so add "
        "net.ifnames=0 to the kernel command line for the rehearsal"
    )

"""When the first boot ejects the provisioning DVD."""

from pathlib import Path
from typing import List, Optional

import pytest

from azprov.boot.provision import provision
from azprov.boot.settings import BootSettings, ImdsSettings
from azprov.system.root import Root
from ports import NoCommands
from unit.boot.scripted import Platform
from unit.boot.test_provision import Machine, settings

#: Nothing that would change the machine on which the test runs.
HARMLESS = settings(set_hostname=False, keep_enabled=True)
VOUCHED = BootSettings(
    HARMLESS.wireserver,
    ImdsSettings(timeout_s=120.0, is_trusted=True),
    HARMLESS.unit,
    set_hostname=False,
    keep_enabled=True,
)


def boot(
    machine: Machine, given: Optional[BootSettings] = None, *, is_live: bool = True
) -> List[int]:
    """Boot a machine, and return how many reports had been sent at each ejection."""
    platform = Platform()
    ejected: List[int] = []
    ports = platform.ports
    ports.eject_dvd = lambda _: ejected.append(len(platform.posted))
    root = Root(str(machine.folder))
    root.is_live = is_live
    provision(given or HARMLESS, root, ports, NoCommands(), release_sshd=lambda: None)
    return ejected


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_the_dvd_is_ejected_once_before_ready(machine: Machine) -> None:
    """cloud-init and the Azure Linux agent eject it before Ready, too."""
    assert boot(machine) == [0]


def test_a_later_boot_of_the_same_vm_leaves_the_drive_alone(machine: Machine) -> None:
    """Ready is sent once per VM, and so is the DVD ejected."""
    boot(machine)
    platform = Platform()
    ejected: List[Root] = []
    ports = platform.ports
    ports.eject_dvd = ejected.append
    root = Root(str(machine.folder))
    root.is_live = True

    provision(HARMLESS, root, ports, NoCommands(), release_sshd=lambda: None)

    assert (ejected, platform.posted) == ([], [])


def test_the_disc_of_another_machine_is_left_alone(machine: Machine) -> None:
    """The disc in the drive belongs to someone if the firmware is not Azure's."""
    tag = machine.folder / "sys/class/dmi/id/chassis_asset_tag"
    tag.write_text("No Asset Tag\n")

    assert boot(machine) == []
    (machine.folder / "var/lib/azprov/state.json").unlink()
    assert boot(machine, VOUCHED) == [0]


def test_an_image_below_a_root_has_no_drive(machine: Machine) -> None:
    """`provision --root` changes an image, and not the drive of the machine that runs it."""
    assert boot(machine, is_live=False) == []

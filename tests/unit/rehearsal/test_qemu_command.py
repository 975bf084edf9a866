"""The command line of QEMU for each kind of virtual machine."""

from typing import List

import pytest

from azprov.rehearsal.image.firmware import Firmware
from azprov.rehearsal.image.qemu_command import Guest, qemu_command

USUAL = Firmware("/usr/share/OVMF/CODE.fd", "raw", "/usr/share/OVMF/VARS.fd", "raw")
GUEST = Guest(
    program="/usr/bin/qemu-system-x86_64",
    architecture="x86_64",
    accelerator="tcg",
    firmware=USUAL,
    variables="/scratch/a,b/variables",
    disk="/scratch/a,b/disk",
    controller="scsi",
    vm_id="b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90",
    tap=7,
    control=9,
)


def values_of(command: List[str], option: str) -> List[str]:
    return [value for name, value in zip(command, command[1:]) if name == option]


def test_a_machine_of_generation_2() -> None:
    """The whole command of the usual machine; a comma in a path is doubled."""
    assert qemu_command(GUEST) == [
        "/usr/bin/qemu-system-x86_64",
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-machine",
        "q35",
        "-accel",
        "tcg",
        "-cpu",
        "max",
        "-smp",
        "2",
        "-m",
        "2048",
        "-drive",
        "if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/CODE.fd",
        "-drive",
        "if=pflash,unit=1,format=raw,file=/scratch/a,,b/variables",
        "-smbios",
        "type=1,manufacturer=Microsoft Corporation,product=Virtual Machine,"
        "uuid=b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90",
        "-smbios",
        "type=3,manufacturer=Microsoft Corporation,asset=7783-7084-3265-9085-8269-3286-77",
        "-drive",
        "if=none,id=disk,format=qcow2,file=/scratch/a,,b/disk",
        "-device",
        "virtio-scsi-pci",
        "-device",
        "scsi-hd,drive=disk,bootindex=0",
        "-netdev",
        "tap,id=network,fd=7",
        "-device",
        "virtio-net-pci,netdev=network,mac=00:0d:3a:00:00:04,romfile=",
        "-chardev",
        "stdio,id=console,signal=off",
        "-serial",
        "chardev:console",
        "-chardev",
        "socket,id=control,fd=9",
        "-mon",
        "chardev=control,mode=control",
    ]


def test_secure_boot_protects_the_variables() -> None:
    """Firmware that needs system management mode gets it, and is alone in writing its variables."""
    command = qemu_command(GUEST._replace(firmware=USUAL._replace(needs_smm=True)))

    assert values_of(command, "-machine") == ["q35,smm=on"]
    assert values_of(command, "-global") == ["driver=cfi.pflash01,property=secure,value=on"]


def test_a_machine_of_generation_1() -> None:
    """SeaBIOS writes to the serial port, starts the disk alone, and has the VM id byte-swapped."""
    command = qemu_command(GUEST._replace(firmware=None))

    assert values_of(command, "-machine") == ["pc,graphics=off"]
    assert values_of(command, "-boot") == ["strict=on"]
    assert not any("pflash" in word for word in command)
    assert values_of(command, "-smbios")[0].endswith("uuid=a2c1d0b1-f453-8e4a-8d57-0a3c1f6e2d90")


@pytest.mark.parametrize(
    ("controller", "devices"),
    [
        ("scsi", ["virtio-scsi-pci", "scsi-hd,drive=disk,bootindex=0"]),
        ("nvme", ["nvme,drive=disk,serial=azprov,bootindex=0"]),
        ("virtio", ["virtio-blk-pci,drive=disk,bootindex=0"]),
    ],
)
def test_the_disk_is_behind_the_controller(controller: str, devices: List[str]) -> None:
    """Each controller is one or two devices, and the firmware starts from the disk first."""
    command = qemu_command(GUEST._replace(controller=controller))

    assert values_of(command, "-device")[:-1] == devices


def test_kvm_shows_the_processor_of_this_machine() -> None:
    """With KVM the guest has the processor of this machine."""
    command = qemu_command(GUEST._replace(accelerator="kvm"))

    assert values_of(command, "-accel") == ["kvm"]
    assert values_of(command, "-cpu") == ["host"]


def test_an_arm_machine() -> None:
    """ARM has the machine virt, whose emulated processor authenticates pointers fast."""
    command = qemu_command(GUEST._replace(architecture="aarch64"))

    assert values_of(command, "-machine") == ["virt"]
    assert values_of(command, "-cpu") == ["max,pauth-impdef=on"]

"""The command line of QEMU for a virtual machine that is as much like one of Azure as can be.

Source: qemu-system-x86_64(1) of QEMU 7.2, and the SMBIOS of VMs on Azure.
"""

from typing import List, NamedTuple, Optional

from ...formats.platform.vm_id import swapped
from ...system.firmware import AZURE_TAG
from .firmware import Firmware

X86, ARM = "x86_64", "aarch64"
#: The kinds of disk controllers. Azure has the first two; its SCSI controller is Hyper-V's own.
SCSI, NVME, VIRTIO = "scsi", "nvme", "virtio"
KVM, EMULATION = "kvm", "tcg"

_MEMORY_MIB = 2048
_PROCESSORS = 2
_MAKER = "manufacturer=Microsoft Corporation"
# The first three bytes are of Microsoft, as on Azure.
_MAC = "00:0d:3a:00:00:04"
_DISK = {
    SCSI: ["-device", "virtio-scsi-pci", "-device", "scsi-hd,drive=disk,bootindex=0"],
    NVME: ["-device", "nvme,drive=disk,serial=azprov,bootindex=0"],
    VIRTIO: ["-device", "virtio-blk-pci,drive=disk,bootindex=0"],
}
# Without these, the emulated processors authenticate pointers by a slow algorithm.
_EMULATED = {X86: "max", ARM: "max,pauth-impdef=on"}


class Guest(NamedTuple):
    """A virtual machine. The paths are of files that it may change.

    `firmware` is None for SeaBIOS, the firmware of generation 1. `variables` is a copy of those of
    the firmware. `tap` and `control` are the numbers of open files: a network device's other end,
    and a stream socket that gets QEMU's machine protocol (QMP).
    """

    program: str
    architecture: str
    accelerator: str
    firmware: Optional[Firmware]
    variables: str
    disk: str
    controller: str
    vm_id: str
    tap: int
    control: int


def qemu_command(guest: Guest) -> List[str]:
    """The command, which has the guest's first serial port at its standard output."""
    is_emulated = guest.accelerator == EMULATION
    return [
        guest.program,
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-machine",
        _machine(guest),
        "-accel",
        guest.accelerator,
        "-cpu",
        _EMULATED[guest.architecture] if is_emulated else "host",
        "-smp",
        str(_PROCESSORS),
        "-m",
        str(_MEMORY_MIB),
        *_firmware(guest),
        "-smbios",
        f"type=1,{_MAKER},product=Virtual Machine,uuid={_uuid(guest)}",
        "-smbios",
        f"type=3,{_MAKER},asset={AZURE_TAG}",
        "-drive",
        f"if=none,id=disk,format=qcow2,file={_escaped(guest.disk)}",
        *_DISK[guest.controller],
        # Without the boot program of the card: an empty disk must not end in a network boot.
        "-netdev",
        f"tap,id=network,fd={guest.tap}",
        "-device",
        f"virtio-net-pci,netdev=network,mac={_MAC},romfile=",
        "-chardev",
        "stdio,id=console,signal=off",
        "-serial",
        "chardev:console",
        "-chardev",
        f"socket,id=control,fd={guest.control}",
        "-mon",
        "chardev=control,mode=control",
    ]


def _machine(guest: Guest) -> str:
    """The name of a machine, with its options."""
    if guest.architecture == ARM:
        return "virt"
    if guest.firmware is None:
        # SeaBIOS writes to the serial port on a machine without graphics.
        return "pc,graphics=off"
    return "q35,smm=on" if guest.firmware.needs_smm else "q35"


def _firmware(guest: Guest) -> List[str]:
    firmware = guest.firmware
    if firmware is None:
        # Without this, SeaBIOS tries other devices if the disk has nothing to start.
        return ["-boot", "strict=on"]
    code = f"if=pflash,unit=0,format={firmware.code_format},readonly=on"
    variables = f"if=pflash,unit=1,format={firmware.variables_format}"
    secure = ["-global", "driver=cfi.pflash01,property=secure,value=on"]
    return [
        *(secure if firmware.needs_smm else []),
        "-drive",
        f"{code},file={_escaped(firmware.code)}",
        "-drive",
        f"{variables},file={_escaped(guest.variables)}",
    ]


def _uuid(guest: Guest) -> str:
    """The VM id as the firmware has it: generation 1 has it with swapped bytes."""
    return swapped(guest.vm_id) if guest.firmware is None else guest.vm_id


def _escaped(path: str) -> str:
    """A path as a part of an option, in which a comma would begin the next part."""
    return path.replace(",", ",,")

"""The disk file of `rehearse --image`: what azprov must know of it to boot it in QEMU."""

import argparse
import os
from typing import Dict

from ..boot.connect import real_commands
from ..check.facts.azprov_service import installed_options, own_command
from ..check.facts.disk.disk_file import DiskFile, file_argument, open_disk
from ..check.facts.disk.loaders import LOADERS, read_esps
from ..check.facts.image import Image
from ..check.mounted_disk import MOUNT_POINT, mount_tree
from ..errors import HostError, UsageError
from ..formats.disk import container
from ..formats.host.portable_executable import AARCH64, X86_64
from ..rehearsal.image.evidence import Expected
from ..rehearsal.image.firmware import find_firmware
from ..rehearsal.image.needed import ALWAYS, EMULATORS, FOR_A_DISK, find_programs
from ..rehearsal.image.player import Player
from ..rehearsal.image.qemu_command import ARM, NVME, SCSI, VIRTIO, X86
from ..rehearsal.image.virtual_machine import Disk, Hardware, VirtualMachine
from ..system.private_mounts import OPEN_FILE, detach
from ..system.root import Root
from ..system.tap import open_tap

# QEMU's names. A fixed VHD is a raw disk with a footer, which is not part of the disk.
_FORMATS = {
    container.RAW: "raw",
    container.FIXED_VHD: "raw",
    container.VHDX: "vhdx",
    container.QCOW2: "qcow2",
}
_DRIVERS = {SCSI: "virtio_scsi", VIRTIO: "virtio_blk"}
_MACHINES = {X86_64: X86, AARCH64: ARM}
# The packages in Debian and in Fedora.
_FIRMWARE = {X86: ("ovmf", "edk2-ovmf"), ARM: ("qemu-efi-aarch64", "edk2-aarch64")}


class RehearsedDisk:
    """A disk file, and the machine that boots it. Raises HostError and UsageError."""

    #: Without KVM, a boot takes minutes.
    limit_s = 900.0

    def __init__(self, options: argparse.Namespace) -> None:
        generation = options.generation or 2
        if options.secure_boot and generation == 1:
            raise UsageError(
                "a VM of generation 1 has no Secure Boot",
                "drop --secure-boot, or --generation 1",
            )
        file = open_disk(options.image)
        self._file = file
        if file.container not in _FORMATS:
            raise HostError(
                f"{file.shown} is a {file.container}, which Azure does not accept",
                f"run azprov.pyz check --image {file_argument(file.path)}, which names the command "
                "that converts it",
            )
        head = file.read(0, container.HEAD_BYTES).ljust(container.HEAD_BYTES, b"\0")
        if file.container == container.QCOW2 and container.needs_other_file(head):
            # It could be any file that this user may read.
            raise HostError(
                f"a part of the disk in {file.shown} is in another file",
                "write it into one file with qemu-img convert",
            )
        architecture = X86 if generation == 1 else _architecture(file)
        needed = [EMULATORS[architecture], *FOR_A_DISK, *ALWAYS]
        self.programs: Dict[str, str] = find_programs(needed)
        firmware = None
        if generation == 2:
            firmware = find_firmware(Root("/"), architecture, secure_boot=options.secure_boot)
            if firmware is None:
                keys = " with Secure Boot and Microsoft's keys" if options.secure_boot else ""
                debian, fedora = _FIRMWARE[architecture]
                raise HostError(
                    f"there is no UEFI firmware for {architecture}{keys} on this machine",
                    f"install the missing firmware: apt-get install {debian}, or dnf install "
                    f"{fedora}",
                )
        self._hardware = Hardware(options.disk or SCSI, firmware)
        size = file.size if file.is_readable else None
        path = os.path.abspath(options.image)
        self._disk = Disk(path, _FORMATS[file.container], size, architecture)
        self.expected = _expected(file)._replace(devices=_devices(options.disk or SCSI))

    def enter(self) -> None:
        """A virtual machine needs nothing more of this process."""

    def player(self, scratch: str) -> Player:
        tap = open_tap(VirtualMachine.link_name)
        return VirtualMachine(self._disk, self._hardware, Root(scratch), self.programs, tap)


def _devices(controller: str) -> str:
    """What QEMU has in place of the devices of Hyper-V, which only `check` can judge."""
    drivers = ["virtio_net where Azure needs hv_netvsc"]
    if controller != NVME:
        drivers.insert(0, f"{_DRIVERS[controller]} where Azure needs hv_storvsc")
    return (
        f"QEMU has no devices of Hyper-V: the image needs {' and '.join(drivers)}; check finds out "
        "whether it has Azure's drivers"
    )


def _architecture(file: DiskFile) -> str:
    """That of the boot loader; otherwise, and if there are several, that of this machine."""
    esps = read_esps(file) if file.is_readable else []
    found = {_MACHINES[LOADERS[loader.name]] for esp in esps for loader in esp.loaders}
    own = os.uname().machine
    if len(found) == 1:
        return found.pop()
    return own if own in EMULATORS else X86


def _expected(file: DiskFile) -> Expected:
    """What azprov's service on the disk should do; nothing is known if it cannot be mounted."""
    unknown = Expected("", "", check_command=f"azprov.pyz check --image {file_argument(file.path)}")
    if not file.is_readable or os.geteuid() != 0:
        return unknown
    tree = mount_tree(file, real_commands())
    if tree.root is None:
        return unknown
    try:
        image = Image(tree.root)
        options = None if own_command(image) is None else installed_options(image)
    finally:
        # QEMU opens the disk file by its path, which may be below the mount point. Now that
        # something is mounted, this process has mounts of its own.
        detach(MOUNT_POINT)
        detach(OPEN_FILE)
    if options is None:
        return unknown
    return unknown._replace(
        sets_hostname="--no-hostname" not in options, makes_user="--admin-user" in options
    )

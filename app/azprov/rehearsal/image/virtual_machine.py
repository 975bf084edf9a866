"""Boots a disk file in QEMU: a virtual machine with the firmware and the identity of one on Azure.

Sources: qemu-system-x86_64(1), qemu-img(1), and QEMU's docs/interop/qmp-intro.txt.
"""

import os
import select
import socket
import subprocess
import threading
from contextlib import suppress
from typing import Callable, Dict, NamedTuple, Optional

from ...errors import HostError
from ...formats.text import printable
from ...system.parent import end_with_parent
from ...system.root import Root
from .console import read_output
from .firmware import Firmware
from .needed import EMULATORS
from .player import Player
from .qemu_command import EMULATION, KVM, Guest, qemu_command

# More than the first boot of a large distribution writes.
_FREE_BYTES = 1 << 30
_IMAGE_TOOL_S = 60.0
# The firmware writes to the console within two seconds, where KVM works.
_KVM_S = 15.0
_POWER_BUTTON = b'{"execute": "qmp_capabilities"} {"execute": "system_powerdown"}\n'


class Disk(NamedTuple):
    """A disk file by its absolute path.

    `format` is QEMU's name of its format. `size` is that of the disk in bytes; None if the file
    says it. `architecture` is X86 or ARM.
    """

    path: str
    format: str
    size: Optional[int]
    architecture: str


class Hardware(NamedTuple):
    """`controller` is SCSI, NVME or VIRTIO; `firmware` is None for SeaBIOS, of generation 1."""

    controller: str
    firmware: Optional[Firmware]


class VirtualMachine(Player):
    """A disk file below a layer for changes, which is in the scratch folder."""

    link_name = "azprov0"

    def __init__(
        self, disk: Disk, hardware: Hardware, scratch: Root, programs: Dict[str, str], tap: int
    ) -> None:
        """`scratch` must be empty and this user's own. Raises HostError.

        `programs` are the paths of QEMU and of qemu-img by their names. `tap` is the file of a
        network device with the name `link_name`, which `close` closes.
        """
        self._disk = disk
        self._hardware = hardware
        self._folder = scratch.path
        self._emulator = programs[EMULATORS[disk.architecture].program]
        self._tap = tap
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._control: Optional[socket.socket] = None
        self._reader = threading.Thread()
        self._accelerator = ""
        _require_space(scratch)
        _make_layer(programs["qemu-img"], disk, f"{self._folder}/disk")
        if hardware.firmware is not None:
            variables = Root("/").read(hardware.firmware.variables, limit_bytes=_FREE_BYTES)
            scratch.write("/variables", variables or b"")

    def start(self, vm_id: str, console: Callable[[str], None]) -> None:
        if not self._accelerator:
            self._accelerator = KVM if self._has_kvm(vm_id) else EMULATION
        if self._accelerator == EMULATION:
            console("QEMU: without KVM the processor is emulated, and the boot takes minutes")
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = self._run(vm_id, self._accelerator, theirs.fileno())
        self._control = ours
        self._reader = threading.Thread(
            target=read_output, args=(self._process, console), daemon=True
        )
        self._reader.start()

    def is_running(self) -> bool:
        process = self._process
        return process is not None and process.poll() is None

    def power_off(self) -> None:
        if self._control is not None:
            with suppress(OSError):
                self._control.sendall(_POWER_BUTTON)

    def cut_power(self) -> None:
        """What the guest has sent to its disk stays, as QEMU keeps nothing of it in memory."""
        process = self._process
        if process is None:
            return
        _end(process)
        self._reader.join()
        self._process = None
        if process.stdout is not None:
            process.stdout.close()
        if self._control is not None:
            self._control.close()

    def close(self) -> None:
        self.cut_power()
        if self._tap >= 0:
            os.close(self._tap)
            self._tap = -1

    def _has_kvm(self, vm_id: str) -> bool:
        """Whether the firmware runs by KVM until it first writes to the console.

        A file /dev/kvm is no proof: inside some virtual machines QEMU ends or halts with it.
        """
        ours, theirs = socket.socketpair()
        with ours, theirs:
            process = self._run(vm_id, KVM, theirs.fileno(), is_trial=True)
            try:
                number = process.stdout.fileno() if process.stdout is not None else -1
                poll = select.poll()
                poll.register(number, select.POLLIN)
                return bool(poll.poll(_KVM_S * 1000)) and bool(os.read(number, 1))
            finally:
                _end(process)
                if process.stdout is not None:
                    process.stdout.close()

    def _run(
        self, vm_id: str, accelerator: str, control: int, *, is_trial: bool = False
    ) -> "subprocess.Popen[bytes]":
        guest = Guest(
            program=self._emulator,
            architecture=self._disk.architecture,
            accelerator=accelerator,
            firmware=self._hardware.firmware,
            variables=f"{self._folder}/variables",
            disk=f"{self._folder}/disk",
            controller=self._hardware.controller,
            vm_id=vm_id,
            tap=self._tap,
            control=control,
        )
        # A trial changes no file, and its errors are of no use.
        command = [*qemu_command(guest), *(["-snapshot"] if is_trial else [])]
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL if is_trial else subprocess.STDOUT,
                pass_fds=(self._tap, control),
                start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - one system call
            )
        except OSError as error:
            raise HostError(
                f"QEMU could not be started ({error.strerror})", "install its package again"
            ) from error


def _require_space(scratch: Root) -> None:
    status = os.fstatvfs(scratch.descriptor)
    free = status.f_bavail * status.f_frsize
    if free < _FREE_BYTES:
        raise HostError(
            f"{printable(scratch.path)} has {free >> 20} MiB free, and a boot may write "
            f"{_FREE_BYTES >> 20} MiB",
            "set TMPDIR to a folder on a disk with more space",
        )


def _make_layer(program: str, disk: Disk, path: str) -> None:
    """Create the layer that gets all changes, below which is the disk file. Raises HostError."""
    command = [program, "create", "-q", "-f", "qcow2", "-F", disk.format, "-b", disk.path, path]
    command += [] if disk.size is None else [str(disk.size)]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=_IMAGE_TOOL_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise HostError(
            f"QEMU's tool for disk files failed ({error})", "install its package again"
        ) from error
    if done.returncode != 0:
        reason = printable(done.stderr.decode("utf-8", "replace").strip())
        raise HostError(f"QEMU cannot use {printable(disk.path)} ({reason})", "check the file")


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(OSError):
        process.kill()
    process.wait()

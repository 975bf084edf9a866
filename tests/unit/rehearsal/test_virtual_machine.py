"""The player for disk files, with a program in QEMU's place that does what it is told."""

import os
import sys
import time
from pathlib import Path
from typing import Callable, Iterator, List

import pytest

from azprov.errors import HostError
from azprov.rehearsal.image.firmware import Firmware
from azprov.rehearsal.image.virtual_machine import Disk, Hardware, VirtualMachine
from azprov.system.root import Root

VM_ID = "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90"
#: Fails with KVM as QEMU does in some virtual machines, and otherwise has a console, and a power
#: button: it prints what it gets by its control socket, and ends.
EMULATOR = """\
#!{python} -IS
import os, re, sys
if {has_kvm} is False and "kvm" in sys.argv:
    sys.exit("failed to set MSR 0x10a")
print("\\x1b[2Jaccelerator", sys.argv[sys.argv.index("-accel") + 1], flush=True)
words = " ".join(sys.argv)
print("disk", open(re.search("id=disk,format=qcow2,file=([^ ]*)", words)[1]).read())
print("login: ", end="", flush=True)
number = int(re.search("id=control,fd=([0-9]+)", words)[1])
print(os.read(number, 1000).decode().strip(), flush=True)
"""
#: Writes its arguments into the new layer.
IMAGE_TOOL = """\
#!/bin/sh
for last; do :; done
case $* in
    *damaged*) echo "$last: cannot be opened" >&2; exit 1 ;;
    *1048576) layer=${{*% *}}; layer=${{layer##* }} ;;
    *) layer=$last ;;
esac
echo "$*" >"$layer"
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    write_program(folder / "qemu-system-x86_64", EMULATOR, has_kvm=False)
    (folder / "qemu-img").write_text(IMAGE_TOOL.format())
    (folder / "qemu-img").chmod(0o755)
    return folder


def write_program(path: Path, text: str, *, has_kvm: bool) -> None:
    path.write_text(text.format(python=sys.executable, has_kvm=has_kvm))
    path.chmod(0o755)


@pytest.fixture
def make(tmp_path: Path, programs: Path) -> Iterator[Callable[[Disk], VirtualMachine]]:
    """Make the machine of a disk; it is closed afterwards."""
    variables = tmp_path / "variables"
    variables.write_bytes(b"variables")
    made: List[VirtualMachine] = []

    def make_one(disk: Disk) -> VirtualMachine:
        (tmp_path / "scratch").mkdir()
        paths = {one.name: str(one) for one in programs.iterdir()}
        firmware = Firmware("/code", "raw", str(variables), "raw")
        scratch = Root(str(tmp_path / "scratch"))
        tap = os.open(os.devnull, os.O_RDWR)
        made.append(VirtualMachine(disk, Hardware("nvme", firmware), scratch, paths, tap))
        return made[0]

    yield make_one
    for one in made:
        one.close()


RAW = Disk("/images/disk.vhd", "raw", 1048576, "x86_64")


def wait_until(condition: Callable[[], bool]) -> None:
    while not condition():
        time.sleep(0.01)


def test_a_machine_without_kvm_is_emulated(
    make: Callable[[Disk], VirtualMachine], tmp_path: Path
) -> None:
    """The trial with KVM ends at once, so the boot is emulated, and the console says so."""
    lines: List[str] = []
    machine = make(RAW)

    machine.start(VM_ID, lines.append)
    wait_until(lambda: "login:" in lines)

    assert machine.is_running()
    layer = f"{tmp_path}/scratch/disk"
    assert lines == [
        "QEMU: without KVM the processor is emulated, and the boot takes minutes",
        "accelerator tcg",
        f"disk create -q -f qcow2 -F raw -b /images/disk.vhd {layer} 1048576",
        "login:",
    ]
    assert (tmp_path / "scratch/variables").read_bytes() == b"variables"


def test_the_power_button_is_a_request_to_qemu(make: Callable[[Disk], VirtualMachine]) -> None:
    """The machine is asked to power off, and is off once its program has ended."""
    lines: List[str] = []
    machine = make(RAW)
    machine.start(VM_ID, lines.append)
    wait_until(lambda: "login:" in lines)

    machine.power_off()
    wait_until(lambda: not machine.is_running())
    machine.cut_power()

    assert lines[-1] == '{"execute": "qmp_capabilities"} {"execute": "system_powerdown"}'


def test_a_power_cut_ends_the_machine_and_the_next_boot_starts(
    make: Callable[[Disk], VirtualMachine],
) -> None:
    """The power can be cut again and again, also that of a machine that is off."""
    lines: List[str] = []
    machine = make(RAW)
    for _ in range(2):
        machine.start(VM_ID, lines.append)
        machine.cut_power()
        machine.cut_power()
        assert not machine.is_running()
    machine.power_off()


def test_kvm_is_used_where_the_firmware_runs_with_it(
    make: Callable[[Disk], VirtualMachine], programs: Path
) -> None:
    """A machine that writes to its console with KVM boots with it."""
    write_program(programs / "qemu-system-x86_64", EMULATOR, has_kvm=True)
    lines: List[str] = []
    machine = make(RAW)

    machine.start(VM_ID, lines.append)
    wait_until(lambda: "login:" in lines)

    assert lines[0] == "accelerator kvm"


def test_a_disk_that_cannot_be_opened_is_an_error(make: Callable[[Disk], VirtualMachine]) -> None:
    """The error has the words of qemu-img."""
    with pytest.raises(HostError) as caught:
        make(Disk("/images/damaged.vhdx", "vhdx", None, "x86_64"))

    assert caught.value.summary.startswith("QEMU cannot use /images/damaged.vhdx (")
    assert caught.value.summary.endswith("cannot be opened)")

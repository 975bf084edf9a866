"""Real boots of different roots: the first one provisions, and the second one is silent.

The rows are in matrix.py.
"""

import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

import needs
from boot.machine import METADATA, UNIT, Machine, SystemdMachine, skip_without_means
from boot.matrix import DISKS, KEYS, ORIGINS, ROWS, Row
from boot.test_boot import with_admin
from boot.test_boot_openrc import ENABLED as OPENRC_ENABLED
from boot.test_boot_openrc import openrc_root
from boot.test_boot_users import with_late_disk
from pyz import PYZ

pytestmark = pytest.mark.boot

READY = ["goal state", "ready"]
NAME = "Web01-Host"
# nspawn would mount a tmpfs on /tmp, and hide a sandbox that needs a writable /tmp.
VARIABLES = {"SYSTEMD_NSPAWN_TMPFS_TMP": "0"}
# Both loops end soon: azprov has reported Ready, and the boot has a time limit.
AT_REST = [
    f"while systemctl is-active --quiet {UNIT}; do sleep 0.1; done",
    "systemctl is-system-running --wait >/dev/null",
]
OPENRC_AT_REST = ["while grep -qs '[a]zprov.pyz' /proc/[0-9]*/cmdline; do sleep 0.1; done"]
FAILED = "systemctl --failed --no-legend --plain"
OPENRC_FAILED = "rc-status --crashed --nocolor"
# azprov's log, and that of each unit that has failed.
LOG = (
    "journalctl --boot --output=cat --no-pager --identifier=azprov; "
    f"for unit in $({FAILED} | cut -d' ' -f1); do systemctl status --lines=40 $unit; done"
)
# systemd 256 and later does not boot with version 1 of the control groups.
CGROUP_2 = """
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
    umount --recursive /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup
    mkdir -p /sys/fs/cgroup/azprov-boot
    echo $PPID >/sys/fs/cgroup/azprov-boot/cgroup.procs
fi
"""


@pytest.fixture(autouse=True)
def _means() -> None:
    skip_without_means()


def machine_of(row: Row, folder: Path) -> Machine:
    """Return a root of a row, with azprov."""
    if row.release == "openrc":
        machine: Machine = openrc_root(folder)
    else:
        machine = systemd_machine = SystemdMachine(folder, row.release, row.network)
        if row.disk == "late /home":
            with_late_disk(systemd_machine, "/home")
    user: List[str] = []
    if row.users == KEYS:
        user = ["builder"]
        subprocess.run(["chroot", machine.root, "useradd", "-m", "builder"], check=True)
        (machine.root / "etc/sudoers.d/builder").write_text("builder ALL=(ALL) NOPASSWD: ALL\n")
    machine.install(*filter(None, [row.users]), *user)
    machine_id, has_host_keys = ORIGINS[row.origin]
    if row.origin == "deprovision":
        command = [sys.executable, "-I", str(PYZ), "deprovision", "--root", str(machine.root)]
        subprocess.run([*command, "--yes"], check=True)
        assert (machine.root / "etc/machine-id").read_text() == machine_id
    elif row.release != "openrc":
        (machine.root / "etc/machine-id").write_text(machine_id)
        # It would ask questions on the console.
        (machine.root / "etc/systemd/system/systemd-firstboot.service").symlink_to("/dev/null")
    for key in (machine.root / "etc/ssh").glob("ssh_host_*"):
        if not has_host_keys:
            key.unlink()
    return machine


def metadata_of(row: Row, folder: Path) -> Tuple[Dict[str, Any], List[List[str]]]:
    """Return the metadata of a row, and the commands that log in: one, or none without users."""
    if not row.users:
        return METADATA, []
    metadata, ssh = with_admin(folder)
    metadata["compute"]["osProfile"]["computerName"] = NAME
    if row.users == KEYS:
        ssh[-1] = ssh[-1].replace("azureuser", "builder")
    ssh[1:1] = ["-o", "ConnectionAttempts=20"]  # a second apart: sshd may start after Ready
    return metadata, [[*ssh, "id -un; sudo -n id -un; hostname"]]


def expected_logins(row: Row) -> List[Tuple[int, List[str]]]:
    """Return the exit codes and the last lines of the commands of `metadata_of`."""
    user = "builder" if row.users == KEYS else "azureuser"
    return [(0, [user, "root", NAME])] if row.users else []


class Result:
    """What a boot of a row has shown."""

    def __init__(self, machine: Machine, boot: Dict[str, Any]) -> None:
        self.verdicts: List[str] = boot["verdicts"]
        self.requests: List[str] = [*boot["verdicts"], *boot["imds_requests"]]
        self.announced: List[str] = boot["announced"]
        self.logins: List[Tuple[int, List[str]]] = [
            (code, output.splitlines()[-3:]) for code, output in boot["ran"]
        ]
        outputs = [output for _, output in boot["inside"]]
        self.failed: List[str] = outputs[0].splitlines() if outputs else []
        log = outputs[1] if outputs else ""
        #: For the message of a failed test.
        self.all = f"{log}\n{boot['console'][-4000:]}\n{boot['ran']}\n{self.announced}"
        if isinstance(machine, SystemdMachine) and not outputs:
            self.all = "\n".join([*machine.journal(), self.all])


def boot(machine: Machine, row: Row, **options: Any) -> Result:
    """Boot a root of a row until nothing more happens."""
    is_openrc = row.release == "openrc"
    at_rest = "; ".join(OPENRC_AT_REST if is_openrc else AT_REST)
    inside = [OPENRC_FAILED, "true"] if is_openrc else [FAILED, LOG]
    options["prepare"] = options.get("prepare", "") + ("" if is_openrc else CGROUP_2)
    if "cut" not in options:
        options["then_inside"] = [["sh", "-c", f"{at_rest}; {script}"] for script in inside]
    nspawn = DISKS[row.disk].nspawn
    return Result(machine, machine.boot(nspawn=nspawn, variables=VARIABLES, **options))


def image_of(machine: Machine, row: Row) -> Path:
    """Return an image of a disk with the files of a root."""
    disk = DISKS[row.disk]
    image = machine.root.with_name("disk")
    with image.open("wb") as file:
        file.truncate(1 << 30)
    subprocess.run([needs.program(disk.mkfs[0]), *disk.mkfs[1:], image], check=True)
    script = "mkdir $2.mnt; mount -o loop $2 $2.mnt; cp -a $1/. $2.mnt; umount $2.mnt"
    subprocess.run(["unshare", "-m", "sh", "-ec", script, "sh", machine.root, image], check=True)
    return image


@pytest.mark.parametrize("row", [row for row in ROWS if not DISKS[row.disk].mkfs], ids=str)
def test_the_first_boot_provisions_and_the_second_is_silent(row: Row, tmp_path: Path) -> None:
    """The first boot reports Ready once, announces the name, and lets the user log in.

    No service fails in either boot, and the second one sends no request.
    """
    machine = machine_of(row, tmp_path)
    metadata, logins = metadata_of(row, tmp_path)

    first = boot(machine, row, metadata=metadata, then_s=0, then_run=logins)

    assert first.verdicts == READY, first.all
    assert first.announced[-1:] == [NAME], first.all
    assert first.logins == expected_logins(row), first.all
    disk = DISKS[row.disk]
    assert [line for line in first.failed if line.split()[0] not in disk.failing] == [], first.all
    if row.disk == "late /home":
        assert list((machine.root / "home").iterdir()) == []  # below the mounted disk
    if not disk.is_stored:
        return
    assert not is_enabled(machine)

    second = boot(machine, row, metadata=metadata, waits_for_ready=False, then_s=1)

    assert second.requests == [], second.all
    assert second.failed == [], second.all


def is_enabled(machine: Machine) -> bool:
    if isinstance(machine, SystemdMachine):
        return machine.is_enabled
    return (machine.root / OPENRC_ENABLED).is_symlink()


@pytest.mark.parametrize("row", [row for row in ROWS if DISKS[row.disk].mkfs], ids=str)
def test_a_power_cut_after_ready_loses_nothing(row: Row, tmp_path: Path) -> None:
    """The next boot finds the host keys, the user and the state, and reports nothing again."""
    machine = machine_of(row, tmp_path)
    metadata, logins = metadata_of(row, tmp_path)
    image, copy = image_of(machine, row), tmp_path / "copy"

    first = boot(
        machine,
        row,
        metadata=metadata,
        then_s=1,
        prepare=f"mount -o loop {image} $0\n",
        cut=[str(image), str(copy)],
    )

    assert first.verdicts == READY, first.all
    assert first.announced[-1:] == [NAME], first.all
    repair = DISKS[row.disk].repair.replace("$1", str(copy)) or "true"

    second = boot(
        machine,
        row,
        metadata=metadata,
        waits_for_ready=False,
        then_s=1,
        then_run=logins,
        prepare=f"{repair}\nmount -o loop {copy} $0\n",
    )

    assert second.verdicts == [], second.all
    assert second.logins == expected_logins(row), second.all
    assert second.failed == [], second.all

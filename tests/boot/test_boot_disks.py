"""Real boots of systemd on a disk that cannot be written: read-only or full."""

import subprocess
from pathlib import Path
from typing import Any, Dict, List

import pytest

from boot.machine import UNIT, SystemdMachine, skip_without_means

pytestmark = pytest.mark.boot

READY = ["goal state", "ready"]
# nspawn would mount a tmpfs on /tmp, and hide a sandbox that needs a writable /tmp.
NO_TMPFS = {"SYSTEMD_NSPAWN_TMPFS_TMP": "0"}
# The writable layer of an overlay is full. Files of the lower layer cannot be changed either.
FULL = """
layer=$0.layer; mkdir $layer; mount -t tmpfs -o size=4m none $layer; mkdir $layer/u $layer/w
mount -t overlay -o lowerdir=$0,upperdir=$layer/u,workdir=$layer/w none $0
dd if=/dev/zero of=$layer/full bs=4k 2>/dev/null || true
"""


class DiskMachine(SystemdMachine):
    """A machine whose journal is on a writable disk of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "minimal")
        self.install()
        self.log = folder / "journal"
        self.log.mkdir()
        (self.root / "var/log/journal").mkdir(exist_ok=True)
        # systemd cannot store a new id on a full disk, and networkd then has no DHCP client.
        (self.root / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")

    def boot_on(self, *options: str, prepare: str = "", then_s: float = 3) -> Dict[str, Any]:
        bind = f"--bind={self.log}:/var/log/journal"
        nspawn = [*options, bind]
        return self.boot(nspawn=nspawn, prepare=prepare, then_s=then_s, variables=NO_TMPFS)

    def lines(self, *match: str) -> List[str]:
        command = ["journalctl", "-D", str(self.log), "-o", "cat", "--no-pager", "--quiet"]
        done = subprocess.run([*command, *match], capture_output=True, text=True, check=False)
        return done.stdout.splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> DiskMachine:
    skip_without_means()
    return DiskMachine(tmp_path)


def is_failed(machine: DiskMachine) -> bool:
    return any("Failed with result" in line for line in machine.lines("-u", UNIT))


def test_a_read_only_machine_reports_ready(machine: DiskMachine) -> None:
    """With a read-only / and /tmp, Ready is sent and the log names what could not be written."""
    result = machine.boot_on("--read-only")

    lines = machine.lines("-t", "azprov")
    assert result["verdicts"] == READY, lines
    assert lines[-1] == (
        "Ready was acknowledged, but the host name is not stored (could not write /etc/hosts "
        "(Read-only file system)) and progress is not recorded (could not write "
        "/var/lib/azprov/state.json (Read-only file system)), and the next boot repeats every step "
        "and may report Ready again; mount the file system writable, unless it is read-only on "
        "purpose"
    )
    assert not is_failed(machine)


def test_a_machine_with_a_full_disk_reports_ready(machine: DiskMachine) -> None:
    """On a full disk, Ready is sent, the log names what could not be written, and exit is 73."""
    result = machine.boot_on(prepare=FULL, then_s=15)  # azprov waits 10 s for space

    lines = machine.lines("-t", "azprov")
    assert result["verdicts"] == READY, lines
    assert lines[-1] == (
        "azprov: Ready was acknowledged, but the host name is not stored (could not write "
        "/etc/hosts (No space left on device)) and progress is not recorded (could not write "
        "/var/lib/azprov/state.json (No space left on device)), and the next boot repeats every "
        "step and may report Ready again; free some space on the file system"
    )
    assert is_failed(machine)

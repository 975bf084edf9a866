"""A user at a real first boot whose keys are on a file system that is mounted late."""

import subprocess
from pathlib import Path

import pytest

from boot.machine import SystemdMachine, skip_without_means
from boot.test_boot import with_admin

pytestmark = pytest.mark.boot

# A disk that appears seconds after local-fs.target, as a remote or encrypted one may.
_LATE_DISK = """\
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sleep 5
"""


@pytest.fixture(autouse=True)
def _means() -> None:
    skip_without_means()


def with_late_disk(machine: SystemdMachine, path: str) -> None:
    """Mount the folder /disk at a path, with nofail, five seconds after the boot has begun."""
    (machine.root / "etc/systemd/system/late-disk.service").write_text(_LATE_DISK)
    (machine.root / "disk").mkdir()
    (machine.root / path.lstrip("/")).mkdir(exist_ok=True)
    (machine.root / "etc/fstab").write_text(
        f"/disk {path} none bind,nofail,x-systemd.requires=late-disk.service 0 0\n"
    )


def make_host_keys(machine: SystemdMachine) -> None:
    subprocess.run(["chroot", machine.root, "ssh-keygen", "-A"], check=True, capture_output=True)


def test_keys_are_added_on_a_disk_that_is_mounted_late(tmp_path: Path) -> None:
    """sshd finds keys below any AuthorizedKeysFile, although no unit names that disk."""
    machine = SystemdMachine(tmp_path, "bookworm")
    make_host_keys(machine)
    with_late_disk(machine, "/keys")
    (machine.root / "etc/ssh/sshd_config.d/keys.conf").write_text("AuthorizedKeysFile /keys/%u\n")
    machine.install("--admin-user")
    metadata, ssh = with_admin(tmp_path)

    result = machine.boot(metadata=metadata, then_run=[[*ssh, "id -un"]])

    assert result["verdicts"] == ["goal state", "ready"], machine.journal()
    assert "Waiting for the file system at /keys" in machine.journal()
    ((code, output),) = result["ran"]
    assert (code, output.split()[-1:]) == (0, ["azureuser"]), output
    assert (machine.root / "disk/azureuser").exists()
    assert list((machine.root / "keys").iterdir()) == []

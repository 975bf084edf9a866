"""Users at a real first boot: keys on a late file system, and an sshd that runs before Ready."""

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


# Makes ssh.socket start sshd before the network is there.
_EARLY_CONNECTION = """\
[Unit]
After=ssh.socket
[Service]
ExecStart=/bin/bash -c "exec 3<>/dev/tcp/127.0.0.1/22; head -c 3 <&3"
"""


@pytest.mark.parametrize(
    ("release", "has_service"),
    [("trixie", False), ("bookworm", True), ("trixie", True)],
)
def test_an_sshd_with_a_socket_refuses_passwords_from_ready_on(
    release: str, has_service: bool, tmp_path: Path
) -> None:
    """An sshd that runs before Ready reads its new settings, and runs on.

    Presets enable both ssh.service and ssh.socket in Debian if /etc/machine-id has
    "uninitialized"; Ubuntu 24.04 enables the socket only.
    """
    machine = SystemdMachine(tmp_path, release)
    make_host_keys(machine)
    units = machine.root / "etc/systemd/system"
    (units / "sockets.target.wants").mkdir(exist_ok=True)
    (units / "sockets.target.wants/ssh.socket").symlink_to("/lib/systemd/system/ssh.socket")
    if not has_service:
        (units / "multi-user.target.wants/ssh.service").unlink()
    (units / "early.service").write_text(_EARLY_CONNECTION)
    (units / "multi-user.target.wants/early.service").symlink_to("../early.service")
    machine.install("--admin-user")
    metadata, ssh = with_admin(tmp_path)
    methods = ["-o", "PreferredAuthentications=none", "-o", "PubkeyAuthentication=no"]

    result = machine.boot(
        late_s=3,
        metadata=metadata,
        then_run=[
            [*ssh[:-1], *methods, ssh[-1]],
            [*ssh, "id -un; systemctl --failed --no-legend --plain; systemctl is-active ssh"],
        ],
    )

    assert result["verdicts"] == ["goal state", "ready"], machine.journal()
    assert any("SSH" in line for line in machine.journal(unit="early.service"))
    refused, logged_in = result["ran"]
    assert refused[1].splitlines()[-1].endswith("Permission denied (publickey)."), refused[1]
    assert logged_in[1].splitlines()[-2:] == ["azureuser", "active"], logged_in[1]
    # The next connection would start it again.
    assert "Failed with result" not in "\n".join(machine.journal(unit="ssh.service"))

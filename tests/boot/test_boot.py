"""Real boots of systemd: a Debian root, in which install.sh has installed azprov.

These tests run only with `python3 build.py test --boot`. The root runs in systemd-nspawn,
in a network namespace of its own. It gets a real DHCP lease, and reaches the simulated
platform at the platform's real addresses.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Set

import pytest

from boot.machine import ENABLED, METADATA, UNIT, SystemdMachine, skip_without_means
from pyz import PYZ

pytestmark = pytest.mark.boot


@pytest.fixture(scope="module", autouse=True)
def _means() -> None:
    skip_without_means()


@pytest.fixture
def minimal(tmp_path: Path) -> SystemdMachine:
    return SystemdMachine(tmp_path, "minimal")


# The journal of Microsoft's sample service, with the values of this platform.
SAMPLE_LINES = [
    "Retrieving goal state from the Wireserver",
    "ContainerId: d4c53c0f-95c7-4ee4-9c1e-9a0d2b7f6c55",
    "InstanceId: 8f0e1d7a-0b5e-4a3c-b8d4-6d1f0c9e2b71._strict",
    "Incarnation: 7",
    "Sending the following data to Wireserver:",
    '<?xml version="1.0" encoding="utf-8"?><Health><GoalStateIncarnation>7</GoalStateIncarnation>'
    "<Container><ContainerId>d4c53c0f-95c7-4ee4-9c1e-9a0d2b7f6c55</ContainerId><RoleInstanceList>"
    "<Role><InstanceId>8f0e1d7a-0b5e-4a3c-b8d4-6d1f0c9e2b71._strict</InstanceId><Health>"
    "<State>Ready</State></Health></Role></RoleInstanceList></Container></Health>",
    "Response: 200 OK",
]


def sample_lines_of(journal: List[str]) -> List[str]:
    return [line for line in journal if line in SAMPLE_LINES]


def changed(before: Dict[str, bytes], after: Dict[str, bytes]) -> Set[str]:
    return {path for path in {*before, *after} if before.get(path) != after.get(path)}


def test_only_the_first_boot_provisions(minimal: SystemdMachine) -> None:
    """The first boot reports Ready, sets the host name and disables the service.

    The second boot sends no request.
    """
    minimal.install()

    first = minimal.boot()

    assert first["verdicts"] == ["goal state", "ready"]
    assert first["imds_requests"] == ["/metadata/instance?api-version=2021-08-01&extended=true"]
    assert minimal.read("etc/hostname") == "Web01-Host\n"
    assert minimal.read("etc/hosts") == "127.0.0.1\tlocalhost\n127.0.1.1\tWeb01-Host\n"
    assert not minimal.is_enabled
    journal = minimal.journal()
    assert sample_lines_of(journal) == SAMPLE_LINES
    assert "Host name: Web01-Host" in journal
    assert not any("Azure's DNS keeps the old name" in line for line in journal)
    assert journal[-1] == f"{UNIT}: Deactivated successfully."

    second = minimal.boot(waits_for_ready=False, then_s=5)

    assert (second["verdicts"], second["imds_requests"]) == ([], [])
    assert minimal.journal() == []
    assert minimal.read("etc/hostname") == "Web01-Host\n"


def test_another_first_boot_of_the_same_vm_sends_no_request(minimal: SystemdMachine) -> None:
    """systemd enables the service again by its preset, and azprov finds everything done."""
    minimal.install()
    machine_id = minimal.root / "etc/machine-id"
    presets = minimal.root / "usr/lib/systemd/system-preset"
    (presets / "90-none.preset").write_text("enable systemd-networkd*\ndisable *\n")
    machine_id.write_text("uninitialized\n")

    assert minimal.boot()["verdicts"] == ["goal state", "ready"]
    assert not minimal.is_enabled

    machine_id.write_text("uninitialized\n")
    second = minimal.boot(waits_for_ready=False, then_s=5)

    assert second["verdicts"] == []
    assert minimal.journal()[-2] == "Disabled azure-provisioning.service"
    assert not minimal.is_enabled


def test_nothing_else_is_written(minimal: SystemdMachine, tmp_path: Path) -> None:
    """A boot with azprov changes only the documented files, apart from those any boot changes."""
    (tmp_path / "control").mkdir()
    control = SystemdMachine(tmp_path / "control", "minimal")
    control_before = control.files()
    control.boot(waits_for_ready=False)
    by_the_boot = changed(control_before, control.files())
    minimal.install()
    before = minimal.files()

    minimal.boot()

    def is_log(path: str) -> bool:
        return path.startswith(("var/log/journal/", "run/", "tmp/"))

    written = {path for path in changed(before, minimal.files()) if not is_log(path)}
    assert written - by_the_boot == {
        "etc/hostname",
        "etc/hosts",
        ENABLED,
        "var/lib/azprov/state.json",
    }


def test_ready_is_reported_after_a_network_20_seconds_late(minimal: SystemdMachine) -> None:
    """The first boot waits for a late network, and then reports Ready."""
    minimal.install()

    result = minimal.boot(late_s=20)

    assert result["verdicts"] == ["goal state", "ready"]
    assert minimal.read("etc/hostname") == "Web01-Host\n"
    assert not minimal.is_enabled
    journal = minimal.journal()
    assert any(re.search(r"\(Network is unreachable\b.*\); retrying for", line) for line in journal)
    assert sample_lines_of(journal) == SAMPLE_LINES


def test_ready_is_reported_without_a_metadata_service(minimal: SystemdMachine) -> None:
    """Without metadata the first boot reports Ready, and the next boot sets the host name.

    The machine is stopped while azprov still waits for the host name. The next boot reports
    again only if the firmware provides no VM id either: it cannot be distinguished from the
    first boot of another VM then.
    """
    minimal.install()

    first = minimal.boot(imds=False)

    assert first["verdicts"] == ["goal state", "ready"]
    assert minimal.read("etc/hostname") == "image\n"
    assert minimal.is_enabled
    assert sample_lines_of(minimal.journal()) == SAMPLE_LINES
    is_recorded = minimal.read("var/lib/azprov/state.json") is not None

    second = minimal.boot(waits_for_ready=False, then_s=4)

    assert second["verdicts"] == ([] if is_recorded else ["goal state", "ready"])
    assert minimal.read("etc/hostname") == "Web01-Host\n"
    assert not minimal.is_enabled


def test_keep_enabled_for_images_that_are_captured_again(minimal: SystemdMachine) -> None:
    """With --keep-enabled the service also runs at the second boot, which reports nothing."""
    minimal.install("--keep-enabled")

    minimal.boot()
    second = minimal.boot(waits_for_ready=False, then_s=4)

    assert second["verdicts"] == []
    assert minimal.is_enabled
    assert "Everything is already done for this VM" in minimal.journal()


def with_admin(tmp_path: Path) -> "tuple[Dict[str, Any], List[str]]":
    """Return metadata with an admin user and a new key, and a command that logs in as the user."""
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = key.with_suffix(".pub").read_text()
    profile = {
        "adminUsername": "azureuser",
        "computerName": "web01",
        "disablePasswordAuthentication": "true",
    }
    compute = {
        **METADATA["compute"],
        "osProfile": profile,
        "publicKeys": [{"keyData": public[:50] + "\r\n" + public[50:], "path": ""}],
    }
    ssh = ["ssh", "-F", "/dev/null", "-i", str(key), "-o", "BatchMode=yes"]
    ssh += ["-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={tmp_path / 'hosts'}"]
    return {"compute": compute}, [*ssh, "azureuser@10.0.0.4"]


def test_an_admin_user_logs_in_after_the_first_boot(tmp_path: Path) -> None:
    """After deprovision and a first boot, the admin user logs in with a key and has sudo.

    The host keys are new, and password logins are refused.
    """
    machine = SystemdMachine(tmp_path, "bookworm")
    for command in (
        ["useradd", "--create-home", "builder"],
        ["sh", "-c", "echo builder:secret | chpasswd"],
    ):
        subprocess.run(["chroot", machine.root, *command], check=True)
    machine.boot(waits_for_ready=False)
    old_keys = {path.name for path in (machine.root / "etc/ssh").glob("ssh_host_*")}
    old_id = machine.read("etc/machine-id")
    machine.install("--admin-user")
    azprov = [sys.executable, "-I", str(PYZ)]
    image = ["--root", str(machine.root)]
    subprocess.run([*azprov, "deprovision", *image, "--user", "builder", "--yes"], check=True)
    found = subprocess.run(
        [*azprov, "check", "--json", *image], capture_output=True, text=True, check=False
    )
    assert {
        f["rule"] for f in json.loads(found.stdout)["findings"] if f["severity"] == "error"
    } == {
        "network-no-dhcp"  # a file that systemd has only for containers configures nspawn's link
    }
    assert list((machine.root / "etc/ssh").glob("ssh_host_*")) == []
    metadata, ssh = with_admin(tmp_path)
    # Key generation is slow, so that sshd would fail several times before its keys exist.
    keygen = machine.root / "usr/bin/ssh-keygen"
    keygen.rename(keygen.with_name("ssh-keygen.real"))
    keygen.write_text('#!/bin/sh\nsleep 2\nexec /usr/bin/ssh-keygen.real "$@"\n')
    keygen.chmod(0o755)

    result = machine.boot(
        metadata=metadata,
        then_run=[
            [*ssh, "id -un; sudo -n id -un; cat .profile | head -1"],
            [*ssh, "-o", "PubkeyAuthentication=no", "true"],
        ],
    )

    assert result["verdicts"] == ["goal state", "ready"]
    journal = machine.journal()
    assert "Created the user azureuser" in journal
    assert "Made new SSH host keys" in journal
    logged_in, refused = result["ran"]
    assert logged_in[0] == 0, logged_in[1]
    assert logged_in[1].splitlines()[-3:-1] == ["azureuser", "root"]
    assert refused[0] == 255
    assert "Permission denied (publickey)" in refused[1]
    assert {path.name for path in (machine.root / "etc/ssh").glob("ssh_host_*")} == old_keys
    assert machine.read("etc/machine-id") not in ("", old_id)
    assert "builder" not in (machine.read("etc/passwd") or "")
    assert not machine.is_enabled
    done = json.loads(machine.read("var/lib/azprov/state.json") or "")["done"]
    assert done == ["host-keys", "hostname", "admin-user", "ready"]


def test_debian_13_gets_host_keys_before_its_sshd(tmp_path: Path) -> None:
    """After deprovision, azprov makes the host keys of Debian 13, and no service fails.

    Debian 13 has a unit for host keys with ConditionFirstBoot=yes. It does not run here,
    because for systemd an empty /etc/machine-id is not a first boot.
    """
    machine = SystemdMachine(tmp_path, "trixie")
    machine.install("--admin-user")
    azprov = [sys.executable, "-I", str(PYZ)]
    image = ["--root", str(machine.root)]
    subprocess.run([*azprov, "deprovision", *image, "--yes"], check=True)
    assert list((machine.root / "etc/ssh").glob("ssh_host_*")) == []
    metadata, ssh = with_admin(tmp_path)

    result = machine.boot(
        metadata=metadata,
        then_run=[
            [*ssh, "id -un; sudo -n id -un"],
            [*ssh, "systemctl --failed --no-legend --plain"],
            [*ssh, "ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub"],
        ],
    )

    assert result["verdicts"] == ["goal state", "ready"], result["console"]
    logged_in, failed, fingerprint = result["ran"]
    assert logged_in[0] == 0, logged_in[1]
    assert logged_in[1].splitlines()[-2:] == ["azureuser", "root"]
    assert failed == [0, ""]
    assert fingerprint[1].strip() in machine.journal()
    of_sshd = "\n".join(machine.journal(unit="ssh.service"))
    assert "Server listening" in of_sshd
    assert "no hostkeys available" not in of_sshd


def test_a_copy_of_a_vm_gets_host_keys_of_its_own(tmp_path: Path) -> None:
    """With the state of another VM, all host keys are replaced before sshd starts.

    A host key that is empty after a power cut is replaced too.
    """
    machine = SystemdMachine(tmp_path, "trixie")
    machine.install("--admin-user", "--keep-enabled")
    (machine.root / "var/lib/azprov").mkdir(mode=0o700)
    other = {"vm_id": "07e5d1f4-9c0b-4b57-8a44-63d7a6ac1f0e", "done": ["host-keys", "ready"]}
    (machine.root / "var/lib/azprov/state.json").write_text(json.dumps(other))
    folder = machine.root / "etc/ssh"
    old = {path.name: path.read_bytes() for path in folder.glob("ssh_host_*")}
    metadata, ssh = with_admin(tmp_path)

    first = machine.boot(metadata=metadata, then_run=[[*ssh, "true"]])

    assert first["verdicts"] == ["goal state", "ready"], first["console"]
    assert first["ran"][0][0] == 0, first["ran"]
    assert "The SSH host keys belong to another VM, and are replaced" in machine.journal()
    new = {path.name: path.read_bytes() for path in folder.glob("ssh_host_*")}
    assert sorted(new) == sorted(old)
    assert [name for name in new if new[name] == old[name]] == []
    (folder / "ssh_host_ed25519_key").write_bytes(b"")

    second = machine.boot(metadata=metadata, waits_for_ready=False, then_s=8)

    assert second["verdicts"] == []
    assert "Made new SSH host keys" in machine.journal()
    repaired = {path.name: path.read_bytes() for path in folder.glob("ssh_host_*")}
    assert {name for name in repaired if repaired[name] != new[name]} == {
        "ssh_host_ed25519_key",
        "ssh_host_ed25519_key.pub",
    }

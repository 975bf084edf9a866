"""The recipes that create a root, run word for word, and a boot of that root."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from boot.machine import ALONE, SystemdMachine, skip_without_means
from boot.test_boot import SAMPLE_LINES, sample_lines_of, with_admin
from boot.test_boot_openrc import SCRIPT as OPENRC_SCRIPT
from boot.test_boot_openrc import openrc_root
from project import ROOT
from pyz import PYZ
from recipes import blocks_of, run_program, run_recipe, text_of

# Stands for the agent packages of an Azure Marketplace image, which the recipe purges by name.
AGENT = "Package: {}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@b.c>\nDescription: an agent\n"

# The Debian package of each command that only the recipes need.
NEEDED = {"qemu-img": "qemu-utils", "mcopy": "mtools", "sfdisk": "fdisk"}

pytestmark = pytest.mark.boot


@pytest.fixture(scope="module", autouse=True)
def _means() -> None:
    skip_without_means()
    missing = [package for command, package in NEEDED.items() if not shutil.which(command)]
    if missing:
        assert not os.environ.get("CI"), missing
        pytest.skip(f"needs {', '.join(missing)}: apt-get install {' '.join(missing)}")


class MadeMachine(SystemdMachine):
    """A root that a recipe has created."""

    def __init__(self, root: Path) -> None:
        self.kind = "made"
        self.root = root


def test_debian_vhd(tmp_path: Path) -> None:
    """The recipe debian-vhd creates a fixed VHD of whole MiB, whose root boots and provisions.

    The admin user can then log in.
    """
    output = run_recipe("debian-vhd", tmp_path)

    assert "0 errors, 0 warnings, 0 notes: root should provision on Azure" in output
    assert re.search(r"^0 errors, 0 warnings, \d notes?: disk.vhd should provision", output, re.M)
    vhd = tmp_path / "disk.vhd"
    with vhd.open("rb") as file:
        file.seek(-512, os.SEEK_END)
        footer = file.read()
    assert footer[:8] == b"conectix"
    assert int.from_bytes(footer[48:56], "big") == 2 << 30  # the current size of the disk
    assert int.from_bytes(footer[60:64], "big") == 2  # a fixed disk
    assert vhd.stat().st_size == (2 << 30) + 512
    # The disk contains the root.
    inside = subprocess.run(
        ["debugfs", "-R", "cat /etc/systemd/network/00-azure.network"]
        + [f"{tmp_path / 'disk.raw'}?offset={65 << 20}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert inside.stdout == "[Match]\nName=eth0\n\n[Network]\nDHCP=yes\n"

    machine = MadeMachine(tmp_path / "root")
    machine.trust_platform()
    metadata, ssh = with_admin(tmp_path)
    result = machine.boot(metadata=metadata, then_run=[[*ssh, "id -un; sudo -n id -un; hostname"]])

    assert result["verdicts"] == ["goal state", "ready"]
    assert sample_lines_of(machine.journal()) == SAMPLE_LINES
    logged_in = result["ran"][0]
    assert logged_in[0] == 0, logged_in[1]
    assert logged_in[1].splitlines()[-3:] == ["azureuser", "root", "web01"]
    assert not machine.is_enabled


def machine_with_dhcp(folder: Path) -> SystemdMachine:
    """Return a root that `check` accepts as using DHCP.

    A file that systemd has only for containers configures nspawn's link.
    """
    machine = SystemdMachine(folder, "bookworm")
    network = machine.root / "etc/systemd/network/00-azure.network"
    network.write_text("[Match]\nName=eth0\n[Network]\nDHCP=yes\n")
    return machine


def run_inside(machine: SystemdMachine, program: str, *, folder: str = "/root") -> str:
    """Run a program in a folder of a root without a network, and return its output."""
    guest = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network"]
    guest += ["--directory", str(machine.root), "--pipe", f"--chdir={folder}", "sh", "-eux"]
    return run_program([*ALONE, *guest], program)


def add_agents(machine: SystemdMachine, folder: Path) -> None:
    """Install packages of the agents' names, and create the user builder, whose home has dist/."""
    for agent in ("waagent", "cloud-init"):
        package = folder / agent
        (package / "DEBIAN").mkdir(parents=True)
        (package / "DEBIAN/control").write_text(AGENT.format(agent))
        (package / f"etc/{agent}").mkdir(parents=True)
        (package / f"etc/{agent}/of-the-agent").write_text("")
        subprocess.run(["dpkg-deb", "--build", package, machine.root / "root"], check=True)
    run_inside(machine, "dpkg -i *.deb; rm *.deb; useradd --create-home builder")
    shutil.copytree(PYZ.parent, machine.root / "home/builder/dist")


def test_azure_vm(tmp_path: Path) -> None:
    """The recipe azure-vm removes the agents and the traces of the base VM from an image.

    The next VM provisions, and its journal is as the recipe shows it.
    """
    machine = machine_with_dhcp(tmp_path)
    add_agents(machine, tmp_path)

    run_inside(machine, "".join(blocks_of("azure-vm")), folder="/home/builder")

    leftovers = {path.name for path in (machine.root / "etc").iterdir()}
    assert leftovers.isdisjoint({"waagent", "cloud-init"})
    assert "builder" not in (machine.read("etc/passwd") or "")
    assert list((machine.root / "etc/ssh").glob("ssh_host_*")) == []
    assert not (machine.root / "home/builder").exists()
    machine.trust_platform()
    metadata, ssh = with_admin(tmp_path)
    result = machine.boot(metadata=metadata, then_run=[[*ssh, "true"]])
    assert result["verdicts"] == ["goal state", "ready"]
    assert result["ran"][0][0] == 0, result["ran"]
    shown = text_of("azure-vm").partition("$ journalctl")[2].partition("```")[0].splitlines()[1:]
    output = machine.journal()
    assert [line for line in output if line in shown] == shown


# Files that cloud-init and walinuxagent generate on a VM; purging their packages leaves them.
GENERATED = {
    "etc/netplan/50-cloud-init.yaml": "network:\n  version: 2\n  ethernets:\n    eth0:\n"
    "      match: {macaddress: '00:22:48:aa:bb:cc'}\n      dhcp4: true\n",
    "etc/network/interfaces.d/50-cloud-init": "auto eth0\niface eth0 inet dhcp\n",
    "etc/systemd/network/10-cloud-init-eth0.network": "[Match]\nMACAddress=00:22:48:aa:bb:cc\n",
    "etc/NetworkManager/conf.d/99-cloud-init.conf": "",
    "etc/NetworkManager/system-connections/cloud-init-eth0.nmconnection": "",
    "etc/ssh/sshd_config.d/50-cloud-init.conf": "PasswordAuthentication yes\n",
    "etc/sudoers.d/90-cloud-init-users": "builder ALL=(ALL) NOPASSWD:ALL\n",
    "etc/sudoers.d/waagent": "builder ALL=(ALL) NOPASSWD:ALL\n",
    "var/lib/cloud/instance/user-data.txt": "a secret",
}


def test_migration(tmp_path: Path) -> None:
    """The recipe migration leaves nothing of the agents in an image, and the next VM provisions."""
    machine = SystemdMachine(tmp_path, "bookworm")
    add_agents(machine, tmp_path)
    for name, text in GENERATED.items():
        (machine.root / name).parent.mkdir(parents=True, exist_ok=True)
        (machine.root / name).write_text(text)
    (machine.root / "etc/fstab").write_text(
        "LABEL=data /srv ext4 nofail 0 2\n"
        "/dev/disk/cloud/azure_resource-part1 /mnt auto nofail,comment=cloudconfig 0 2\n"
    )
    (machine.root / "etc/chrony/conf.d").mkdir(parents=True, exist_ok=True)

    output = run_inside(machine, "".join(blocks_of("migration")), folder="/home/builder")

    assert "\n0 errors, " in output, output  # this root has no kernel, so it has a warning
    assert [name for name in GENERATED if (machine.root / name).exists()] == []
    assert machine.read("etc/fstab") == "LABEL=data /srv ext4 nofail 0 2\n"
    machine.trust_platform()
    metadata, ssh = with_admin(tmp_path)
    result = machine.boot(metadata=metadata, then_run=[[*ssh, "hostname"]])
    assert result["verdicts"] == ["goal state", "ready"]
    assert result["ran"][0][1].endswith("web01\n"), result["ran"]


@pytest.mark.skipif(bool(os.environ.get("PIP_NO_INDEX")), reason="needs a package index")
def test_air_gapped(tmp_path: Path) -> None:
    """The recipe air-gapped builds azprov without a network, from files on a USB disk."""
    folder = tmp_path / "USB disk"  # the name of a mounted disk may have a space
    folder.mkdir()
    (folder / "azprov").symlink_to(ROOT)

    output = run_recipe("air-gapped", folder)

    assert output.splitlines()[-5:] == [
        "azprov.pyz: OK",
        "install.sh: OK",
        "azure-provisioning.service: OK",
        "azprov.spdx.json: OK",
        "azprov.8: OK",
    ]
    wheels = list((folder / "wheels").iterdir())
    assert sum(wheel.stat().st_size for wheel in wheels) < 40 << 20


def test_alpine(tmp_path: Path) -> None:
    """The steps of the recipe alpine after the packages work on a root with OpenRC."""
    machine = openrc_root(tmp_path)

    output = run_recipe("alpine", tmp_path)

    assert f"installed root/{OPENRC_SCRIPT}\n" in output
    found = subprocess.run(
        [sys.executable, "-I", PYZ, "check", "--json", "--root", machine.root],
        capture_output=True,
        text=True,
        check=False,
    )
    # The root has a script of its own that runs dhclient.
    assert [f for f in json.loads(found.stdout)["findings"] if f["severity"] == "error"] == []
    machine.trust_platform()
    metadata, _ = with_admin(tmp_path)
    result = machine.boot(metadata=metadata)
    assert result["verdicts"] == ["goal state", "ready"]
    assert "azureuser" in (machine.read("etc/passwd") or "")


def test_dockerfile(tmp_path: Path) -> None:
    """The recipe dockerfile fixes the files that Docker changes, and the root then provisions."""
    machine = machine_with_dhcp(tmp_path)
    machine.install("--admin-user")
    (machine.root / ".dockerenv").write_text("")
    (machine.root / "etc/resolv.conf").unlink(missing_ok=True)
    for name in ("resolv.conf", "hostname", "hosts"):
        (machine.root / "etc" / name).write_text("")

    # This root has no kernel, so `check` would report an error.
    (boot_loader,) = blocks_of("debian-vhd", "The boot loader")
    (generic,) = blocks_of("debian-vhd", "Make it generic, and check it")
    deprovision, check, _ = generic.split("\n")
    assert " deprovision " in deprovision
    assert " check " in check
    run_recipe("dockerfile", tmp_path, then=f"{boot_loader}{deprovision}\n")

    assert not (machine.root / ".dockerenv").exists()
    stub = "../run/systemd/resolve/stub-resolv.conf"
    assert os.readlink(machine.root / "etc/resolv.conf") == stub
    metadata, ssh = with_admin(tmp_path)
    result = machine.boot(metadata=metadata, then_run=[[*ssh, "hostname"]])
    assert result["verdicts"] == ["goal state", "ready"]
    assert result["ran"][0][1].endswith("web01\n")
    assert machine.read("etc/hosts") == "127.0.0.1\tlocalhost\n127.0.1.1\tweb01\n"


def test_bootc(tmp_path: Path) -> None:
    """The recipe bootc makes an image that provisions where only /etc and /var can be written."""
    machine = machine_with_dhcp(tmp_path)
    for name in ("home", "srv"):
        shutil.move(machine.root / name, machine.root / "var" / name)
        (machine.root / name).symlink_to(f"var/{name}")
    shutil.copytree(PYZ.parent, machine.root / "root/dist")
    (containerfile,) = re.findall(
        r"^```Dockerfile\n(.*?)^```$", text_of("bootc"), re.DOTALL | re.MULTILINE
    )
    steps = re.findall(r"^RUN (.*?[^\\])$", containerfile, re.DOTALL | re.MULTILINE)
    here = [step for step in steps if not step.startswith(("dnf ", "bootc "))]

    run_inside(machine, "\n".join(["cp -r dist /tmp/dist", *here]))

    assert "console=ttyS0" in (machine.read("usr/lib/bootc/kargs.d/10-azure.toml") or "")
    for key in (machine.root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()  # of Debian's package; Fedora's makes none
    machine.trust_platform()
    metadata, ssh = with_admin(tmp_path)
    writable = [f"--bind={machine.root}.writable/{name}:/{name}" for name in ("etc", "var")]
    result = machine.boot(
        metadata=metadata,
        nspawn=["--read-only", *writable],
        prepare="mkdir $0.writable; mount --bind $0 $0.writable",
        then_run=[[*ssh, "pwd -P; sudo -n touch /usr/x 2>/dev/null || echo read-only"]],
    )
    assert result["verdicts"] == ["goal state", "ready"]
    assert result["ran"][0][1].splitlines()[-2:] == ["/var/home/azureuser", "read-only"]
    assert not machine.is_enabled
    assert "azureuser" in (machine.read("etc/passwd") or "")

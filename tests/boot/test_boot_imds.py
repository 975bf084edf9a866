"""The recipe systemd-imds, run word for word, and two boots of that root.

systemd ignores the firmware of a container, so the kernel command line names what systemd's own
hardware database has for Azure.
"""

import re
from pathlib import Path
from typing import List

import pytest

from boot.machine import SystemdMachine, skip_without_means
from boot.test_boot import with_admin
from boot.test_boot_matrix import CGROUP_2
from recipes import blocks_of, run_program, run_recipe

NETWORK = "[Match]\nName=host0\n\n[Network]\nDHCP=yes\n"

pytestmark = pytest.mark.boot


@pytest.fixture(autouse=True)
def _means() -> None:
    skip_without_means()


def words_for_azure(root: Path) -> List[str]:
    """Return what the firmware would tell systemd, as words of the kernel command line."""
    database = (root / "usr/lib/udev/hwdb.d/40-imds.hwdb").read_text()
    (azure,) = [part for part in database.split("\n\n") if "=microsoft-azure\n" in part]
    words = ["systemd.imds=yes"]
    for name, value in re.findall(r"^ IMDS_(\w+)=(.*)$", azure, re.MULTILINE):
        option = name.lower().replace("key_", "key.", 1)
        words.append(f"systemd.imds.{option}={value.replace(' ', '')}")
    return words


def test_systemd_sets_name_and_key_and_azprov_reports_ready(tmp_path: Path) -> None:
    """At the first boot systemd takes the host name and root's key from the metadata service.

    azprov reports Ready. The second boot keeps the name, and root can log in again.
    """
    machine = SystemdMachine(tmp_path, "imds")
    (machine.root / "etc/systemd/network/00-azure.network").write_text(NETWORK)
    # A container needs no kernel, but `check` looks for those that grub.cfg names.
    for name in ("vmlinuz", "initrd.img"):
        (machine.root / name).write_text(name)
    run_program(["sh", "-eux"], "".join(blocks_of("debian-vhd", "The boot loader")), cwd=tmp_path)

    output = run_recipe("systemd-imds", tmp_path)

    assert "0 errors, " in output
    assert "systemd.imds" not in output.partition(" check --root root")[2]
    machine.trust_platform()
    command_line = (machine.root / "boot/grub/grub.cfg").read_text().partition("console=ttyS0 ")[2]
    words = command_line.partition("\n")[0].split()
    assert "systemd.imds.import=yes" in words
    metadata, ssh = with_admin(tmp_path)
    public = (tmp_path / "key.pub").read_text().strip()
    metadata["compute"]["publicKeys"][0]["keyData"] = public
    ssh[-1:] = ["-o", "ConnectionAttempts=60", "root@10.0.0.4", "hostname"]
    options = ["--console=passive", *words, *words_for_azure(machine.root)]

    first = machine.boot(metadata=metadata, then_run=[ssh], nspawn=options, prepare=CGROUP_2)

    assert first["verdicts"] == ["goal state", "ready"]
    assert first["ran"][0][0] == 0, first
    assert first["ran"][0][1].splitlines()[-1] == "web01"
    assert machine.read("etc/hostname") == "web01\n"
    assert machine.read("root/.ssh/authorized_keys") == public
    query = "?api-version=2025-04-07&format=text"
    assert f"/metadata/instance/compute/osProfile/computerName{query}" in first["imds_requests"]
    assert not any("Host name: " in line for line in machine.journal())
    assert not machine.is_enabled

    second = machine.boot(
        metadata=metadata,
        then_run=[ssh],
        nspawn=options,
        prepare=CGROUP_2,
        waits_for_ready=False,
    )

    assert second["verdicts"] == []
    assert second["ran"][0][1].splitlines()[-1] == "web01"

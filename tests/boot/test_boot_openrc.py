"""Real boots of OpenRC: a Debian root with openrc-init as PID 1.

These tests run only with `python3 build.py test --boot`. The guest's DHCP client starts after
azprov's script: if the script blocked the boot, there would never be a network.
"""

import json
import os
import re
from pathlib import Path
from typing import List

import pytest

from boot.machine import Machine, skip_without_means

SCRIPT = "etc/init.d/azure-provisioning"
ENABLED = "etc/runlevels/default/azure-provisioning"
LOG = "var/log/azure-provisioning.log"
STATE = "var/lib/azprov/state.json"

NETWORK = """\
#!/sbin/openrc-run
depend() {
	after azure-provisioning
}
start() {
	ebegin "Asking for a lease"
	dhclient -nw host0
	eend $?
}
"""

pytestmark = pytest.mark.boot


@pytest.fixture(scope="module", autouse=True)
def _means() -> None:
    skip_without_means()


def openrc_root(folder: Path) -> Machine:
    """Return a root that openrc-init starts, without azprov."""
    machine = Machine(folder, "openrc")
    machine.poweroff = ("openrc-shutdown", "--poweroff", "now")
    (machine.root / "sbin/init").symlink_to("openrc-init")
    network = machine.root / "etc/init.d/network"
    network.write_text(NETWORK)
    network.chmod(0o755)
    (machine.root / "etc/runlevels/default/network").symlink_to("/etc/init.d/network")
    return machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = openrc_root(tmp_path)
    machine.install()
    assert os.readlink(machine.root / ENABLED) == "/etc/init.d/azure-provisioning"
    return machine


def log_of(machine: Machine) -> List[str]:
    return (machine.read(LOG) or "").splitlines()


def test_only_the_first_boot_provisions(machine: Machine) -> None:
    """The first boot waits for a network 10 s late, without blocking the boot, and reports Ready.

    The second boot sends no request.
    """
    first = machine.boot(late_s=10)

    assert first["verdicts"] == ["goal state", "ready"]
    assert machine.read("etc/hostname") == "Web01-Host\n"
    assert machine.read("etc/hosts") == "127.0.0.1\tlocalhost\n127.0.1.1\tWeb01-Host\n"
    assert sorted(json.loads(machine.read(STATE) or "")["done"]) == ["hostname", "ready"]
    assert not (machine.root / ENABLED).is_symlink()
    assert (machine.root / SCRIPT).is_file()
    log = log_of(machine)
    assert any(re.search(r"\(Network is unreachable\b.*\); retrying for", line) for line in log)
    # The host name is before or after Ready.
    assert {"Host name: Web01-Host", "Response: 200 OK"}.issubset(log[:-1])
    assert log[-1] == "Disabled azure-provisioning"

    second = machine.boot(waits_for_ready=False, then_s=5)

    assert (second["verdicts"], second["imds_requests"]) == ([], [])
    assert log_of(machine) == log


def test_the_next_boot_continues_after_a_shutdown(machine: Machine) -> None:
    """A shutdown during the wait for a network stops azprov; the next boot provisions the VM."""
    first = machine.boot(late_s=None, waits_for_ready=False, then_s=8)

    assert first["verdicts"] == []
    assert "Stopping Azure provisioning (azprov)" in first["console"]
    assert machine.read(STATE) is None
    assert (machine.root / ENABLED).is_symlink()
    stopped = r"azprov: stopped by SIGTERM after \d+ s: 169\.254\.169\.254 cannot be reached \("
    assert re.match(stopped, log_of(machine)[-1])

    second = machine.boot()

    assert second["verdicts"] == ["goal state", "ready"]
    assert not (machine.root / ENABLED).is_symlink()

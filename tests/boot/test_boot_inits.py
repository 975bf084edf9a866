"""Real boots of init systems other than systemd and OpenRC, each of them as PID 1.

These tests run only with `python3 build.py test --boot`.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Tuple

import pytest

from boot.machine import Machine, add_programs, skip_without_means
from pyz import PYZ

LOG = "var/log/azure-provisioning.log"
STATE = "var/lib/azprov/state.json"

# Without this the guest has no /dev/console.
CONSOLE = ("--console=read-only",)

pytestmark = pytest.mark.boot


@pytest.fixture(scope="module", autouse=True)
def _means() -> None:
    skip_without_means()


def network_of_sysvinit(root: Path) -> None:
    """Let rcS ask for a lease, which blocks it for 3 s: azprov's script starts before."""
    (root / "etc/dhcp/dhclient.conf").write_text("timeout 3;\nretry 2;\n")
    (root / "etc/network/interfaces").write_text("auto host0\niface host0 inet dhcp\n")


def buildroot(root: Path) -> None:
    """Make a root that starts as one of buildroot does, with its rcS."""
    shutil.rmtree(root / "etc/rcS.d", ignore_errors=True)
    (root / "sbin/init").symlink_to("/bin/busybox")
    (root / "etc/inittab").write_text(
        "::sysinit:/etc/init.d/rcS\n::shutdown:/etc/init.d/rcK\n::shutdown:/bin/umount -a -r\n"
    )
    (root / "etc/init.d").mkdir(exist_ok=True)
    for name, text in {
        "rcS": "for i in /etc/init.d/S??* ;do\n\t$i start\ndone\n",
        "rcK": "for i in $(ls -r /etc/init.d/S??*) ;do\n\t$i stop\ndone\n",
        "S40network": "[ $1 = start ] && exec dhclient -nw host0\n",
    }.items():
        (root / "etc/init.d" / name).write_text(f"#!/bin/sh\n{text}")
        (root / "etc/init.d" / name).chmod(0o755)


def network_of_runit(root: Path) -> None:
    supervised_network(root, "etc/runit/runsvdir/default")


def scan_folder(root: Path) -> None:
    """Make a root with an init program that becomes s6-svscan."""
    (root / "sbin/init").write_text(
        "#!/bin/sh\nexport PATH=/usr/sbin:/usr/bin:/sbin:/bin\nexec s6-svscan /etc/scan\n"
    )
    (root / "sbin/init").chmod(0o755)
    (root / "etc/scan").mkdir()
    supervised_network(root, "etc/scan")


def compiled_services(root: Path) -> None:
    """Make a root with s6-linux-init and s6-rc, as their own documentation says."""
    for program in root.glob("usr/bin/s6-*"):
        program.unlink()
    add_programs("s6-rc", root)
    for name, text in {
        "default/type": "bundle\n",
        "default/contents.d/network": "",
        "network/type": "longrun\n",
        "network/run": "#!/bin/sh\nexec dhclient -d host0\n",
    }.items():
        path = root / "etc/s6-rc/source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "etc/s6-linux-init").mkdir()
    base = "/etc/s6-linux-init/current"
    for command in (
        ["s6-rc-compile", "/etc/s6-rc/compiled", "/etc/s6-rc/source"],
        ["s6-linux-init-maker", "-C", "-c", base, "-p", "/usr/sbin:/usr/bin:/sbin:/bin", base],
    ):
        subprocess.run(["chroot", root, *command], check=True)
    (root / base[1:] / "scripts/rc.init").write_text(
        "#!/bin/sh -e\ns6-rc-init -c /etc/s6-rc/compiled /run/service\n"
        "exec s6-rc -up change default\n"
    )
    shutil.copytree(root / base[1:] / "bin", root / "usr/sbin", dirs_exist_ok=True)


def services_of_dinit(root: Path) -> None:
    """Make a root that starts as the example in dinit's sources."""
    add_programs("dinit", root)
    (root / "usr/sbin/init").symlink_to("dinit")
    (root / "etc/dinit.d/boot.d").mkdir(parents=True)
    (root / "etc/dinit.d/boot.d/network").symlink_to("../network")
    for name, text in {
        "boot": "type = internal\nwaits-for.d: boot.d\n",
        "network": "type = process\ncommand = /usr/sbin/dhclient -d host0\n",
    }.items():
        (root / "etc/dinit.d" / name).write_text(text)


def supervised_network(root: Path, links: str) -> None:
    folder = root / "etc/sv/network"
    folder.mkdir(parents=True)
    (folder / "run").write_text("#!/bin/sh\nexec dhclient -d host0\n")
    (folder / "run").chmod(0o755)
    (root / links / "network").symlink_to("/etc/sv/network")


class Kind(NamedTuple):
    """An init system: its file, the link that enables it, and how a machine with it is run."""

    file: str
    enabled: str
    poweroff: Tuple[str, ...]
    prepare: Callable[[Path], None]


KINDS: Dict[str, Kind] = {
    "sysvinit": Kind(
        "etc/init.d/azure-provisioning",
        "etc/rcS.d/S99azure-provisioning",
        ("shutdown", "-h", "-P", "now"),
        network_of_sysvinit,
    ),
    "busybox": Kind(
        "etc/init.d/azure-provisioning",
        "etc/init.d/S03azure-provisioning",
        ("busybox", "poweroff"),
        buildroot,
    ),
    "s6": Kind(
        "etc/sv/azure-provisioning/run",
        "etc/scan/azure-provisioning",
        ("s6-svscanctl", "-t", "/etc/scan"),
        scan_folder,
    ),
    "s6-rc": Kind(
        "etc/sv/azure-provisioning/run",
        "etc/s6-linux-init/current/run-image/service/azure-provisioning",
        ("s6-linux-init-hpr", "-p"),
        compiled_services,
    ),
    "dinit": Kind(
        "etc/dinit.d/azure-provisioning",
        "etc/dinit.d/boot.d/azure-provisioning",
        ("dinitctl", "shutdown"),
        services_of_dinit,
    ),
    "runit": Kind(
        "etc/sv/azure-provisioning/run",
        "etc/runit/runsvdir/default/azure-provisioning",
        ("runit-init", "0"),
        network_of_runit,
    ),
}


@pytest.fixture(params=KINDS)
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Machine:
    machine = Machine(tmp_path, request.param)
    kind = KINDS[machine.kind]
    machine.poweroff = kind.poweroff
    kind.prepare(machine.root)
    machine.install()
    assert (machine.root / kind.file).is_file()
    assert (machine.root / kind.enabled).is_symlink()
    return machine


def log_of(machine: Machine) -> List[str]:
    return (machine.read(LOG) or "").splitlines()


def is_enabled(machine: Machine) -> bool:
    return (machine.root / KINDS[machine.kind].enabled).is_symlink()


def test_only_the_first_boot_provisions(machine: Machine) -> None:
    """The first boot waits for a network 10 s late, reports Ready and disables the service.

    The second boot sends no request, and `deprovision` lets the third one provision again.
    """
    first = machine.boot(late_s=10, nspawn=CONSOLE)

    assert first["verdicts"] == ["goal state", "ready"], first["console"]
    assert machine.read("etc/hostname") == "Web01-Host\n"
    assert sorted(json.loads(machine.read(STATE) or "")["done"]) == ["hostname", "ready"]
    assert not is_enabled(machine)
    log = log_of(machine)
    assert any(re.search(r"\(Network is unreachable\b.*\); retrying for", line) for line in log)
    # The host name is before or after Ready.
    assert {"Host name: Web01-Host", "Response: 200 OK"}.issubset(log[:-1])
    assert log[-1] == "Disabled azure-provisioning"
    # The log is on the console, too.
    assert "Disabled azure-provisioning" in first["console"]

    second = machine.boot(waits_for_ready=False, then_s=5)

    assert (second["verdicts"], second["imds_requests"]) == ([], [])
    assert log_of(machine) == log

    command = [sys.executable, "-I", str(PYZ), "deprovision", "--root", str(machine.root), "--yes"]
    subprocess.run(command, check=True, capture_output=True)
    assert is_enabled(machine)

    assert machine.boot()["verdicts"] == ["goal state", "ready"]


def test_the_next_boot_continues_after_a_shutdown(machine: Machine) -> None:
    """A shutdown during the wait for a network stops azprov; the next boot provisions the VM."""
    first = machine.boot(late_s=None, waits_for_ready=False, then_s=8)

    assert first["verdicts"] == []
    assert machine.read(STATE) is None
    assert is_enabled(machine)
    stopped = r"azprov: stopped by SIGTERM after \d+ s: 169\.254\.169\.254 cannot be reached \("
    assert re.match(stopped, log_of(machine)[-1]), first["console"]

    second = machine.boot()

    assert second["verdicts"] == ["goal state", "ready"]
    assert not is_enabled(machine)

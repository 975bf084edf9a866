"""The third part: the whole first boot, by azprov's service and by the page's, in real boots."""

import os
import shutil
import sys
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple

from benchmarks.subject import SCRIPTS
from boot.machine import ENABLED, NEEDED, UNIT, SystemdMachine, root_archive

KIND = "usual"
_UNITS = "etc/systemd/system"
# Ordered behind the network, which the page's is not: as it stands its first boot fails.
_PAGES_UNIT = """\
[Unit]
Description=Azure Provisioning
Wants=network-online.target
After=network-online.target
[Service]
Type=oneshot
ExecStart=/usr/bin/python3 /usr/local/azure-provisioning.py 168.63.129.16
ExecStart=/bin/bash -c "hostnamectl set-hostname $(curl -H 'metadata: true' \\
    'http://169.254.169.254/metadata/instance/compute/name?api-version=2019-06-01&format=text')"
ExecStart=/usr/bin/systemctl disable azure-provisioning.service
[Install]
WantedBy=multi-user.target
"""
_BEHIND_THE_NETWORK = """\
[Unit]
Wants=network-online.target
After=network-online.target
"""
# systemd forgets what a service took when nothing wants that service any more.
_KEPT = "[Service]\nRemainAfterExit=yes\n"
_MEASURED = "var/measured"
_ASKED = "CPUUsageNSec,InactiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic"
_MEASURING_UNIT = f"""\
[Unit]
After={UNIT}
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'systemctl show --property=UserspaceTimestampMonotonic > /var/measuring'
ExecStart=/bin/sh -c 'systemctl show --property={_ASKED} {UNIT} >> /var/measuring'
ExecStart=/bin/mv /var/measuring /{_MEASURED}
"""


class Boot(NamedTuple):
    """What the service took, and when it was done, counted from the start of systemd.

    Without what it has done by others: hostnamectl by systemd-hostnamed, and systemctl
    by systemd itself.
    """

    cpu_ms: float
    wall_ms: float
    done_at_ms: float


class Service(NamedTuple):
    name: str
    boots: List[Boot]

    def as_json(self) -> Dict[str, object]:
        return {"name": self.name, "boots": [boot._asdict() for boot in self.boots]}


def prepare() -> None:
    """Make the root while there is a network; exits where none can be booted."""
    missing = [package for command, package in NEEDED.items() if not shutil.which(command)]
    if os.geteuid() != 0 or missing:
        sys.exit(f"bench --boot needs root, and these packages: {', '.join(NEEDED.values())}")
    root_archive(KIND)


def measure(*, boots: int, scratch: Path) -> List[Service]:
    """Boot a fresh root with each service in turn, so many times."""
    services: Dict[str, Callable[[SystemdMachine], None]] = {
        "page's three lines": install_pages,
        "azprov": install_azprov,
        "azprov, behind the network too": install_azprov_behind_the_network,
    }
    # systemd accounts for CPU time by cgroups of version 2, whatever the host's own are.
    os.environ["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY"] = "1"
    measured = [Service(name, []) for name in services]
    for number in range(boots):
        for service in measured:
            print(f"{service.name}: boot {number + 1} of {boots}", file=sys.stderr)
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(parents=True)
            service.boots.append(booted(scratch, services[service.name]))
    shutil.rmtree(scratch, ignore_errors=True)
    return measured


def booted(scratch: Path, install: Callable[[SystemdMachine], None]) -> Boot:
    machine = SystemdMachine(scratch, KIND)
    install(machine)
    write(machine, f"{UNIT}.d/kept.conf", _KEPT)
    write(machine, "measuring.service", _MEASURING_UNIT)
    enable(machine, "measuring.service")
    result = machine.boot(is_instant=True)
    measured = machine.read(_MEASURED)
    hostname = (machine.read("etc/hostname") or "").strip()
    if measured is None or hostname == "image" or machine.is_enabled:
        sys.exit(f"the first boot failed; host name {hostname}\n{result['console']}")
    return boot_of(measured)


def boot_of(measured: str) -> Boot:
    """From what systemctl shows: microseconds, but for the CPU's nanoseconds."""
    value = {
        name: int(text)
        for name, is_value, text in (line.partition("=") for line in measured.splitlines())
        if is_value
    }
    began, done = value["InactiveExitTimestampMonotonic"], value["ActiveEnterTimestampMonotonic"]
    return Boot(
        value["CPUUsageNSec"] / 1e6,
        (done - began) / 1e3,
        (done - value["UserspaceTimestampMonotonic"]) / 1e3,
    )


def install_pages(machine: SystemdMachine) -> None:
    shutil.copy(SCRIPTS / "page.py", machine.root / "usr/local/azure-provisioning.py")
    write(machine, UNIT, _PAGES_UNIT)
    enable(machine, UNIT)
    wait_online(machine)


def install_azprov(machine: SystemdMachine) -> None:
    machine.install()


def install_azprov_behind_the_network(machine: SystemdMachine) -> None:
    machine.install()
    write(machine, f"{UNIT}.d/behind.conf", _BEHIND_THE_NETWORK)
    wait_online(machine)


def wait_online(machine: SystemdMachine) -> None:
    wants = machine.root / _UNITS / "network-online.target.wants"
    wants.mkdir()
    name = "systemd-networkd-wait-online.service"
    (wants / name).symlink_to(f"/lib/systemd/system/{name}")


def write(machine: SystemdMachine, name: str, content: str) -> None:
    path = machine.root / _UNITS / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)


def enable(machine: SystemdMachine, name: str) -> None:
    (machine.root / ENABLED).with_name(name).symlink_to(f"/{_UNITS}/{name}")

"""The third part: the whole first boot, by azprov's service and by the page's, in real boots."""

import json
import os
import shutil
import subprocess
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
# What its service file calls all that restricts it.
_SANDBOX = "# The sandbox."
# systemd forgets what a service took when nothing wants that service any more.
_KEPT = "[Service]\nRemainAfterExit=yes\nCPUAccounting=yes\n"
_MEASURED = "var/measured"
_ASKED = "CPUUsageNSec,InactiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic"
# What works for a provisioning service, beside systemd itself: hostnamectl has the name
# set by the one, which is reached by the other.
_HELPERS = ("systemd-hostnamed.service", "dbus.service")
# A service of its own, which the boot does not wait for; when it looks, the boot is over.
# First at PID 1, since to be asked costs it something. What it runs for itself, as the
# generators of a daemon-reload, is not counted: its cgroup here is that of every boot.
_MEASURING_UNIT = f"""\
[Unit]
Wants=network-online.target
After={UNIT} network-online.target
[Service]
Type=exec
ExecStart=/bin/sh -c 'sleep 3; \\
  echo pid1=$(cut -d " " -f 1 /proc/1/schedstat) > /var/measuring; \\
  systemctl show --property=CPUUsageNSec {" ".join(_HELPERS)} >> /var/measuring; \\
  systemctl show --property={_ASKED} {UNIT} | sed s/^/own/ >> /var/measuring; \\
  mv /var/measuring /{_MEASURED}'
"""
# What networkd says when it has a lease, before it sets the address.
_LEASED = "DHCPv4 address"


class Boot(NamedTuple):
    """What a boot took: milliseconds of CPU, and of the clock."""

    #: The service's own.
    cpu_ms: float
    #: Of those who work for it, whoever else they worked for.
    helpers_ms: float
    #: Of PID 1, until the end of the boot.
    pid1_ms: float
    #: From the lease, or where it began later from its begin, to its end.
    wall_ms: float
    #: From the lease to its end.
    after_lease_ms: float


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
    """Boot a fresh root with each service in turn, so many times; the first is none."""
    services: Dict[str, Callable[[SystemdMachine], None]] = {
        "no service": lambda _: None,
        "page's three lines": install_pages,
        "azprov": install_azprov,
        "azprov, behind the network too": install_azprov_behind_the_network,
        "azprov, without its sandbox": install_azprov_without_sandbox,
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
    wait_online(machine)
    install(machine)
    has_service = (machine.root / _UNITS / UNIT).exists()
    write(machine, f"{UNIT}.d/kept.conf", _KEPT)
    write(machine, "measuring.service", _MEASURING_UNIT)
    enable(machine, "measuring.service")
    result = machine.boot(is_instant=True, waits_for_ready=has_service, then_s=6)
    measured = machine.read(_MEASURED)
    hostname = (machine.read("etc/hostname") or "").strip()
    is_done = not has_service or (hostname != "image" and not machine.is_enabled)
    if measured is None or not is_done:
        sys.exit(f"the first boot failed; host name {hostname}\n{result['console']}")
    return boot_of(measured, leased_us=leased_us(machine))


def boot_of(measured: str, *, leased_us: int) -> Boot:
    """From nanoseconds of CPU, and moments in microseconds."""
    pairs = [line.partition("=")[::2] for line in measured.splitlines()]
    # What has not run has no number.
    numbers = [(name, int(text)) for name, text in pairs if text.isdigit()]
    value = dict(numbers)
    began = value.get("ownInactiveExitTimestampMonotonic", 0)
    done = value.get("ownActiveEnterTimestampMonotonic", 0)
    return Boot(
        cpu_ms=value.get("ownCPUUsageNSec", 0) / 1e6,
        helpers_ms=sum(number for name, number in numbers if name == "CPUUsageNSec") / 1e6,
        pid1_ms=value["pid1"] / 1e6,
        wall_ms=(done - max(began, leased_us)) / 1e3 if done else 0.0,
        after_lease_ms=(done - leased_us) / 1e3 if done else 0.0,
    )


def leased_us(machine: SystemdMachine) -> int:
    """When networkd had a lease, by the clock that systemctl shows."""
    entries = subprocess.run(
        ["journalctl", "-D", str(machine.root / "var/log/journal"), "--output=json"]
        + ["--unit=systemd-networkd", f"--grep={_LEASED}", "--quiet"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.splitlines()
    return int(json.loads(entries[0])["__MONOTONIC_TIMESTAMP"])


def install_pages(machine: SystemdMachine) -> None:
    shutil.copy(SCRIPTS / "page.py", machine.root / "usr/local/azure-provisioning.py")
    write(machine, UNIT, _PAGES_UNIT)
    enable(machine, UNIT)


def install_azprov(machine: SystemdMachine) -> None:
    machine.install()


def install_azprov_behind_the_network(machine: SystemdMachine) -> None:
    machine.install()
    write(machine, f"{UNIT}.d/behind.conf", _BEHIND_THE_NETWORK)


def install_azprov_without_sandbox(machine: SystemdMachine) -> None:
    machine.install()
    before, _, rest = (machine.read(f"{_UNITS}/{UNIT}") or "").partition(_SANDBOX)
    write(machine, UNIT, before + rest[rest.index("[Install]") :])


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

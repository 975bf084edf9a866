"""The third part: real first boots, with azprov's service and with the sample service."""

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
# The sample service, with an order after the network added: without it the first boot fails.
_SAMPLE_UNIT = """\
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
_AFTER_THE_NETWORK = """\
[Unit]
Wants=network-online.target
After=network-online.target
"""
# azprov's service file has this comment above the settings of its sandbox.
_SANDBOX = "# The sandbox."
# systemd forgets the CPU time of a service that has ended, unless it remains active.
_KEPT = "[Service]\nRemainAfterExit=yes\nCPUAccounting=yes\n"
_MEASURED = "var/measured"
_ASKED = "CPUUsageNSec,InactiveExitTimestampMonotonic,ExecMainExitTimestampMonotonic"
# Services that work for a provisioning service, apart from systemd itself: hostnamectl asks
# hostnamed to set the name, through D-Bus.
_HELPERS = ("systemd-hostnamed.service", "dbus.service")
# This service measures 3 s after the boot, and the boot does not wait for it. It reads the CPU
# time of PID 1 first, because each later query adds to it. Processes that PID 1 starts, such as
# the generators of a daemon-reload, are not counted.
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
# networkd logs this when it has a lease, before it sets the address.
_LEASED = "DHCPv4 address"


class Boot(NamedTuple):
    """The cost of a boot: milliseconds of CPU time, and of wall time."""

    #: CPU time of the service.
    cpu_ms: float
    #: CPU time of hostnamed and D-Bus, including work for other services.
    helpers_ms: float
    #: CPU time of PID 1 until the end of the boot.
    pid1_ms: float
    #: Wall time from the lease, or from the start of the service if that is later, to its end.
    wall_ms: float
    #: Wall time from the lease to the end of the service.
    after_lease_ms: float


class Service(NamedTuple):
    name: str
    boots: List[Boot]

    def as_json(self) -> Dict[str, object]:
        return {"name": self.name, "boots": [boot._asdict() for boot in self.boots]}


def prepare() -> None:
    """Create the root while there is a network; exits if this machine cannot boot one."""
    missing = [package for command, package in NEEDED.items() if not shutil.which(command)]
    if os.geteuid() != 0 or missing:
        sys.exit(f"bench --boot needs root, and these packages: {', '.join(NEEDED.values())}")
    root_archive(KIND)


def measure(*, boots: int, scratch: Path) -> List[Service]:
    """Boot a new root with each service in turn, `boots` times; the first has no service."""
    services: Dict[str, Callable[[SystemdMachine], None]] = {
        "no service": lambda _: None,
        "sample service": install_sample_service,
        "azprov": install_azprov,
        "azprov, also after the network": install_azprov_after_the_network,
        "azprov, without its sandbox": install_azprov_without_sandbox,
    }
    # systemd measures CPU time only with cgroups of version 2; the host may use version 1.
    os.environ["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY"] = "1"
    measured = [Service(name, []) for name in services]
    for number in range(boots):
        for service in measured:
            print(f"{service.name}: boot {number + 1} of {boots}", file=sys.stderr)
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(parents=True)
            service.boots.append(boot_with(scratch, services[service.name]))
    shutil.rmtree(scratch, ignore_errors=True)
    return measured


def boot_with(scratch: Path, install: Callable[[SystemdMachine], None]) -> Boot:
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
    """Convert the measured nanoseconds of CPU time, and timestamps in microseconds."""
    pairs = [line.partition("=")[::2] for line in measured.splitlines()]
    # A service that did not run has "[not set]" instead of a number.
    numbers = [(name, int(text)) for name, text in pairs if text.isdigit()]
    value = dict(numbers)
    began = value.get("ownInactiveExitTimestampMonotonic", 0)
    done = value.get("ownExecMainExitTimestampMonotonic", 0)
    return Boot(
        cpu_ms=value.get("ownCPUUsageNSec", 0) / 1e6,
        helpers_ms=sum(number for name, number in numbers if name == "CPUUsageNSec") / 1e6,
        pid1_ms=value["pid1"] / 1e6,
        wall_ms=(done - max(began, leased_us)) / 1e3 if done else 0.0,
        after_lease_ms=(done - leased_us) / 1e3 if done else 0.0,
    )


def leased_us(machine: SystemdMachine) -> int:
    """Return when networkd had a lease, in microseconds of the clock that systemctl shows."""
    entries = subprocess.run(
        ["journalctl", "-D", str(machine.root / "var/log/journal"), "--output=json"]
        + ["--unit=systemd-networkd", f"--grep={_LEASED}", "--quiet"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.splitlines()
    return int(json.loads(entries[0])["__MONOTONIC_TIMESTAMP"])


def install_sample_service(machine: SystemdMachine) -> None:
    shutil.copy(SCRIPTS / "sample_script.py", machine.root / "usr/local/azure-provisioning.py")
    write(machine, UNIT, _SAMPLE_UNIT)
    enable(machine, UNIT)


def install_azprov(machine: SystemdMachine) -> None:
    machine.install()


def install_azprov_after_the_network(machine: SystemdMachine) -> None:
    machine.install()
    write(machine, f"{UNIT}.d/after-network.conf", _AFTER_THE_NETWORK)


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

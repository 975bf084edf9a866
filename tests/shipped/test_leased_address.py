"""The archive with a WireServer at another address, which a DHCP lease names."""

import json
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from namespaces import UNSHARE, skip_without_namespaces
from project import ROOT
from pyz import PYZ

DRIVER = Path(__file__).parents[1] / "leased_address.py"
REAL_ADDRESSES = DRIVER.with_name("real_addresses.py")


@pytest.mark.parametrize("options", [[], ["--wireserver", "auto"]], ids=" ".join)
def test_a_first_boot_finds_the_address_in_a_late_lease(options: List[str], tmp_path: Path) -> None:
    """Ready is sent to the leased address, although there was no network at the start."""
    skip_without_namespaces()
    firmware = tmp_path / "sys/class/dmi/id"
    firmware.mkdir(parents=True)
    (tmp_path / "usr/bin").mkdir(parents=True)
    (firmware / "product_uuid").write_text("B1D0C1A2-53F4-4A8E-8D57-0A3C1F6E2D90\n")

    provision = ["provision", "--no-hostname", "--root", str(tmp_path), "-v", "--timeout", "20"]
    client = [sys.executable, "-I", str(PYZ), *provision, *options]
    driver = subprocess.run(
        [*UNSHARE, sys.executable, str(DRIVER), str(tmp_path), *client],
        capture_output=True,
        text=True,
        check=False,
    )

    assert driver.returncode == 0, driver.stderr
    result = json.loads(driver.stdout)
    lines = result["err"].splitlines()
    usual = lines.index("no DHCP lease has a usable option 245; using 168.63.129.16")
    assert lines[usual + 1].startswith("168.63.129.16 cannot be reached (Network is unreachable: ")
    lease = f"{tmp_path}/run/systemd/netif/leases/2"
    assert f"using the WireServer 10.9.8.7 from the DHCP lease {lease}" in lines
    assert (result["exit_code"], result["verdicts"]) == (0, ["goal state", "ready"])


@pytest.mark.parametrize("is_broken", [False, True], ids=["no route", "no reply"])
def test_the_usual_address_is_tried_if_the_leased_one_is_silent(
    is_broken: bool, tmp_path: Path
) -> None:
    """Ready is sent although a lease names a server that does not exist, or does not reply."""
    skip_without_namespaces()
    leases = tmp_path / "run/systemd/netif/leases"
    leases.mkdir(parents=True)
    (leases / "2").write_text("OPTION_245=0a090807\n")
    firmware = tmp_path / "sys/class/dmi/id"
    firmware.mkdir(parents=True)
    (tmp_path / "usr/bin").mkdir(parents=True)
    (firmware / "product_uuid").write_text("B1D0C1A2-53F4-4A8E-8D57-0A3C1F6E2D90\n")
    # A server that accepts connections and closes them.
    stranger = (
        "import socket, threading, subprocess, sys, time\n"
        "subprocess.run(['ip', 'link', 'set', 'lo', 'up'])\n"
        "subprocess.run(['ip', 'address', 'add', '10.9.8.7/32', 'dev', 'lo'])\n"
        "listener = socket.create_server(('10.9.8.7', 80))\n"
        "def serve():\n"
        "    while True: listener.accept()[0].close()\n"
        "threading.Thread(target=serve, daemon=True).start()\n"
        "sys.exit(subprocess.run(sys.argv[1:]).returncode)\n"
    )
    before = [sys.executable, "-c", stranger] if is_broken else []
    provision = ["provision", "--no-hostname", "--root", str(tmp_path), "--timeout", "20"]

    driver = subprocess.run(
        [*UNSHARE, *before, sys.executable, str(REAL_ADDRESSES), "0"]
        + [sys.executable, "-I", str(PYZ), *provision],
        capture_output=True,
        text=True,
        check=False,
    )

    assert driver.returncode == 0, driver.stderr
    result = json.loads(driver.stdout)
    assert (result["exit_code"], result["verdicts"]) == (0, ["goal state", "ready"])


def test_the_sandbox_of_the_service_allows_such_an_address() -> None:
    """The service may connect to Azure's addresses, Azure Stack's, and a proxy on loopback."""
    unit = (ROOT / "unit" / "azure-provisioning.service").read_text().splitlines()

    assert [line for line in unit if line.startswith("IPAddress")] == [
        "IPAddressDeny=any",
        "IPAddressAllow=168.63.129.16 169.254.169.254 localhost",
        "IPAddressAllow=10.0.0.0/8 100.64.0.0/10 172.16.0.0/12 192.168.0.0/16",
    ]

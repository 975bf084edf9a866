"""`rehearse --image` with the folder of a Debian 12: a good image, and wrong ones."""

import json
import subprocess
from pathlib import Path
from typing import Any, Callable, Dict, Tuple

import fastjsonschema
import pytest

from boot.machine import ENABLED, SystemdMachine, skip_without_means
from project import ROOT
from pyz import azprov

pytestmark = [pytest.mark.boot, pytest.mark.needs("root", "ssh")]

_NETWORK = "etc/systemd/network/eth0.network"
_DHCP = "[Match]\nName=eth0\n[Network]\nDHCP=yes\n"
_SCHEMA = ROOT / "tests/schemas/rehearse-image.json"


@pytest.fixture(autouse=True)
def _means() -> None:
    skip_without_means()


def machine_with_azprov(folder: Path) -> SystemdMachine:
    """A Debian 12 with azprov, which creates a user if the firmware is Azure's."""
    machine = SystemdMachine(folder, "bookworm")
    (machine.root / _NETWORK).write_text(_DHCP)
    machine.install("--admin-user", "--platform", "auto")
    return machine


def listing(root: Path) -> str:
    """Return the kind, mode, owner, size, time of change and target of everything in a root."""
    form = "%P %y %m %U %G %s %T@ %C@ %l\\n"
    done = subprocess.run(
        ["find", root, "-printf", form], capture_output=True, text=True, check=True
    )
    return "".join(sorted(done.stdout.splitlines(keepends=True)))


def rehearse(machine: SystemdMachine, *options: str) -> Tuple[int, Dict[str, Any]]:
    code, out, err = azprov("rehearse", "--image", str(machine.root), "--json", *options)
    assert out, err
    answer: Dict[str, Any] = json.loads(out)
    assert "scenarios" in answer, err
    return code, answer


def test_a_good_image_passes_and_is_not_changed(tmp_path: Path) -> None:
    """Two boots: Ready once, the host name announced, a login with sudo rights, then silence."""
    machine = machine_with_azprov(tmp_path)
    before = listing(machine.root)

    code, answer = rehearse(machine)

    (scenario,) = answer["scenarios"]
    assert (code, scenario["findings"], scenario["notes"]) == (0, [], [])
    assert scenario["agent"] == "azprov"
    assert scenario["ready_reports"] == 1
    assert scenario["announced"][0] == "image"
    assert "rehearsal-vm" in scenario["announced"]
    assert scenario["login"] == {"succeeded": True, "reason": ""}
    assert [boot["ending"] for boot in scenario["boots"]] == ["done", "done"]
    assert scenario["boots"][1]["requests"] == 0
    assert scenario["verdict"].endswith(
        "from azprov; host name rehearsal-vm set and announced; azureuser logged in by SSH with "
        "the deployed key; the second boot was silent"
    )
    fastjsonschema.compile(json.loads(_SCHEMA.read_text()))(answer)
    assert listing(machine.root) == before


@pytest.mark.parametrize("scenario", ["busy", "network-late", "imds-late", "refused", "power-cut"])
def test_a_good_image_passes_where_the_platform_is_slow_or_the_power_fails(
    scenario: str, tmp_path: Path
) -> None:
    """Each scenario has another number of boots and reports."""
    code, answer = rehearse(machine_with_azprov(tmp_path), "--scenario", scenario)

    assert (code, answer["scenarios"][0]["findings"]) == (0, [])


def _without_python(root: Path) -> None:
    for path in (root / "usr/bin").glob("python3*"):
        path.unlink()


def _disabled(root: Path) -> None:
    (root / ENABLED).unlink()
    for path in (root / "etc/systemd/system-preset").iterdir():
        path.unlink()
    preset = root / "etc/systemd/system-preset/00-image.preset"
    preset.write_text("disable azure-provisioning.service\n")


def _without_dhcp(root: Path) -> None:
    (root / _NETWORK).write_text("[Match]\nName=eth0\n[Network]\nAddress=10.0.0.4/24\n")


def _without_route(root: Path) -> None:
    route = "[Route]\nDestination=168.63.129.16/32\nType=blackhole\n"
    (root / _NETWORK).write_text(_DHCP + route)


def _without_init(root: Path) -> None:
    for path in ("usr/sbin/init", "usr/lib/systemd/systemd", "usr/bin/sh", "usr/bin/bash"):
        (root / path).unlink()


def _without_login(root: Path) -> None:
    (root / "etc/ssh/sshd_config.d/00-image.conf").write_text("AllowUsers someone\n")


def _emergency(root: Path) -> None:
    with (root / "etc/fstab").open("a") as fstab:
        fstab.write("data /data tmpfs size=many 0 0\n")  # a container skips devices
    _without_python(root)


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (_without_python, "agent-failed"),
        (_disabled, "no-agent"),
        (_without_dhcp, "no-dhcp"),
        (_without_route, "no-report"),
        (_without_init, "no-init"),
        (_without_login, "login-refused"),
        (_emergency, "emergency-mode"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_the_cause_of_a_wrong_image_is_named(
    spoil: Callable[[Path], None], cause: str, tmp_path: Path
) -> None:
    """The exit code is 1, and the finding has lines that show the cause."""
    machine = machine_with_azprov(tmp_path)
    spoil(machine.root)

    code, answer = rehearse(machine, "--limit", "20", "--boots", "1")

    (scenario,) = answer["scenarios"]
    assert (code, [one["cause"] for one in scenario["findings"]]) == (1, [cause])
    assert scenario["findings"][0]["lines"]
    assert answer["error"]["summary"] == f"the image failed the rehearsal (healthy: {cause})"

"""The styles of YAML in which netplan's files may be, compared with what netplan itself writes."""

import subprocess
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

import needs
from azprov.check.facts.image import Image
from azprov.check.facts.network.netplan import reads
from azprov.system.root import Root

#: Files of netplan, and for each entry the interfaces that it is for and their method.
READ: Dict[str, List[Tuple[str, str]]] = {
    "network: {ethernets: {eth0: {dhcp4: true}}}\n": [("eth0", "dhcp")],
    '{"network":{"ethernets":{"eth0":{"dhcp4":true}}}}\n': [("eth0", "dhcp")],
    "network: { # {\n ethernets:\n {eth0: {\n'dhcp4' : On,\n },\n}} # }\n": [("eth0", "dhcp")],
    "network: {ethernets: {eth0: {dhcp4: y}, eth1: {dhcp4: no}}}\n": [
        ("eth0", "dhcp"),
        ("eth1", "off"),
    ],
    "network: {ethernets: {eth0: {addresses: [10.0.0.4/24,\n'10.0.0.5/24']}}}\n": [
        ("eth0", "static")
    ],
    "network: {ethernets: {eth0: {addresses: [], nameservers: {addresses: [1.1.1.1]}}}}\n": [
        ("eth0", "off")
    ],
    "network: {ethernets: {eth0: {routes: [{to: default, via: 10.0.0.1}], dhcp4: true}}}\n": [
        ("eth0", "dhcp")
    ],
    'network: {ethernets: {a: {match: {name: "e*"}, dhcp4: true}}}\n': [("e*", "dhcp")],
    "network:\n  ethernets:\n    a:\n      match:\n        driver: [mlx*, hv_netvsc]\n"
    "      dhcp4: true\n": [("*", "dhcp")],
    "network:\n  ethernets:\n    a:\n      match:\n        driver:\n        - mlx*\n        - x\n"
    "      dhcp4: true\n": [("driver mlx* x", "dhcp")],
    "network:\n  ethernets:\n    eth1:\n      dhcp4: no\n    'eth0': # one\n      \"dhcp4\": yes\n"
    "    eth2: {}\n": [("eth0", "dhcp"), ("eth1", "off"), ("eth2", "off")],
    "---\nnetwork:\n  ethernets:\n    eth0:\n      routes:\n      - to: default\n"
    "        via: 10.0.0.1\n      -\n        to: 10.1.0.0/16\n        via: 10.0.0.1\n"
    "      dhcp4: true\n": [("eth0", "dhcp")],
    "network:\n  ethernets:\n    eth0:\n      addresses:\n      - 10.0.0.4/24:\n"
    "          label: a\n": [("eth0", "static")],
    "network:\n  ethernets:\n    eth0:\n      dhcp4: true\n      dhcp4: false\n": [("eth0", "off")],
    "network: {ethernets: {eth0: {addresses: [10.0.0.4/24]}}}\nnetwork:\n  ethernets:\n"
    "    eth0:\n      dhcp4: true\n": [("eth0", "dhcp")],
    "\ufeffnetwork:\r\n    ethernets:\r\n        eth0: \r\n            dhcp4:\ttrue\r\n": [
        ("eth0", "dhcp")
    ],
    "network: {ethernets: {eth0: {dhcp4: true, activation-mode: manual}}}\n": [("eth0", "off")],
    "network: {ethernets: {eth0: {dhcp4: true, activation-mode: off}}}\n": [("eth0", "off")],
}
#: Files that netplan reads and that count as DHCP, because azprov cannot read them with certainty.
HARD: Tuple[str, ...] = (
    "network:\n  ethernets:\n    eth1: &a\n      dhcp4: true\n    eth0: *a\n",
    "network:\n  ethernets:\n    eth0:\n      dhcp4: !!bool true\n",
    "network:\n  ethernets:\n    ? eth0\n    : dhcp4: true\n",
    "%YAML 1.1\n---\nnetwork:\n  ethernets:\n    eth0:\n      dhcp4: true\n",
    "network:\n  ethernets:\n    eth0:\n      dhcp4: true\n...\n",
    "network:\n  ethernets:\n    eth0:\n      dhcp4: true\n---\nnetwork: {ethernets: {eth0: {}}}\n",
    "network:\n  ethernets:\n    eth0:\n      dhcp4:\n        true\n",
    "network:\n  ethernets:\n    eth0:\n      dhcp4: >-\n        true\n",
    'network: {ethernets: {"\\x65th0": {dhcp4: true}}}\n',
    "network: {ethernets: {'eth''0': {dhcp4: true}}}\n",
)
#: Files that netplan refuses. What is wrong with them is not reported.
REFUSED: Tuple[str, ...] = (
    "network:\n  ethernets:\n    eth1: &a {dhcp4: true}\n    eth0:\n      <<: *a\n",
    "network:\n\tethernets:\n\t\teth0:\n\t\t\tdhcp4: true\n",
    "network: {ethernets: {eth0: {dhcp4: true, optional}}}\n",
    "network: {ethernets:{eth0:{dhcp4:true}}}\n",
    "network: {ethernets: {eth0: {dhcp4: true}}\n",
    "network: {ethernets: {eth0: {dhcp4: true}]}\n",
    "network: {ethernets: {eth0: {dhcp4: true}}} x\n",
    "network: {ethernets: {{eth0: {dhcp4: true}}}}\n",
    "network: {ethernets: {eth0: dhcp4: true}}\n",
    "network:\n  ethernets: a {eth0: {dhcp4: true}}\n",
    "network:\n  ethernets:\n  {eth0: {dhcp4: true}}\n",
    f"network: {{ethernets: {{eth0: {{dhcp4: {'[' * 21}true{']' * 21}}}}}}}\n",
)


def generate(root: Path, text: str) -> bool:
    """Let netplan write its files below a root. Returns whether it accepts the text."""
    file = root / "etc/netplan/a.yaml"
    file.parent.mkdir(parents=True)
    file.write_bytes(text.encode())
    file.chmod(0o600)
    command = [needs.program("netplan"), "generate", "--root-dir", str(root)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def written(root: Path) -> List[Tuple[str, str]]:
    """The interfaces of each file for networkd, and their method, in the words of azprov."""
    found = []
    for path in sorted((root / "run/systemd/network").glob("*.network")):
        lines = dict(line.split("=", 1) for line in path.read_text().split("\n") if "=" in line)
        drivers = lines.get("Driver", "hv_netvsc")
        nic = lines.get("Name", "*" if "hv_netvsc" in drivers else f"driver {drivers}")
        method = "dhcp" if "DHCP" in lines else "static" if "Address" in lines else "off"
        is_off = lines.get("ActivationPolicy", "up") != "up"
        found.append((nic, "off" if is_off else method))
    return found


def judged(root: Path) -> List[Tuple[str, str]]:
    return sorted((one.pattern, one.method) for one in reads(Image(Root(str(root)))))


@pytest.mark.needs("netplan")
@pytest.mark.parametrize("text", READ)
def test_a_file_of_netplan_is_read_as_netplan_reads_it(tmp_path: Path, text: str) -> None:
    """The settings are the same in block style, in flow style, in quotes and on several lines."""
    assert generate(tmp_path, text)

    assert written(tmp_path) == READ[text]
    assert judged(tmp_path) == READ[text]


@pytest.mark.needs("netplan")
@pytest.mark.parametrize("text", HARD)
def test_a_file_that_is_hard_to_read_counts_as_dhcp(tmp_path: Path, text: str) -> None:
    """Nothing is reported about a file of netplan that azprov cannot read with certainty."""
    assert generate(tmp_path, text)

    assert written(tmp_path)
    assert judged(tmp_path) == [("*", "dhcp")]


@pytest.mark.needs("netplan")
@pytest.mark.parametrize("text", REFUSED)
def test_no_fault_is_made_up_for_a_file_that_netplan_refuses(tmp_path: Path, text: str) -> None:
    """A file that is not YAML counts as DHCP, too."""
    assert not generate(tmp_path, text)

    assert judged(tmp_path) == [("*", "dhcp")]


@pytest.mark.needs("netplan")
def test_entries_of_several_files_are_merged(tmp_path: Path) -> None:
    """The last file decides on DHCP, and the file with the address is the one to edit."""
    folder = tmp_path / "etc/netplan"
    assert generate(tmp_path, "network: {ethernets: {eth0: {addresses: [10.0.0.4/24]}}}\n")
    (folder / "b.yaml").write_text("network:\n  ethernets:\n    eth0:\n      dhcp4: true\n")
    (folder / "c.yaml").write_text("network:\n  ethernets:\n    eth0:\n      dhcp4: false\n")
    command = [needs.program("netplan"), "generate", "--root-dir", str(tmp_path)]
    subprocess.run(command, capture_output=True, check=True)

    (setting,) = reads(Image(Root(str(tmp_path))))

    assert written(tmp_path) == [("eth0", "static")]
    assert (setting.method, setting.source.name) == ("static", "/etc/netplan/a.yaml")


def test_long_files_are_not_read(tmp_path: Path) -> None:
    """A megabyte of brackets took 9 s, and an image may have 32 of them. Real files have a page."""
    static = "network: {ethernets: {eth%d: {addresses: [10.0.0.4/24]}}}\n"
    folder = tmp_path / "etc/netplan"
    folder.mkdir(parents=True)
    for number in range(4):
        (folder / f"{number}.yaml").write_text(static % number + "#" * 40_000)

    found = [(one.pattern, one.method) for one in reads(Image(Root(str(tmp_path))))]

    assert sorted(found) == [
        ("*", "dhcp"),
        ("eth0", "static"),
        ("eth1", "static"),
        ("eth2", "static"),
    ]

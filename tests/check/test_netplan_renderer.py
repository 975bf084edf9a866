"""The program that netplan hands the network to, compared with what netplan itself writes."""

import subprocess
from pathlib import Path
from typing import Dict

import pytest

import needs
from azprov.check.facts.image import Image
from azprov.check.facts.network.netplan import renderer
from azprov.system.root import Root

ETHERNET = "  ethernets:\n    eth0:\n      dhcp4: true\n"
#: Files of netplan, and the renderer of each.
FILES: Dict[str, str] = {
    "network:\n" + ETHERNET: "networkd",
    "network:\n  renderer: networkd\n" + ETHERNET: "networkd",
    "network:\n  # renderer: NetworkManager\n" + ETHERNET: "networkd",
    "network:\n  renderer: NetworkManager\n" + ETHERNET: "NetworkManager",
    'network:\n  renderer: "NetworkManager" # all\n' + ETHERNET: "NetworkManager",
    "network: {renderer: NetworkManager, ethernets: {eth0: {dhcp4: true}}}\n": "NetworkManager",
    "network:\n" + ETHERNET + "      renderer: NetworkManager\n": "NetworkManager",
}
WRITTEN = {
    "networkd": "run/systemd/network/10-netplan-eth0.network",
    "NetworkManager": "run/NetworkManager/system-connections/netplan-eth0.nmconnection",
}


@pytest.mark.needs("netplan")
@pytest.mark.parametrize("text", FILES)
def test_netplan_writes_files_for_the_renderer(tmp_path: Path, text: str) -> None:
    """The renderer is networkd by default, and may be written in any style of YAML."""
    file = tmp_path / "etc/netplan/a.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    file.chmod(0o600)

    subprocess.run(
        [needs.program("netplan"), "generate", "--root-dir", str(tmp_path)],
        check=True,
        stdout=subprocess.DEVNULL,
    )

    written = [name for name, path in WRITTEN.items() if (tmp_path / path).is_file()]
    assert written == [FILES[text]]
    assert renderer(Image(Root(str(tmp_path)))) == FILES[text]

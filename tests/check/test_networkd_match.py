"""Which [Match] sections are for a network card, compared with what networkd itself decides."""

import subprocess
from pathlib import Path
from typing import Dict

import pytest

import needs
from azprov.check.facts.network.systemd_match import Card, is_for, read_match
from azprov.formats.host.config_syntax import parse_sections

NETWORKD = "/lib/systemd/systemd-networkd"
#: What each interface of the test is to networkd.
CARD = Card("eth0", "veth", "acpi-VMBUS:00", kind="veth")
#: The lines of a [Match] section, and whether networkd 252, 257 and 262 apply it to the interface.
SECTIONS: Dict[str, bool] = {
    "Kind=!*": False,
    "Kind=*": True,
    "Kind=veth": True,
    "Kind=!bridge": True,
    "Type=ether": True,
    "Type=!loopback dummy bridge": True,
    "Type=!ether": False,
    "Type=!bridge\nType=ether": True,
    "Type=ether\nType=!ether": False,
    "Driver=veth": True,
    "Driver=!veth": False,
    "Driver=hv_netvsc veth": True,
    "Driver=hv_netvsc\nDriver=veth": True,
    "Driver=x\nDriver=": True,
    "Driver=!x\nDriver=!y": True,
    "Driver=!x\nDriver=z": False,
    'Driver="veth"': True,
    "Driver=v?t[gh]": True,
    "Driver=VETH": False,
    "Path=acpi-VMBUS*": True,
    "Path=pci-*": False,
    "Path=!pci-*": True,
    "KernelCommandLine=!nfsroot": True,
    "KernelCommandLine=nfsroot": False,
    "Virtualization=yes": True,
    "Virtualization=y": True,
    "Virtualization=True": True,
    "Virtualization=no": False,
    "Virtualization=!yes": False,
    "Property=ID_NET_DRIVER=veth": True,
    "Property=ID_NET_DRIVER=hv*": False,
    "Property=!ID_NET_DRIVER=veth": False,
    "Property=AZURE_UNMANAGED_SRIOV=1": False,
    "Property=!AZURE_UNMANAGED_SRIOV=1": True,
    "Property=ID_NET_DRIVER=veth ID_PATH=x": False,
    "Property=ID_NET_DRIVER=ve* ID_PATH=acpi*": True,
    "Property=!A=1 ID_NET_DRIVER=veth": False,
    "WLANInterfaceType=station": False,
    "WLANInterfaceType=!station": True,
    "SSID=a": False,
    "SSID=!a": True,
    "OriginalName=x": True,
    "type=!ether": True,
}
# Each section gets an interface of its own, and udev's entry is written for it.
_LAB = r"""
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mount -t sysfs sysfs /sys
mount --bind "$1/network" /etc/systemd/network
mount -t tmpfs tmpfs /lib/systemd/network
ip link set lo up
mkdir -p /run/udev/data /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
chown -R systemd-network /run/systemd/netif
touch /run/udev/control
count=0
while [ $count -lt $2 ]; do
    ip link add c$count type veth peer name p$count
    number=$(cat /sys/class/net/c$count/ifindex)
    echo "$number c$count" >>/run/numbers
    printf 'I:1\nE:ID_PATH=acpi-VMBUS:00\nE:ID_NET_DRIVER=veth\nG:systemd\n' \
        >/run/udev/data/n$number
    count=$((count + 1))
done
"$3" >"$1/log" 2>&1 &
# The last interface has a section for it alone.
tries=0
while [ $tries -lt 300 ]; do
    tries=$((tries + 1))
    sleep 0.1
    grep -qs NETWORK_FILE /run/systemd/netif/links/$number && break
done
sleep 1
while read -r number name; do
    sed -n "s,^NETWORK_FILE=.*/,$name ,p" /run/systemd/netif/links/$number
done </run/numbers
"""


@pytest.mark.needs("root", "networkctl", "ip", "unshare", "mount")
@pytest.mark.xdist_group("dhcp")
def test_a_match_section_is_judged_as_networkd_judges_it(tmp_path: Path) -> None:
    """Patterns, negations, repeated lines and properties have the meaning that networkd gives."""
    folder = tmp_path / "network"
    folder.mkdir()
    for number, lines in enumerate([*SECTIONS, ""]):
        text = f"[Match]\nName=c{number}\n{lines}\n[Network]\nLinkLocalAddressing=no\n"
        (folder / f"{number}.network").write_text(text)
    tmp_path.chmod(0o755)

    done = subprocess.run(
        [*needs.unshare("-n", "-m", "-p", "-f", "--mount-proc"), "sh", "-c", _LAB, "sh"]
        + [str(tmp_path), str(len(SECTIONS) + 1), NETWORKD],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )

    applied = {line.split()[0] for line in done.stdout.splitlines()}
    by_networkd = {lines: f"c{number}" in applied for number, lines in enumerate(SECTIONS)}
    by_azprov = {
        lines: is_for(read_match(parse_sections(f"[Match]\n{lines}\n")), CARD, ["ro", "quiet"])
        for lines in SECTIONS
    }
    assert by_networkd == SECTIONS
    assert by_azprov == SECTIONS

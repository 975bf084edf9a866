"""Which interfaces NetworkManager leaves alone, decided by NetworkManager."""

import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

import needs
from azprov.check.facts.image import Image
from azprov.check.facts.network import network_manager
from azprov.check.facts.network.base import read_state
from azprov.system.root import Root

pytestmark = [
    pytest.mark.needs("root", "NetworkManager", "dbus-daemon", "ip", "unshare", "mount"),
    pytest.mark.xdist_group("dhcp"),
]

# NetworkManager decides before it has an address, so no DHCP server is needed.
_LAB = r"""
set -e
scratch=$1
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs tmpfs /run
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /var/lib/NetworkManager
mount --bind "$scratch/etc/NetworkManager/none" /usr/lib/NetworkManager/conf.d
cp -a /etc/passwd /etc/group /etc/dbus-1 "$scratch/etc"
mount --bind "$scratch/etc" /etc
ip link set lo up
ip link add peer type veth peer name eth0
unshare -n sleep 100 &
until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
ip link set peer netns $!
nsenter -t $! -n ip link set peer up
mkdir -p /run/udev/data /run/dbus
touch /run/udev/control
printf 'I:1\nE:NM_UNMANAGED=1\nG:systemd\n' >/run/udev/data/n1
printf 'I:1\nE:ID_NET_DRIVER=veth\nE:NM_UNMANAGED=0\nG:systemd\n' \
    >/run/udev/data/n$(cat /sys/class/net/eth0/ifindex)
dbus-daemon --system --fork --nopidfile
NetworkManager --no-daemon >"$scratch/log" 2>&1 &
count=0
while [ $count -lt 100 ]; do
    count=$((count + 1))
    sleep 0.1
    state=$(nmcli -t -f DEVICE,STATE device 2>/dev/null | sed -n 's/^eth0://p') || :
    case $state in *getting*|connected) break ;; esac
    [ "$(nmcli -t -f STARTUP general 2>/dev/null)" != started ] || break
done
echo "$state"
"""
_STATIC = "auto eth0\niface eth0 inet static\n  address 10.0.0.4\n  netmask 255.255.255.0\n"
_KEYFILE = """\
[connection]
id=a
uuid=11111111-1111-1111-1111-111111111111
type=ethernet
[ipv4]
method=auto
"""


class Case(NamedTuple):
    """Settings of NetworkManager and of ifupdown, and the state that NetworkManager gives eth0."""

    conf: str
    interfaces: str
    state: str
    keyfile: str = ""


_DHCP = "connecting (getting IP configuration)"
CASES = {
    "ifupdown, not managed": Case("[ifupdown]\nmanaged=false\n", _STATIC, "unmanaged", _KEYFILE),
    "ifupdown by default": Case("", "iface eth0 inet dhcp\n", "unmanaged"),
    "ifupdown for IPv6 only": Case("", "auto eth0\niface eth0 inet6 auto\n", "unmanaged"),
    "ifupdown, a mapping": Case("", "mapping eth0\n  script /bin/true\n", "unmanaged"),
    "ifupdown, managed": Case("[ifupdown]\nmanaged=true\n", _STATIC, "connected"),
    "no plugin ifupdown": Case("[main]\nplugins=keyfile\n", _STATIC, _DHCP),
    "unmanaged, with a keyfile": Case(
        "[keyfile]\nunmanaged-devices=mac:00:15:5d:00:00:00;interface-name:eth*\n",
        "",
        "unmanaged",
        _KEYFILE,
    ),
    "only exceptions": Case("[keyfile]\nunmanaged-devices=except:type:wifi\n", "", "unmanaged"),
    "an exception for the interface": Case(
        "[keyfile]\nunmanaged-devices=*,except:interface-name:eth0\n", "", _DHCP
    ),
    "a longer list": Case(
        "[keyfile]\nunmanaged-devices=eth1\nunmanaged-devices+=eth0\n", "", "unmanaged"
    ),
    "the first section about the device": Case(
        "[device-a]\nmatch-device=interface-name:eth0\nmanaged=1\n[device-b]\nmanaged=0\n",
        "",
        _DHCP,
    ),
    "no automatic connection, with a keyfile": Case(
        "[main]\nno-auto-default=*\n", "", _DHCP, _KEYFILE
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
def test_dhcp_is_expected_where_networkmanager_uses_it(tmp_path: Path, case: Case) -> None:
    """NetworkManager runs with the same files that check reads."""
    needs.program("nmcli")
    folder = tmp_path / "etc/NetworkManager"
    for name in ("NetworkManager/system-connections", "NetworkManager/none", "network"):
        (tmp_path / "etc" / name).mkdir(parents=True)
    (tmp_path / "etc/os-release").write_text("ID=debian\n")
    (folder / "NetworkManager.conf").write_text(case.conf)
    (tmp_path / "etc/network/interfaces").write_text(case.interfaces)
    if case.keyfile:
        (folder / "system-connections/a").write_text(case.keyfile)
        (folder / "system-connections/a").chmod(0o600)

    command = ["unshare", "-mun", "--pid", "--fork", "--kill-child", "sh", "-c", _LAB, "sh"]
    seen = subprocess.run(
        [*command, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )

    assert (seen.stdout.strip(), seen.stderr) == (case.state, "")
    state = read_state(Image(Root(str(tmp_path))), network_manager.MANAGER)
    assert state.uses_dhcp("eth0") == (case.state == _DHCP)

"""A new host name reaches the DHCP server through each real DHCP client, and the address stays.

Each client runs in a network namespace of its own, opposite a dnsmasq in another one.
Azure's DNS learns a name in the same way: from the DHCP requests.
"""

import subprocess
import sys
from pathlib import Path
from typing import List, NamedTuple

import pytest

import needs
from project import NOWHERE
from pyz import PYZ

pytestmark = [
    pytest.mark.needs("root", "archive", "dnsmasq", "ip", "unshare", "mount"),
    pytest.mark.xdist_group("dhcp"),
]

# Everything that a client reads or writes is on tmpfs, and this machine stays unchanged.
LAB = r"""
set -e
scratch=$1 program=$2 archive=$3 name=$4
mount --make-rprivate /
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs "$scratch"
cp -a /etc "$scratch/etc"
mount --bind "$scratch/etc" /etc
mount -t tmpfs -o mode=755 tmpfs /run
for folder in /var/lib/dhcp /var/lib/NetworkManager /var/lib/dhcpcd; do
    [ ! -d $folder ] || mount -t tmpfs -o mode=755 tmpfs $folder
done
hostname image
echo image >/etc/hostname
ip link set lo up
ip link add srv type veth peer name eth0
unshare -n sleep 100 &
server=$!
until [ "$(readlink /proc/$server/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
ip link set srv netns $server
at_server() { nsenter -t $server -n "$@"; }
at_server ip addr add 10.0.0.1/24 dev srv
at_server ip link set srv up
at_server dnsmasq --conf-file=/dev/null --port=0 --interface=srv --bind-interfaces \
    --dhcp-leasefile="$scratch/leases" --dhcp-range=10.0.0.4,10.0.0.9,255.255.255.0,1h \
    --dhcp-option=3,10.0.0.1 --dhcp-ignore-names --log-dhcp --user=root \
    --pid-file="$scratch/dnsmasq.pid" --log-facility="$scratch/log"
ip monitor address >>"$scratch/monitor" &

index=$(cat /sys/class/net/eth0/ifindex)
as_udev_says() {
    mkdir -p /run/udev/data
    touch /run/udev/control
    printf 'I:1\nE:ID_NET_DRIVER=veth\nE:NM_UNMANAGED=0\nG:systemd\n' >/run/udev/data/n$index
}
system_bus() { mkdir -p /run/dbus; dbus-daemon --system --fork --nopidfile; }

start_client >&2
count=0
until ip -4 addr show eth0 | grep -q 'inet 10\.0\.0\.'; do
    count=$((count + 1))
    [ $count -lt 150 ] || { echo "the client got no lease" >&2; exit 1; }
    sleep 0.1
done
sleep 0.5
echo RENAMED >>"$scratch/log"
echo RENAMED >>"$scratch/monitor"
"$program" -I "$archive" -v set-hostname "$name" 2>"$scratch/err" || echo "exit $?" >>"$scratch/err"
sleep 1
echo "address $(ip -4 -o addr show eth0 | sed 's/.*inet \([^ ]*\).*/\1/')"
sed 's/^/monitor /' "$scratch/monitor"
sed 's/^/log /' "$scratch/log"
sed 's/^/err /' "$scratch/err"
[ ! -e /run/attacked ] || sed 's/^/attacked /' /run/attacked
"""

DHCLIENT = r"""
start_client() {
    dhclient -4 -v -i -pf /run/dhclient.eth0.pid -lf /var/lib/dhcp/dhclient.eth0.leases \
        -I -df /var/lib/dhcp/dhclient6.eth0.leases eth0
}
"""
DHCPCD = r"""
start_client() {
    printf 'noarp\nhostname\n' >/etc/dhcpcd.conf
    dhcpcd -q -4 eth0
}
"""
DHCPCD_FOR_ALL = r"""
start_client() {
    printf 'noarp\nnodev\nallowinterfaces eth0\nhostname\n' >/etc/dhcpcd.conf
    dhcpcd -q -4
}
"""
UDHCPC = r"""
start_client() { udhcpc -b -R -p /run/udhcpc.eth0.pid -i eth0 -x hostname:image; }
"""
# In a boot, the address is there before the client can be found.
LATE_UDHCPC = r"""
start_client() {
    ip link set eth0 up
    ip addr add 10.0.0.4/24 dev eth0
    (sleep 2; udhcpc -b -R -i eth0 -r 10.0.0.4 -x hostname:image -s /bin/true) &
}
"""
NETWORK_MANAGER = r"""
start_client() {
    as_udev_says
    system_bus
    rm -rf /etc/network/interfaces*
    printf '[main]\nplugins=keyfile\n' >/etc/NetworkManager/NetworkManager.conf
    NetworkManager
}
"""
NETWORKD = r"""
start_client() {
    as_udev_says
    mkdir -p /run/systemd/netif/links /run/systemd/netif/leases /run/systemd/netif/lldp
    chown -R systemd-network /run/systemd/netif
    rm -rf /etc/systemd/network
    mkdir /etc/systemd/network
    printf '[Match]\nName=eth0\n[Network]\nDHCP=ipv4\n' >/etc/systemd/network/10-eth.network
    /lib/systemd/systemd-networkd &
}
"""

# The files of user 1500: a configuration of dhclient, its script, and a program that waits.
OPS = r"""
make_ops() {
    mkdir /run/ops
    echo 'send host-name = gethostname();' >/run/ops/conf
    printf '#!/bin/sh\nid -u >>/run/attacked\n' >/run/ops/evil
    echo 'sleep 100' >/run/ops/wait
    chmod 755 /run/ops/evil
    chown -R 1500:1500 /run/ops
}
add_script() { echo 'script "/run/ops/evil";' >>/run/ops/conf; }
"""
# A waiting shell with the name and the options of a DHCP client.
IMPOSTOR = (
    OPS
    + r"""
start_client() {
    make_ops
    add_script
    setpriv RIGHTS bash -c 'exec -a "$0" sh /run/ops/wait "$@"' COMMAND &
    ip link set eth0 up
    ip addr add 10.0.0.4/24 dev eth0
}
"""
)
USER = "--reuid=1500 --regid=1500 --clear-groups"
EFFECTIVE_ROOT = "--ruid=1500 --euid=0 --clear-groups"
ROOT = "--reuid=0 --clear-groups"
# The user adds the script when the client has already read its configuration.
CONFIGURATION_OF_A_USER = (
    OPS
    + r"""
start_client() {
    make_ops
    dhclient -4 -cf /run/ops/conf -pf /run/dhclient.pid -lf /run/leases eth0
    add_script
}
"""
)


class Renaming(NamedTuple):
    """What the DHCP server and the kernel saw after a name was set."""

    #: The names in the requests.
    announced: List[str]
    #: The lines about addresses of IPv4 that were removed.
    removed: List[str]
    address: str
    leased: str
    err: List[str]
    #: The UIDs with which a user's script has run.
    attacked: List[str]


def rename(folder: Path, client: str, name: str = "Web01") -> Renaming:
    scratch = folder / "scratch"
    scratch.mkdir()
    arguments = [str(scratch), sys.executable, str(PYZ), name]
    unshare = ["unshare", "-mun", "--pid", "--fork", "--kill-child"]
    with (folder / "client").open("wb") as output:
        done = subprocess.run(
            [*unshare, "sh", "-c", client + LAB, "sh", *arguments],
            env={**NOWHERE, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            check=False,
            timeout=100,
        )
    assert done.returncode == 0, (folder / "client").read_text(errors="replace")
    lines = [line.partition(" ") for line in done.stdout.splitlines()]
    log = [text for kind, _, text in lines if kind == "log"]
    monitor = [text for kind, _, text in lines if kind == "monitor"]
    after = log[log.index("RENAMED") :]
    (address,) = [text for kind, _, text in lines if kind == "address"]
    return Renaming(
        [line.rpartition(" ")[2] for line in after if "client provides name" in line],
        [
            line
            for line in monitor[monitor.index("RENAMED") :]
            if line.startswith("Deleted") and " inet " in line
        ],
        address,
        next((line.split()[-2] for line in log if "DHCPACK" in line), "none") + "/24",
        [text for kind, _, text in lines if kind == "err"],
        [text for kind, _, text in lines if kind == "attacked"],
    )


@pytest.mark.parametrize(
    ("client", "program"),
    [
        pytest.param(DHCLIENT, "dhclient", id="dhclient"),
        pytest.param(DHCPCD, "dhcpcd", id="dhcpcd for one interface"),
        pytest.param(DHCPCD_FOR_ALL, "dhcpcd", id="dhcpcd for all interfaces"),
        pytest.param(UDHCPC, "udhcpc", id="udhcpc"),
        pytest.param(NETWORK_MANAGER, "NetworkManager", id="NetworkManager"),
        pytest.param(NETWORKD, "networkctl", id="networkd"),
    ],
)
def test_the_dhcp_server_gets_the_new_name(tmp_path: Path, client: str, program: str) -> None:
    """The name arrives with its case, and the address is not removed for a moment."""
    needs.program(program)
    if client == NETWORK_MANAGER:
        needs.program("dbus-daemon")

    seen = rename(tmp_path, client)

    assert seen.announced[-1:] == ["Web01"]
    assert seen.removed == []
    assert seen.address == seen.leased
    assert seen.err[-1] == "Host name: Web01"
    assert not [line for line in seen.err if "DNS" in line]


def test_a_client_that_is_found_after_its_address_gets_the_name(tmp_path: Path) -> None:
    """For three seconds, azprov looks for the client that has set an address."""
    needs.program("udhcpc")

    seen = rename(tmp_path, LATE_UDHCPC)

    assert "Web01" in seen.announced


@pytest.mark.parametrize(
    ("client", "program", "reason"),
    [
        pytest.param(
            "start_client() { ip link set eth0 up; ip addr add 10.0.0.4/24 dev eth0; }\n",
            "ip",
            "azprov found no DHCP client that it can ask",
            id="no client",
        ),
        pytest.param(
            DHCPCD.replace("hostname", "nodelay"),
            "dhcpcd",
            "eth0: /etc/dhcpcd.conf lacks the line: hostname",
            id="dhcpcd without a name",
        ),
        pytest.param(
            DHCLIENT.replace("{\n", "{\n: >/etc/dhcp/dhclient.conf\n"),
            "dhclient",
            "eth0: the configuration of dhclient lacks the line: send host-name = gethostname();",
            id="dhclient without a name",
        ),
        pytest.param(
            DHCLIENT.replace(
                "{\n", "{\necho 'script \"/sbin/dhclient-script\";' >>/etc/dhcp/dhclient.conf\n"
            ),
            "dhclient",
            "eth0: the configuration of dhclient names a script",
            id="dhclient with a script",
        ),
    ],
)
def test_one_line_says_that_the_dns_keeps_the_old_name(
    tmp_path: Path, client: str, program: str, reason: str
) -> None:
    """A name that cannot be announced is set anyway, and the line has the reason."""
    needs.program(program)

    seen = rename(tmp_path, client)

    assert "Web01" not in seen.announced
    assert seen.removed == []
    assert [line for line in seen.err if "DNS" in line] == [
        f"Azure's DNS keeps the old name until the next DHCP lease ({reason})"
    ]
    assert seen.err[-1] == "Host name: Web01"


@pytest.mark.parametrize(
    ("rights", "command", "program"),
    [
        pytest.param(USER, "/run/ops/dhclient -cf /run/ops/conf eth0", "dhclient", id="a user"),
        pytest.param(
            EFFECTIVE_ROOT,
            "dhclient -cf /run/ops/conf eth0",
            "dhclient",
            id="a user in a set-user-ID program",
        ),
        pytest.param(ROOT, "dhclient -cf /run/ops/conf eth0", "dhclient", id="another program"),
        pytest.param(USER, "udhcpc -i eth0 -V text", "udhcpc", id="a user as udhcpc"),
    ],
)
def test_only_a_process_of_root_that_runs_the_client_counts(
    tmp_path: Path, rights: str, command: str, program: str
) -> None:
    """Any user can give a process the name of a client. sudo has root's UIDs when it asks."""
    needs.program(program)
    needs.program("setpriv")
    needs.program("bash")

    seen = rename(tmp_path, IMPOSTOR.replace("RIGHTS", rights).replace("COMMAND", command))

    assert seen.attacked == []
    assert seen.announced == []
    assert [line for line in seen.err if "DNS" in line] == [
        "Azure's DNS keeps the old name until the next DHCP lease "
        "(azprov found no DHCP client that it can ask)"
    ]


def test_dhclient_is_not_run_with_a_file_that_a_user_can_change(tmp_path: Path) -> None:
    """The script that a configuration names would run as root."""
    needs.program("dhclient")

    seen = rename(tmp_path, CONFIGURATION_OF_A_USER)

    assert seen.attacked == []
    assert "Web01" not in seen.announced
    assert [line for line in seen.err if "DNS" in line] == [
        "Azure's DNS keeps the old name until the next DHCP lease "
        "(eth0: users other than root can change /run/ops/conf, which dhclient reads)"
    ]

"""The state of the network, from literal tables of the kernel and in a network of its own."""

from pathlib import Path
from typing import Dict

import pytest

from azprov.errors import HostError
from azprov.system.interfaces import Interface, Network, Route, read_network
from azprov.system.root import Root
from own_network import in_own_network

HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
NEIGHBOURS = "IP address       HW type     Flags       HW address            Mask     Device\n"
#: As x86 prints 0.0.0.0/0 via 10.0.0.1, and 10.0.0.0/24.
DEFAULT = "eth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
LINK = "eth0\t0000000A\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
WIRESERVER = "168.63.129.16"
TO_WIRESERVER = "eth1\t10813FA8\t0100000A\t0007\t0\t0\t100\tFFFFFFFF\t0\t0\t0\n"


def network(folder: Path, address: str, routes: str, arp: str = "", **files: str) -> Network:
    """The network of a machine with these tables, and no interface except lo."""
    written: Dict[str, str] = {"proc/net/route": HEAD + routes, "proc/net/arp": NEIGHBOURS + arp}
    written.update(files)
    for name, content in written.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return read_network(Root(str(folder)), address)


@pytest.mark.parametrize(
    ("routes", "address", "route"),
    [
        ("", WIRESERVER, None),
        (LINK, WIRESERVER, None),
        (DEFAULT, WIRESERVER, Route("0.0.0.0/0", "eth0", "10.0.0.1")),
        (DEFAULT + LINK, "10.0.0.9", Route("10.0.0.0/24", "eth0")),
        (DEFAULT + TO_WIRESERVER, WIRESERVER, Route("168.63.129.16/32", "eth1", "10.0.0.1")),
        (TO_WIRESERVER + DEFAULT, "10.0.0.9", Route("0.0.0.0/0", "eth0", "10.0.0.1")),
        (
            DEFAULT.replace("eth0", "eth1").replace("100", "200") + DEFAULT,
            WIRESERVER,
            Route("0.0.0.0/0", "eth0", "10.0.0.1"),
        ),
        (
            TO_WIRESERVER.replace("eth1", "*").replace("0100000A", "00000000"),
            WIRESERVER,
            Route("168.63.129.16/32", ""),
        ),
        ("eth0\t00000000\n", WIRESERVER, None),
        (DEFAULT.replace("eth0", "ä") + LINK, "10.0.0.9", Route("10.0.0.0/24", "eth0")),
    ],
)
def test_the_most_specific_route_counts(
    tmp_path: Path, routes: str, address: str, route: Route
) -> None:
    """Among equal ones the lowest metric counts, and a route without an interface refuses."""
    assert network(tmp_path, address, routes).route == route


@pytest.mark.parametrize(
    ("arp", "has_neighbour"),
    [
        ("", True),
        ("10.0.0.1 0x1 0x2 02:00:00:00:00:01 * eth0\n", True),
        ("10.0.0.1 0x1 0x0 00:00:00:00:00:00 * eth0\n", False),
        ("10.0.0.1 0x1 0x0 00:00:00:00:00:00 * eth1\n", True),
        ("10.0.0.2 0x1 0x0 00:00:00:00:00:00 * eth0\n", True),
        ("10.0.0.1 0x1 0x0\n", True),
    ],
)
def test_a_gateway_without_an_arp_answer_is_missing(
    tmp_path: Path, arp: str, has_neighbour: bool
) -> None:
    """The flags of its entry are zero; without an entry nothing is known."""
    route = network(tmp_path, WIRESERVER, DEFAULT, arp).route

    assert route == Route("0.0.0.0/0", "eth0", "10.0.0.1", has_neighbour)


@pytest.mark.parametrize(
    ("file", "client"),
    [
        ("run/systemd/netif/state", "networkd"),
        ("run/NetworkManager/state", "NetworkManager"),
        ("usr/sbin/dhclient", "dhclient"),
        ("sbin/dhcpcd", "dhcpcd"),
        ("bin/udhcpc", "udhcpc"),
        ("usr/bin/udhcpc", "udhcpc"),
        ("usr/local/sbin/dhcpcd", "dhcpcd"),
        ("usr/lib/dhclient", ""),
    ],
)
def test_the_dhcp_client_is_the_one_that_runs_or_is_installed(
    tmp_path: Path, file: str, client: str
) -> None:
    """The order is that of the hints: a running client is preferred."""
    assert network(tmp_path, WIRESERVER, "", **{file: ""}).dhcp_client == client


@pytest.mark.needs("root", "ip")
@pytest.mark.parametrize(
    ("command", "is_own"),
    [
        ("address add 168.63.129.16/32 dev lo", True),
        ("route add local 168.63.129.0/24 dev lo", True),
        ("address add 168.63.129.17/24 dev lo", False),
        ("route add prohibit 168.63.129.16", False),
        ("link show", False),
    ],
)
def test_an_address_of_this_machine_is_its_own(tmp_path: Path, command: str, is_own: bool) -> None:
    """The kernel keeps packets to it on the machine."""
    seen = in_own_network(lambda: network(tmp_path, WIRESERVER, ""), "link set lo up", command)

    assert seen.is_own == is_own


def test_a_machine_without_the_tables_is_an_error(tmp_path: Path) -> None:
    """Nothing is guessed there."""
    with pytest.raises(HostError, match="there is no /proc/net/route"):
        read_network(Root(str(tmp_path)), WIRESERVER)


@pytest.mark.needs("root", "ip")
def test_ethernet_interfaces_are_listed_with_their_state(tmp_path: Path) -> None:
    """The loopback interface is left out, and the numbers of the interfaces give the order."""
    seen = in_own_network(
        lambda: network(tmp_path, WIRESERVER, ""),
        "link set lo up",
        "link add zeth index 11 type veth peer name peer index 12",
        "link add eth1 index 13 type veth peer name other index 14",
        "address add 10.0.0.4/24 dev zeth",
        "link set zeth up",
        "link set peer up",
        "link set eth1 up",
    )

    assert seen.interfaces == (
        Interface("zeth", is_up=True, has_carrier=True, address="10.0.0.4"),
        Interface("peer", is_up=True, has_carrier=True, address=""),
        Interface("eth1", is_up=True, has_carrier=False, address=""),
        Interface("other", is_up=False, has_carrier=False, address=""),
    )

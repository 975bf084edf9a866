"""Why an address cannot be reached: the state of the network, and one fix for each."""

import errno
from typing import Optional, Tuple

import pytest

from azprov.azure.diagnosis import Diagnosis, diagnose
from azprov.azure.endpoint import Endpoint
from azprov.system.interfaces import Interface, Network, Route

WIRESERVER = Endpoint("168.63.129.16")
IMDS = Endpoint("169.254.169.254")
DEFAULT = "0.0.0.0/0"
ETH0 = Interface("eth0", address="10.0.0.4")
ETH1 = Interface("eth1", address="10.0.1.4")
# A bridge without ports, as Docker makes one.
DOCKER = Interface("docker0", has_carrier=False, address="172.17.0.1")

WITHOUT_ROUTE = {
    "no interface": (
        (),
        "there is no network interface except lo",
        "run modprobe hv_netvsc, the driver of Azure's network interfaces",
    ),
    "down": (
        (Interface("eth0", is_up=False, has_carrier=False),),
        "eth0 is down",
        "run ip link set eth0 up",
    ),
    "no carrier": (
        (Interface("eth0", has_carrier=False),),
        "eth0 has no carrier",
        "connect the network interface on the host; on Azure, run az vm redeploy",
    ),
    "no address": (
        (Interface("eth0"),),
        "eth0 has no IPv4 address",
        "run dhclient eth0",
    ),
    "link-local": (
        (Interface("eth0", address="169.254.7.8"),),
        "eth0 has only the link-local address 169.254.7.8",
        "run dhclient eth0",
    ),
    "no route": (
        (ETH0,),
        "eth0 has 10.0.0.4, but there is no route to 168.63.129.16",
        "run dhclient eth0",
    ),
    "down beside a bridge": (
        (DOCKER, Interface("eth0", is_up=False)),
        "eth0 is down",
        "run ip link set eth0 up",
    ),
    "other names": (
        (Interface("ens4", is_up=False), Interface("ens3")),
        "ens3 has no IPv4 address",
        "run dhclient ens3",
    ),
}


@pytest.mark.parametrize("name", WITHOUT_ROUTE)
def test_without_a_route_the_primary_interface_is_diagnosed(name: str) -> None:
    """The state is the first thing that the interface lacks; its fix leads to the next state."""
    interfaces, state, hint = WITHOUT_ROUTE[name]
    network = Network(interfaces, dhcp_client="dhclient")

    got = diagnose(network, WIRESERVER, errno.ENETUNREACH, is_root=True, is_azure=True)

    assert got == Diagnosis(state, hint)


@pytest.mark.parametrize(
    ("client", "hint"),
    [
        ("networkd", "run networkctl reconfigure eth0"),
        ("NetworkManager", "run nmcli device connect eth0"),
        ("dhclient", "run dhclient eth0"),
        ("dhcpcd", "run dhcpcd eth0"),
        ("udhcpc", "run udhcpc -i eth0"),
        ("", "start a DHCP client for eth0; azprov.pyz check names what the image lacks"),
    ],
)
def test_the_fix_for_a_missing_address_is_the_command_of_the_dhcp_client(
    client: str, hint: str
) -> None:
    """Each DHCP client has its own command; without one, check names the missing package."""
    network = Network((Interface("eth0"),), dhcp_client=client)

    got = diagnose(network, WIRESERVER, errno.ENETUNREACH, is_root=True, is_azure=True)

    assert got == Diagnosis("eth0 has no IPv4 address", hint)


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (errno.EACCES, "prohibit"),
        (errno.EHOSTUNREACH, "unreachable"),
        (errno.EINVAL, "blackhole"),
    ],
)
def test_a_route_that_refuses_is_named_with_the_command_that_removes_it(
    failure: int, kind: str
) -> None:
    """The error of the kernel says of which type the route is."""
    network = Network((ETH0,), Route("169.254.169.254/32", ""))

    got = diagnose(network, IMDS, failure, is_root=True, is_azure=True)

    assert got == Diagnosis(
        f"there is a route of type {kind} to 169.254.169.254/32",
        f"run ip route del {kind} 169.254.169.254/32",
    )


BY_GATEWAY = Route(DEFAULT, "eth0", "10.0.0.1")
SILENT_GATEWAY = BY_GATEWAY._replace(has_neighbour=False)
SILENT = Diagnosis(
    "the gateway 10.0.0.1 does not answer ARP on eth0",
    "check that eth0 has the address and the gateway of its subnet",
)
WITH_ROUTE = {
    "silent gateway": (SILENT_GATEWAY, errno.EINPROGRESS, True, SILENT),
    "silent gateway, after a while": (SILENT_GATEWAY, errno.EHOSTUNREACH, True, SILENT),
    "silent on the link": (
        Route("168.63.0.0/16", "eth0", has_neighbour=False),
        errno.EINPROGRESS,
        True,
        Diagnosis(
            "the route to 168.63.0.0/16 has no gateway, and 168.63.129.16 does not answer ARP on "
            "eth0",
            "run ip route replace 168.63.0.0/16 via GATEWAY dev eth0 with the gateway of its "
            "subnet",
        ),
    ),
    "default route without a gateway": (
        Route(DEFAULT, "eth0", has_neighbour=False),
        errno.EHOSTUNREACH,
        True,
        Diagnosis(
            "the route to 0.0.0.0/0 has no gateway, and 168.63.129.16 does not answer ARP on eth0",
            "run ip route replace default via GATEWAY dev eth0 with the gateway of its subnet",
        ),
    ),
    "default route without a gateway on another interface": (
        Route(DEFAULT, "eth1"),
        errno.EINPROGRESS,
        True,
        Diagnosis(
            "the route uses eth1",
            "change the route to 168.63.129.16 to use eth0, the primary network interface",
        ),
    ),
    "interface that is no Ethernet": (
        Route(DEFAULT, "tun0"),
        errno.EINPROGRESS,
        True,
        Diagnosis(
            "the route uses tun0",
            "change the route to 168.63.129.16 to use eth0, the primary network interface",
        ),
    ),
    "other interface": (
        Route(DEFAULT, "eth1", "10.0.1.1"),
        errno.EINPROGRESS,
        True,
        Diagnosis(
            "the route uses eth1",
            "change the route to 168.63.129.16 to use eth0, the primary network interface",
        ),
    ),
    "dropped": (
        BY_GATEWAY,
        errno.EINPROGRESS,
        True,
        Diagnosis(
            "the gateway 10.0.0.1 answers ARP on eth0",
            "check that no firewall drops TCP port 80 to 168.63.129.16",
        ),
    ),
    "dropped for a user": (
        BY_GATEWAY,
        errno.EINPROGRESS,
        False,
        Diagnosis(
            "the gateway 10.0.0.1 answers ARP on eth0",
            "run this as root: the firewall rules of walinuxagent let only root reach "
            "168.63.129.16",
        ),
    ),
    "rejected by a router": (BY_GATEWAY, errno.EHOSTUNREACH, True, None),
    "not permitted": (BY_GATEWAY, errno.EPERM, True, None),
    "unreachable by another table": (BY_GATEWAY, errno.ENETUNREACH, True, None),
}


@pytest.mark.parametrize("name", WITH_ROUTE)
def test_with_a_route_the_way_to_the_address_is_diagnosed(name: str) -> None:
    """Without a reply, the neighbour, the interface, and then a firewall are the cause."""
    case: Tuple[Route, int, bool, Optional[Diagnosis]] = WITH_ROUTE[name]
    route, failure, is_root, expected = case

    assert (
        diagnose(Network((ETH0, ETH1), route), WIRESERVER, failure, is_root=is_root, is_azure=True)
        == expected
    )


def test_the_first_ethernet_interface_is_primary_without_eth0() -> None:
    """A tunnel has no ARP, so nothing is claimed about it."""
    network = Network((Interface("ens3", address="10.0.0.4"),), Route(DEFAULT, "wg0"))

    got = diagnose(network, WIRESERVER, errno.EINPROGRESS, is_root=True, is_azure=True)

    assert got == Diagnosis(
        "the route uses wg0",
        "change the route to 168.63.129.16 to use ens3, the primary network interface",
    )
    tunnel = network._replace(interfaces=())
    assert diagnose(tunnel, WIRESERVER, errno.EINPROGRESS, is_root=True, is_azure=True) is None


def test_a_link_local_address_needs_a_lease_even_if_the_route_exists() -> None:
    """The metadata service is in the subnet of such an address, but does not answer there."""
    network = Network(
        (Interface("eth0", address="169.254.7.8"),),
        Route("169.254.0.0/16", "eth0", has_neighbour=False),
        dhcp_client="dhclient",
    )

    got = diagnose(network, IMDS, errno.EHOSTUNREACH, is_root=True, is_azure=True)

    assert got == Diagnosis("eth0 has only the link-local address 169.254.7.8", "run dhclient eth0")


@pytest.mark.parametrize("failure", [errno.ECONNREFUSED, errno.EINPROGRESS, errno.ENETUNREACH])
def test_the_address_of_the_platform_on_this_machine_is_named(failure: int) -> None:
    """Packets to it never leave the machine, whatever the routes are."""
    network = Network((ETH0,), BY_GATEWAY, is_own=True)

    got = diagnose(network, WIRESERVER, failure, is_root=True, is_azure=True)

    assert got == Diagnosis(
        "this machine has the platform's address 168.63.129.16 on one of its own interfaces",
        "find the interface with 'ip address show to 168.63.129.16' and remove the address",
    )


def test_the_driver_of_azure_is_not_a_hint_elsewhere() -> None:
    """hv_netvsc drives the interfaces of Hyper-V only."""
    got = diagnose(Network(()), WIRESERVER, errno.ENETUNREACH, is_root=True, is_azure=False)

    assert got == Diagnosis(
        "there is no network interface except lo",
        "attach a network interface to the machine, or load the driver of the one it has",
    )


def test_a_route_of_another_table_is_not_guessed_at() -> None:
    """Without a route in the main table, a failure that needs a route has no diagnosis."""
    for failure in (errno.EINPROGRESS, errno.EHOSTUNREACH, errno.EACCES):
        assert diagnose(Network((ETH0,)), WIRESERVER, failure, is_root=True, is_azure=True) is None

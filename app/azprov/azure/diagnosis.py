"""Why an IPv4 address cannot be reached: the state of this machine's network, and one fix.

Rule of this file: it is only imported after a failed attempt to connect.
"""

import errno
import os
from typing import NamedTuple, Optional, Tuple

from ..errors import AzprovError
from ..formats.text import shell_word
from ..system.firmware import why_untrusted
from ..system.interfaces import Interface, Network, Route, read_network
from ..system.root import Root
from .endpoint import WIRESERVER_ADDRESS, Endpoint

# The errors of connect(2) for a route that refuses, and the type of that route.
_REFUSING = {
    errno.EACCES: "prohibit",
    errno.EHOSTUNREACH: "unreachable",
    errno.EINVAL: "blackhole",
}
_LINK_LOCAL = "169.254."
# The destination of a default route.
_EVERYTHING = "0.0.0.0/0"
# Azure answers only the first network interface of a VM. Its name in Azure's images is this.
_PRIMARY = "eth0"
# A lease brings an address and the routes.
_LEASE_HINTS = {
    "networkd": "run networkctl reconfigure {interface}",
    "NetworkManager": "run nmcli device connect {interface}",
    "dhclient": "run dhclient {interface}",
    "dhcpcd": "run dhcpcd {interface}",
    "udhcpc": "run udhcpc -i {interface}",
    "": "start a DHCP client for {interface}; azprov.pyz check names what the image lacks",
}


class Diagnosis(NamedTuple):
    """What was observed, and the hint that fixes it."""

    state: str
    hint: str


def diagnose_here(endpoint: Endpoint, failure: int) -> Optional[Diagnosis]:
    """The diagnosis for this machine; None if its network says nothing about the failure."""
    try:
        network = read_network(Root(), endpoint.address)
    except (OSError, ValueError, AzprovError):
        return None
    is_azure = why_untrusted(Root()) is None
    return diagnose(network, endpoint, failure, is_root=os.geteuid() == 0, is_azure=is_azure)


def diagnose(
    network: Network, endpoint: Endpoint, failure: int, *, is_root: bool, is_azure: bool
) -> Optional[Diagnosis]:
    """The diagnosis for an error of connect(2); EINPROGRESS means that no reply came.

    A route that is not in the main table is not known here.
    """
    address, port = endpoint
    route = network.route
    if network.is_own:
        hint = f"find the interface with 'ip address show to {address}' and remove the address"
        summary = f"this machine has the platform's address {address} on one of its own interfaces"
        return Diagnosis(summary, hint)
    if route is None:
        if failure not in (errno.ENETUNREACH, errno.EADDRNOTAVAIL):
            return None
        return _diagnose_interfaces(network, address, is_azure=is_azure)
    if not route.interface:
        return _diagnose_refusal(route.destination, failure)
    if failure not in (errno.EHOSTUNREACH, errno.EINPROGRESS):
        return None
    if not route.has_neighbour:
        return _diagnose_neighbour(network, route, address)
    names = [interface.name for interface in network.interfaces]
    if (
        names
        and route.interface != _PRIMARY
        and (_PRIMARY in names or route.interface not in names)
    ):
        primary = min(network.interfaces, key=_order).name
        hint = f"change the route to {address} to use {primary}, the primary network interface"
        return Diagnosis(f"the route uses {route.interface}", hint)
    if failure == errno.EHOSTUNREACH or route.interface not in names:
        return None
    neighbour = f"the gateway {route.gateway}" if route.gateway else address
    hint = f"check that no firewall drops TCP port {port} to {address}"
    if address == WIRESERVER_ADDRESS and not is_root:
        hint = f"run this as root: the firewall rules of walinuxagent let only root reach {address}"
    return Diagnosis(f"{neighbour} answers ARP on {route.interface}", hint)


def _diagnose_refusal(destination: str, failure: int) -> Optional[Diagnosis]:
    kind = _REFUSING.get(failure)
    if kind is None:
        return None
    hint = f"run ip route del {kind} {destination}"
    return Diagnosis(f"there is a route of type {kind} to {destination}", hint)


def _diagnose_neighbour(network: Network, route: Route, address: str) -> Diagnosis:
    """The diagnosis of a route to a gateway, or to the address itself, that is not on the link."""
    if route.gateway:
        hint = f"check that {route.interface} has the address and the gateway of its subnet"
        return Diagnosis(
            f"the gateway {route.gateway} does not answer ARP on {route.interface}", hint
        )
    for interface in network.interfaces:
        if interface.name == route.interface and interface.address.startswith(_LINK_LOCAL):
            return _diagnose_lease(network, interface, address)
    destination = "default" if route.destination == _EVERYTHING else route.destination
    hint = (
        f"run ip route replace {destination} via GATEWAY dev {shell_word(route.interface)} with "
        "the gateway of its subnet"
    )
    return Diagnosis(
        f"the route to {route.destination} has no gateway, and {address} does not answer ARP on "
        f"{route.interface}",
        hint,
    )


def _diagnose_interfaces(network: Network, address: str, *, is_azure: bool) -> Diagnosis:
    """The diagnosis of a machine without a route: what its primary interface lacks."""
    if not network.interfaces:
        hint = "attach a network interface to the machine, or load the driver of the one it has"
        if is_azure:
            hint = "run modprobe hv_netvsc, the driver of Azure's network interfaces"
        return Diagnosis("there is no network interface except lo", hint)
    first = min(network.interfaces, key=_order)
    if not first.is_up:
        hint = f"run ip link set {shell_word(first.name)} up"
        return Diagnosis(f"{first.name} is down", hint)
    if not first.has_carrier:
        hint = "connect the network interface on the host; on Azure, run az vm redeploy"
        return Diagnosis(f"{first.name} has no carrier", hint)
    return _diagnose_lease(network, first, address)


def _diagnose_lease(network: Network, interface: Interface, address: str) -> Diagnosis:
    """The diagnosis of an interface that lacks what a DHCP lease brings."""
    hint = _LEASE_HINTS[network.dhcp_client].format(interface=shell_word(interface.name))
    return Diagnosis(_state_of(interface, address), hint)


def _order(interface: Interface) -> Tuple[bool, ...]:
    """A sort key: the primary interface comes first, then those that lack least."""
    return (
        interface.name != _PRIMARY,
        not interface.is_up,
        not interface.has_carrier,
        not interface.address,
    )


def _state_of(interface: Interface, address: str) -> str:
    if not interface.address:
        return f"{interface.name} has no IPv4 address"
    if interface.address.startswith(_LINK_LOCAL):
        return f"{interface.name} has only the link-local address {interface.address}"
    return f"{interface.name} has {interface.address}, but there is no route to {address}"

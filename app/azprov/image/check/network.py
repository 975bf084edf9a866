"""Whether the first network interface gets its address by DHCP, which is the only way on Azure.

Source: Azure's page on creating an image of any distribution,
https://learn.microsoft.com/azure/virtual-machines/linux/create-upload-generic, read 2026-11-22.
"""

import re
from typing import Callable, Iterator, List, NamedTuple, Tuple

from .finding import ERROR, WARNING, Finding
from .image import Image
from .netplan import netplan_nics
from .nics import (
    DHCP,
    FIRST_NIC,
    OFF,
    STATIC,
    Nic,
    dhcpcd_nics,
    ifcfg_nics,
    ifupdown_nics,
    network_manager_nics,
    networkd_nics,
)

_RULES_FOLDER = "/etc/udev/rules.d"
_LINK_FOLDERS = ["/etc/systemd/network", "/usr/lib/systemd/network"]
_UDEV_MAC = re.compile(r"ATTR\{address\}==\"([0-9a-fA-F:]{17})\".*NAME=")
# What paths of network settings begin with; netplan's and NetworkManager's are for root alone.
_SETTINGS = ("/etc/net", "/etc/NetworkManager", "/etc/systemd", "/etc/sysconfig", "/etc/dhcpcd")
# Programs that ifupdown calls for DHCP.
_CLIENTS = [
    f"{folder}/{name}"
    for folder in ("/usr/sbin", "/sbin", "/usr/bin", "/bin")
    for name in ("dhclient", "udhcpc", "dhcpcd", "dhcpcd5", "pump")
]
_NETWORKD_MEND = (
    "printf '[Match]\\nName=eth0\\n[Network]\\nDHCP=yes\\n' "
    "> {typed_etc}/systemd/network/00-azure.network"
)


class _Manager(NamedTuple):
    """A network manager: its services, what it is told, how to tell it to use DHCP."""

    name: str
    services: Tuple[str, ...]
    nics: Callable[[Image], Iterator[Nic]]
    mend: str
    #: Whether it uses DHCP where it is told nothing.
    does_dhcp: bool = False


def _no_nics(_image: Image) -> Iterator[Nic]:
    return iter(())


_MANAGERS = (
    _Manager(
        "systemd-networkd",
        ("systemd-networkd", "systemd-networkd.socket"),
        networkd_nics,
        _NETWORKD_MEND,
    ),
    _Manager(
        "ifupdown",
        ("networking", "ifupdown"),
        ifupdown_nics,
        "take what {etc}/network/interfaces says of eth0 out, then "
        "printf 'auto eth0\\niface eth0 inet dhcp\\n' >> {typed_etc}/network/interfaces",
    ),
    _Manager(
        "NetworkManager",
        ("NetworkManager", "networkmanager"),
        network_manager_nics,
        "let NetworkManager manage eth0, with method=auto in [ipv4] of its keyfile or with none",
        does_dhcp=True,
    ),
    _Manager(
        "dhcpcd",
        ("dhcpcd", "dhcpcd@", "dhclient@", "connman", "connmand"),
        dhcpcd_nics,
        "take what {etc}/dhcpcd.conf says of eth0 out",
        does_dhcp=True,
    ),
    _Manager(
        "the distribution's network service",
        ("wicked", "wickedd", "network"),
        ifcfg_nics,
        "write BOOTPROTO=dhcp and STARTMODE=auto (SUSE) or ONBOOT=yes (Red Hat) to ifcfg-eth0 "
        "below {etc}/sysconfig",
    ),
)
_NETPLAN = _Manager(
    "netplan",
    (),
    netplan_nics,
    "write to {etc}/netplan/50-azure.yaml, below network: and ethernets: eth0: {{dhcp4: true}}",
)
_NETPLAN_PROGRAMS = ("/usr/sbin/netplan", "/usr/libexec/netplan/generate", "/lib/netplan/generate")


def check_network(image: Image) -> Iterator[Finding]:
    """An address of the base VM's network leads nowhere on Azure, and none at all as well."""
    if not image.services.init:
        return
    managers = _managers(image)
    if not managers:
        image.require(*_SETTINGS)
        yield Finding(
            "network-none",
            ERROR,
            "no DHCP client starts at boot, so the VM has no network and cannot report; the "
            "deployment fails after 40 minutes",
            _mend_without_manager(image),
        )
        return
    told = [(manager, list(manager.nics(image))) for manager in managers]
    if any(_is_configured(manager, nics) for manager, nics in told):
        yield from _check_client(image, told)
        return
    image.require(*_SETTINGS)
    every = [(manager, nic) for manager, nics in told for nic in nics]
    static = [(manager, nic) for manager, nic in every if nic.is_first and nic.method == STATIC]
    others = [
        (manager, nic)
        for manager, nic in every
        if not nic.is_first and nic.method != OFF and not nic.mac
    ]
    if static:
        manager, nic = static[0]
        yield Finding(
            "network-static",
            ERROR,
            f"{image.shown(nic.path)} gives the first network interface a fixed address, which "
            "Azure's network does not route, so the VM cannot report",
            _mend(image, manager),
        )
    elif others:
        manager, nic = others[0]
        yield Finding(
            "network-other-nic",
            WARNING,
            f"{image.shown(nic.path)} configures {nic.name}, and nothing configures {FIRST_NIC}, "
            "as Azure's first network interface is called",
            _mend(image, manager),
        )
    elif not any(nic.mac for _, nic in every):
        yield Finding(
            "network-no-dhcp",
            ERROR,
            f"{managers[0].name} starts at boot, and nothing tells it to use DHCP on the first "
            "network interface, so the VM has no network and cannot report",
            _mend(image, managers[0]),
        )


def check_mac(image: Image) -> Iterator[Finding]:
    """No VM has the card of the machine that the image was made on."""
    managers = _managers(image)
    told = [(manager, list(manager.nics(image))) for manager in managers]
    is_covered = any(_is_configured(manager, nics) for manager, nics in told)
    pinned = [(nic.path, nic.mac) for _, nics in told for nic in nics if nic.mac]
    for path, mac in pinned:
        yield _pinned(image, path, mac, WARNING if is_covered else ERROR)
    for path in image.matching(_RULES_FOLDER, ".rules"):
        match = _UDEV_MAC.search(image.text(path))
        if match:
            yield _pinned(image, path, match.group(1), ERROR)


def _pinned(image: Image, path: str, mac: str, severity: str) -> Finding:
    return Finding(
        "network-mac",
        severity,
        f"{image.shown(path)} holds only for the network card {mac}, which no VM made from this "
        "image has",
        f"take the address out, or remove {image.shown(path)}",
    )


def _managers(image: Image) -> List[_Manager]:
    """Those that start at boot. netplan writes the files of another one at boot, and starts it."""
    found = [
        manager
        for manager in _MANAGERS
        # A socket starts nothing whose service is masked.
        if image.services.starts(*manager.services)
        and not image.services.is_masked(manager.services[0])
    ]
    if image.is_there(*_NETPLAN_PROGRAMS) and any(netplan_nics(image)):
        return [_NETPLAN, *found]
    return found


def _is_configured(manager: _Manager, nics: List[Nic]) -> bool:
    """Whether this one brings up the first interface by DHCP."""
    first = [nic for nic in nics if nic.is_first]
    if not first:
        # A name that an instance of a service has is the only one it serves.
        is_instance = any(nic.path.startswith(manager.name) for nic in nics)
        return manager.does_dhcp and not is_instance
    return any(nic.method == DHCP for nic in first)


def _check_client(image: Image, told: List[Tuple[_Manager, List[Nic]]]) -> Iterator[Finding]:
    """ifupdown leaves DHCP to another program, which a minimal Debian does not have."""
    does_itself = [
        manager
        for manager, nics in told
        if manager.name != "ifupdown" and _is_configured(manager, nics)
    ]
    if not does_itself and not image.is_program(*_CLIENTS):
        yield Finding(
            "network-no-client",
            ERROR,
            "ifupdown is to use DHCP and no DHCP client is installed, so the VM has no network "
            "and cannot report",
            image.install("isc-dhcp-client", apk="dhcpcd"),
        )


def _mend(image: Image, manager: _Manager) -> str:
    return manager.mend.format(etc=image.shown("/etc"), typed_etc=image.typed("/etc"))


def _mend_without_manager(image: Image) -> str:
    networkd = _MANAGERS[0]
    if image.services.is_there("systemd-networkd") or image.services.is_masked("systemd-networkd"):
        enable = image.enable("systemd-networkd")
        if _is_configured(networkd, list(networkd.nics(image))):
            return enable
        return f"{_mend(image, networkd)} && {enable}"
    if image.services.is_there("networking"):
        return image.enable("networking")
    return image.install(
        "dhcpcd", dnf="NetworkManager", zypper="NetworkManager", tdnf="systemd-networkd"
    )


RULES = (check_network, check_mac)

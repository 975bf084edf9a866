"""Whether the first network interface gets its address by DHCP, which is the only way on Azure.

Source: Azure's page on creating an image of any distribution,
https://learn.microsoft.com/azure/virtual-machines/linux/create-upload-generic, read 2026-11-22.
"""

import re
from typing import Iterator, List, Tuple

from ..facts.image import Image
from ..facts.network.managers import MANAGERS, NETPLAN, Manager, mend_of, without
from ..facts.network.netplan import netplan_nics
from ..facts.network.nics import DHCP, FIRST_NIC, OFF, STATIC, Nic
from ..facts.network.udev_links import find_renaming
from ..finding import ERROR, WARNING, Finding

_RULES_FOLDER = "/etc/udev/rules.d"
_UDEV_MAC = re.compile(r"ATTR\{address\}==\"([0-9a-fA-F:]{17})\".*NAME=")
# What paths of network settings begin with; netplan's and NetworkManager's are for root alone.
_SETTINGS = ("/etc/net", "/etc/NetworkManager", "/etc/systemd", "/etc/sysconfig", "/etc/dhcpcd")
# Programs that ifupdown calls for DHCP.
_CLIENTS = [
    f"{folder}/{name}"
    for folder in ("/usr/sbin", "/sbin", "/usr/bin", "/bin")
    for name in ("dhclient", "udhcpc", "dhcpcd", "dhcpcd5", "pump")
]
_NETPLAN_PROGRAMS = ("/usr/sbin/netplan", "/usr/libexec/netplan/generate", "/lib/netplan/generate")

#: Managers, each with all that it is told.
_Told = List[Tuple[Manager, List[Nic]]]


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
    renaming = find_renaming(image)
    name = renaming.name if renaming and renaming.is_sure else FIRST_NIC
    is_configured = _is_configured(told, name)
    yield from _check_closed(image, told, name, is_configured=is_configured)
    if is_configured:
        yield from _check_client(image, told, name)
    if renaming and not _is_configured(told, renaming.name) and _is_configured(told, FIRST_NIC):
        yield Finding(
            "network-renamed",
            ERROR if renaming.is_sure else WARNING,
            f"{image.shown(renaming.path)} has udev call the first network interface "
            f"{renaming.name}, and what uses DHCP is for {FIRST_NIC}, so the VM has no network "
            "and cannot report",
            without(image, renaming.path),
        )
    elif not is_configured and not any(_closed_to_dhcp(nics, name) for _, nics in told):
        yield from _check_told(image, told, name)


def _check_told(image: Image, told: _Told, name: str) -> Iterator[Finding]:
    """What is said in place of DHCP on the first interface."""
    image.require(*_SETTINGS)
    held = [(manager, nic) for manager, nics in told for nic in manager.held(nics, name)]
    static = [(manager, nic) for manager, nic in held if nic.method == STATIC]
    others = [
        (manager, nic)
        for manager, nics in told
        for nic in nics
        if not nic.fits(name) and nic.method != OFF and not nic.mac
    ]
    first_manager, first_nics = told[0]
    winners = first_manager.held(first_nics, name) if first_manager.takes_first else []
    if static:
        manager, nic = static[0]
        yield Finding(
            "network-static",
            ERROR,
            f"{image.shown(nic.path)} gives the first network interface a fixed address, which "
            "Azure's network does not route, so the VM cannot report",
            mend_of(image, manager, name),
        )
    elif winners:
        yield Finding(
            "network-no-dhcp",
            ERROR,
            f"{image.shown(winners[0].path)} is what {first_manager.name} takes for the first "
            "network interface, and does not have it use DHCP, so the VM has no network and "
            "cannot report",
            mend_of(image, first_manager, name),
        )
    elif others:
        manager, nic = others[0]
        yield Finding(
            "network-other-nic",
            WARNING,
            f"{image.shown(nic.path)} configures {nic.name}, and nothing configures {name}, "
            "as Azure's first network interface is called",
            mend_of(image, manager, name),
        )
    elif not any(nic.mac for _, nics in told for nic in nics):
        yield Finding(
            "network-no-dhcp",
            ERROR,
            f"{first_manager.name} starts at boot, and nothing tells it to use DHCP on the first "
            "network interface, so the VM has no network and cannot report",
            mend_of(image, first_manager, name),
        )


def _closed_to_dhcp(nics: List[Nic], name: str) -> bool:
    return any(nic.closed and nic.fits(name) and nic.method == DHCP for nic in nics)


def _check_closed(
    image: Image, told: _Told, name: str, *, is_configured: bool
) -> Iterator[Finding]:
    """Files that umask 077 closed to networkd, or that are too open for NetworkManager."""
    for manager, nics in told:
        # Without DHCP in any, the finding is that there is none.
        if not is_configured and not _closed_to_dhcp(nics, name):
            continue
        for place, path in sorted({(nic.closed, nic.path) for nic in nics if nic.closed}):
            if not any(nic.path == path and nic.fits(name) for nic in nics):
                continue
            typed = image.typed(place)
            if manager.takes_first:
                why, mend = "may not read", f"chmod {755 if place != path else 644} {typed}"
            else:
                why = "ignores for its mode or owner"
                mend = f"chown root:root {typed} && chmod 600 {typed}"
            yield Finding(
                "network-closed",
                WARNING if is_configured else ERROR,
                f"{image.shown(path)} is a file that {manager.name} {why}, so what it says of the "
                "first network interface does not hold"
                + ("" if is_configured else ", and the VM has no network and cannot report"),
                mend,
            )


def check_mac(image: Image) -> Iterator[Finding]:
    """No VM has the card of the machine that the image was made on."""
    managers = _managers(image)
    told = [(manager, list(manager.nics(image))) for manager in managers]
    is_covered = _is_configured(told, FIRST_NIC)
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


def _managers(image: Image) -> List[Manager]:
    """Those that start at boot. netplan writes the files of another one at boot, and starts it."""
    found = [
        manager
        for manager in MANAGERS
        # A socket starts nothing whose service is masked.
        if image.services.starts(*manager.services)
        and not image.services.is_masked(manager.services[0])
    ]
    if image.is_there(*_NETPLAN_PROGRAMS) and any(netplan_nics(image)):
        return [NETPLAN, *found]
    return found


def _is_configured(told: _Told, name: str) -> bool:
    return any(manager.configures(nics, name) for manager, nics in told)


def _check_client(image: Image, told: _Told, name: str) -> Iterator[Finding]:
    """ifupdown leaves DHCP to another program, which a minimal Debian does not have."""
    does_itself = [
        manager
        for manager, nics in told
        if manager.name != "ifupdown" and manager.configures(nics, name)
    ]
    if not does_itself and not image.is_program(*_CLIENTS):
        yield Finding(
            "network-no-client",
            ERROR,
            "ifupdown is to use DHCP and no DHCP client is installed, so the VM has no network "
            "and cannot report",
            image.install("isc-dhcp-client", apk="dhcpcd"),
        )


def _mend_without_manager(image: Image) -> str:
    networkd = MANAGERS[0]
    if image.services.is_there("systemd-networkd") or image.services.is_masked("systemd-networkd"):
        enable = image.enable("systemd-networkd")
        if networkd.configures(list(networkd.nics(image)), FIRST_NIC):
            return enable
        return f"{mend_of(image, networkd, FIRST_NIC)} && {enable}"
    if image.services.is_there("networking"):
        return image.enable("networking")
    return image.install(
        "dhcpcd", dnf="NetworkManager", zypper="NetworkManager", tdnf="systemd-networkd"
    )


RULES = (check_network, check_mac)

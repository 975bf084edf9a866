"""Whether the first network interface gets its address by DHCP, the only way on Azure.

Source: https://learn.microsoft.com/azure/virtual-machines/linux/create-upload-generic,
read 2026-11-22.
"""

from typing import Iterator, List, Tuple

from ..facts.image import Image
from ..facts.kernel_command_line import uses_dhcp
from ..facts.network import managers_in_use, netplan, networkd
from ..facts.network.base import Manager, ManagerState, read_state
from ..facts.network.nic_settings import (
    DHCP,
    FILE,
    FIRST_NIC,
    OFF,
    STATIC,
    UNIT,
    NicSetting,
    Source,
)
from ..facts.network.own_scripts import starts_client
from ..facts.network.systemd_files import remove
from ..facts.network.udev_links import Renaming, find_renaming
from ..facts.network.udev_rules import read_named_macs
from ..facts.packages import DHCP_CLIENT, NETWORK_MANAGER, RENDERER
from ..finding import ERROR, WARNING, Check, Finding, Rule
from ..fixes import enable, install

# The beginnings of all paths with network settings. Only root may read some of them.
_SETTINGS = ("/etc/net", "/etc/NetworkManager", "/etc/systemd", "/etc/sysconfig", "/etc/dhcpcd")
_COST = "so the VM has no network and cannot report Ready"

NETWORK_NONE = Rule(
    "network-none",
    ERROR,
    "no network manager starts at boot, so the VM has no network",
    "enable one that uses DHCP, such as systemd-networkd",
)
NETWORK_NO_DHCP = Rule(
    "network-no-dhcp",
    ERROR,
    "the network manager does not use DHCP on the first network interface",
    "configure it to use DHCP on eth0",
)
NETWORK_STATIC = Rule(
    "network-static",
    ERROR,
    "the first network interface has a fixed address, which Azure does not route",
    "configure the network manager to use DHCP on eth0",
)
NETWORK_OTHER_NIC = Rule(
    "network-other-nic",
    WARNING,
    "the network configuration does not cover eth0, the first network interface on Azure",
    "configure the network manager to use DHCP on eth0",
)
NETWORK_RENAMED = Rule(
    "network-renamed",
    ERROR,
    "udev renames the first network interface, and nothing configures the new name",
    "remove the .link file that sets the name",
)
NETWORK_CLOSED = Rule(
    "network-closed",
    ERROR,
    "the network manager ignores a file because of the mode or owner of the file or its folder",
    "set the mode and owner that the manager accepts",
)
NETWORK_NO_CLIENT = Rule(
    "network-no-client",
    ERROR,
    "ifupdown is configured to use DHCP, but no DHCP client is installed",
    "install a DHCP client such as isc-dhcp-client",
)
NETWORK_RENDERER = Rule(
    "network-renderer",
    ERROR,
    "netplan hands the network to a program that does not start, so the VM has no network",
    "install and enable that program, or change renderer in netplan's file",
)
NETWORK_MAC = Rule(
    "network-mac",
    ERROR,
    "a network setting is tied to the MAC address of the machine that built the image, which no "
    "VM has",
    "remove the MAC address from the setting",
)


def check_network(image: Image) -> Iterator[Finding]:
    if not image.services.init:
        return
    states = managers_in_use(image)
    if not states:
        if not uses_dhcp(image) and not starts_client(image):
            yield from _no_manager(image)
        return
    if states[0].manager is netplan.MANAGER:
        without_renderer = list(_no_renderer(image))
        if without_renderer:
            states = states[1:]
            if not _is_configured(states, FIRST_NIC):
                yield from without_renderer
                return
    renaming = find_renaming(image)
    nic = renaming.name if renaming and renaming.is_certain else FIRST_NIC
    yield from _ignored_files(image, states, nic)
    if _is_configured(states, nic):
        yield from _no_client(image, states, nic)
    if renaming and _breaks_network(states, renaming):
        yield from _renamed(image, renaming)
    elif not _is_configured(states, nic) and not any(
        _is_ignored_dhcp(setting, nic) for state in states for setting in state.settings
    ):
        yield from _no_dhcp(image, states, nic)


def _no_manager(image: Image) -> Iterator[Finding]:
    image.require(*_SETTINGS)
    yield NETWORK_NONE.found(
        f"no network manager starts at boot, {_COST}; the deployment fails after 40 minutes",
        _fix_without_manager(image),
    )


def _no_renderer(image: Image) -> Iterator[Finding]:
    """netplan starts systemd-networkd itself, but not NetworkManager."""
    renderer = netplan.renderer(image)
    services = image.services
    if renderer == netplan.NETWORK_MANAGER and not services.starts("NetworkManager"):
        is_installed = services.is_there("NetworkManager") or services.is_masked("NetworkManager")
        yield NETWORK_RENDERER.found(
            f"netplan's renderer is NetworkManager, which does not start at boot, {_COST}",
            enable(image, "NetworkManager") if is_installed else install(image, RENDERER),
        )
    elif renderer == netplan.NETWORKD and not services.is_there("systemd-networkd"):
        is_masked = services.is_masked("systemd-networkd")
        yield NETWORK_RENDERER.found(
            f"netplan's renderer is systemd-networkd, which "
            f"{'is masked' if is_masked else 'is not installed'}, {_COST}",
            enable(image, "systemd-networkd") if is_masked else "install systemd-networkd",
        )


def _fix_without_manager(image: Image) -> str:
    """Enable an installed manager, with a setting if it needs one, or install one."""
    if image.services.is_there("systemd-networkd") or image.services.is_masked("systemd-networkd"):
        command = enable(image, "systemd-networkd")
        if read_state(image, networkd.MANAGER).uses_dhcp(FIRST_NIC):
            return command
        return f"{networkd.fix(image, FIRST_NIC)} && {command}"
    if image.services.is_there("networking"):
        return enable(image, "networking")
    return install(image, NETWORK_MANAGER)


def _is_configured(states: List[ManagerState], nic: str) -> bool:
    return any(state.uses_dhcp(nic) for state in states)


def _is_ignored_dhcp(setting: NicSetting, nic: str) -> bool:
    return setting.ignored is not None and setting.matches(nic) and setting.method == DHCP


def _ignored_files(image: Image, states: List[ManagerState], nic: str) -> Iterator[Finding]:
    """Files that umask 077 hid from networkd, or whose mode NetworkManager does not accept."""
    is_configured = _is_configured(states, nic)
    for state in states:
        # If the manager has no DHCP setting at all, the finding is network-no-dhcp.
        if not is_configured and not any(_is_ignored_dhcp(one, nic) for one in state.settings):
            continue
        ignored = {
            (one.ignored, one.source)
            for one in state.settings
            if one.ignored is not None and one.matches(nic)
        }
        for file, source in sorted(ignored):
            yield NETWORK_CLOSED.found(
                f"{_shown(image, source)} {file.reason}, so its settings for {nic} have no effect"
                + ("" if is_configured else " and the VM has no network to report Ready"),
                file.fix,
                severity=WARNING if is_configured else ERROR,
            )


def _no_client(image: Image, states: List[ManagerState], nic: str) -> Iterator[Finding]:
    """Find a manager that runs a separate DHCP client, which a minimal Debian does not have."""
    managers = [state.manager for state in states if state.uses_dhcp(nic)]
    if all(one.dhcp_clients and not image.is_program(*one.dhcp_clients) for one in managers):
        yield NETWORK_NO_CLIENT.found(
            f"{managers[0].name} is configured to use DHCP, but no DHCP client is installed, "
            f"{_COST}",
            install(image, DHCP_CLIENT),
        )


def _breaks_network(states: List[ManagerState], renaming: Renaming) -> bool:
    return not _is_configured(states, renaming.name) and _is_configured(states, FIRST_NIC)


def _renamed(image: Image, renaming: Renaming) -> Iterator[Finding]:
    yield NETWORK_RENAMED.found(
        f"{image.shown(renaming.path)} renames the first network interface to {renaming.name}, "
        f"and DHCP is configured for {FIRST_NIC} only, {_COST}",
        remove(image, renaming.path),
        severity=ERROR if renaming.is_certain else WARNING,
    )


def _no_dhcp(image: Image, states: List[ManagerState], nic: str) -> Iterator[Finding]:
    """The setting that is used in place of DHCP, or the one that is missing."""
    image.require(*_SETTINGS)
    first = states[0].manager
    static = _static(states, nic)
    others = _of_other_nics(states, nic)
    winners = states[0].in_effect(nic) if first.first_match_wins else []
    if static:
        manager, setting = static[0]
        yield NETWORK_STATIC.found(
            f"{_shown(image, setting.source)} gives {nic} a fixed address, which Azure's network "
            "does not route, so the VM cannot report Ready",
            manager.fix(image, nic),
        )
    elif winners:
        yield NETWORK_NO_DHCP.found(
            f"{first.name} uses {_shown(image, winners[0].source)} for {nic}, and that file does "
            f"not enable DHCP, {_COST}",
            first.fix(image, nic),
        )
    elif others:
        manager, setting = others[0]
        # A unit serves one interface only, while a file may be one of several for a name that
        # is not known here.
        is_unit = setting.source.kind == UNIT
        yield NETWORK_OTHER_NIC.found(
            f"{_shown(image, setting.source)} configures {setting.pattern}, and nothing "
            f"configures {nic}, Azure's name for the first network interface"
            + (f", {_COST}" if is_unit else ""),
            manager.fix(image, nic),
            severity=ERROR if is_unit else WARNING,
        )
    elif not (
        any(setting.mac for state in states for setting in state.settings) or uses_dhcp(image)
    ):
        yield NETWORK_NO_DHCP.found(
            f"{first.name} starts at boot and is not configured to use DHCP on {nic}, {_COST}",
            first.fix(image, nic),
        )


def _static(states: List[ManagerState], nic: str) -> List[Tuple[Manager, NicSetting]]:
    return [
        (state.manager, setting)
        for state in states
        for setting in state.in_effect(nic)
        if setting.method == STATIC
    ]


def _of_other_nics(states: List[ManagerState], nic: str) -> List[Tuple[Manager, NicSetting]]:
    return [
        (state.manager, setting)
        for state in states
        for setting in state.settings
        if not setting.matches(nic) and setting.method != OFF and not setting.mac
    ]


def check_mac(image: Image) -> Iterator[Finding]:
    """Find settings for one MAC address: no VM has the network card of the build machine."""
    states = managers_in_use(image)
    severity = WARNING if _is_configured(states, FIRST_NIC) else ERROR
    for state in states:
        for setting in state.settings:
            if setting.mac:
                is_file = setting.source.kind == FILE
                shown = image.edited(setting.source.name) if is_file else setting.source.name
                fix = f"remove the MAC address {setting.mac} from {shown}"
                yield _tied_to_mac(shown, setting.mac, fix, severity)
    for path, mac in read_named_macs(image):
        shown = image.edited(path)
        yield _tied_to_mac(shown, mac, f"remove the rule for {mac} from {shown}", ERROR)


def _tied_to_mac(shown: str, mac: str, fix: str, severity: str) -> Finding:
    what = f"{shown} applies only to the network card {mac}, which no VM made from this image has"
    return NETWORK_MAC.found(what, fix, severity=severity)


def _shown(image: Image, source: Source) -> str:
    return image.shown(source.name) if source.kind == FILE else source.name


CHECKS = (
    Check(
        check_network,
        (
            NETWORK_NONE,
            NETWORK_NO_DHCP,
            NETWORK_STATIC,
            NETWORK_OTHER_NIC,
            NETWORK_RENAMED,
            NETWORK_CLOSED,
            NETWORK_NO_CLIENT,
            NETWORK_RENDERER,
        ),
    ),
    Check(check_mac, (NETWORK_MAC,)),
)

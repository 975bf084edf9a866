"""The fixes of network findings, by network manager."""

import subprocess
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from azprov.check import check
from azprov.check.facts.image import Image
from azprov.system.root import Root
from check.image_changes import (
    MAC,
    NETWORK,
    NM,
    dhcpcd,
    found,
    ifcfg,
    ifupdown,
    instead_of_networkd,
    netplan,
    network_manager,
)
from check.network_cases import WRONG_NETWORK
from sound_image import SYSTEM, VENDOR, WANTS, Change, File, change


def test_a_network_folder_that_only_root_can_enter_is_opened(image: Path) -> None:
    """umask 077 creates such a folder, and networkd cannot read any file in it."""
    (image / "etc/systemd/network").chmod(0o700)
    (finding,) = check(Image(Root(str(image))))

    assert (finding.rule, finding.severity) == ("network-closed", "error")
    assert finding.fix == f"chmod 755 {image}/etc/systemd/network"


#: A change to networkd's files, and the fixes, one after the other, until nothing is found.
FIXES_OF_NETWORKD: Dict[str, Tuple[Change, List[str]]] = {
    "nothing": (
        {NETWORK: None},
        [
            "printf '[Match]\\nName=eth0\\n[Network]\\nDHCP=yes\\n' > {folder}/00-azure.network "
            "&& chmod 644 {folder}/00-azure.network"
        ],
    ),
    "one that says no": (
        {NETWORK: "[Match]\nName=eth0\n"},
        [
            "printf '[Match]\\nName=eth0\\n[Network]\\nDHCP=yes\\n' > {folder}/00-azure.network "
            "&& chmod 644 {folder}/00-azure.network"
        ],
    ),
    "one before all": (
        {NETWORK: None, "usr/lib/systemd/network/00-a.network": "[Match]\nName=e*\n"},
        [
            "printf '[Match]\\nName=eth0\\n[Network]\\nDHCP=yes\\n' > {folder}/00-a.network "
            "&& chmod 644 {folder}/00-a.network"
        ],
    ),
    "others before it": (
        {
            "etc/systemd/network/00-a.network": "[Match]\nName=e*\n",
            "etc/systemd/network/01-b.network": "[Match]\nName=e*\n[Network]\nAddress=10.1.1.1/8\n",
            "usr/lib/systemd/network/02-c.network": "[Match]\nName=e*\n",
        },
        [
            "rm {folder}/00-a.network",
            "rm {folder}/01-b.network",
            "mkdir -p -m 755 {folder} && ln -sfn /dev/null {folder}/02-c.network",
        ],
    ),
    "drop-ins": (
        {
            f"{NETWORK}.d/a.conf": "[Network]\nDHCP=no\n",
            "usr/lib/systemd/network/10-azure.network.d/b.conf": "[Link]\nUnmanaged=yes\n",
        },
        [
            "rm {folder}/10-azure.network.d/a.conf",
            "mkdir -p -m 755 {folder}/10-azure.network.d && "
            "ln -sfn /dev/null {folder}/10-azure.network.d/b.conf",
        ],
    ),
    "closed": (
        {NETWORK: File("[Match]\nName=eth0\n[Network]\nDHCP=yes\n", 0o600)},
        ["chmod 644 {folder}/10-azure.network"],
    ),
    "links": (
        {
            "etc/systemd/network/a.link": "[Match]\nType=ether\n[Link]\nName=lan0\n",
            "usr/lib/systemd/network/b.link": "[Match]\nType=ether\n[Link]\nName=lan1\n",
        },
        ["rm {folder}/a.link", "mkdir -p -m 755 {folder} && ln -sfn /dev/null {folder}/b.link"],
    ),
}


@pytest.mark.parametrize("case", FIXES_OF_NETWORKD)
def test_the_fixes_for_networkd_lead_to_dhcp(image: Path, case: str) -> None:
    """Each fix is pasted into a shell, until nothing more is found."""
    done, fixes = FIXES_OF_NETWORKD[case]
    change(image, done)
    folder = image / "etc/systemd/network"

    for fix in fixes:
        (finding,) = check(Image(Root(str(image))))
        assert finding.fix == fix.format(folder=folder)
        subprocess.run(["sh", "-c", f"umask 077; {finding.fix}"], check=True)

    assert found(image) == []


def test_the_network_file_in_effect_is_named(image: Path) -> None:
    """The finding names the first file that matches eth0 and has no DHCP."""
    change(image, WRONG_NETWORK["networkd: an earlier file without DHCP"].done)

    (finding,) = check(Image(Root(str(image))))

    assert finding.what == (
        f"systemd-networkd uses {image}/etc/systemd/network/00-a.network for eth0, and that file "
        "does not enable DHCP, so the VM has no network and cannot report Ready"
    )


@pytest.mark.parametrize("client", ["dhcpcd", "dhclient"])
def test_a_client_for_another_interface_is_named_by_its_unit(image: Path, client: str) -> None:
    """The finding names the unit, which is no file, and the fix enables the same unit for eth0."""
    change(
        image,
        {
            NETWORK: None,
            f"{WANTS}/systemd-networkd.service": None,
            f"{VENDOR}/{client}@.service": "[Unit]\n",
            f"{WANTS}/{client}@ens3.service": f"-> /{VENDOR}/{client}@.service",
        },
    )

    (finding,) = check(Image(Root(str(image))))

    assert (finding.rule, finding.severity) == ("network-other-nic", "error")
    assert finding.what == (
        f"{client}@ens3.service configures ens3, and nothing configures eth0, Azure's name for "
        "the first network interface, so the VM has no network and cannot report Ready"
    )
    assert finding.fix == f"systemctl --root={image} enable {client}@eth0"


def test_a_unit_of_dhcpcd_gets_the_static_address_of_its_interface(image: Path) -> None:
    """dhcpcd.conf applies to dhcpcd@eth0 too, except for the lists of allowed interfaces."""
    unit: Change = {
        NETWORK: None,
        f"{WANTS}/systemd-networkd.service": None,
        f"{VENDOR}/dhcpcd@.service": "[Unit]\n",
        f"{WANTS}/dhcpcd@eth0.service": f"-> /{VENDOR}/dhcpcd@.service",
    }
    change(image, {**unit, "etc/dhcpcd.conf": "denyinterfaces eth0\nallowinterfaces ens3\n"})
    denied = found(image)
    change(image, {"etc/dhcpcd.conf": "interface eth0\nstatic ip_address=10.0.0.4/24\n"})

    (finding,) = check(Image(Root(str(image))))

    assert denied == []
    assert finding.rule == "network-static"
    assert finding.what.startswith(f"{image}/etc/dhcpcd.conf gives eth0 a fixed address, ")


#: A network without DHCP, and the command that fixes it.
COMMANDS: Dict[str, Tuple[Change, str]] = {
    "ifupdown without eth0": (
        ifupdown("auto ens3\niface ens3 inet dhcp\n"),
        "printf 'auto eth0\\niface eth0 inet dhcp\\n' >> {image}/etc/network/interfaces",
    ),
    "wicked": (
        ifcfg("BOOTPROTO='static'\nIPADDR='10.0.0.4/24'\n"),
        "printf 'BOOTPROTO=dhcp\\nSTARTMODE=auto\\n' > {image}/etc/sysconfig/network/ifcfg-eth0",
    ),
    "Red Hat's network service": (
        instead_of_networkd(
            "network.service", {"etc/sysconfig/network-scripts/ifcfg-ens3": "BOOTPROTO=dhcp\n"}
        ),
        "printf 'DEVICE=eth0\\nBOOTPROTO=dhcp\\nONBOOT=yes\\n' > "
        "{image}/etc/sysconfig/network-scripts/ifcfg-eth0",
    ),
    "NetworkManager with Red Hat's files": (
        network_manager(
            {"etc/sysconfig/network-scripts/ifcfg-lan": "DEVICE=eth0\nIPADDR=10.0.0.4\n"}
        ),
        "printf 'DEVICE=eth0\\nBOOTPROTO=dhcp\\nONBOOT=yes\\n' > "
        "{image}/etc/sysconfig/network-scripts/ifcfg-lan",
    ),
    "netplan": (
        netplan("network:\n  ethernets:\n    ens3:\n      dhcp4: true\n"),
        "printf 'network:\\n  version: 2\\n  ethernets:\\n    eth0:\\n      dhcp4: true\\n' > "
        "{image}/etc/netplan/99-azure.yaml && chmod 600 {image}/etc/netplan/99-azure.yaml",
    ),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_the_fix_of_a_network_manager_is_a_command_that_works(image: Path, case: str) -> None:
    """Pasted into a shell, the command leaves nothing to find."""
    done, fix = COMMANDS[case]
    change(image, done)

    (finding,) = check(Image(Root(str(image))))
    subprocess.run(["sh", "-c", finding.fix], check=True)

    assert finding.fix == fix.format(image=image)
    assert found(image) == []


_FOR_ALL = "etc/NetworkManager/conf.d/a.conf"
#: A network setting that only a person can change, and the advice.
ADVICE: Dict[str, Tuple[Change, str]] = {
    "ifupdown with eth0": (
        ifupdown("auto eth0\niface eth0 inet static\n address 10.0.0.4\n"),
        "replace the lines about eth0 in {image}/etc/network/interfaces with 'auto eth0' and "
        "'iface eth0 inet dhcp'",
    ),
    "netplan with eth0": (
        netplan("network:\n  ethernets:\n    eth0:\n      addresses:\n        - 10.0.0.4/24\n"),
        "replace the settings for eth0 in {image}/etc/netplan/50-cloud.yaml with dhcp4: true",
    ),
    "a keyfile": (
        network_manager({f"{NM}/a": "[connection]\ntype=ethernet\n[ipv4]\nmethod=manual\n"}),
        f"set method=auto in [ipv4] of {{image}}/{NM}/a",
    ),
    "an interface that NetworkManager does not manage": (
        network_manager({_FOR_ALL: "[main]\nno-auto-default=*\n"}),
        f"change unmanaged-devices, no-auto-default and [device] in {{image}}/{_FOR_ALL} so that "
        "they do not cover eth0",
    ),
    "an interface that NetworkManager leaves to ifupdown, which does not start": (
        network_manager({"etc/network/interfaces": "auto eth0\niface eth0 inet dhcp\n"}),
        "remove the lines about eth0 from {image}/etc/network/interfaces",
    ),
    "dhcpcd": (
        dhcpcd("allowinterfaces ens3\n"),
        "remove the static, denyinterfaces and allowinterfaces lines that apply to eth0 from "
        "{image}/etc/dhcpcd.conf",
    ),
    "a setting for one network card": (
        {NETWORK: f"[Match]\nMACAddress={MAC}\n[Network]\nDHCP=yes\n"},
        f"remove the MAC address {MAC} from {{image}}/{NETWORK}",
    ),
    "a udev rule for one network card": (
        WRONG_NETWORK["udev: a rule for a MAC address"].done,
        f"remove the rule for {MAC} from {{image}}/etc/udev/rules.d/70-persistent-net.rules",
    ),
}


@pytest.mark.parametrize("case", ADVICE)
def test_the_advice_for_a_network_manager_names_the_file(image: Path, case: str) -> None:
    """A file with other settings in it is left to a person to edit."""
    done, fix = ADVICE[case]
    change(image, done)

    (finding,) = check(Image(Root(str(image))))

    assert finding.fix == fix.format(image=image)


#: The state of networkd in an image without a network, and the command that enables it.
UNUSED_NETWORKD: Dict[str, Tuple[Change, str]] = {
    "configured": ({}, "systemctl --root={image} enable systemd-networkd"),
    "not configured": (
        {NETWORK: None},
        "printf '[Match]\\nName=eth0\\n[Network]\\nDHCP=yes\\n' > {file} && chmod 644 {file} && "
        "systemctl --root={image} enable systemd-networkd",
    ),
    "masked": (
        {f"{SYSTEM}/systemd-networkd.service": "-> /dev/null"},
        "systemctl --root={image} unmask systemd-networkd && "
        "systemctl --root={image} enable systemd-networkd",
    ),
}


@pytest.mark.parametrize("case", UNUSED_NETWORKD)
def test_an_installed_networkd_is_enabled_where_nothing_else_starts(image: Path, case: str) -> None:
    """The fix for no network manager uses the one that is there, with a setting if it has none."""
    done, fix = UNUSED_NETWORKD[case]
    change(image, {f"{WANTS}/systemd-networkd.service": None, **done})

    (finding,) = check(Image(Root(str(image))))

    new_file = f"{image}/etc/systemd/network/00-azure.network"
    assert finding.rule == "network-none"
    assert finding.fix == fix.format(image=image, file=new_file)

"""Faults and working variants of networks that only some distributions have."""

from typing import Dict

from check.image_changes import NETWORK, Wrong, enabled, grub, instead_of_networkd
from check.init_scripts import BUSYBOX, RUNIT
from sound_image import OPENRC, SYSTEM, VENDOR, VMLINUZ, WANTS, Change

_NO_NETWORKD: Change = {NETWORK: None, f"{WANTS}/systemd-networkd.service": None}

#: OpenRC with netifrc, as in Gentoo's handbook.
GENTOO: Change = {
    **OPENRC,
    "usr/lib/os-release": "ID=gentoo\n",
    "etc/init.d/networking": None,
    "etc/runlevels/boot/networking": None,
    "etc/network/interfaces": None,
    "sbin/udhcpc": None,
    "bin/busybox": "program",
    "etc/init.d/net.lo": "program",
    "etc/runlevels/boot/net.lo": "-> /etc/init.d/net.lo",
    "etc/init.d/net.eth0": "-> net.lo",
    "etc/runlevels/default/net.eth0": "-> /etc/init.d/net.eth0",
    "etc/conf.d/net": 'config_eth0="dhcp"\n',
}
#: systemd with netifrc.
GENTOO_SYSTEMD: Change = {
    **_NO_NETWORKD,
    "etc/init.d/net.lo": "program",
    "usr/sbin/dhcpcd": "program",
    f"{VENDOR}/net@.service": "[Unit]\n[Install]\nWantedBy=multi-user.target\n",
    f"{WANTS}/net@eth0.service": f"-> /{VENDOR}/net@.service",
}
PROFILE = "Interface=eth0\nConnection=ethernet\nIP=dhcp\n"
#: netctl, as `netctl enable lan-dhcp` leaves it.
ARCH: Change = {
    **_NO_NETWORKD,
    "usr/lib/os-release": "ID=arch\n",
    "usr/bin/dhcpcd": "program",
    "etc/netctl/lan-dhcp": f"Description='A basic dhcp ethernet connection'\n{PROFILE}",
    "etc/netctl/examples/ethernet-static": "Interface=eth0\nConnection=ethernet\nIP=static\n",
    f"{VENDOR}/netctl@.service": "[Unit]\n",
    f"{WANTS}/netctl@lan\\x2ddhcp.service": f"-> /{VENDOR}/netctl@.service",
}
ARCH_BY_CABLE: Change = {
    **ARCH,
    f"{WANTS}/netctl@lan\\x2ddhcp.service": None,
    f"{VENDOR}/netctl-ifplugd@.service": "[Unit]\n",
    f"{SYSTEM}/sys-subsystem-net-devices-eth0.device.wants/netctl-ifplugd@eth0.service": "-> "
    f"/{VENDOR}/netctl-ifplugd@.service",
}
VOID: Change = {
    **RUNIT,
    "usr/lib/os-release": "ID=void\n",
    "etc/rcS.d/S10networking": None,
    "etc/init.d/networking": None,
    "etc/network/interfaces": None,
    "etc/sv/dhcpcd-eth0/run": "program",
    "etc/runit/runsvdir/default/dhcpcd-eth0": "-> /etc/sv/dhcpcd-eth0",
}
_EVERY_SCRIPT = "for i in /etc/init.d/S??* ;do\n$i start\ndone\n"
#: busybox init of a system that was built by hand.
BY_HAND: Change = {
    **BUSYBOX,
    "etc/init.d/S40networking": None,
    "etc/network/interfaces": None,
    "etc/init.d/rcS": f"#!/bin/sh\nudhcpc -i eth0 -b\n{_EVERY_SCRIPT}",
}
BUILDROOT: Change = {
    **BUSYBOX,
    "etc/init.d/S40networking": None,
    "etc/init.d/S40network": "program",
}
_LINUX = f"linux /{VMLINUZ} root=UUID=1 ro console=ttyS0"

FINE_DISTRIBUTIONS: Dict[str, Change] = {
    "Gentoo": GENTOO,
    "Gentoo without settings": {**GENTOO, "etc/conf.d/net": "# config_eth0=10.0.0.4/24\n"},
    "Gentoo with dhcpcd for all interfaces": {
        **GENTOO,
        "etc/runlevels/default/net.eth0": None,
        "etc/init.d/dhcpcd": "program",
        "etc/runlevels/default/dhcpcd": "-> /etc/init.d/dhcpcd",
    },
    "Gentoo with several settings for the interface": {
        **GENTOO,
        "etc/conf.d/net": 'config_eth0="10.1.0.4/24\n\tdhcp"\n',
    },
    "Gentoo with the file of an interface": {
        **GENTOO,
        "etc/conf.d/net": "config_eth0='10.0.0.4/24'\n",
        "etc/conf.d/net.eth0": 'config_eth0=( "dhcp" )\n',
    },
    "Gentoo with systemd": GENTOO_SYSTEMD,
    "Arch": ARCH,
    "Arch, by cable": ARCH_BY_CABLE,
    "Void": VOID,
    "Void with dhcpcd for all interfaces": {
        **VOID,
        "etc/runit/runsvdir/default/dhcpcd-eth0": None,
        "etc/sv/dhcpcd/run": "program",
        "etc/runit/runsvdir/default/dhcpcd": "-> /etc/sv/dhcpcd",
    },
    "Alpine with ifupdown-ng": {
        **OPENRC,
        "etc/network/interfaces": "auto eth0\niface eth0\n\tuse dhcp\n\trequires link\n",
    },
    "buildroot": BUILDROOT,
    "an rcS that runs udhcpc": BY_HAND,
    "an rc.local that runs dhclient": {
        **RUNIT,
        "etc/rcS.d/S10networking": None,
        "etc/init.d/networking": None,
        "etc/rc.local": "#!/bin/sh\n# udhcpc\n/sbin/dhclient -4 eth0\n",
    },
    "a unit that runs udhcpc": {
        **_NO_NETWORKD,
        **enabled("lan.service"),
        f"{VENDOR}/lan.service": "[Service]\nExecStart=/usr/bin/busybox udhcpc -f -i eth0\n",
    },
    "dracut's network": {
        **_NO_NETWORKD,
        **grub(f"{_LINUX} rd.neednet=1 ip=eth0:dhcp\n"),
    },
    "dracut's network, and a manager without settings": {
        NETWORK: None,
        **grub(f"{_LINUX} rd.neednet=1 ip=dhcp\n"),
    },
    "SUSE": instead_of_networkd(
        "wicked.service",
        {"etc/sysconfig/network/ifcfg-eth0": "BOOTPROTO='dhcp+autoip'\nSTARTMODE='auto'\n"},
    ),
    "Red Hat with the network service": instead_of_networkd(
        "network.service",
        {"etc/sysconfig/network-scripts/ifcfg-eth0": "BOOTPROTO=dhcp\nONBOOT=yes\n"},
    ),
    "ConnMan": instead_of_networkd("connman.service", {}),
    "Photon": {
        NETWORK: None,
        "etc/systemd/network/99-dhcp-en.network": "[Match]\nName=e*\n\n[Network]\nDHCP=yes\n"
        "IPv6AcceptRA=no\n",
        "usr/lib/udev/rules.d/10-azure-sriov.rules": 'ENV{ID_NET_MANAGED_BY}="unmanaged"\n',
    },
}

WRONG_DISTRIBUTIONS: Dict[str, Wrong] = {
    "Gentoo with a static address": Wrong(
        "network-static",
        "error",
        {**GENTOO, "etc/conf.d/net": 'config_eth0="10.0.0.4 netmask 255.255.255.0"\n'},
    ),
    "Gentoo with a static address in the file of the interface": Wrong(
        "network-static", "error", {**GENTOO, "etc/conf.d/net.eth0": "config_eth0=10.0.0.4/24\n"}
    ),
    "Gentoo with an interface that gets no address": Wrong(
        "network-no-dhcp", "error", {**GENTOO, "etc/conf.d/net": 'config_eth0="null"\n'}
    ),
    "Gentoo with another interface": Wrong(
        "network-other-nic",
        "error",
        {
            **GENTOO,
            "etc/runlevels/default/net.eth0": None,
            "etc/runlevels/default/net.enp0s3": "-> /etc/init.d/net.enp0s3",
            "etc/init.d/net.enp0s3": "-> net.lo",
        },
    ),
    "Gentoo with the loopback interface alone": Wrong(
        "network-none", "error", {**GENTOO, "etc/runlevels/default/net.eth0": None}
    ),
    "Gentoo without a DHCP client": Wrong(
        "network-no-client",
        "error",
        {**GENTOO_SYSTEMD, "usr/sbin/dhcpcd": None, "etc/conf.d/net": "config_eth0=dhcp\n"},
    ),
    "Arch with a static address": Wrong(
        "network-static",
        "error",
        {**ARCH, "etc/netctl/lan-dhcp": PROFILE.replace("dhcp", "static")},
    ),
    "Arch with another interface": Wrong(
        "network-other-nic",
        "warning",
        {**ARCH, "etc/netctl/lan-dhcp": PROFILE.replace("eth0", "ens3")},
    ),
    "Arch with a profile that nothing starts": Wrong(
        "network-none", "error", {**ARCH, f"{WANTS}/netctl@lan\\x2ddhcp.service": None}
    ),
    "Arch without a DHCP client": Wrong(
        "network-no-client", "error", {**ARCH, "usr/bin/dhcpcd": None}
    ),
    "Void with another interface": Wrong(
        "network-other-nic",
        "error",
        {
            **VOID,
            "etc/runit/runsvdir/default/dhcpcd-eth0": None,
            "etc/sv/dhcpcd-ens3/run": "program",
            "etc/runit/runsvdir/default/dhcpcd-ens3": "-> /etc/sv/dhcpcd-ens3",
        },
    ),
    "buildroot with a static address": Wrong(
        "network-static",
        "error",
        {
            **BUILDROOT,
            "etc/network/interfaces": "auto eth0\niface eth0 inet static\n  address 10.0.0.4\n",
        },
    ),
    "an rcS that runs no client": Wrong(
        "network-none",
        "error",
        {
            **BY_HAND,
            "etc/init.d/rcS": f"#!/bin/sh\n# udhcpc\n{_EVERY_SCRIPT}",
        },
    ),
    "a static address on the kernel command line": Wrong(
        "network-none",
        "error",
        {**_NO_NETWORKD, **grub(f"{_LINUX} ip=10.0.0.4::10.0.0.1:255.255.255.0::eth0:off\n")},
    ),
}

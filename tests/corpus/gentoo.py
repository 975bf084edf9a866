"""Gentoo with OpenRC, and with systemd.

inittab is sys-apps/sysvinit/files/inittab-2.98-r1; the init scripts are those of OpenRC/openrc,
gentoo/netifrc and net-misc/dhcpcd; nftables and iptables save their rules as conf.d says.
"""

from typing import Dict

from check.image_changes import elf
from corpus.tree import (
    DISK_DRIVERS,
    DRIVERS,
    HYPERV,
    INSTALLED,
    MERGED,
    NVME,
    SIGNED,
    VENDOR,
    VFAT,
    X86,
    Tree,
    changed,
    initramfs,
    kernel,
    python,
    sshd,
    systemd,
    wanted,
)
from sound_image import Change

_KERNEL = "6.12.58-gentoo-dist"
_INITTAB = (
    "id:3:initdefault:\nsi::sysinit:/sbin/openrc sysinit\nrc::bootwait:/sbin/openrc boot\n"
    "l0:0:wait:/sbin/openrc shutdown\nl1:1:wait:/sbin/openrc single\n"
    "l2:2:wait:/sbin/openrc nonetwork\nl3:3:wait:/sbin/openrc default\n"
    "su1:S:wait:/sbin/sulogin\nc1:12345:respawn:/sbin/agetty --noclear 38400 tty1 linux\n"
    "ca:12345:ctrlaltdel:/sbin/shutdown -r now\n"
)


def _openrc(*services: str, level: str = "default") -> Change:
    return {
        **{f"etc/init.d/{name}": "#!/sbin/openrc-run\n" for name in services},
        **{f"etc/runlevels/{level}/{name}": f"-> /etc/init.d/{name}" for name in services},
    }


def _menu(console: str = "console=ttyS0,115200", root: str = "root=UUID=11") -> str:
    return (
        "set default=\"0\"\nmenuentry 'Gentoo GNU/Linux' --class gentoo {\n"
        f"\tlinux\t/boot/vmlinuz-{_KERNEL} {root} ro {console}\n"
        f"\tinitrd\t/boot/initramfs-{_KERNEL}.img\n}}\n"
    )


_BASE: Change = {
    **MERGED,
    "usr/bin/bash": elf(X86),
    "usr/bin/sh": "-> bash",
    **sshd(),
    **python(12),
    **kernel(_KERNEL, *DRIVERS, "kernel/fs/xfs/xfs", suffix=".ko.xz"),
    "etc/os-release": "NAME=Gentoo\nID=gentoo\n",
    "etc/fstab": "UUID=11 / xfs noatime 0 1\nUUID=AA-BB /efi vfat umask=0077,tz=UTC 0 2\n",
    "etc/dracut.conf.d/azure.conf": 'hostonly="no"\n',
    f"boot/vmlinuz-{_KERNEL}": SIGNED,
    f"boot/initramfs-{_KERNEL}.img": initramfs(*DISK_DRIVERS, suffix=".ko.xz"),
    "boot/grub/grub.cfg": _menu(),
    "efi/EFI/BOOT/BOOTX64.EFI": SIGNED,
    "efi/EFI/Gentoo/grubx64.efi": SIGNED,
    "etc/passwd": "root:x:0:0:System user; root:/root:/bin/bash\n",
    "etc/shadow": "root:*:10770:0:::::\n",
}
_OPENRC: Change = {
    **_BASE,
    "usr/bin/init": "program",
    "usr/sbin/init": "program",
    "etc/inittab": _INITTAB,
    "usr/sbin/openrc": "program",
    "usr/sbin/openrc-run": "program",
    **_openrc("sshd", "chronyd", "local", "netmount"),
    **_openrc("net.lo", "hostname", "fsck", "root", "localmount", level="boot"),
    **_openrc("devfs", "udev", "dmesg", level="sysinit"),
}
_DHCPCD = Tree({**_OPENRC, **_openrc("dhcpcd"), "usr/sbin/dhcpcd": "program"})
_NETIFRC = Tree(
    {
        **_OPENRC,
        "usr/sbin/dhcpcd": "program",
        "etc/init.d/net.lo": "#!/sbin/openrc-run\n",
        "etc/init.d/net.eth0": "-> net.lo",
        "etc/runlevels/default/net.eth0": "-> /etc/init.d/net.eth0",
        "etc/conf.d/net": 'config_eth0="dhcp"\n',
    }
)
_SYSTEMD = Tree(
    {
        **_BASE,
        **systemd("sshd.service", "systemd-networkd.service", "systemd-timesyncd.service"),
        "etc/systemd/network/50-dhcp.network": "[Match]\nName=eth0\n\n[Network]\nDHCP=yes\n",
    }
)

TREES: Dict[str, Tree] = {
    "Gentoo, dhcpcd": _DHCPCD,
    "Gentoo, netifrc": _NETIFRC,
    "Gentoo, netifrc with a fixed address": changed(
        _NETIFRC,
        {"etc/conf.d/net": 'config_eth0="192.168.0.2/24"\nroutes_eth0="default via 192.168.0.1"\n'},
        "network-static",
    ),
    "Gentoo, netifrc for the interface of another machine": changed(
        _NETIFRC,
        {
            "etc/init.d/net.ens3": "-> net.lo",
            "etc/runlevels/default/net.eth0": None,
            "etc/runlevels/default/net.ens3": "-> /etc/init.d/net.ens3",
            "etc/conf.d/net": 'config_ens3="dhcp"\n',
        },
        warnings="network-other-nic",
    ),
    "Gentoo, systemd": _SYSTEMD,
    "Gentoo, no network": changed(_DHCPCD, {"etc/runlevels/default/dhcpcd": None}, "network-none"),
    "Gentoo, a fixed address in dhcpcd.conf": changed(
        _DHCPCD,
        {"etc/dhcpcd.conf": "interface eth0\nstatic ip_address=10.0.0.9/24\n"},
        "network-static",
    ),
    "Gentoo, sshd not added": changed(
        _DHCPCD, {"etc/runlevels/default/sshd": None}, warnings="ssh-disabled"
    ),
    "Gentoo, the service not added": changed(
        _DHCPCD, {"etc/runlevels/default/azure-provisioning": None}, "service-disabled"
    ),
    "Gentoo, a kernel without Hyper-V": changed(
        _DHCPCD, kernel(_KERNEL, NVME, VFAT), "kernel-drivers"
    ),
    "Gentoo, a kernel of its own without nvme": changed(
        _DHCPCD, kernel(_KERNEL, built_in=(*HYPERV, VFAT)), warnings="kernel-nvme"
    ),
    "Gentoo, no console": changed(
        _DHCPCD, {"boot/grub/grub.cfg": _menu("")}, warnings="console-missing"
    ),
    "Gentoo, fstab of the handbook": changed(
        _DHCPCD,
        {
            "etc/fstab": "/dev/sda1 /efi vfat umask=0077 0 2\n/dev/sda2 none swap sw 0 0\n"
            "/dev/sda3 / xfs defaults,noatime 0 1\n"
        },
        "fstab-by-name",
        "swap-on-os-disk",
    ),
    "Gentoo, rules of nftables that drop output": changed(
        _DHCPCD,
        {
            **_openrc("nftables"),
            "var/lib/nftables/rules-save": "table inet filter {\n\tchain output {\n\t\ttype filter "
            "hook output priority filter; policy drop;\n\t\tct state established accept\n\t}\n}\n",
        },
        "firewall-output",
    ),
    "Gentoo, rules of iptables that drop output": changed(
        _DHCPCD,
        {
            **_openrc("iptables"),
            "var/lib/iptables/rules-save": "*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT DROP [0:0]\n"
            "COMMIT\n",
        },
        "firewall-output",
    ),
    "Gentoo, cloud-init": changed(
        _DHCPCD,
        {
            "usr/bin/cloud-init": "program",
            **_openrc("cloud-init-local", level="boot"),
            **_openrc("cloud-init", "cloud-config", "cloud-final"),
        },
        "agent-enabled",
    ),
    "Gentoo, systemd after an installation for OpenRC": changed(
        _DHCPCD,
        {
            **systemd("sshd.service", "systemd-networkd.service", "systemd-timesyncd.service"),
            "etc/machine-id": "",
            "etc/systemd/network/50-dhcp.network": "[Match]\nName=eth0\n[Network]\nDHCP=yes\n",
        },
        "service-missing",
    ),
    "Gentoo, systemd, networkd without a file": changed(
        _SYSTEMD, {"etc/systemd/network/50-dhcp.network": None}, "network-no-dhcp"
    ),
    "Gentoo, systemd, waagent": changed(
        _SYSTEMD,
        {
            "usr/sbin/waagent": "program",
            f"{VENDOR}/waagent.service": INSTALLED,
            **wanted("waagent.service"),
        },
        "agent-enabled",
    ),
}

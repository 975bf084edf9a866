"""Arch Linux.

The services, the fstab with a swap file and the menu are those that archlinux/arch-boxes makes, and
the initramfs is that of archlinux/mkinitcpio. systemd is built with its default network files.
"""

from typing import Dict

from corpus.tree import (
    DISK_DRIVERS,
    DRIVERS,
    HYPERV,
    INSTALLED,
    SIGNED,
    SYSTEM,
    UNSIGNED,
    VENDOR,
    VFAT,
    ZSTD,
    Tree,
    changed,
    initramfs,
    kernel,
    python,
    sshd,
    systemd,
    unwanted,
    wanted,
)
from sound_image import Change

_KERNEL = "6.17.9-arch1-1"
_HOOKS = (
    "BINARIES=()\nFILES=()\nHOOKS=(base systemd autodetect microcode modconf kms keyboard keymap "
    "sd-vconsole block filesystems fsck)\n"
)


def _menu(root: str = "root=UUID=11", console: str = "console=tty0 console=ttyS0,115200") -> str:
    return (
        'if [ "${next_entry}" ] ; then\n   set default="${next_entry}"\nelse\n'
        '   set default="0"\nfi\n'
        "menuentry 'Arch Linux' --class arch {\n\tload_video\n"
        f"\tlinux\t/boot/vmlinuz-linux {root} rw net.ifnames=0 rootflags=compress-force=zstd "
        f"{console}\n\tinitrd\t/boot/initramfs-linux.img\n}}\n"
    )


_BASE: Change = {
    "bin": "-> usr/bin",
    "sbin": "-> usr/bin",
    "lib": "-> usr/lib",
    "lib64": "-> usr/lib",
    "usr/sbin": "-> bin",
    "usr/lib64": "-> lib",
    **{
        name: content
        for name, content in systemd("sshd.service", "systemd-timesyncd.service").items()
        if name != "usr/sbin/init"
    },
    "usr/bin/init": "-> ../lib/systemd/systemd",
    "usr/bin/sshd": "program",
    **{name: content for name, content in sshd().items() if name != "usr/sbin/sshd"},
    **python(13),
    **kernel(_KERNEL, *DRIVERS, built_in=("kernel/fs/ext4/ext4",), suffix=".ko.zst"),
    f"usr/lib/modules/{_KERNEL}/pkgbase": "linux\n",
    f"usr/lib/modules/{_KERNEL}/vmlinuz": UNSIGNED,
    "etc/machine-id": None,
    "etc/os-release": "-> ../usr/lib/os-release",
    "usr/lib/os-release": 'NAME="Arch Linux"\nPRETTY_NAME="Arch Linux"\nID=arch\n',
    "etc/fstab": "UUID=11 / btrfs rw,relatime 0 0\nUUID=AA-BB /efi vfat rw,relatime 0 2\n",
    "etc/mkinitcpio.conf": f"MODULES=(hv_vmbus hv_storvsc hv_netvsc nvme)\n{_HOOKS}",
    "etc/default/grub": 'GRUB_CMDLINE_LINUX="net.ifnames=0"\n',
    "boot/vmlinuz-linux": UNSIGNED,
    "boot/initramfs-linux.img": initramfs(*DISK_DRIVERS, suffix=".ko.zst"),
    "boot/grub/grub.cfg": _menu(),
    "boot/grub/i386-pc/core.img": "GRUB",
    "efi/EFI/BOOT/BOOTX64.EFI": UNSIGNED,
    "usr/lib/systemd/system-preset/90-systemd.preset": "enable systemd-networkd.service\n"
    "enable systemd-resolved.service\n",
    "usr/lib/systemd/system-preset/99-default.preset": "disable *\n",
    "usr/lib/systemd/network/80-vm-vt.network": "[Match]\nName=vt-*\nDriver=tun\n[Network]\n"
    "Address=0.0.0.0/28\n",
    "etc/passwd": "root:x:0:0::/root:/usr/bin/bash\n",
    "etc/shadow": "root:*:20000::::::\n",
}
_NETWORKD: Change = {
    f"{VENDOR}/systemd-networkd.service": INSTALLED,
    **wanted("systemd-networkd.service"),
}
_SOUND = Tree(
    {
        **_BASE,
        **_NETWORKD,
        "etc/systemd/network/80-dhcp.network": "[Match]\nName=en*\nName=eth*\n"
        "Driver=hv_netvsc\n\n"
        "[Link]\nRequiredForOnline=routable\n\n[Network]\nDHCP=yes\n",
    }
)
_DHCPCD = Tree(
    {
        **_BASE,
        f"{VENDOR}/dhcpcd.service": INSTALLED,
        **wanted("dhcpcd.service"),
        "usr/bin/dhcpcd": "program",
        "etc/dhcpcd.conf": "duid\npersistent\nvendorclassid\noption domain_name_servers\n",
    }
)
_BOOTCTL: Change = {
    "boot/grub/grub.cfg": None,
    "boot/grub/i386-pc/core.img": None,
    "etc/default/grub": None,
    "efi/EFI/systemd/systemd-bootx64.efi": SIGNED,
    "efi/loader/loader.conf": "default arch.conf\n",
    "efi/loader/entries/arch.conf": "title Arch Linux\nlinux /vmlinuz-linux\n"
    "initrd /initramfs-linux.img\noptions root=UUID=11 rw console=ttyS0\n",
    "efi/vmlinuz-linux": UNSIGNED,
    "efi/initramfs-linux.img": initramfs(*DISK_DRIVERS),
}

TREES: Dict[str, Tree] = {
    "Arch Linux, networkd": _SOUND,
    "Arch Linux, dhcpcd": _DHCPCD,
    "Arch Linux, systemd-boot": changed(_SOUND, _BOOTCTL),
    "Arch Linux, dhcpcd for one interface": changed(
        _DHCPCD,
        {
            **unwanted("dhcpcd.service"),
            f"{VENDOR}/dhcpcd@.service": INSTALLED,
            f"{SYSTEM}/multi-user.target.wants/dhcpcd@eth0.service": f"-> /{VENDOR}/"
            "dhcpcd@.service",
        },
    ),
    "Arch Linux, dhcpcd for the interface of another machine": changed(
        _DHCPCD,
        {
            **unwanted("dhcpcd.service"),
            f"{VENDOR}/dhcpcd@.service": INSTALLED,
            f"{SYSTEM}/multi-user.target.wants/dhcpcd@ens3.service": f"-> /{VENDOR}/"
            "dhcpcd@.service",
        },
        "network-other-nic",
    ),
    "Arch Linux, a fixed address in dhcpcd.conf": changed(
        _DHCPCD,
        {"etc/dhcpcd.conf": "interface eth0\nstatic ip_address=192.168.0.10/24\n"},
        "network-static",
    ),
    "Arch Linux, the swap file of arch-boxes": changed(
        _SOUND,
        {"etc/fstab": "UUID=11 / btrfs rw 0 0\n/swap/swapfile none swap defaults 0 0\n"},
        warnings="swap-on-os-disk",
    ),
    "Arch Linux, autodetect on KVM": changed(
        _SOUND,
        {
            "etc/mkinitcpio.conf": f"MODULES=()\n{_HOOKS}",
            "boot/initramfs-linux.img": initramfs("kernel/drivers/block/virtio_blk"),
        },
        "initramfs-drivers",
    ),
    "Arch Linux, autodetect and zstd": changed(
        _SOUND,
        {"etc/mkinitcpio.conf": f"MODULES=()\n{_HOOKS}", "boot/initramfs-linux.img": ZSTD},
        warnings="initramfs-unread",
    ),
    "Arch Linux, MODULES and zstd": changed(_SOUND, {"boot/initramfs-linux.img": ZSTD}),
    "Arch Linux, netctl": changed(
        _SOUND,
        {
            **unwanted("systemd-networkd.service"),
            "etc/systemd/network/80-dhcp.network": None,
            "etc/machine-id": "",
            "usr/bin/netctl": "program",
            "usr/bin/dhcpcd": "program",
            f"{VENDOR}/netctl@.service": INSTALLED,
            f"{SYSTEM}/multi-user.target.wants/netctl@eth0.service": "-> /usr/lib/systemd/system/"
            "netctl@.service",
            "etc/netctl/eth0": "Description='A basic dhcp ethernet connection'\nInterface=eth0\n"
            "Connection=ethernet\nIP=dhcp\n",
        },
    ),
    "Arch Linux, the default file of networkd": changed(
        _SOUND,
        {
            "etc/systemd/network/80-dhcp.network": None,
            "usr/lib/systemd/network/89-ethernet.network": "[Match]\nKind=!*\nType=ether\n\n"
            "[Network]\nDHCP=yes\n",
        },
        warnings="network-vf",
    ),
    "Arch Linux, networkd without a file": changed(
        _SOUND, {"etc/systemd/network/80-dhcp.network": None}, "network-no-dhcp"
    ),
    "Arch Linux, nothing enabled": changed(
        _SOUND,
        {**unwanted("systemd-networkd.service"), "etc/machine-id": ""},
        "network-none",
    ),
    "Arch Linux, the root by a name of NVMe": changed(
        _SOUND, {"boot/grub/grub.cfg": _menu("root=/dev/nvme0n1p3")}, warnings="root-by-name"
    ),
    "Arch Linux, no console": changed(
        _SOUND, {"boot/grub/grub.cfg": _menu(console="quiet")}, warnings="console-missing"
    ),
    "Arch Linux, systemd-boot without a fallback": changed(
        _SOUND, {**_BOOTCTL, "efi/EFI/BOOT/BOOTX64.EFI": None}, "esp-fallback"
    ),
    "Arch Linux, a kernel without nvme": changed(
        _SOUND, kernel(_KERNEL, *HYPERV, VFAT, suffix=".ko.zst"), warnings="kernel-nvme"
    ),
    "Arch Linux, iptables that drops output": changed(
        _SOUND,
        {
            f"{VENDOR}/iptables.service": INSTALLED,
            **wanted("iptables.service"),
            "etc/iptables/iptables.rules": "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n"
            ":OUTPUT DROP [0:0]\n-A OUTPUT -p udp -j ACCEPT\nCOMMIT\n",
        },
        "firewall-output",
    ),
    "Arch Linux, a Python that was upgraded": changed(
        _SOUND,
        {"usr/bin/python3": "-> python3.14", "usr/bin/python3.14": "program"},
        "python-unusable",
    ),
    "Arch Linux, a .link file with a name": changed(
        _SOUND,
        {
            "etc/systemd/network/10-lan.link": "[Match]\nOriginalName=eth*\nDriver=hv_netvsc\n"
            "[Link]\nName=lan0\n"
        },
        "network-renamed",
    ),
}

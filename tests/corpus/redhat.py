"""Fedora, RHEL 8 and 9, CentOS 7, and Amazon Linux 2 and 2023.

The package sets, kernel options, modprobe and NetworkManager settings are those of osbuild/images
(data/distrodefs) for Azure; the presets are those of fedora-release, which azurelinux-release
copies. Menus have the forms of grub2-mkconfig and of kernel-install on each release. The trees of
Amazon Linux were written from memory, as changes of those of CentOS 7 and Fedora.
"""

from typing import Dict, Sequence

from check.image_changes import pe
from corpus.tree import (
    ARM,
    DISK_DRIVERS,
    DRIVERS,
    HYPERV,
    INSTALLED,
    MERGED,
    NVME,
    SIGNED,
    SYSTEM,
    VENDOR,
    VFAT,
    X86,
    ZSTD,
    Tree,
    changed,
    initramfs,
    initramfs_xz,
    kernel,
    python,
    sshd,
    systemd,
    unwanted,
    wanted,
)
from sound_image import Change, File, cpio

_PRESETS: Change = {
    "usr/lib/systemd/system-preset/90-default.preset": "enable sshd.service\n"
    "enable NetworkManager.service\nenable chronyd.service\nenable firewalld.service\n",
    "usr/lib/systemd/system-preset/99-default-disable.preset": "disable *\n",
}
#: The machine ID in the names of BLS entries of an image.
_ID = "ffffffffffffffffffffffffffffffff"
_GRUB_ENV = "# GRUB Environment Block\nsaved_entry=0\n"
_GENERIC: Change = {"usr/lib/dracut/dracut.conf.d/02-generic-image.conf": 'hostonly="no"\n'}
_FSTAB = (
    "UUID=11\t/\txfs\tdefaults\t0\t0\nUUID=22\t/boot\txfs\tdefaults\t0\t0\n"
    "UUID=7B77-95E7\t/boot/efi\tvfat\tdefaults,uid=0,gid=0,umask=077,shortname=winnt\t0\t2\n"
)
_CONSOLE = "console=tty1 console=ttyS0 earlyprintk=ttyS0 rootdelay=300"


def _efi(name: str, suffix: str = "x64") -> Change:
    return {
        f"boot/efi/EFI/BOOT/BOOT{suffix.upper()}.EFI": SIGNED,
        f"boot/efi/EFI/{name}/shim{suffix}.efi": SIGNED,
        f"boot/efi/EFI/{name}/grub{suffix}.efi": SIGNED,
        f"boot/efi/EFI/{name}/grub.cfg": "search --no-floppy --fs-uuid --set=dev 22\n"
        "set prefix=($dev)/grub2\nexport $prefix\nconfigfile $prefix/grub.cfg\n",
    }


def _entry(version: str, options: str) -> str:
    return (
        f"title Linux ({version})\nversion {version}\nlinux /vmlinuz-{version}\n"
        f"initrd /initramfs-{version}.img $tuned_initrd\noptions {options} $tuned_params\n"
        "grub_users $grub_users\ngrub_arg --unrestricted\ngrub_class kernel\n"
    )


def _red_hat(
    name: str, os_release: str, version: str, options: str, *, packed: bytes, machine: int = X86
) -> Change:
    """The base system with a kernel and BLS entries, which GRUB reads."""
    return {
        **MERGED,
        **systemd("sshd.service", "chronyd.service", "firewalld.service", machine=machine),
        **sshd("Include /etc/ssh/sshd_config.d/*.conf\n"),
        **_PRESETS,
        **kernel(version, *DRIVERS, "kernel/fs/xfs/xfs", suffix=".ko.xz"),
        "usr/lib/systemd/system/sshd-keygen@.service": "[Unit]\n",
        "usr/lib/systemd/system/sshd-keygen.target": "[Unit]\n",
        "etc/os-release": "-> ../usr/lib/os-release",
        "usr/lib/os-release": os_release,
        "usr/bin/dracut": "program",
        "etc/dracut.conf": "# PUT YOUR CONFIG IN separate files\n",
        "etc/fstab": _FSTAB,
        "etc/default/grub": f'GRUB_CMDLINE_LINUX="{_CONSOLE}"\nGRUB_ENABLE_BLSCFG=true\n',
        f"boot/vmlinuz-{version}": SIGNED,
        f"boot/initramfs-{version}.img": packed,
        "boot/grub2/grub.cfg": 'set default="${saved_entry}"\ninsmod blscfg\nblscfg\n'
        "menuentry 'UEFI Firmware Settings' {\n\tfwsetup\n}\n",
        "boot/grub2/grubenv": _GRUB_ENV,
        f"boot/loader/entries/{_ID}-{version}.conf": _entry(version, options),
        **_efi(name, "aa64" if machine == ARM else "x64"),
        "etc/firewalld/firewalld.conf": "DefaultZone=public\nFirewallBackend=nftables\n",
        "etc/modprobe.d/blacklist-floppy.conf": "blacklist floppy\n",
        "etc/modprobe.d/blacklist-nouveau.conf": "blacklist nouveau\nblacklist lbm-nouveau\n",
        "usr/bin/sudo": "program",
        "etc/sudoers.d/README": "",
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
        "etc/shadow": "root:!locked::0:99999:7:::\n",
    }


def _network_manager(*connections: str) -> Change:
    return {
        f"{VENDOR}/NetworkManager.service": INSTALLED,
        **wanted("NetworkManager.service"),
        "etc/NetworkManager/NetworkManager.conf": "[main]\n#plugins=keyfile,ifcfg-rh\n",
        "usr/lib/NetworkManager/conf.d/22-wifi-mac-addr.conf": "[connection.22-wifi-mac-addr]\n"
        "match-device=type:wifi\nwifi.cloned-mac-address=stable-ssid\n",
        **{
            f"etc/NetworkManager/system-connections/{number}.nmconnection": text
            for number, text in enumerate(connections)
        },
    }


_UNMANAGED: Change = {
    "etc/NetworkManager/conf.d/99-azure-unmanaged-devices.conf": "[keyfile]\n"
    "unmanaged-devices=driver:mlx4_core;driver:mlx5_core\n",
    "etc/udev/rules.d/68-azure-sriov-nm-unmanaged.rules": 'SUBSYSTEM=="net", DRIVERS=="hv_pci", '
    'ACTION=="add", ENV{NM_UNMANAGED}="1"\n',
}


def _ifcfg(text: str, name: str = "eth0") -> Change:
    return {f"etc/sysconfig/network-scripts/ifcfg-{name}": text}


_IFCFG = "DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\nTYPE=Ethernet\nUSERCTL=no\nPEERDNS=yes\n"
_FEDORA_KERNEL = "6.17.8-300.fc43.x86_64"
_9_KERNEL, _8_KERNEL = "5.14.0-611.5.1.el9_7.x86_64", "4.18.0-553.83.1.el8_10.x86_64"
_9_ARM, _7_KERNEL = "5.14.0-611.5.1.el9_7.aarch64", "3.10.0-1160.119.1.el7.x86_64"
_ADMIN = ("--admin-user",)

_FEDORA = Tree(
    {
        **_red_hat(
            "fedora",
            'NAME="Fedora Linux"\nVERSION_ID=43\nID=fedora\n',
            _FEDORA_KERNEL,
            f"root=UUID=11 ro {_CONSOLE}",
            packed=ZSTD,
        ),
        **python(14, library="usr/lib64"),
        **_network_manager(),
        **_GENERIC,
        "usr/lib64/systemd/libsystemd-shared-258.2-1.fc43.so": "",
    },
    options=_ADMIN,
)
_UKI: Change = {
    f"boot/loader/entries/{_ID}-{_FEDORA_KERNEL}.conf": None,
    "boot/grub2/grub.cfg": None,
    "boot/grub2/grubenv": None,
    "etc/default/grub": None,
    f"boot/initramfs-{_FEDORA_KERNEL}.img": None,
    f"boot/vmlinuz-{_FEDORA_KERNEL}": None,
    f"boot/efi/EFI/Linux/{_ID}-{_FEDORA_KERNEL}.efi": pe(
        signed=True,
        section=".initrd",
        content=cpio(*(f"usr/lib/modules/V/{one}.ko" for one in DISK_DRIVERS)),
    ),
}
_9 = Tree(
    {
        **_red_hat(
            "redhat",
            'NAME="Red Hat Enterprise Linux"\nVERSION_ID="9.7"\nID="rhel"\nID_LIKE="fedora"\n',
            _9_KERNEL,
            f"root=/dev/mapper/rootvg-rootlv ro {_CONSOLE}",
            packed=initramfs(*DISK_DRIVERS, suffix=".ko.xz"),
        ),
        **python(9, library="usr/lib64"),
        **_network_manager(),
        **_UNMANAGED,
        "etc/lvm/lvm.conf": "devices {\n}\n",
        "etc/fstab": "/dev/mapper/rootvg-rootlv\t/\txfs\tdefaults\t0\t0\n"
        "UUID=22\t/boot\txfs\tdefaults\t0\t0\nUUID=7B77-95E7\t/boot/efi\tvfat\tumask=077\t0\t2\n"
        "/dev/mapper/rootvg-homelv\t/home\txfs\tdefaults\t0\t0\n",
    }
)
_9_ARM64 = Tree(
    {
        **_red_hat(
            "redhat",
            'NAME="Red Hat Enterprise Linux"\nVERSION_ID="9.7"\nID="rhel"\n',
            _9_ARM,
            "root=UUID=11 ro console=ttyAMA0",
            packed=initramfs(*DISK_DRIVERS, suffix=".ko.xz"),
            machine=ARM,
        ),
        **python(9, library="usr/lib64"),
        **_network_manager(
            "[connection]\nid=Wired\ntype=ethernet\n[ethernet]\n[ipv4]\nmethod=auto\n"
        ),
    }
)
_8 = Tree(
    {
        **_red_hat(
            "redhat",
            'NAME="Red Hat Enterprise Linux"\nVERSION_ID="8.10"\nID="rhel"\n',
            _8_KERNEL,
            "$kernelopts",
            packed=initramfs(*DISK_DRIVERS, suffix=".ko.xz"),
        ),
        "boot/grub2/grubenv": f"{_GRUB_ENV}kernelopts=root=UUID=11 ro {_CONSOLE} \n",
        # The system's own Python, and none for users.
        "usr/libexec/platform-python": "-> platform-python3.6",
        "usr/libexec/platform-python3.6": "program",
        **{
            name: content
            for name, content in python(6, library="usr/lib64").items()
            if "/lib64/" in name
        },
        **_network_manager(),
        **_UNMANAGED,
        **_ifcfg(_IFCFG),
    }
)
_7_MENU = (
    'set default="${saved_entry}"\n'
    "menuentry 'CentOS Linux (3.10.0-1160.119.1.el7.x86_64) 7 (Core)' --class centos {\n"
    f"\tlinux16 /vmlinuz-{_7_KERNEL} root=UUID=11 ro {_CONSOLE} net.ifnames=0\n"
    f"\tinitrd16 /initramfs-{_7_KERNEL}.img\n}}\n"
    "menuentry 'CentOS Linux (0-rescue-0)' {\n\tlinux16 /vmlinuz-0-rescue-0 root=UUID=11 ro\n"
    "\tinitrd16 /initramfs-0-rescue-0.img\n}\n"
)
_SYSV_NETWORK: Change = {
    "etc/init.d": "-> rc.d/init.d",
    "etc/rc3.d": "-> rc.d/rc3.d",
    "etc/rc.d/init.d/network": "program",
    "etc/rc.d/rc3.d/S10network": "-> ../init.d/network",
    "usr/sbin/dhclient": "program",
}
_7 = Tree(
    {
        **MERGED,
        **systemd("sshd.service", "chronyd.service", "firewalld.service"),
        **sshd(),
        **_PRESETS,
        **python(6, library="usr/lib64"),
        **kernel(_7_KERNEL, *DRIVERS, "kernel/fs/xfs/xfs", suffix=".ko.xz"),
        "etc/os-release": "-> ../usr/lib/os-release",
        "usr/lib/os-release": 'NAME="CentOS Linux"\nVERSION_ID="7"\nID="centos"\n'
        'ID_LIKE="rhel fedora"\n',
        "etc/machine-id": "",
        "etc/fstab": "UUID=11 / xfs defaults 0 0\nUUID=22 /boot xfs defaults 0 0\n",
        "etc/dracut.conf.d/azure.conf": 'add_drivers+=" hv_vmbus hv_netvsc hv_storvsc "\n',
        "etc/default/grub": f'GRUB_CMDLINE_LINUX="{_CONSOLE}"\n',
        f"boot/vmlinuz-{_7_KERNEL}": SIGNED,
        f"boot/initramfs-{_7_KERNEL}.img": initramfs(*DISK_DRIVERS, suffix=".ko.xz"),
        "boot/vmlinuz-0-rescue-0": SIGNED,
        "boot/initramfs-0-rescue-0.img": "rescue",
        "boot/grub2/grub.cfg": _7_MENU,
        "boot/grub2/grubenv": _GRUB_ENV,
        "boot/grub2/i386-pc/core.img": "GRUB",
        **_SYSV_NETWORK,
        **_ifcfg(_IFCFG),
        **_ifcfg("DEVICE=lo\nIPADDR=127.0.0.1\nONBOOT=yes\n", "lo"),
        "etc/sysconfig/network": "NETWORKING=yes\nHOSTNAME=localhost.localdomain\n",
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
        "etc/shadow": "root:!!:17834:0:99999:7:::\n",
    }
)
_AMAZON_2 = Tree(
    {
        **_7.files,
        **{name: None for name in _7.files if name.startswith(("boot/", "usr/lib/modules/"))},
        **dict.fromkeys(python(6, library="usr/lib64")),
        **python(7, library="usr/lib64"),
        **kernel("4.14.355-276.618.amzn2.x86_64", *DRIVERS),
        "usr/lib/os-release": 'NAME="Amazon Linux"\nID="amzn"\nID_LIKE="centos rhel fedora"\n'
        'VERSION_ID="2"\n',
        "etc/fstab": "UUID=11     /           xfs    defaults,noatime  1   1\n",
        "boot/vmlinuz-4.14.355-276.618.amzn2.x86_64": "kernel",
        "boot/initramfs-4.14.355-276.618.amzn2.x86_64.img": initramfs_xz(*DISK_DRIVERS),
        "boot/grub2/grub.cfg": "menuentry 'Amazon Linux 2' {\n\tlinux16 /boot/vmlinuz-4.14.355-276."
        "618.amzn2.x86_64 root=UUID=11 ro console=tty0 console=ttyS0,115200n8 net.ifnames=0 "
        "nvme_core.io_timeout=4294967295\n\tinitrd16 /boot/initramfs-4.14.355-276.618.amzn2.x86_64."
        "img\n}\n",
    }
)
_EC2: Change = {
    "usr/lib/systemd/network/80-ec2.network": "[Match]\nDriver=ena ixgbevf vif\n\n[Link]\n"
    "MTUBytes=9001\n\n[Network]\nDHCP=yes\nIPv6DuplicateAddressDetection=0\n",
    "usr/lib/systemd/network/99-default.link": "[Match]\nOriginalName=*\n[Link]\n"
    "NamePolicy=keep kernel database onboard slot path\n",
}
_2023_KERNEL = "6.1.158-178.288.amzn2023.x86_64"
_AMAZON_2023 = Tree(
    {
        **_red_hat(
            "amzn",
            'NAME="Amazon Linux"\nVERSION="2023"\nID="amzn"\nID_LIKE="fedora"\n',
            _2023_KERNEL,
            "root=UUID=11 ro console=tty0 console=ttyS0,115200n8 selinux=1",
            packed=initramfs(*DISK_DRIVERS),
        ),
        **python(9, library="usr/lib64"),
        **_EC2,
        f"{VENDOR}/systemd-networkd.service": INSTALLED,
        **wanted("systemd-networkd.service"),
        "etc/systemd/network/70-azure.network": "[Match]\nDriver=hv_netvsc\n[Network]\nDHCP=yes\n",
    }
)
_STATIC = (
    "[connection]\nid=eth0\ntype=ethernet\ninterface-name=eth0\n[ipv4]\nmethod=manual\n"
    "address1=192.168.122.5/24,192.168.122.1\n"
)
_CONNECTION = "[connection]\nid=eth0\ntype=ethernet\ninterface-name=eth0\n[ipv4]\nmethod=auto\n"


def _nine(options: str) -> Change:
    entry = f"boot/loader/entries/{_ID}-{_9_KERNEL}.conf"
    return {entry: _entry(_9_KERNEL, options)}


def _modules(*drivers: str) -> Sequence[str]:
    return (*drivers, VFAT, "kernel/fs/xfs/xfs")


TREES: Dict[str, Tree] = {
    "Fedora 43": _FEDORA,
    "Fedora 43, a unified kernel and systemd-boot": changed(_FEDORA, _UKI),
    "RHEL 9 on LVM": _9,
    "RHEL 9 on arm64": _9_ARM64,
    "RHEL 8, kernelopts and platform-python": _8,
    "Oracle Linux 9 on arm64": Tree(
        {
            **_9_ARM64.files,
            "usr/lib/os-release": 'NAME="Oracle Linux Server"\nID="ol"\nID_LIKE="fedora"\n'
            'VERSION_ID="9.6"\n',
        }
    ),
    "CentOS 7, the network service": _7,
    "CentOS 7, NetworkManager": changed(
        _7, {"etc/rc.d/rc3.d/S10network": None, **_network_manager(), **_UNMANAGED}
    ),
    "Amazon Linux 2": _AMAZON_2,
    "Amazon Linux 2023": _AMAZON_2023,
    "Amazon Linux 2023, the network of EC2": changed(
        _AMAZON_2023, {"etc/systemd/network/70-azure.network": None}, "network-no-dhcp"
    ),
    "Fedora 43, no preset for azprov": changed(
        _FEDORA,
        {
            "etc/systemd/system-preset/00-azprov.preset": None,
            f"boot/loader/entries/{_ID}-{_FEDORA_KERNEL}.conf": _entry(
                _FEDORA_KERNEL, f"root=UUID=11 rw {_CONSOLE}"
            ),
        },
        "service-disabled",
    ),
    "Fedora 43, no preset for azprov, but a machine ID to be filled": changed(
        _FEDORA,
        {"etc/systemd/system-preset/00-azprov.preset": None, "etc/machine-id": ""},
    ),
    "Fedora 43, the initramfs of the build machine": changed(
        _FEDORA,
        {"usr/lib/dracut/dracut.conf.d/02-generic-image.conf": 'hostonly="yes"\n'},
        warnings="initramfs-unread",
    ),
    "Fedora 43, a unified kernel without Hyper-V": changed(
        _FEDORA,
        {
            **_UKI,
            f"boot/efi/EFI/Linux/{_ID}-{_FEDORA_KERNEL}.efi": pe(
                signed=True, section=".initrd", content=cpio("init", "virtio_blk.ko")
            ),
        },
        "initramfs-drivers",
    ),
    "RHEL 9, hostonly on KVM": changed(
        _9,
        {f"boot/initramfs-{_9_KERNEL}.img": initramfs("kernel/drivers/block/virtio_blk")},
        "initramfs-drivers",
    ),
    "RHEL 9, an initramfs without nvme": changed(
        _9,
        {f"boot/initramfs-{_9_KERNEL}.img": initramfs(*HYPERV, suffix=".ko.xz")},
        warnings="initramfs-nvme",
    ),
    "RHEL 9, the disks of the build machine in LVM's list": changed(
        _9,
        {
            "etc/lvm/devices/system.devices": "VERSION=1.1.2\nIDTYPE=devname IDNAME=/dev/vda3 "
            "DEVNAME=/dev/vda3 PVID=x\n"
        },
        "lvm-devices",
    ),
    "RHEL 9 on arm64, LVM's list without LVM": changed(
        _9_ARM64,
        {"etc/lvm/devices/system.devices": "VERSION=1.1.2\n"},
        warnings="lvm-devices",
    ),
    "RHEL 9, a fixed address": changed(_9, _network_manager(_STATIC), "network-static"),
    "RHEL 9, a connection that others may read": changed(
        _9,
        {
            "etc/NetworkManager/system-connections/eth0.nmconnection": File(_CONNECTION, 0o644),
            "etc/NetworkManager/conf.d/00-server.conf": "[main]\nno-auto-default=*\n",
        },
        "network-closed",
    ),
    "RHEL 9, NetworkManager-config-server and no connection": changed(
        _9,
        {"etc/NetworkManager/conf.d/00-server.conf": "[main]\nno-auto-default=*\n"},
        "network-no-dhcp",
    ),
    "RHEL 9, eth0 unmanaged": changed(
        _9,
        {
            "etc/NetworkManager/conf.d/99-net.conf": "[keyfile]\n"
            "unmanaged-devices=driver:hv_netvsc\n"
        },
        "network-no-dhcp",
    ),
    "RHEL 9, NetworkManager disabled": changed(
        _9,
        {**unwanted("NetworkManager.service"), "etc/machine-id": ""},
        "network-none",
    ),
    "RHEL 8, ifcfg of a VM of VMware": changed(
        _8,
        {
            **_ifcfg("DEVICE=ens192\nBOOTPROTO=dhcp\nONBOOT=yes\n", "ens192"),
            "etc/sysconfig/network-scripts/ifcfg-eth0": None,
        },
    ),
    "RHEL 8, ONBOOT=no": changed(
        _8, _ifcfg(_IFCFG.replace("ONBOOT=yes", "ONBOOT=no")), "network-no-dhcp"
    ),
    "CentOS 7, ONBOOT=no as the installer leaves it": changed(
        _7, _ifcfg(_IFCFG.replace("ONBOOT=yes", "ONBOOT=no")), "network-no-dhcp"
    ),
    "CentOS 7, an address of the build machine": changed(
        _7, _ifcfg(f"{_IFCFG}HWADDR=52:54:00:12:34:56\n"), "network-mac"
    ),
    "CentOS 7, ifcfg of a VM of VMware": changed(
        _7,
        {
            **_ifcfg("DEVICE=ens192\nBOOTPROTO=dhcp\nONBOOT=yes\n", "ens192"),
            "etc/sysconfig/network-scripts/ifcfg-eth0": None,
        },
        warnings="network-other-nic",
    ),
    "CentOS 7, a host name for the DHCP server": changed(
        _7, _ifcfg(f"{_IFCFG}DHCP_HOSTNAME=builder\n"), warnings="sent-hostname"
    ),
    "CentOS 7, no driver in the initramfs": changed(
        _7,
        {f"boot/initramfs-{_7_KERNEL}.img": initramfs("kernel/drivers/block/virtio_blk")},
        "initramfs-drivers",
    ),
    "CentOS 7, swap as the installer has it": changed(
        _7,
        {
            "etc/fstab": "/dev/mapper/centos-root / xfs defaults 0 0\n"
            "UUID=22 /boot xfs defaults 0 0\n"
            "/dev/mapper/centos-swap swap swap defaults 0 0\n"
        },
        warnings="swap-on-os-disk",
    ),
    "RHEL 9, direct rules of firewalld that drop output": changed(
        _9,
        {
            "etc/firewalld/direct.xml": '<?xml version="1.0" encoding="utf-8"?>\n<direct>\n'
            '  <rule ipv="ipv4" table="filter" chain="OUTPUT" priority="0">-p tcp -m tcp '
            "--dport=443 -j ACCEPT</rule>\n"
            '  <rule ipv="ipv4" table="filter" chain="OUTPUT" priority="99">-j DROP</rule>\n'
            "</direct>\n"
        },
        "firewall-output",
    ),
    "Fedora 43, a policy of firewalld that drops output": changed(
        _FEDORA,
        {
            "etc/firewalld/policies/out.xml": '<?xml version="1.0" encoding="utf-8"?>\n'
            '<policy target="DROP">\n  <service name="dns"/>\n  <ingress-zone name="HOST"/>\n'
            '  <egress-zone name="ANY"/>\n</policy>\n'
        },
        "firewall-output",
    ),
    "RHEL 9, a host name for the DHCP server": changed(
        _9_ARM64,
        {
            "etc/NetworkManager/system-connections/0.nmconnection": File(
                f"{_CONNECTION}dhcp-hostname=builder\n", 0o600
            )
        },
        warnings="sent-hostname",
    ),
    "RHEL 9, waagent of osbuild's image": changed(
        _9,
        {
            "usr/sbin/waagent": "program",
            f"{VENDOR}/waagent.service": INSTALLED,
            **wanted("waagent.service"),
        },
        "agent-enabled",
    ),
    "RHEL 9, vfat forbidden as the CIS benchmark has it": changed(
        _9, {"etc/modprobe.d/CIS.conf": "install vfat /bin/false\n"}, "fstab-driver-forbidden"
    ),
    "RHEL 9, ESP without a fallback": changed(
        _9, {"boot/efi/EFI/BOOT/BOOTX64.EFI": None}, "esp-fallback"
    ),
    "RHEL 9, no console": changed(
        _9, _nine("root=/dev/mapper/rootvg-rootlv ro"), warnings="console-missing"
    ),
    "RHEL 9, the root by a name of NVMe": changed(
        _9, _nine(f"root=/dev/nvme0n1p3 ro {_CONSOLE}"), warnings="root-by-name"
    ),
    "RHEL 9, hv_netvsc forbidden on the kernel command line": changed(
        _9,
        _nine(f"root=UUID=11 ro {_CONSOLE} module_blacklist=hv_netvsc"),
        "kernel-driver-forbidden",
    ),
    "RHEL 9, rd.break": changed(
        _9, _nine(f"root=UUID=11 ro {_CONSOLE} rd.break"), "boot-target", "open-login"
    ),
    "RHEL 9, a kernel without nvme": changed(
        _9, kernel(_9_KERNEL, *_modules(*HYPERV), suffix=".ko.xz"), warnings="kernel-nvme"
    ),
    "RHEL 9, a kernel without Hyper-V": changed(
        _9, kernel(_9_KERNEL, *_modules(NVME), suffix=".ko.xz"), "kernel-drivers"
    ),
    "RHEL 8, platform-python without its library": changed(
        _8, {"usr/libexec/platform-python": "-> /nowhere"}, "python-unusable"
    ),
    "RHEL 9, the default target of a rescue": changed(
        _9, {f"{SYSTEM}/default.target": f"-> /{VENDOR}/emergency.target"}, "boot-target"
    ),
    "RHEL 9, kickstart files of the installer": changed(
        _9,
        {"root/anaconda-ks.cfg": "rootpw --iscrypted x\n", "root/original-ks.cfg": "x\n"},
        warnings="installer-files",
    ),
}

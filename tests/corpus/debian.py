"""Debian 11 to 13 and sid, on amd64 and arm64.

The paths come from the packages of each release (dpkg -c): systemd, systemd-sysv, ifupdown,
isc-dhcp-client, dhcpcd-base, netplan.io, openssh-server, chrony, initramfs-tools, dracut,
linux-image-cloud-*, shim-signed, grub-efi-*-signed, sysvinit-core, runit-init, nftables, ufw,
waagent and cloud-init. Debian 11 has its units in /lib, which is a link on each new system.
"""

from typing import Dict

from check.image_changes import MAC
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
    UNSIGNED,
    VENDOR,
    VFAT,
    X86,
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

_INTERFACES = (
    "# This file describes the network interfaces available on your system\n"
    "# and how to activate them. For more information, see interfaces(5).\n\n"
    "source /etc/network/interfaces.d/*\n\n"
    "# The loopback network interface\nauto lo\niface lo inet loopback\n"
)
_ETH0 = (
    f"{_INTERFACES}\n# The primary network interface\nallow-hotplug eth0\niface eth0 inet dhcp\n"
)
# The forms of the file of Debian's cloud images, and of the installer's.
_NETPLAN = (
    "network:\n    version: 2\n    ethernets:\n        all-en:\n            match:\n"
    "                name: en*\n            dhcp4: true\n            dhcp6: true\n"
    "        all-eth:\n            match:\n                name: eth*\n            dhcp4: true\n"
    "            dhcp6: true\n"
)
_FSTAB = (
    "# <file system> <mount point> <type> <options> <dump> <pass>\n"
    "UUID=5f4a5b3e-0000-4c3e-9d6e-000000000000 / ext4 errors=remount-ro 0 1\n"
    "UUID=1A2B-3C4D /boot/efi vfat umask=0077 0 1\n"
)


def _menu(version: str, console: str = "console=ttyS0", root: str = "root=UUID=5f4a5b3e") -> str:
    """The part of grub.cfg that azprov reads, as grub-mkconfig writes it."""
    return (
        'set default="0"\n'
        "menuentry 'Debian GNU/Linux' --class debian {\n\tload_video\n\tinsmod gzio\n"
        f"\tlinux\t/boot/vmlinuz-{version} {root} ro {console} quiet\n"
        f"\tinitrd\t/boot/initrd.img-{version}\n}}\n"
    )


def _debian(
    number: int, name: str, version: str, minor: int, *, machine: int = X86, packed: bytes
) -> Change:
    """The base system with a kernel, GRUB for UEFI, OpenSSH and chrony."""
    suffix = "aa64" if machine == ARM else "x64"
    console = "console=ttyAMA0" if machine == ARM else "console=tty0 console=ttyS0,115200"
    return {
        **MERGED,
        **systemd("ssh.service", "chrony.service", machine=machine),
        **python(minor),
        **sshd("Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n"),
        **kernel(version, *DRIVERS, suffix=".ko" if number < 13 else ".ko.xz"),
        "etc/os-release": "-> ../usr/lib/os-release",
        "usr/lib/os-release": f'PRETTY_NAME="Debian GNU/Linux {number} ({name})"\nID=debian\n'
        f'VERSION_ID="{number}"\n',
        "var/lib/dpkg/arch": "arm64\n" if machine == ARM else "amd64\n",
        "etc/initramfs-tools/initramfs.conf": "MODULES=most\nBUSYBOX=auto\nCOMPRESS=zstd\n",
        "etc/fstab": _FSTAB,
        "etc/default/grub": f'GRUB_CMDLINE_LINUX_DEFAULT="quiet"\nGRUB_CMDLINE_LINUX="{console}"\n',
        f"boot/vmlinuz-{version}": SIGNED,
        f"boot/initrd.img-{version}": packed,
        "vmlinuz": f"-> boot/vmlinuz-{version}",
        "initrd.img": f"-> boot/initrd.img-{version}",
        "boot/grub/grub.cfg": _menu(version, console),
        f"boot/efi/EFI/BOOT/BOOT{suffix.upper()}.EFI": SIGNED,
        f"boot/efi/EFI/BOOT/fb{suffix}.efi": SIGNED,
        f"boot/efi/EFI/debian/shim{suffix}.efi": SIGNED,
        f"boot/efi/EFI/debian/grub{suffix}.efi": SIGNED,
        "boot/efi/EFI/debian/grub.cfg": "search.fs_uuid 5f4a5b3e root\nset prefix=($root)'/boot/"
        "grub'\nconfigfile $prefix/grub.cfg\n",
        "usr/lib/systemd/system-preset/90-systemd.preset": "enable systemd-networkd.service\n"
        "enable systemd-resolved.service\nenable systemd-timesyncd.service\n"
        "disable debug-shell.service\n",
        "etc/init.d/ssh": "program",
        "etc/init.d/chrony": "program",
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\nsshd:x:101:65534::/run/sshd:/usr/sbin/"
        "nologin\n",
        "etc/shadow": "root:*:19000:0:99999:7:::\nsshd:!:19000::::::\n",
    }


def _ifupdown(interfaces: str = _ETH0) -> Change:
    return {
        f"{VENDOR}/networking.service": INSTALLED,
        **wanted("networking.service"),
        **wanted("networking.service", target="network-online"),
        f"{VENDOR}/ifup@.service": "[Service]\n",
        "etc/init.d/networking": "program",
        "etc/network/interfaces": interfaces,
    }


_DHCLIENT: Change = {"usr/sbin/dhclient": "program", "etc/dhcp/dhclient.conf": "request routers;\n"}
_NETWORKD: Change = {
    f"{VENDOR}/systemd-networkd.service": INSTALLED,
    f"{VENDOR}/systemd-networkd.socket": INSTALLED,
    "usr/lib/systemd/network/80-container-host0.network": "[Match]\nKind=veth\nName=host0\n"
    "Virtualization=container\n[Network]\nDHCP=yes\n",
    "usr/lib/systemd/network/80-container-ve.network": "[Match]\nKind=veth\nName=ve-*\n"
    "[Network]\nAddress=0.0.0.0/28\nDHCPServer=yes\n",
    "usr/lib/systemd/network/80-wifi-adhoc.network": "[Match]\nWLANInterfaceType=ad-hoc\n"
    "[Network]\nLinkLocalAddressing=yes\n",
    "usr/lib/systemd/network/80-vm-vt.network": "[Match]\nName=vt-*\nDriver=tun\n[Network]\n"
    "Address=0.0.0.0/28\nDHCPServer=yes\n",
    "usr/lib/systemd/network/99-default.link": "[Match]\nOriginalName=*\n[Link]\n"
    "NamePolicy=keep kernel database onboard slot path\nMACAddressPolicy=persistent\n",
}
_SUDO: Change = {"usr/bin/sudo": "program", "etc/sudoers.d/README": "#\n"}

_11_KERNEL = "5.10.0-35-cloud-amd64"
_12_KERNEL = "6.1.0-41-cloud-amd64"
_13_KERNEL = "6.12.57+deb13-cloud-amd64"
_13_ARM = "6.12.57+deb13-cloud-arm64"
_SID_KERNEL = "6.17.8+deb14-amd64"

_11 = Tree(
    {
        **_debian(11, "bullseye", _11_KERNEL, 9, packed=initramfs(*DISK_DRIVERS)),
        **_ifupdown(),
        **_DHCLIENT,
        f"{SYSTEM}/sshd.service": f"-> /{VENDOR}/ssh.service",
    }
)
_12 = Tree(
    {
        **_debian(12, "bookworm", _12_KERNEL, 11, packed=ZSTD),
        **_NETWORKD,
        **_SUDO,
        "usr/sbin/netplan": "program",
        "etc/netplan/90-default.yaml": _NETPLAN,
    },
    options=("--admin-user",),
)
_12_IFUPDOWN = Tree(
    {
        **_debian(12, "bookworm", _12_KERNEL, 11, packed=initramfs(*DISK_DRIVERS)),
        **_ifupdown(_INTERFACES),
        **_DHCLIENT,
        "etc/network/interfaces.d/eth0": "auto eth0\niface eth0 inet dhcp\n",
    }
)
_13 = Tree(
    {
        **_debian(13, "trixie", _13_KERNEL, 13, packed=initramfs(*DISK_DRIVERS, suffix=".ko.xz")),
        **_NETWORKD,
        "etc/systemd/network/10-azure.network": "[Match]\nName=eth0\nDriver=hv_netvsc\n"
        "[Network]\nDHCP=yes\n",
        **wanted("systemd-networkd.service"),
        f"{VENDOR}/sshd-keygen.service": "[Unit]\nConditionFirstBoot=yes\n",
    }
)
_13_ARM64 = Tree(
    {
        **_debian(13, "trixie", _13_ARM, 13, machine=ARM, packed=initramfs(*DISK_DRIVERS)),
        **_ifupdown(),
        "usr/sbin/dhcpcd": "program",
    }
)
_SID = Tree(
    {
        **_debian(14, "forky/sid", _SID_KERNEL, 13, packed=ZSTD),
        "etc/initramfs-tools/initramfs.conf": None,
        "usr/bin/dracut": "program",
        "etc/dracut.conf": "",
        "etc/dracut.conf.d/generic.conf": 'hostonly="no"\n',
        "usr/lib/NetworkManager/conf.d/no-mac-addr-change.conf": "[device-x]\n"
        "match-device=interface-name:eth*\nwifi.scan-rand-mac-address=no\n",
        "etc/NetworkManager/NetworkManager.conf": "[main]\nplugins=ifupdown,keyfile\n\n"
        "[ifupdown]\nmanaged=false\n",
        "etc/network/interfaces": _INTERFACES,
        f"{VENDOR}/NetworkManager.service": INSTALLED,
        **wanted("NetworkManager.service"),
    }
)


def _script(name: str, level: str, number: int) -> Change:
    return {
        f"etc/init.d/{name}": "#!/bin/sh\n### BEGIN INIT INFO\n",
        f"etc/rc{level}.d/S{number:02}{name}": f"-> ../init.d/{name}",
    }


# The files of systemd without systemd-sysv, which Debian keeps beside another init system.
_SYSVINIT = Tree(
    {
        **{
            name: content
            for name, content in _12_IFUPDOWN.files.items()
            if not name.startswith((SYSTEM, "etc/machine-id"))
        },
        "usr/sbin/init": "program",
        "etc/inittab": "id:2:initdefault:\nsi::sysinit:/etc/init.d/rcS\n~~:S:wait:/sbin/sulogin "
        "--force\nl0:0:wait:/etc/init.d/rc 0\nl2:2:wait:/etc/init.d/rc 2\n"
        "l6:6:wait:/etc/init.d/rc 6\n1:2345:respawn:/sbin/getty --noclear 38400 tty1\n"
        "T0:23:respawn:/sbin/getty -L ttyS0 115200 vt100\n",
        "etc/init.d/rcS": "#!/bin/sh\nexec /etc/init.d/rc S\n",
        "etc/init.d/rc": "#!/bin/sh\n",
        **_script("mountall.sh", "S", 9),
        **_script("networking", "S", 12),
        **_script("ssh", "2", 1),
        **_script("chrony", "2", 1),
        "etc/init.d/.depend.boot": "TARGETS = mountall.sh networking\nINTERACTIVE =\n"
        "networking: mountall.sh\n",
    }
)
_RUNIT = Tree(
    {
        **_SYSVINIT.files,
        "usr/sbin/init": "-> runit-init",
        "usr/sbin/runit-init": "program",
        "etc/runit/2": "#!/bin/sh\nrunsvchdir default\nexec runsvdir -P /etc/service\n",
        "etc/service": "-> /etc/runit/runsvdir/current",
        "etc/runit/runsvdir/current": "-> default",
        "etc/sv/ssh/run": "#!/usr/bin/env /lib/runit/invoke-run\n",
        "etc/runit/runsvdir/default/ssh": "-> /etc/sv/ssh",
    }
)

TREES: Dict[str, Tree] = {
    "Debian 11, ifupdown": _11,
    "Debian 12, netplan of the cloud images": _12,
    "Debian 12, ifupdown": _12_IFUPDOWN,
    "Debian 13, networkd": _13,
    "Debian 13 on arm64, ifupdown and dhcpcd": _13_ARM64,
    "Debian sid, dracut and NetworkManager": _SID,
    "Debian 12, sysvinit-core": _SYSVINIT,
    "Debian 12, runit-init": _RUNIT,
    "Debian 12, sysvinit-core after an installation for systemd": changed(
        _12_IFUPDOWN,
        {
            name: content
            for name, content in _SYSVINIT.files.items()
            if name.startswith(("usr/sbin/init", "etc/inittab", "etc/init.d/", "etc/rc"))
        },
        "service-missing",
    ),
    "Debian 12, sysvinit-core, insserv made its order without azprov": changed(
        _SYSVINIT,
        {"etc/init.d/.depend.boot": "TARGETS = mountall.sh networking\nINTERACTIVE =\n"},
        "service-disabled",
    ),
    "Debian 13, a used system": changed(
        _13,
        {
            "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
            "etc/ssh/ssh_host_ed25519_key": "key\n",
            "root/.bash_history": "passwd\n",
            "var/lib/systemd/random-seed": "x",
        },
        "host-keys machine-id",
        "histories random-seed",
    ),
    "Debian 11, the network of VMware": changed(
        _11,
        {"etc/network/interfaces": _ETH0.replace("eth0", "ens192")},
        warnings="network-other-nic",
    ),
    "Debian 12, a fixed address": changed(
        _12_IFUPDOWN,
        {
            "etc/network/interfaces.d/eth0": "auto eth0\niface eth0 inet static\n\taddress "
            "10.0.0.5/24\n\tgateway 10.0.0.1\n"
        },
        "network-static",
    ),
    "Debian 13, no DHCP client": changed(_13_ARM64, {"usr/sbin/dhcpcd": None}, "network-no-client"),
    "Debian 13, networkd not enabled": changed(
        _13,
        {**unwanted("systemd-networkd.service"), "etc/machine-id": ""},
        "network-none",
    ),
    "Debian 13, networkd by a preset only, which a read-only root prevents": changed(
        _13, unwanted("systemd-networkd.service"), "network-none"
    ),
    "Debian 13, networkd by a preset only": changed(
        _13,
        {
            **unwanted("systemd-networkd.service"),
            "boot/grub/grub.cfg": _menu(_13_KERNEL).replace(" ro ", " rw "),
        },
    ),
    "Debian 12, netplan for NetworkManager without it": changed(
        _12,
        {
            "etc/netplan/90-default.yaml": _NETPLAN.replace(
                "version: 2", "version: 2\n    renderer: NetworkManager"
            )
        },
        "network-renderer",
    ),
    "Debian sid, eth0 left to ifupdown, which is not enabled": changed(
        _SID, {"etc/network/interfaces": _ETH0}, "network-no-dhcp"
    ),
    "Debian 12, an address of the build machine": changed(
        _12_IFUPDOWN,
        {
            "etc/udev/rules.d/70-persistent-net.rules": 'SUBSYSTEM=="net", ACTION=="add", '
            f'ATTR{{address}}=="{MAC}", NAME="eth0"\n'
        },
        "network-mac",
    ),
    "Debian 12, MODULES=dep": changed(
        _12_IFUPDOWN,
        {
            "etc/initramfs-tools/initramfs.conf": "MODULES=dep\n",
            f"boot/initrd.img-{_12_KERNEL}": initramfs("kernel/drivers/block/virtio_blk"),
        },
        "initramfs-drivers",
    ),
    "Debian 12, MODULES=dep and zstd": changed(
        _12,
        {"etc/initramfs-tools/initramfs.conf": "MODULES=dep\n"},
        warnings="initramfs-unread",
    ),
    "Debian 13, an initramfs without nvme": changed(
        _13,
        {f"boot/initrd.img-{_13_KERNEL}": initramfs(*HYPERV, suffix=".ko.xz")},
        warnings="initramfs-nvme",
    ),
    "Debian 13, a kernel without nvme": changed(
        _13,
        kernel(_13_KERNEL, *HYPERV, VFAT, suffix=".ko.xz"),
        warnings="kernel-nvme",
    ),
    "Debian 13, a kernel without Hyper-V": changed(
        _13, kernel(_13_KERNEL, NVME, VFAT, suffix=".ko.xz"), "kernel-drivers"
    ),
    "Debian 13, no kernel": changed(
        _13,
        {f"usr/lib/modules/{_13_KERNEL}/modules.{one}": None for one in ("dep", "builtin")},
        warnings="kernel-none",
    ),
    "Debian 13, hv_netvsc on the blacklist of the kernel command line": changed(
        _13,
        {"boot/grub/grub.cfg": _menu(_13_KERNEL, "console=ttyS0 modprobe.blacklist=hv_netvsc")},
        "kernel-driver-forbidden",
    ),
    "Debian 13, hv_storvsc forbidden": changed(
        _13,
        {"etc/modprobe.d/hardening.conf": "install hv_storvsc /bin/false\n"},
        "kernel-driver-forbidden",
    ),
    "Debian 12, vfat forbidden as the CIS benchmark has it": changed(
        _12,
        {"etc/modprobe.d/vfat.conf": "install vfat /bin/true\nblacklist vfat\n"},
        "fstab-driver-forbidden",
    ),
    "Debian 11, a shim only where the build machine's firmware starts it": changed(
        _11,
        {"boot/efi/EFI/BOOT/BOOTX64.EFI": None, "boot/efi/EFI/BOOT/fbx64.efi": None},
        "esp-fallback",
    ),
    "Debian 11, the same for generation 1": changed(
        _11,
        {
            "boot/efi/EFI/BOOT/BOOTX64.EFI": None,
            "boot/efi/EFI/BOOT/fbx64.efi": None,
            "boot/grub/i386-pc/core.img": "program",
        },
        warnings="esp-fallback",
    ),
    "Debian 13 on arm64, the fallback of amd64": changed(
        _13_ARM64,
        {
            "boot/efi/EFI/BOOT/BOOTAA64.EFI": None,
            "boot/efi/EFI/BOOT/fbaa64.efi": None,
            "boot/efi/EFI/BOOT/BOOTX64.EFI": SIGNED,
        },
        "esp-fallback",
    ),
    "Debian 13, unsigned": changed(_13, {"boot/efi/EFI/BOOT/BOOTX64.EFI": UNSIGNED}),
    "Debian 12, the root as in a builder with virtio": changed(
        _12,
        {"boot/grub/grub.cfg": _menu(_12_KERNEL, root="root=/dev/vda1")},
        "root-by-name",
    ),
    "Debian 12, the root by a name of SCSI": changed(
        _12,
        {"boot/grub/grub.cfg": _menu(_12_KERNEL, root="root=/dev/sda1")},
        warnings="root-by-name",
    ),
    "Debian 12, the root by a name of NVMe": changed(
        _12,
        {"boot/grub/grub.cfg": _menu(_12_KERNEL, root="root=/dev/nvme0n1p1")},
        warnings="root-by-name",
    ),
    "Debian 12, fstab by the names of disks": changed(
        _12,
        {"etc/fstab": "/dev/sda1 / ext4 defaults 0 1\n/dev/sda15 /boot/efi vfat defaults 0 1\n"},
        "fstab-by-name",
    ),
    "Debian 12, a data disk and swap": changed(
        _12,
        {
            "etc/fstab": f"{_FSTAB}UUID=2222 /srv/data ext4 defaults 0 2\n"
            "UUID=3333 /data ext4 defaults 0 2\nUUID=4444 none swap sw 0 0\n"
        },
        warnings="fstab-needed swap-on-os-disk",
    ),
    "Debian 12, a root that stays read-only": changed(
        _12_IFUPDOWN,
        {"etc/fstab": "UUID=5f4a5b3e / ext4 ro 0 1\n"},
        warnings="fstab-read-only",
    ),
    "Debian 12, homes with nofail": changed(
        _12,
        {"etc/fstab": f"{_FSTAB}UUID=2222 /home ext4 nofail 0 2\n"},
        warnings="fstab-users-late",
    ),
    "Debian 12, a kernel that was removed": changed(
        _12_IFUPDOWN,
        {f"boot/vmlinuz-{_12_KERNEL}": None},
        "boot-file-missing",
    ),
    "Debian 13, no console": changed(
        _13, {"boot/grub/grub.cfg": _menu(_13_KERNEL, "")}, warnings="console-missing"
    ),
    "Debian 13 on arm64, the console of amd64": changed(
        _13_ARM64,
        {"boot/grub/grub.cfg": _menu(_13_ARM, "console=ttyS0")},
        warnings="console-missing",
    ),
    "Debian 13, a boot to a rescue shell": changed(
        _13,
        {"boot/grub/grub.cfg": _menu(_13_KERNEL, "console=ttyS0 systemd.unit=rescue.target")},
        "boot-target",
    ),
    "Debian 13, a default target without network": changed(
        _13, {f"{SYSTEM}/default.target": f"-> /{VENDOR}/rescue.target"}, "boot-target"
    ),
    "Debian 13, the service masked by the kernel command line": changed(
        _13,
        {
            "boot/grub/grub.cfg": _menu(
                _13_KERNEL, "console=ttyS0 systemd.mask=azure-provisioning.service"
            )
        },
        "masked-by-kernel",
    ),
    "Debian 13, another init=": changed(
        _13,
        {
            "usr/bin/bash": "program",
            "boot/grub/grub.cfg": _menu(_13_KERNEL, "console=ttyS0 init=/bin/bash"),
        },
        "init-other",
    ),
    "Debian 13, the service masked": changed(
        _13, {f"{SYSTEM}/azure-provisioning.service": "-> /dev/null"}, "service-masked"
    ),
    "Debian 13, the service disabled": changed(
        _13,
        {**unwanted("azure-provisioning.service"), "etc/machine-id": ""},
        "service-disabled",
    ),
    "Debian 12, a Python that was removed": changed(
        _12, {"usr/bin/python3": None}, "python-unusable"
    ),
    "Debian 12, a Python without its library": changed(
        _12,
        {"usr/bin/python3": "-> python3.13", "usr/bin/python3.13": "program"},
        "python-unusable",
    ),
    "Debian 12, no archive": changed(
        _12, {"usr/local/lib/azprov/azprov.pyz": None}, "program-unusable"
    ),
    "Debian 13, waagent": changed(
        _13,
        {
            "usr/sbin/waagent": "program",
            f"{VENDOR}/walinuxagent.service": INSTALLED,
            **wanted("walinuxagent.service"),
        },
        "agent-enabled",
    ),
    "Debian 12, cloud-init": changed(
        _12,
        {
            "usr/bin/cloud-init": "program",
            "etc/cloud/cloud.cfg": "datasource_list: [ Azure, NoCloud, None ]\n",
            **{
                f"{VENDOR}/{one}.service": INSTALLED
                for one in ("cloud-init-local", "cloud-init", "cloud-config", "cloud-final")
            },
            **wanted("cloud-init.service", "cloud-final.service", target="cloud-init"),
        },
        "agent-enabled",
    ),
    "Debian 12, cloud-init that is disabled": changed(
        _12,
        {
            "usr/bin/cloud-init": "program",
            "etc/cloud/cloud-init.disabled": "",
            f"{VENDOR}/cloud-init.service": INSTALLED,
            **wanted("cloud-init.service", target="cloud-init"),
        },
        warnings="agent-installed",
    ),
    "Debian 13, nftables": changed(
        _13,
        {
            f"{VENDOR}/nftables.service": "[Install]\nWantedBy=sysinit.target\n",
            **wanted("nftables.service", target="sysinit"),
            "etc/nftables.conf": "#!/usr/sbin/nft -f\n\nflush ruleset\n\ntable inet filter {\n"
            "\tchain input {\n\t\ttype filter hook input priority filter;\n\t}\n"
            "\tchain forward {\n\t\ttype filter hook forward priority filter;\n\t}\n"
            "\tchain output {\n\t\ttype filter hook output priority filter;\n\t}\n}\n",
        },
    ),
    "Debian 13, nftables that blocks WireServer": changed(
        _13,
        {
            f"{VENDOR}/nftables.service": "[Install]\nWantedBy=sysinit.target\n",
            **wanted("nftables.service", target="sysinit"),
            "etc/nftables.conf": "table inet filter {\n\tchain output {\n"
            "\t\ttype filter hook output priority filter; policy drop;\n"
            "\t\tct state established,related accept\n\t\tudp dport { 53, 67 } accept\n"
            "\t\ttcp dport 443 accept\n\t}\n}\n",
        },
        "firewall-output",
    ),
    "Debian 12, ufw that blocks the metadata service": changed(
        _12,
        {
            f"{VENDOR}/ufw.service": INSTALLED,
            **wanted("ufw.service"),
            "etc/ufw/ufw.conf": "ENABLED=yes\n",
            "etc/default/ufw": 'DEFAULT_OUTPUT_POLICY="DROP"\n',
            "etc/ufw/user.rules": "*filter\n"
            "-A ufw-user-output -p tcp -d 168.63.129.16 --dport 80 -j ACCEPT\nCOMMIT\n",
        },
        "firewall-metadata",
    ),
    "Debian 12, iptables-persistent": changed(
        _12,
        {
            f"{VENDOR}/netfilter-persistent.service": INSTALLED,
            **wanted("netfilter-persistent.service"),
            "etc/iptables/rules.v4": "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n"
            ":OUTPUT DROP [0:0]\n-A OUTPUT -o lo -j ACCEPT\nCOMMIT\n",
        },
        "firewall-output",
    ),
    "Debian 11, sshd not to be run": changed(
        _11, {"etc/ssh/sshd_not_to_be_run": ""}, warnings="ssh-forbidden"
    ),
    "Debian 11, sshd not enabled": changed(
        _11,
        {**unwanted("ssh.service"), "etc/machine-id": ""},
        warnings="ssh-disabled",
    ),
    "Debian 12, no SSH server": changed(
        _12_IFUPDOWN,
        {"usr/sbin/sshd": None, f"{VENDOR}/ssh.service": None, **unwanted("ssh.service")},
        warnings="ssh-missing",
    ),
    "Debian 12, no sudo": changed(_12, {"usr/bin/sudo": None}, warnings="admin-without-rights"),
    "Debian 13, the fixed host name of a machine": changed(
        _13,
        {
            "etc/systemd/network/10-azure.network": "[Match]\nName=eth0\n[Network]\nDHCP=yes\n"
            "[DHCPv4]\nHostname=builder\n"
        },
        warnings="sent-hostname",
    ),
    "Debian 11, a host name for the DHCP server": changed(
        _11,
        {"etc/dhcp/dhclient.conf": 'send host-name "builder";\n'},
        warnings="sent-hostname",
    ),
    "Debian 13, systemd-imdsd of systemd 261": changed(
        _13,
        {
            "usr/lib/systemd/system-generators/systemd-imds-generator": "program",
            "usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-261.so": "library",
        },
        warnings="imds-locked",
    ),
    "Debian 13, systemd-imdsd that leaves the metadata service open": changed(
        _13, {"usr/lib/systemd/system-generators/systemd-imds-generator": "program"}
    ),
    "Debian 13, systemd-imdsd that the command line locks": changed(
        _13,
        {
            "usr/lib/systemd/system-generators/systemd-imds-generator": "program",
            "boot/grub/grub.cfg": _menu(_13_KERNEL, "console=ttyS0 systemd.imds.network=locked"),
        },
        warnings="imds-locked",
    ),
    "Debian 12, the mark of a container": changed(
        _12, {".dockerenv": ""}, warnings="container-mark"
    ),
}

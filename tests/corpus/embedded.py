"""Images of Yocto with sysvinit and with systemd, and of buildroot with busybox init.

inittab, rcS, interfaces, fstab and wired.network are those of openembedded-core (recipes-core), the
files of buildroot those of buildroot/buildroot (package/busybox, initscripts, ifupdown-scripts,
openssh, chrony, and board/pc).
"""

from typing import Dict

from check.image_changes import elf
from corpus.tree import (
    ARM,
    DRIVERS,
    HYPERV,
    INSTALLED,
    NVME,
    UNSIGNED,
    VENDOR,
    VFAT,
    X86,
    Tree,
    changed,
    kernel,
    python,
    sshd,
    systemd,
    unwanted,
    wanted,
)
from sound_image import Change

_KERNEL = "6.12.58-yocto-standard"
_BUILT_IN = (*DRIVERS, "kernel/fs/ext4/ext4")
_INTERFACES = (
    "# /etc/network/interfaces -- configuration file for ifup(8), ifdown(8)\n \n"
    "# The loopback interface\nauto lo\niface lo inet loopback\n\n"
    "# Wireless interfaces\niface wlan0 inet dhcp\n\twireless_mode managed\n\n"
    "# Wired or wireless interfaces including predictable names\nauto eth0\n"
    "iface eth0 inet dhcp\niface eth1 inet dhcp\n\n"
    "# Busybox ifupdown won't process /en* correctly\nauto /en*=eth\niface eth inet dhcp\n\n"
    "iface usb0 inet static\n\taddress 192.168.7.2\n\tnetmask 255.255.255.0\n"
)


def _grub(options: str) -> str:
    return (
        "serial --unit=0 --speed=115200\ndefault=boot\ntimeout=0\n\nmenuentry 'boot'{\n"
        f"linux /bzImage {options}\n}}\n"
    )


def _yocto(machine: int = X86) -> Change:
    suffix = "aa64" if machine == ARM else "x64"
    console = "ttyAMA0" if machine == ARM else "ttyS0,115200"
    return {
        "bin/busybox.nosuid": elf(machine),
        "bin/sh": "-> /bin/busybox.nosuid",
        **sshd(),
        **python(12),
        **kernel(_KERNEL, built_in=_BUILT_IN, folder="lib/modules"),
        "etc/os-release": "-> ../usr/lib/os-release",
        "usr/lib/os-release": 'ID=poky\nNAME="Poky (Yocto Project Reference Distro)"\n',
        "etc/fstab": "/dev/root            /                    auto       defaults  1  1\n"
        "proc                 /proc                proc       defaults              0  0\n"
        "tmpfs                /run                 tmpfs      mode=0755,nodev,nosuid 0  0\n"
        "tmpfs                /var/volatile        tmpfs      defaults              0  0\n",
        "boot/bzImage": UNSIGNED,
        f"boot/EFI/BOOT/boot{suffix}.efi": UNSIGNED,
        "boot/EFI/BOOT/grub.cfg": _grub(f"root=PARTUUID=22 rootwait console={console}"),
        "etc/passwd": "root:x:0:0:root:/home/root:/bin/sh\n",
        "etc/shadow": "root:*:15069:0:99999:7:::\n",
    }


def _script(name: str, level: str, number: str) -> Change:
    return {
        f"etc/init.d/{name}": "#!/bin/sh\n",
        f"etc/rc{level}.d/S{number}{name}": f"-> ../init.d/{name}",
    }


_SYSVINIT = Tree(
    {
        **_yocto(),
        "sbin/init": "-> /sbin/init.sysvinit",
        "sbin/init.sysvinit": "program",
        "etc/inittab": "id:5:initdefault:\nsi::sysinit:/etc/init.d/rcS\n~~:S:wait:/sbin/sulogin\n"
        "l0:0:wait:/etc/init.d/rc 0\nl1:1:wait:/etc/init.d/rc 1\nl5:5:wait:/etc/init.d/rc 5\n"
        "l6:6:wait:/etc/init.d/rc 6\nS0:12345:respawn:/bin/start_getty 115200 ttyS0 vt102\n",
        "etc/init.d/rcS": "#!/bin/sh\nPATH=/sbin:/bin:/usr/sbin:/usr/bin\nrunlevel=S\n"
        "exec /etc/init.d/rc S\n",
        "etc/init.d/rc": "#!/bin/sh\n",
        **_script("mountall.sh", "S", "03"),
        **_script("networking", "5", "01"),
        **_script("sshd", "5", "09"),
        **_script("chronyd", "5", "20"),
        "etc/network/interfaces": _INTERFACES,
        "sbin/udhcpc": "-> /bin/busybox.nosuid",
    }
)
_YOCTO_UNITS = ("sshd.socket", "chronyd.service", "systemd-networkd.service")
_SYSTEMD = Tree(
    {
        **_yocto(),
        **systemd(*_YOCTO_UNITS),
        "usr/sbin/init": None,
        "sbin/init": "-> ../usr/lib/systemd/systemd",
        **wanted("sshd.socket", target="sockets"),
        "usr/lib/systemd/network/80-wired.network": "[Match]\nName=en* eth*\n"
        "Driver=hv_netvsc\n"
        "[Network]\nDHCP=yes\n\n[DHCP]\nUseMTU=yes\nRouteMetric=10\nClientIdentifier=mac\n",
        "etc/fstab": "/dev/root / auto defaults 1 1\nLABEL=boot /boot vfat defaults 0 0\n",
    }
)
_SYSTEMD_ARM64 = Tree(
    {
        **_yocto(ARM),
        **systemd(*_YOCTO_UNITS, machine=ARM),
        "usr/sbin/init": None,
        "sbin/init": "-> ../usr/lib/systemd/systemd",
        "usr/lib/systemd/network/80-wired.network": "[Match]\nType=ether\n"
        "Driver=hv_netvsc\n[Network]\nDHCP=yes\n",
    }
)
_BUILDROOT = Tree(
    {
        "bin": "-> usr/bin",
        "lib": "-> usr/lib",
        "sbin": "-> usr/sbin",
        "usr/bin/busybox": elf(X86),
        "usr/bin/sh": "-> busybox",
        "usr/sbin/init": "-> ../bin/busybox",
        "etc/inittab": "::sysinit:/bin/mount -t proc proc /proc\n"
        "::sysinit:/bin/mount -o remount,rw /\n::sysinit:/bin/mkdir -p /dev/pts /dev/shm\n"
        "::sysinit:/bin/mount -a\n::sysinit:/bin/hostname -F /etc/hostname\n"
        "::sysinit:/etc/init.d/rcS\nttyS0::respawn:/sbin/getty -L ttyS0 115200 vt100\n"
        "::shutdown:/etc/init.d/rcK\n",
        "etc/init.d/rcS": "#!/bin/sh\nfor i in /etc/init.d/S??* ;do\n"
        '\t[ ! -f "$i" ] && continue\n\t"$i" start\ndone\n',
        **{
            f"etc/init.d/{name}": "#!/bin/sh\n"
            for name in ("S01syslogd", "S40network", "S49chronyd", "S50sshd")
        },
        "etc/network/interfaces": "# interface file auto-generated by buildroot\n\nauto lo\n"
        "iface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n"
        "  pre-up /etc/network/nfs_check\n  wait-delay 15\n  hostname $(hostname)\n",
        "usr/sbin/udhcpc": "-> ../bin/busybox",
        "usr/sbin/ifup": "-> ../bin/busybox",
        **sshd(),
        **python(13),
        **kernel("6.12.58", built_in=_BUILT_IN),
        "etc/os-release": "-> ../usr/lib/os-release",
        "usr/lib/os-release": "NAME=Buildroot\nID=buildroot\nVERSION_ID=2025.08\n",
        "etc/fstab": "/dev/root\t/\t\text2\trw,noauto\t0\t1\n"
        "proc\t\t/proc\t\tproc\tdefaults\t0\t0\n"
        "tmpfs\t\t/tmp\t\ttmpfs\tmode=1777\t0\t0\n",
        "boot/bzImage": UNSIGNED,
        "boot/EFI/BOOT/bootx64.efi": UNSIGNED,
        "boot/EFI/BOOT/grub.cfg": _grub("root=PARTUUID=22 rootwait console=tty1 console=ttyS0"),
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
        "etc/shadow": "root:*:::::::\n",
    }
)

TREES: Dict[str, Tree] = {
    "Yocto, sysvinit": _SYSVINIT,
    "Yocto, systemd": _SYSTEMD,
    "Yocto on arm64, systemd": _SYSTEMD_ARM64,
    "buildroot, busybox init": _BUILDROOT,
    "Yocto, systemd, the wired.network of systemd-conf": changed(
        _SYSTEMD,
        {
            "usr/lib/systemd/network/80-wired.network": "[Match]\nType=ether\nName=!veth*\n"
            "KernelCommandLine=!nfsroot\nKernelCommandLine=!ip\n\n[Network]\nDHCP=yes\n"
        },
        warnings="network-vf",
    ),
    "Yocto, sysvinit, the service not linked": changed(
        _SYSVINIT, {"etc/rcS.d/S99azure-provisioning": None}, "service-disabled"
    ),
    "Yocto, sysvinit, no networking": changed(
        _SYSVINIT,
        {"etc/rc5.d/S01networking": None, "etc/init.d/networking": None},
        "network-none",
    ),
    "Yocto, sysvinit, a fixed address": changed(
        _SYSVINIT,
        {
            "etc/network/interfaces": "auto eth0\niface eth0 inet static\n\taddress 192.168.7.2\n"
            "\tnetmask 255.255.255.0\n"
        },
        "network-static",
    ),
    "Yocto, sysvinit, a kernel for a board": changed(
        _SYSVINIT,
        kernel(_KERNEL, built_in=(VFAT, "kernel/fs/ext4/ext4"), folder="lib/modules"),
        "kernel-drivers",
    ),
    "Yocto, systemd, no nvme": changed(
        _SYSTEMD,
        kernel(_KERNEL, built_in=(*HYPERV, VFAT), folder="lib/modules"),
        warnings="kernel-nvme",
    ),
    "Yocto, systemd, no network file": changed(
        _SYSTEMD, {"usr/lib/systemd/network/80-wired.network": None}, "network-no-dhcp"
    ),
    "Yocto, systemd, the root of wic's file for QEMU": changed(
        _SYSTEMD,
        {"boot/EFI/BOOT/grub.cfg": _grub("root=/dev/vda2 rootwait console=ttyS0")},
        "root-by-name",
    ),
    "Yocto, systemd, no console": changed(
        _SYSTEMD,
        {"boot/EFI/BOOT/grub.cfg": _grub("root=PARTUUID=22 rootwait")},
        warnings="console-missing",
    ),
    "Yocto, systemd, no SSH server": changed(
        _SYSTEMD,
        {
            "usr/sbin/sshd": None,
            **unwanted("sshd.socket"),
            **unwanted("sshd.socket", target="sockets"),
        },
        warnings="ssh-missing",
    ),
    "Yocto, systemd, vfat forbidden": changed(
        _SYSTEMD,
        {
            **kernel(_KERNEL, VFAT, built_in=(*HYPERV, NVME), folder="lib/modules"),
            "etc/modprobe.d/vfat.conf": "install vfat /bin/true\n",
        },
        "fstab-driver-forbidden",
    ),
    "Yocto on arm64, the console of x86": changed(
        _SYSTEMD_ARM64,
        {"boot/EFI/BOOT/grub.cfg": _grub("root=PARTUUID=22 rootwait console=ttyS0")},
        warnings="console-missing",
    ),
    "Yocto, systemd, waagent of meta-azure": changed(
        _SYSTEMD,
        {
            "usr/sbin/waagent": "program",
            f"{VENDOR}/waagent.service": INSTALLED,
            **wanted("waagent.service"),
        },
        "agent-enabled",
    ),
    "buildroot, the menu of board/pc": changed(
        _BUILDROOT,
        {"boot/EFI/BOOT/grub.cfg": _grub("root=PARTUUID=22 rootwait console=tty1")},
        warnings="console-missing",
    ),
    "buildroot, dropbear in place of OpenSSH": changed(
        _BUILDROOT,
        {
            **dict.fromkeys(sshd()),
            "usr/sbin/dropbear": "program",
            "etc/init.d/S50sshd": None,
            "etc/init.d/S50dropbear": "#!/bin/sh\n",
        },
    ),
    "buildroot, no DHCP": changed(
        _BUILDROOT,
        {"etc/network/interfaces": "auto lo\niface lo inet loopback\n"},
        "network-no-dhcp",
    ),
    "buildroot, a kernel without Hyper-V": changed(
        _BUILDROOT, kernel("6.12.58", built_in=(NVME, VFAT)), "kernel-drivers"
    ),
    "buildroot, the service not linked": changed(
        _BUILDROOT, {"etc/init.d/S03azure-provisioning": None}, "service-disabled"
    ),
}

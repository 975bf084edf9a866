"""Alpine Linux 3.22, on x86_64 and aarch64.

The drivers in an initramfs are those of the features of alpinelinux/mkinitfs; inittab is that of
alpine-baselayout, and the init scripts those of busybox, ifupdown-ng, openssh and chrony in aports.
/usr is not merged.
"""

from typing import Dict

from check.image_changes import elf
from corpus.tree import (
    ARM,
    DISK_DRIVERS,
    DRIVERS,
    HYPERV,
    NVME,
    UNSIGNED,
    VFAT,
    X86,
    Tree,
    changed,
    initramfs,
    kernel,
    python,
    sshd,
)
from sound_image import Change

_KERNEL = "6.12.58-0-virt"
_INITTAB = (
    "# /etc/inittab\n\n::sysinit:/sbin/openrc sysinit\n::sysinit:/sbin/openrc boot\n"
    "::wait:/sbin/openrc default\n\n# Set up a couple of getty's\n"
    "tty1::respawn:/sbin/getty 38400 tty1\nttyS0::respawn:/sbin/getty -L 0 ttyS0 vt100\n"
    "::ctrlaltdel:/sbin/reboot\n::shutdown:/sbin/openrc shutdown\n"
)


def _openrc(*services: str, level: str = "default") -> Change:
    return {
        **{f"etc/init.d/{name}": "#!/sbin/openrc-run\n" for name in services},
        **{f"etc/runlevels/{level}/{name}": f"-> /etc/init.d/{name}" for name in services},
    }


def _extlinux(console: str = "console=ttyS0,115200n8", root: str = "root=UUID=11") -> str:
    return (
        "DEFAULT menu.c32\nPROMPT 0\nTIMEOUT 10\nLABEL virt\n  MENU DEFAULT\n  MENU LABEL Linux "
        "virt\n  LINUX vmlinuz-virt\n  INITRD initramfs-virt\n"
        f"  APPEND {root} modules=sd-mod,usb-storage,ext4 quiet rootfstype=ext4 {console}\n"
        "MENU SEPARATOR\n"
    )


def _menu(console: str) -> str:
    return (
        'set default="0"\nmenuentry "Alpine, with Linux virt" {\n'
        f"\tlinux\t/boot/vmlinuz-virt root=UUID=11 ro modules=sd-mod,ext4 {console}\n"
        "\tinitrd\t/boot/initramfs-virt\n}\n"
    )


def _alpine(machine: int = X86) -> Change:
    arch = "aarch64" if machine == ARM else "x86_64"
    return {
        "bin/busybox": elf(machine),
        "bin/sh": "-> /bin/busybox",
        "sbin/init": "-> /bin/busybox",
        "sbin/udhcpc": "-> /bin/busybox",
        "sbin/openrc": "program",
        "sbin/openrc-run": "program",
        "sbin/apk": "program",
        "etc/apk/arch": f"{arch}\n",
        "etc/inittab": _INITTAB,
        "etc/os-release": "-> ../usr/lib/os-release",
        "usr/lib/os-release": 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.2\n',
        **sshd(),
        **python(12),
        **kernel(_KERNEL, *DRIVERS, "kernel/fs/ext4/ext4", suffix=".ko.gz", folder="lib/modules"),
        "sbin/mkinitfs": "program",
        "etc/mkinitfs/mkinitfs.conf": 'features="ata base ide scsi usb virtio ext4 nvme"\n',
        "etc/fstab": "UUID=11\t/\text4\trw,relatime 0 1\nUUID=AA-BB\t/boot/efi\tvfat\trw 0 2\n"
        "/dev/cdrom\t/media/cdrom\tiso9660\tnoauto,ro 0 0\n"
        "/dev/usbdisk\t/media/usb\tvfat\tnoauto\t0 0\n"
        "tmpfs\t/tmp\ttmpfs\tnosuid,nodev\t0\t0\n",
        "boot/vmlinuz-virt": UNSIGNED,
        "boot/initramfs-virt": initramfs(*DISK_DRIVERS, suffix=".ko.gz"),
        **_openrc("sshd", "chronyd", "acpid", "crond"),
        **_openrc("networking", "hostname", "modules", "syslog", level="boot"),
        **_openrc("devfs", "dmesg", "mdev", "hwdrivers", level="sysinit"),
        "etc/network/interfaces": "auto lo\niface lo inet loopback\n\nauto eth0\n"
        "iface eth0 inet dhcp\n",
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
        "etc/shadow": "root:*::0:::::\n",
    }


_EXTLINUX = Tree(
    {
        **_alpine(),
        "boot/extlinux.conf": _extlinux(),
        "boot/ldlinux.sys": "program",
        "etc/update-extlinux.conf": "default_kernel_opts=console=ttyS0\n",
    }
)
_GRUB = Tree(
    {
        **_alpine(),
        "boot/grub/grub.cfg": _menu("console=ttyS0"),
        "boot/efi/EFI/boot/bootx64.efi": UNSIGNED,
        "boot/efi/EFI/alpine/grubx64.efi": UNSIGNED,
        "usr/bin/doas": "program",
        "etc/doas.d/README": "",
    },
    options=("--admin-user",),
)
_ARM64 = Tree(
    {
        **_alpine(ARM),
        "boot/grub/grub.cfg": _menu("console=ttyAMA0"),
        "boot/efi/EFI/boot/bootaa64.efi": UNSIGNED,
    }
)

TREES: Dict[str, Tree] = {
    "Alpine, extlinux": _EXTLINUX,
    "Alpine, GRUB and doas": _GRUB,
    "Alpine on aarch64": _ARM64,
    "Alpine, the form of ifupdown-ng": changed(
        _EXTLINUX,
        {"etc/network/interfaces": "auto lo\niface lo\n\nauto eth0\niface eth0\n\tuse dhcp\n"},
    ),
    "Alpine, dhcpcd": changed(
        _EXTLINUX,
        {
            "etc/runlevels/boot/networking": None,
            "etc/network/interfaces": None,
            **_openrc("dhcpcd"),
            "sbin/dhcpcd": "program",
        },
    ),
    "Alpine, no line for eth0": changed(
        _EXTLINUX,
        {"etc/network/interfaces": "auto lo\niface lo inet loopback\n"},
        "network-no-dhcp",
    ),
    "Alpine, networking not added": changed(
        _EXTLINUX, {"etc/runlevels/boot/networking": None}, "network-none"
    ),
    "Alpine, a fixed address": changed(
        _EXTLINUX,
        {
            "etc/network/interfaces": "auto eth0\niface eth0 inet static\n\taddress 10.0.2.15\n"
            "\tnetmask 255.255.255.0\n"
        },
        "network-static",
    ),
    "Alpine, an initramfs without the feature scsi": changed(
        _EXTLINUX,
        {
            "etc/mkinitfs/mkinitfs.conf": 'features="base virtio ext4 nvme"\n',
            "boot/initramfs-virt": initramfs(NVME, suffix=".ko.gz"),
        },
        "initramfs-drivers",
    ),
    "Alpine, an initramfs without the feature nvme": changed(
        _EXTLINUX,
        {"boot/initramfs-virt": initramfs(*HYPERV, suffix=".ko.gz")},
        warnings="initramfs-nvme",
    ),
    "Alpine, sshd not added": changed(
        _EXTLINUX, {"etc/runlevels/default/sshd": None}, warnings="ssh-disabled"
    ),
    "Alpine, tiny-cloud": changed(
        _EXTLINUX,
        {
            "usr/sbin/tiny-cloud": "program",
            **_openrc("tiny-cloud-boot", level="boot"),
            **_openrc("tiny-cloud-early", "tiny-cloud-main", "tiny-cloud-final"),
        },
        "agent-enabled",
    ),
    "Alpine, the service not added": changed(
        _EXTLINUX, {"etc/runlevels/default/azure-provisioning": None}, "service-disabled"
    ),
    "Alpine, no console": changed(
        _EXTLINUX, {"boot/extlinux.conf": _extlinux("")}, warnings="console-missing"
    ),
    "Alpine on aarch64, the console of x86_64": changed(
        _ARM64, {"boot/grub/grub.cfg": _menu("console=ttyS0")}, warnings="console-missing"
    ),
    "Alpine, the root of a builder with virtio": changed(
        _EXTLINUX, {"boot/extlinux.conf": _extlinux(root="root=/dev/vda3")}, "root-by-name"
    ),
    "Alpine, a kernel that was removed": changed(
        _EXTLINUX, {"boot/vmlinuz-virt": None}, "boot-file-missing"
    ),
    "Alpine, no fallback": changed(_GRUB, {"boot/efi/EFI/boot/bootx64.efi": None}, "esp-fallback"),
    "Alpine, neither doas nor sudo": changed(
        _GRUB, {"usr/bin/doas": None}, warnings="admin-without-rights"
    ),
    "Alpine, awall's rules without output": changed(
        _EXTLINUX,
        {
            **_openrc("iptables"),
            "etc/iptables/rules-save": "*filter\n:INPUT DROP [0:0]\n:OUTPUT DROP [0:0]\nCOMMIT\n",
        },
        "firewall-output",
    ),
    "Alpine, nftables that drops output": changed(
        _EXTLINUX,
        {
            **_openrc("nftables"),
            "etc/nftables.nft": "table inet filter {\n chain output {\n  type filter hook output "
            "priority 0; policy drop;\n  ct state established accept\n }\n}\n",
        },
        "firewall-output",
    ),
    "Alpine, a kernel without Hyper-V": changed(
        _EXTLINUX, kernel(_KERNEL, NVME, VFAT, folder="lib/modules"), "kernel-drivers"
    ),
}

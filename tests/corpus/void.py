"""Void with runit, and Chimera with dinit.

The stages and the service folders are those of void-linux/void-runit and of srcpkgs (dhcpcd,
openssh, chrony); the services of Chimera are those of chimera-linux/dinit-chimera and cports.
"""

from typing import Dict

from check.image_changes import elf
from corpus.tree import (
    DISK_DRIVERS,
    DRIVERS,
    HYPERV,
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

_KERNEL = "6.12.58_1"
_CHIMERA_KERNEL = "6.12.58-0-generic"


def _services(*names: str) -> Change:
    return {
        **{f"etc/sv/{name}/run": f"#!/bin/sh\nexec {name} 2>&1\n" for name in names},
        **{f"etc/runit/runsvdir/default/{name}": f"-> /etc/sv/{name}" for name in names},
    }


def _menu(version: str, initrd: str, console: str, root: str = "root=UUID=11") -> str:
    return (
        "set default=\"0\"\nmenuentry 'GNU/Linux' {\n"
        f"\tlinux\t/boot/vmlinuz-{version} {root} ro loglevel=4 {console}\n"
        f"\tinitrd\t/boot/{initrd}\n}}\n"
    )


_MERGED_BIN: Change = {
    "bin": "-> usr/bin",
    "sbin": "-> usr/bin",
    "lib": "-> usr/lib",
    "usr/sbin": "-> bin",
    "usr/lib64": "-> lib",
    "usr/bin/sh": elf(X86),
    "usr/bin/sshd": "program",
    **{name: content for name, content in sshd().items() if name != "usr/sbin/sshd"},
    "etc/fstab": "UUID=11 / ext4 defaults 0 1\nUUID=AA-BB /boot/efi vfat defaults 0 2\n"
    "tmpfs /tmp tmpfs defaults,nosuid,nodev 0 0\n",
    "boot/efi/EFI/BOOT/BOOTX64.EFI": UNSIGNED,
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "etc/shadow": "root:*:19000::::::\n",
}
_VOID_MENU = _menu(_KERNEL, f"initramfs-{_KERNEL}.img", "console=tty0 console=ttyS0,115200n8")
_VOID = Tree(
    {
        **_MERGED_BIN,
        **python(13),
        **kernel(_KERNEL, *DRIVERS, "kernel/fs/ext4/ext4", suffix=".ko.zst"),
        "etc/os-release": 'NAME="Void"\nID="void"\nPRETTY_NAME="Void Linux"\n',
        "usr/bin/init": "-> runit-init",
        "usr/bin/runit-init": "program",
        "usr/bin/runit": "program",
        "etc/runit/1": "#!/bin/sh\n. /etc/runit/functions\n",
        "etc/runit/2": "#!/bin/sh\nrunsvchdir default\nexec env - PATH=$PATH \\\n"
        "    runsvdir -P /run/runit/runsvdir/current 'log: ....'\n",
        "etc/runit/3": "#!/bin/sh\n",
        "etc/runit/core-services/03-filesystems.sh": 'msg "Mounting all non-network filesystems..."'
        '\nmount -a -t "nosysfs,nonfs,nonfs4,nosmbfs,nocifs" -O no_netdev || emergency_shell\n',
        "etc/runit/runsvdir/current": "-> default",
        "etc/service": "-> /etc/runit/runsvdir/current",
        **_services("sshd", "chronyd", "dhcpcd", "agetty-ttyS0"),
        "usr/bin/dhcpcd": "program",
        "etc/sv/dhcpcd-eth0/run": "#!/bin/sh\nexec dhcpcd -B eth0\n",
        "usr/bin/dracut": "program",
        "usr/lib/dracut/dracut.conf.d/00-void.conf": 'hostonly="no"\n',
        f"boot/vmlinuz-{_KERNEL}": UNSIGNED,
        f"boot/initramfs-{_KERNEL}.img": initramfs(*DISK_DRIVERS, suffix=".ko.zst"),
        "boot/grub/grub.cfg": _VOID_MENU,
    }
)
_CHIMERA = Tree(
    {
        **_MERGED_BIN,
        **python(13),
        **kernel(_CHIMERA_KERNEL, *DRIVERS, suffix=".ko.zst"),
        "etc/os-release": 'NAME="Chimera"\nID="chimera"\n',
        "usr/bin/init": '#!/bin/sh\nif [ -n "${container+x}" ]; then\n'
        '    exec /usr/bin/dinit "$@"\nfi\n'
        'set -- PATH=/usr/bin "HOME=$HOME" /usr/bin/dinit "$@"\nexec env -i "$@"\n',
        "usr/bin/dinit": "program",
        "usr/lib/dinit.d/boot": "type = internal\ndepends-on: system\n"
        "waits-for.d: /etc/dinit.d/boot.d\n",
        "usr/lib/dinit.d/system": "type = internal\ndepends-on: login.target\n"
        "depends-on: network.target\nwaits-for.d: /usr/lib/dinit.d/boot.d\n",
        "usr/lib/dinit.d/dhcpcd": "type = process\ncommand = /usr/bin/dhcpcd -B -M\n",
        "etc/dinit.d/boot.d/dhcpcd": "-> ../../../usr/lib/dinit.d/dhcpcd",
        "usr/lib/dinit.d/sshd": "type = process\ncommand = /usr/bin/sshd -D\n",
        "etc/dinit.d/boot.d/sshd": "-> ../../../usr/lib/dinit.d/sshd",
        "usr/lib/dinit.d/chronyd": "type = process\ncommand = /usr/bin/chronyd -n\n",
        "etc/dinit.d/boot.d/chronyd": "-> ../../../usr/lib/dinit.d/chronyd",
        "usr/bin/dhcpcd": "program",
        f"boot/vmlinuz-{_CHIMERA_KERNEL}": UNSIGNED,
        f"boot/initrd.img-{_CHIMERA_KERNEL}": initramfs(*DISK_DRIVERS),
        "boot/grub/grub.cfg": _menu(
            _CHIMERA_KERNEL, f"initrd.img-{_CHIMERA_KERNEL}", "console=ttyS0"
        ),
    }
)

TREES: Dict[str, Tree] = {
    "Void": _VOID,
    "Void, dhcpcd for one interface": changed(
        _VOID,
        {
            "etc/runit/runsvdir/default/dhcpcd": None,
            "etc/runit/runsvdir/default/dhcpcd-eth0": "-> /etc/sv/dhcpcd-eth0",
        },
    ),
    "Void, a data disk": changed(
        _VOID,
        {"etc/fstab": "UUID=11 / ext4 defaults 0 1\nUUID=33 /data ext4 defaults 0 2\n"},
        warnings="fstab-needed",
    ),
    "Void, a data disk with nofail": changed(
        _VOID,
        {"etc/fstab": "UUID=11 / ext4 defaults 0 1\nUUID=33 /data ext4 nofail 0 2\n"},
    ),
    "Void, vfat forbidden": changed(
        _VOID,
        {"etc/modprobe.d/vfat.conf": "install vfat /bin/false\n"},
        "fstab-driver-forbidden",
    ),
    "Void, no DHCP": changed(_VOID, {"etc/runit/runsvdir/default/dhcpcd": None}, "network-none"),
    "Void, a fixed address": changed(
        _VOID,
        {"etc/dhcpcd.conf": "interface eth0\nstatic ip_address=10.0.0.9/24\n"},
        "network-static",
    ),
    "Void, NetworkManager": changed(
        _VOID,
        {
            "etc/runit/runsvdir/default/dhcpcd": None,
            **_services("dbus", "NetworkManager"),
        },
    ),
    "Void, sshd not linked": changed(
        _VOID, {"etc/runit/runsvdir/default/sshd": None}, warnings="ssh-disabled"
    ),
    "Void, the service is down": changed(
        _VOID, {"etc/sv/azure-provisioning/down": ""}, "service-disabled"
    ),
    "Void, the service not linked": changed(
        _VOID,
        {"etc/runit/runsvdir/default/azure-provisioning": None},
        "service-disabled",
    ),
    "Void, an initramfs of the build machine": changed(
        _VOID,
        {f"boot/initramfs-{_KERNEL}.img": initramfs("kernel/drivers/block/virtio_blk")},
        "initramfs-drivers",
    ),
    "Void, a kernel without nvme": changed(
        _VOID, kernel(_KERNEL, *HYPERV, VFAT, suffix=".ko.zst"), warnings="kernel-nvme"
    ),
    "Void, no console": changed(
        _VOID,
        {"boot/grub/grub.cfg": _menu(_KERNEL, f"initramfs-{_KERNEL}.img", "")},
        warnings="console-missing",
    ),
    "Void, the root of a builder with virtio": changed(
        _VOID,
        {
            "boot/grub/grub.cfg": _menu(
                _KERNEL, f"initramfs-{_KERNEL}.img", "console=ttyS0", "root=/dev/vda2"
            )
        },
        "root-by-name",
    ),
    "Void, no fallback": changed(
        _VOID,
        {
            "boot/efi/EFI/BOOT/BOOTX64.EFI": None,
            "boot/efi/EFI/void_grub/grubx64.efi": UNSIGNED,
        },
        "esp-fallback",
    ),
    "Void, Python of another version": changed(
        _VOID,
        {"usr/bin/python3": "-> python3.14", "usr/bin/python3.14": "program"},
        "python-unusable",
    ),
    "Chimera": _CHIMERA,
    "Chimera, no DHCP": changed(_CHIMERA, {"etc/dinit.d/boot.d/dhcpcd": None}, "network-none"),
    "Chimera, sshd not linked": changed(
        _CHIMERA, {"etc/dinit.d/boot.d/sshd": None}, warnings="ssh-disabled"
    ),
    "Chimera, the service not linked": changed(
        _CHIMERA, {"etc/dinit.d/boot.d/azure-provisioning": None}, "service-disabled"
    ),
    "Chimera, a kernel without Hyper-V": changed(
        _CHIMERA, kernel(_CHIMERA_KERNEL, VFAT, suffix=".ko.zst"), "kernel-drivers"
    ),
    "Chimera, a data disk, for which the boot does not wait": changed(
        _CHIMERA,
        {"etc/fstab": "UUID=11 / ext4 defaults 0 1\nUUID=33 /data ext4 defaults 0 2\n"},
    ),
}

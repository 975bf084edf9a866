"""Flatcar, Fedora CoreOS, and a bootc image of CentOS Stream.

The network files, units and presets are those of flatcar/init and coreos/fedora-coreos-config; the
layout is that of bootc's documentation: kernels beside their modules, and links into /var.
"""

from typing import Dict

from corpus.tree import (
    ARM,
    DISK_DRIVERS,
    DRIVERS,
    INSTALLED,
    MERGED,
    SIGNED,
    VENDOR,
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

_FLATCAR_KERNEL, _EL_KERNEL = "6.12.58-flatcar", "5.14.0-642.el9.x86_64"


def _units(*names: str) -> Change:
    """Units that the vendor enables in /usr."""
    return {
        **{f"{VENDOR}/{name}": INSTALLED for name in names},
        **{f"{VENDOR}/multi-user.target.wants/{name}": f"-> ../{name}" for name in names},
    }


def _flatcar(machine: int = X86) -> Change:
    suffix = "aa64" if machine == ARM else "x64"
    console = "ttyAMA0" if machine == ARM else "ttyS0"
    return {
        **MERGED,
        **systemd(machine=machine),
        **sshd(),
        **_units("systemd-networkd.service", "systemd-timesyncd.service", "sshd-keygen.service"),
        f"{VENDOR}/sshd.socket": INSTALLED,
        f"{VENDOR}/sockets.target.wants/sshd.socket": "-> ../sshd.socket",
        **kernel(_FLATCAR_KERNEL, built_in=DRIVERS),
        "usr/lib/os-release": 'NAME="Flatcar Container Linux by Kinvolk"\nID=flatcar\n'
        "ID_LIKE=coreos\n",
        "etc/os-release": "-> ../usr/lib/os-release",
        "usr/lib/systemd/network/yy-azure-sriov.network": "[Match]\n"
        "KernelCommandLine=flatcar.oem.id=azure\nDriver=mlx4_en mlx5_core mana\n\n"
        "[Link]\nUnmanaged=yes\n",
        "usr/lib/systemd/network/yy-pxe.network": "[Match]\nName=*\nKernelCommandLine=!root\n\n"
        "[Network]\nDHCP=yes\nKeepConfiguration=dhcp-on-stop\n",
        "usr/lib/systemd/network/zz-default.network": "[Network]\nDHCP=yes\n"
        "KeepConfiguration=dhcp-on-stop\nIPv6AcceptRA=true\n\n[Match]\nName=*\n"
        "Type=!loopback bridge tunnel vxlan wireguard\nDriver=!veth dummy\n",
        "usr/lib/systemd/network/50-veth.link": "[Match]\nDriver=veth\n[Link]\n"
        "MACAddressPolicy=none\n",
        "boot/flatcar/vmlinuz-a": SIGNED,
        "boot/flatcar/grub/grub.cfg": f'set linux_console="console={console},115200n8"\n'
        'menuentry "Flatcar default" --id=flatcar {\n   linux$suf /flatcar/vmlinuz-a '
        "mount.usr=PARTUUID=7130 rootflags=rw $linux_cmdline $linux_console\n}\n",
        f"boot/EFI/boot/boot{suffix}.efi": SIGNED,
        f"boot/EFI/boot/grub{suffix}.efi": SIGNED,
    }


_FLATCAR_AZURE: Change = {
    **_units("waagent.service"),
    "usr/sbin/waagent": "program",
}
_PRESETS: Change = {
    "usr/lib/systemd/system-preset/90-default.preset": "enable sshd.service\n"
    "enable NetworkManager.service\nenable chronyd.service\n",
    "usr/lib/systemd/system-preset/99-default-disable.preset": "disable *\n",
}
_COREOS_PRESETS: Change = {
    **_PRESETS,
    "usr/lib/systemd/system-preset/40-coreos.preset": "enable afterburn-checkin.service\n"
    "enable afterburn-firstboot-checkin.service\nenable zincati.service\n",
    "usr/lib/systemd/system-preset/45-coreos-populate-lvmdevices.preset": "enable "
    "coreos-populate-lvmdevices.service\n",
}
_BOOTC: Change = {
    **MERGED,
    **systemd("sshd.service", "chronyd.service", "NetworkManager.service"),
    **sshd(),
    **python(9, library="usr/lib64"),
    **_PRESETS,
    "etc/machine-id": "",
    "usr/lib/os-release": 'NAME="CentOS Stream"\nVERSION="9"\nID="centos"\nID_LIKE="rhel fedora"\n'
    'OSTREE_VERSION="9"\n',
    "etc/os-release": "-> ../usr/lib/os-release",
    "home": "-> var/home",
    "root": "-> var/roothome",
    "srv": "-> var/srv",
    "opt": "-> var/opt",
    "mnt": "-> var/mnt",
    "ostree": "-> sysroot/ostree",
    "usr/lib/ostree/prepare-root.conf": "[composefs]\nenabled = true\n[sysroot]\nreadonly = true\n",
    "usr/lib/bootc/kargs.d/10-azure.toml": 'kargs = ["console=ttyS0"]\n',
    **kernel(_EL_KERNEL, *DRIVERS, "kernel/fs/xfs/xfs", suffix=".ko.xz"),
    f"usr/lib/modules/{_EL_KERNEL}/vmlinuz": SIGNED,
    f"usr/lib/modules/{_EL_KERNEL}/initramfs.img": initramfs(*DISK_DRIVERS, suffix=".ko.xz"),
    "usr/lib/bootupd/updates/EFI/BOOT/BOOTX64.EFI": SIGNED,
    "usr/lib/passwd": "root:x:0:0:Super User:/root:/bin/bash\n",
    "etc/passwd": "root:x:0:0:Super User:/root:/bin/bash\n",
    "etc/shadow": "root:!locked::0:99999:7:::\n",
}
_CENTOS = Tree(_BOOTC)
_COREOS: Change = {
    **_BOOTC,
    **_COREOS_PRESETS,
    **dict.fromkeys(python(9, library="usr/lib64")),
    "usr/lib/os-release": 'NAME="Fedora Linux"\nID=fedora\nVARIANT_ID=coreos\n',
    "etc/machine-id": "uninitialized\n",
    f"{VENDOR}/afterburn-checkin.service": INSTALLED,
    f"{VENDOR}/afterburn-firstboot-checkin.service": INSTALLED,
    "usr/bin/afterburn": "program",
}

TREES: Dict[str, Tree] = {
    # Flatcar and Fedora CoreOS have no Python, so azprov refuses to be installed.
    "Flatcar": Tree(_flatcar(), "service-missing", has_azprov=False),
    "Flatcar on arm64": Tree(_flatcar(ARM), "service-missing", has_azprov=False),
    "Flatcar, the agent of its Azure image": Tree(
        {**_flatcar(), **_FLATCAR_AZURE}, "agent-enabled service-missing", has_azprov=False
    ),
    "Fedora CoreOS": Tree(_COREOS, "agent-enabled service-missing", has_azprov=False),
    "CentOS Stream 9, bootc": _CENTOS,
    "CentOS Stream 9, bootc with cloud-init": changed(
        _CENTOS,
        {
            "usr/bin/cloud-init": "program",
            f"{VENDOR}/cloud-init.service": INSTALLED,
            **wanted("cloud-init.service", target="cloud-init"),
        },
        "agent-enabled",
    ),
    "CentOS Stream 9, bootc with an initramfs for KVM": changed(
        _CENTOS,
        {
            f"usr/lib/modules/{_EL_KERNEL}/initramfs.img": initramfs(
                "kernel/drivers/block/virtio_blk"
            )
        },
        "initramfs-drivers",
    ),
}

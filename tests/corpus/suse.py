"""openSUSE Leap 15.6 and Tumbleweed, and SLES 15 and 16.

The services and the form of ifcfg files are those of openSUSE/wicked (etc, client/suse), and the
menus those that GRUB's 10_linux and sdbootutil write. Leap has /lib as a folder of its own.
"""

from typing import Dict

from corpus.tree import (
    DISK_DRIVERS,
    DRIVERS,
    HYPERV,
    INSTALLED,
    MERGED,
    SIGNED,
    SYSTEM,
    VENDOR,
    VFAT,
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
from sound_image import Change

_LEAP_KERNEL, _TW_KERNEL = "6.4.0-150600.23.73-default", "6.17.8-1-default"
_CONSOLE = "console=ttyS0,115200n8 console=tty0 rootdelay=300"
_SUBVOLUMES = (
    "UUID=11 / btrfs defaults 0 0\nUUID=11 /var btrfs subvol=/@/var 0 0\n"
    "UUID=11 /usr/local btrfs subvol=/@/usr/local 0 0\nUUID=11 /srv btrfs subvol=/@/srv 0 0\n"
    "UUID=11 /root btrfs subvol=/@/root 0 0\nUUID=11 /opt btrfs subvol=/@/opt 0 0\n"
    "UUID=11 /home btrfs subvol=/@/home 0 0\n"
    "UUID=11 /boot/grub2/x86_64-efi btrfs subvol=/@/boot/grub2/x86_64-efi 0 0\n"
    "UUID=11 /.snapshots btrfs subvol=/@/.snapshots 0 0\n"
    "UUID=AA-BB /boot/efi vfat utf8 0 2\n"
)
_PRESETS: Change = {
    "usr/lib/systemd/system-preset/90-default-openSUSE.preset": "enable sshd.service\n"
    "enable chronyd.service\nenable wicked.service\nenable firewalld.service\n",
    "usr/lib/systemd/system-preset/99-default-disable.preset": "disable *\n",
}
_WICKED: Change = {
    **{
        f"{VENDOR}/{name}.service": INSTALLED
        for name in ("wicked", "wickedd", "wickedd-dhcp4", "wickedd-dhcp6", "wickedd-nanny")
    },
    **wanted("wicked.service"),
    **wanted("wickedd.service", target="network"),
    f"{SYSTEM}/network.service": f"-> /{VENDOR}/wicked.service",
    "etc/sysconfig/network/config": 'NETCONFIG_MODULES_ORDER="dns-resolver"\n',
    "etc/sysconfig/network/dhcp": 'DHCLIENT_SET_HOSTNAME="yes"\nDHCLIENT_HOSTNAME_OPTION="AUTO"\n',
    "etc/sysconfig/network/ifcfg-lo": "IPADDR=127.0.0.1/8\nSTARTMODE=nfsroot\nBOOTPROTO=static\n",
    "etc/sysconfig/network/ifcfg-eth0": "BOOTPROTO='dhcp'\nSTARTMODE='auto'\n",
}


def _menu(version: str, root: str = "root=UUID=11", console: str = _CONSOLE) -> str:
    return (
        'set default="${saved_entry}"\n'
        "menuentry 'openSUSE' --class opensuse {\n\tload_video\n\tset gfxpayload=keep\n"
        f"\tlinux\t/boot/vmlinuz-{version} {root}  ${{extra_cmdline}} {console} net.ifnames=0 "
        "security=apparmor\n"
        f"\tinitrd\t/boot/initrd-{version}\n}}\n"
    )


def _suse(name: str, version: str, minor: int, packed: bytes, os_release: str) -> Change:
    return {
        **systemd("sshd.service", "chronyd.service"),
        **sshd(),
        **_PRESETS,
        **python(minor, library="usr/lib64"),
        f"{VENDOR}/sshd.service": INSTALLED,
        "etc/machine-id": "",
        "etc/os-release": "-> ../usr/lib/os-release",
        "usr/lib/os-release": f'{os_release}ID_LIKE="suse opensuse"\n',
        "etc/fstab": _SUBVOLUMES,
        "etc/dracut.conf.d/azure.conf": 'add_drivers+=" hv_vmbus hv_netvsc hv_storvsc nvme "\n',
        "usr/bin/dracut": "program",
        "usr/lib/modprobe.d/60-blacklist_fs-hfs.conf": "blacklist hfs\n",
        f"boot/vmlinuz-{version}": SIGNED,
        f"boot/initrd-{version}": packed,
        "boot/efi/EFI/BOOT/bootx64.efi": SIGNED,
        f"boot/efi/EFI/{name}/shim.efi": SIGNED,
        f"boot/efi/EFI/{name}/grub.efi": SIGNED,
        f"boot/efi/EFI/{name}/grub.cfg": "set btrfs_relative_path=yes\nsearch --fs-uuid 11\n"
        "set prefix=(${root})/boot/grub2\nsource ${prefix}/grub.cfg\n",
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
        "etc/shadow": "root:*:19000::::::\n",
    }


_LEAP = Tree(
    {
        "bin": "-> usr/bin",
        "sbin/init": "-> ../usr/lib/systemd/systemd",
        **_suse(
            "opensuse",
            _LEAP_KERNEL,
            6,
            initramfs_xz(*DISK_DRIVERS, suffix=".ko.zst"),
            'NAME="openSUSE Leap"\nVERSION="15.6"\nID="opensuse-leap"\n',
        ),
        **kernel(_LEAP_KERNEL, *DRIVERS, suffix=".ko.zst", folder="lib/modules"),
        **_WICKED,
        "etc/default/grub": f'GRUB_CMDLINE_LINUX_DEFAULT="{_CONSOLE}"\n',
        "boot/grub2/grub.cfg": _menu(_LEAP_KERNEL),
    }
)
_SLES = _LEAP._replace(
    files={
        **_LEAP.files,
        "usr/lib/os-release": 'NAME="SLES"\nVERSION="15-SP7"\nID="sles"\nID_LIKE="suse"\n',
        f"boot/initrd-{_LEAP_KERNEL}": ZSTD,
    }
)
_NM: Change = {
    f"{VENDOR}/NetworkManager.service": INSTALLED,
    **wanted("NetworkManager.service"),
    f"{SYSTEM}/network.service": f"-> /{VENDOR}/NetworkManager.service",
    "usr/lib/NetworkManager/conf.d/50-suse.conf": "[main]\nrc-manager=netconfig\n",
}
_SLES_16 = Tree(
    {
        **MERGED,
        **_suse(
            "sles",
            _LEAP_KERNEL,
            13,
            initramfs(*DISK_DRIVERS, suffix=".ko.zst"),
            'NAME="SLES"\nVERSION="16.0"\nID="sles"\n',
        ),
        **kernel(_LEAP_KERNEL, *DRIVERS, suffix=".ko.zst"),
        **_NM,
        "boot/grub2/grub.cfg": _menu(_LEAP_KERNEL),
        "etc/ssh/sshd_config": None,
        "usr/etc/ssh/sshd_config": "ClientAliveInterval 120\n",
    }
)
_TW_ENTRY = (
    f"title openSUSE Tumbleweed\nversion 1@{_TW_KERNEL}\nsort-key opensuse-tumbleweed\n"
    f"options root=UUID=11 {_CONSOLE} rootflags=subvol=@/.snapshots/1/snapshot "
    "systemd.machine_id=0\n"
    f"linux /opensuse-tumbleweed/{_TW_KERNEL}/linux-abc\n"
    f"initrd /opensuse-tumbleweed/{_TW_KERNEL}/initrd-abc\n"
)
_TUMBLEWEED = Tree(
    {
        **MERGED,
        **_suse(
            "opensuse",
            _TW_KERNEL,
            13,
            initramfs(*DISK_DRIVERS, suffix=".ko.zst"),
            'NAME="openSUSE Tumbleweed"\nID="opensuse-tumbleweed"\n',
        ),
        **kernel(_TW_KERNEL, *DRIVERS, suffix=".ko.zst"),
        **_NM,
        # With systemd-boot, sdbootutil keeps kernels and entries on the ESP.
        f"boot/vmlinuz-{_TW_KERNEL}": None,
        f"boot/initrd-{_TW_KERNEL}": None,
        "boot/efi/EFI/opensuse/grub.efi": None,
        "boot/efi/EFI/opensuse/grub.cfg": None,
        "boot/efi/EFI/systemd/shim.efi": SIGNED,
        "boot/efi/EFI/systemd/grub.efi": SIGNED,
        "boot/efi/loader/loader.conf": "timeout 5\nconsole-mode keep\n",
        f"boot/efi/loader/entries/system-opensuse-tumbleweed-{_TW_KERNEL}-1.conf": _TW_ENTRY,
        f"boot/efi/opensuse-tumbleweed/{_TW_KERNEL}/linux-abc": SIGNED,
        f"boot/efi/opensuse-tumbleweed/{_TW_KERNEL}/initrd-abc": initramfs(*DISK_DRIVERS),
    }
)

_MICRO = _SLES_16._replace(
    files={
        **_SLES_16.files,
        "usr/lib/os-release": 'NAME="SL-Micro"\nVERSION="6.1"\nID="sl-micro"\nID_LIKE="suse"\n',
        # transactional-update mounts / read-only, and /etc as an overlay or a subvolume.
        "etc/fstab": "UUID=11 / btrfs ro 0 0\nUUID=11 /etc btrfs subvol=/@/etc,x-initrd.mount 0 0\n"
        "UUID=11 /var btrfs subvol=/@/var,x-initrd.mount 0 0\n"
        "UUID=11 /home btrfs subvol=/@/home 0 0\nUUID=AA-BB /boot/efi vfat utf8 0 2\n",
    }
)

TREES: Dict[str, Tree] = {
    "openSUSE Leap 15.6": _LEAP,
    "SLES 15, an initrd with zstd": _SLES,
    "SLES 16": _SLES_16,
    "SL Micro, a read-only root": _MICRO,
    "SL Micro, a read-only root without a writable /etc": changed(
        _MICRO,
        {"etc/fstab": "UUID=11 / btrfs ro 0 0\nUUID=11 /var btrfs subvol=/@/var 0 0\n"},
        warnings="fstab-read-only",
    ),
    "openSUSE Tumbleweed, systemd-boot": _TUMBLEWEED,
    "openSUSE Leap 15.6, DHCP with a link-local address": changed(
        _LEAP,
        {"etc/sysconfig/network/ifcfg-eth0": "BOOTPROTO='dhcp+autoip'\nSTARTMODE='hotplug'\n"},
    ),
    "openSUSE Leap 15.6, a fixed address": changed(
        _LEAP,
        {
            "etc/sysconfig/network/ifcfg-eth0": "BOOTPROTO='static'\nIPADDR='192.168.1.2/24'\n"
            "STARTMODE='auto'\n"
        },
        "network-static",
    ),
    "openSUSE Leap 15.6, eth0 by hand": changed(
        _LEAP,
        {"etc/sysconfig/network/ifcfg-eth0": "BOOTPROTO='dhcp'\nSTARTMODE='manual'\n"},
        "network-no-dhcp",
    ),
    "openSUSE Leap 15.6, wicked disabled": changed(
        _LEAP,
        {
            **unwanted("wicked.service"),
            **unwanted("wickedd.service", target="network"),
            f"{SYSTEM}/network.service": None,
        },
        "network-none",
    ),
    "openSUSE Leap 15.6, the installer's names of disks": changed(
        _LEAP,
        {
            "etc/fstab": "/dev/disk/by-id/ata-QEMU_HARDDISK_QM00001-part2 / btrfs defaults 0 0\n",
            "boot/grub2/grub.cfg": _menu(
                _LEAP_KERNEL, "root=/dev/disk/by-id/ata-QEMU_HARDDISK_QM00001-part2"
            ),
        },
        "fstab-by-name root-by-name",
    ),
    "openSUSE Leap 15.6, no drivers in the initrd": changed(
        _LEAP,
        {
            "etc/dracut.conf.d/azure.conf": None,
            f"boot/initrd-{_LEAP_KERNEL}": initramfs_xz("kernel/drivers/block/virtio_blk"),
        },
        "initramfs-drivers",
    ),
    "SLES 15, an initrd with zstd that was built on KVM": changed(
        _SLES, {"etc/dracut.conf.d/azure.conf": None}, warnings="initramfs-unread"
    ),
    "openSUSE Leap 15.6, no fallback": changed(
        _LEAP, {"boot/efi/EFI/BOOT/bootx64.efi": None}, "esp-fallback"
    ),
    "openSUSE Leap 15.6, no console": changed(
        _LEAP, {"boot/grub2/grub.cfg": _menu(_LEAP_KERNEL, console="")}, warnings="console-missing"
    ),
    "SLES 15, swap of the installer": changed(
        _SLES,
        {"etc/fstab": f"{_SUBVOLUMES}UUID=33 swap swap defaults 0 0\n"},
        warnings="swap-on-os-disk",
    ),
    "SLES 15, the agent of the Public Cloud Module": changed(
        _SLES,
        {
            "usr/sbin/waagent": "program",
            f"{VENDOR}/waagent.service": INSTALLED,
            **wanted("waagent.service"),
        },
        "agent-enabled",
    ),
    "SLES 16, the service masked": changed(
        _SLES_16, {f"{SYSTEM}/azure-provisioning.service": "-> /dev/null"}, "service-masked"
    ),
    "SLES 16, a kernel without nvme": changed(
        _SLES_16, kernel(_LEAP_KERNEL, *HYPERV, VFAT, suffix=".ko.zst"), warnings="kernel-nvme"
    ),
    "openSUSE Tumbleweed, an entry for a kernel that was removed": changed(
        _TUMBLEWEED,
        {f"boot/efi/opensuse-tumbleweed/{_TW_KERNEL}/linux-abc": None},
        "boot-file-missing",
    ),
}

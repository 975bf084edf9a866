"""Azure Linux 3 and Photon 5.

The presets, the .network file, the drivers in the kernel's configuration and the GRUB menu are
those of microsoft/azurelinux (SPECS/systemd, azurelinux-release, kernel, and toolkit) and of
vmware/photon (SPECS/systemd, SPECS/linux, support/image-builder and support/poi/configs/azure).
"""

from typing import Dict

from corpus.tree import (
    ARM,
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
    unwanted,
    wanted,
)
from sound_image import Change

_DHCP_EN = "[Match]\nName=e*\n\n[Network]\nDHCP=yes\nIPv6AcceptRA=no\n"
# Of azure-vm-utils.
_SRIOV = 'DRIVERS=="mana|mlx4_core|mlx5_core", ENV{AZURE_UNMANAGED_SRIOV}="1"\n'
_AZL_KERNEL, _PH_KERNEL = "6.6.112.1-2.azl3", "6.1.155-6.ph5"


def _azure_linux(machine: int = X86) -> Change:
    suffix, console = ("aa64", "ttyAMA0") if machine == ARM else ("x64", "ttyS0")
    return {
        **MERGED,
        **systemd("systemd-networkd.service", "sshd.service", "chronyd.service", machine=machine),
        **sshd(),
        **python(12),
        # The drivers of Hyper-V, NVMe and the file systems are part of the kernel.
        **kernel(
            _AZL_KERNEL,
            "kernel/drivers/net/ethernet/microsoft/mana/mana",
            built_in=(*HYPERV, NVME, VFAT, "kernel/fs/ext4/ext4", "kernel/fs/xfs/xfs"),
        ),
        "etc/machine-id": "",
        "etc/os-release": "-> ../usr/lib/os-release",
        "usr/lib/os-release": 'NAME="Microsoft Azure Linux"\nVERSION="3.0"\nID=azurelinux\n',
        "usr/lib/systemd/system-preset/90-default.preset": "enable systemd-networkd.service\n"
        "enable systemd-resolved.service\nenable sshd.service\nenable chronyd.service\n",
        "usr/lib/systemd/system-preset/95-disable-systemd-oomd.preset": "disable "
        "systemd-oomd.service\n",
        "usr/lib/systemd/system-preset/99-default-disable.preset": "disable *\n",
        "etc/systemd/network/99-dhcp-en.network": _DHCP_EN,
        "usr/lib/udev/rules.d/10-azure-unmanaged-sriov.rules": _SRIOV,
        "usr/lib/systemd/network/98-default-mac-none.link": "[Match]\nKind=bridge bond team\n"
        "[Link]\nNamePolicy=keep kernel database onboard slot path\nMACAddressPolicy=none\n",
        "etc/dracut.conf.d/00-hostonly.conf": 'hostonly="yes"\n',
        "usr/bin/dracut": "program",
        "etc/fstab": "UUID=11 / ext4 defaults 0 1\nUUID=AA-BB /boot/efi vfat umask=0077 0 2\n",
        "boot/grub2/grub.cfg": "set timeout=0\nset bootprefix=/boot\nsearch -n -u 11 -s\n\n"
        "load_env -f $bootprefix/mariner.cfg\nif [ -f  $bootprefix/systemd.cfg ]; then\n"
        "\tload_env -f $bootprefix/systemd.cfg\nelse\n\tset systemd_cmdline=net.ifnames=0\nfi\n"
        "set rootdevice=PARTUUID=22\n\n"
        'menuentry "Azure Linux" {\n\tlinux $bootprefix/$mariner_linux     rd.auto=1 '
        "root=$rootdevice $mariner_cmdline lockdown=integrity "
        "sysctl.kernel.unprivileged_bpf_disabled=1 $systemd_cmdline  "
        f"console=tty0 console={console} $kernelopts\n"
        "\tif [ -f $bootprefix/$mariner_initrd ]; then\n"
        "\t\tinitrd $bootprefix/$mariner_initrd\n\tfi\n}\n",
        "boot/mariner.cfg": "# GRUB Environment Block\n"
        "mariner_cmdline=init=/lib/systemd/systemd ro "
        f"loglevel=3 no-vmw-sta\nmariner_linux=vmlinuz-{_AZL_KERNEL}\n"
        f"mariner_initrd=initramfs-{_AZL_KERNEL}.img\n",
        f"boot/vmlinuz-{_AZL_KERNEL}": SIGNED,
        f"boot/initramfs-{_AZL_KERNEL}.img": initramfs("kernel/fs/overlayfs/overlay"),
        f"boot/efi/EFI/BOOT/boot{suffix}.efi": SIGNED,
        f"boot/efi/EFI/BOOT/grub{suffix}.efi": SIGNED,
        "boot/efi/boot/grub2/grub.cfg": "search -n -u 11 -s\nset prefix=($root)/boot/grub2\n"
        "configfile $prefix/grub.cfg\n",
        "usr/bin/sudo": "program",
        "etc/sudoers.d/README": "",
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
        "etc/shadow": "root:*:0:0:99999:7:::\n",
    }


_AZL = Tree(_azure_linux(), options=("--admin-user",))
_AZL_ARM64 = Tree(_azure_linux(ARM))
_IN_THE_ENVIRONMENT = str(_AZL.files["boot/grub2/grub.cfg"]).replace(
    " console=tty0 console=ttyS0", ""
)
_MENU = (
    "set default=0\nset timeout=2\nload_env -f /boot/photon.cfg\n"
    "if [ -f  /boot/systemd.cfg ]; then\n    load_env -f /boot/systemd.cfg\nelse\n"
    "    set systemd_cmdline=net.ifnames=0\nfi\nset rootpartition=PARTUUID=22\n\n"
    'menuentry "Photon" {\n    linux /boot/$photon_linux root=$rootpartition CMDLINE\n'
    "    if [ -f /boot/$photon_initrd ]; then\n        initrd /boot/$photon_initrd\n    fi\n}\n"
)
# As azure-patch.sh changes the menu.
_AZURE_CMDLINE = (
    "init=/lib/systemd/systemd loglevel=3 ro console=tty1 console=ttyS0,115200n8 "
    "earlyprintk=ttyS0,115200 fsck.repair=yes rootdelay=300"
)
_PHOTON = Tree(
    {
        **MERGED,
        **systemd("systemd-networkd.service", "sshd.service", "systemd-timesyncd.service"),
        **sshd(),
        **python(11),
        **kernel(_PH_KERNEL, *DRIVERS, built_in=("kernel/fs/ext4/ext4",), suffix=".ko.xz"),
        f"{VENDOR}/sshd-keygen.service": INSTALLED,
        "etc/machine-id": "",
        "etc/os-release": 'NAME="VMware Photon OS"\nVERSION="5.0"\nID=photon\n',
        "usr/lib/systemd/system-preset/10-defaults.preset": "enable remote-fs.target\n"
        "enable systemd-timesyncd.service\nenable systemd-networkd.service\n",
        "etc/systemd/network/99-dhcp-en.network": f"{_DHCP_EN}\n[DHCPv4]\nSendRelease=no\n",
        "usr/lib/udev/rules.d/10-azure-unmanaged-sriov.rules": _SRIOV,
        "usr/lib/systemd/network/99-default.link": "[Match]\nOriginalName=*\n[Link]\n"
        "NamePolicy=kernel database\n",
        "etc/fstab": "PARTUUID=22 / ext4 defaults,barrier,noatime,noacl,data=ordered 1 1\n"
        "PARTUUID=33 /boot/efi vfat defaults 1 2\n",
        "boot/grub2/grub.cfg": _MENU.replace("CMDLINE", _AZURE_CMDLINE),
        "boot/grub": "-> grub2",
        f"boot/linux-{_PH_KERNEL}.cfg": "# GRUB Environment Block\n"
        "photon_cmdline=init=/lib/systemd/systemd ro loglevel=3 quiet audit=1 slab_nomerge\n"
        f"photon_linux=vmlinuz-{_PH_KERNEL}\nphoton_initrd=initrd.img-{_PH_KERNEL}\n",
        "boot/photon.cfg": f"-> linux-{_PH_KERNEL}.cfg",
        f"boot/vmlinuz-{_PH_KERNEL}": SIGNED,
        f"boot/initrd.img-{_PH_KERNEL}": initramfs(*DISK_DRIVERS, suffix=".ko.xz"),
        "boot/efi/EFI/BOOT/bootx64.efi": SIGNED,
        "boot/efi/EFI/BOOT/grubx64.efi": SIGNED,
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
        "etc/shadow": "root:*:0:0:99999:7:::\n",
    }
)

TREES: Dict[str, Tree] = {
    "Azure Linux 3": _AZL,
    "Azure Linux 3 on arm64": _AZL_ARM64,
    "Azure Linux 3, the console in mariner.cfg": changed(
        _AZL,
        {
            "boot/grub2/grub.cfg": _IN_THE_ENVIRONMENT,
            "boot/mariner.cfg": "mariner_cmdline=ro console=ttyS0\n",
        },
    ),
    "Azure Linux 3, no console": changed(
        _AZL, {"boot/grub2/grub.cfg": _IN_THE_ENVIRONMENT}, warnings="console-missing"
    ),
    "Azure Linux 3, no preset for azprov": changed(
        _AZL,
        {
            "etc/systemd/system-preset/00-azprov.preset": None,
            "etc/machine-id": "uninitialized\n",
            "usr/lib/systemd/libsystemd-shared-255.so": "",
            "boot/mariner.cfg": "mariner_cmdline=rw\n",
        },
        "service-disabled",
    ),
    "Azure Linux 3, networkd disabled": changed(
        _AZL, unwanted("systemd-networkd.service"), "network-none"
    ),
    "Azure Linux 3, a fixed address before DHCP": changed(
        _AZL,
        {
            "etc/systemd/network/10-static.network": "[Match]\nName=eth0\n[Network]\n"
            "Address=10.1.0.4/24\nGateway=10.1.0.1\n"
        },
        "network-static",
    ),
    "Azure Linux 3, a data disk by its path": changed(
        _AZL,
        {
            "etc/fstab": "UUID=11 / ext4 defaults 0 1\n"
            "/dev/disk/by-path/pci-0000:00:1f.2-ata-1 /data ext4 defaults 0 2\n"
        },
        "fstab-by-name",
    ),
    "Azure Linux 3, cloud-init of the Marketplace": changed(
        _AZL,
        {
            "usr/bin/cloud-init": "program",
            f"{VENDOR}/cloud-init.service": INSTALLED,
            **wanted("cloud-init.service", target="cloud-init"),
        },
        "agent-enabled",
    ),
    "Azure Linux 3, sshd disabled": changed(
        _AZL, unwanted("sshd.service"), warnings="ssh-disabled"
    ),
    "Azure Linux 3 on arm64, the fallback of amd64": changed(
        _AZL_ARM64,
        {
            "boot/efi/EFI/BOOT/bootaa64.efi": None,
            "boot/efi/EFI/BOOT/bootx64.efi": SIGNED,
        },
        "esp-fallback",
    ),
    "Photon 5": _PHOTON,
    "Photon 5, the console in photon.cfg": changed(
        _PHOTON,
        {
            "boot/grub2/grub.cfg": _MENU.replace("CMDLINE", "$photon_cmdline $systemd_cmdline"),
            f"boot/linux-{_PH_KERNEL}.cfg": "photon_cmdline=init=/lib/systemd/systemd ro "
            "console=ttyS0\n",
        },
    ),
    "Photon 5, the menu of VMware": changed(
        _PHOTON,
        {"boot/grub2/grub.cfg": _MENU.replace("CMDLINE", "$photon_cmdline $systemd_cmdline")},
        warnings="console-missing",
    ),
    "Photon 5, the kernel linux-esx": changed(
        _PHOTON, kernel(_PH_KERNEL, NVME, VFAT, suffix=".ko.xz"), "kernel-drivers"
    ),
    "Photon 5, an initrd without Hyper-V": changed(
        _PHOTON,
        {f"boot/initrd.img-{_PH_KERNEL}": initramfs("kernel/drivers/scsi/vmw_pvscsi")},
        "initramfs-drivers",
    ),
    "Photon 5, iptables of the distribution that drops output": changed(
        _PHOTON,
        {
            f"{VENDOR}/iptables.service": INSTALLED,
            **wanted("iptables.service"),
            "etc/systemd/scripts/ip4save": "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n"
            ":OUTPUT DROP [0:0]\n-A OUTPUT -o lo -j ACCEPT\n"
            "-A OUTPUT -p tcp -m tcp --dport 443 -j ACCEPT\nCOMMIT\n",
        },
        "firewall-output",
    ),
}

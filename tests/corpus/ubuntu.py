"""Ubuntu 22.04 and 24.04, on amd64 and arm64.

The paths come from the packages' Debian sources, whose units and settings Ubuntu shares (openssh,
netplan.io, systemd, initramfs-tools, walinuxagent, cloud-init), and from the menu and fstab that
livecd-rootfs writes for Ubuntu's cloud images. The network is that of README: one netplan file.
"""

from typing import Dict, Tuple

from check.image_changes import MAC
from corpus.tree import (
    ARM,
    DISK_DRIVERS,
    DRIVERS,
    INSTALLED,
    MERGED,
    SIGNED,
    SYSTEM,
    VENDOR,
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

_ETH0 = "network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true\n"


def _menu(version: str, console: str) -> str:
    """GRUB's menu of a cloud image, which first tries to boot without an initrd."""
    linux = f"linux\t/vmlinuz-{version} root=PARTUUID=7a1 ro"
    return (
        'if [ "${next_entry}" ] ; then\n   set default="${next_entry}"\nelse\n'
        '   set default="0"\nfi\n'
        "menuentry 'Ubuntu' --class ubuntu {\n\trecordfail\n\tload_video\n"
        "\tgfxmode $linux_gfx_mode\n"
        f'\tif [ "${{initrdfail}}" = 1 ]; then\n\t  {linux} {console}\n'
        f"\t  initrd\t/initrd.img-{version}\n\telse\n\t  {linux} {console} panic=-1\n\tfi\n"
        "\tinitrdfail\n}\n"
    )


def _ubuntu(number: str, version: str, minor: int, *, machine: int = X86, packed: bytes) -> Change:
    suffix, console = ("aa64", "ttyAMA0") if machine == ARM else ("x64", "ttyS0")
    return {
        **MERGED,
        **systemd("systemd-networkd.service", "chrony.service", machine=machine),
        **python(minor),
        **sshd("Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n"),
        **kernel(version, *DRIVERS, suffix=".ko.zst" if number == "24.04" else ".ko"),
        # Beside the modules, a folder of the package linux-base.
        f"usr/lib/modules/{version}/initrd/bootconfig": "",
        f"{VENDOR}/ssh.service": INSTALLED,
        f"{VENDOR}/ssh.socket": "[Install]\nWantedBy=sockets.target\nRequiredBy=ssh.service\n",
        "etc/os-release": "-> ../usr/lib/os-release",
        "usr/lib/os-release": f'PRETTY_NAME="Ubuntu {number} LTS"\nID=ubuntu\nID_LIKE=debian\n',
        "var/lib/dpkg/arch": "arm64\n" if machine == ARM else "amd64\n",
        "etc/initramfs-tools/initramfs.conf": "MODULES=most\nCOMPRESS=zstd\n",
        "etc/fstab": "LABEL=cloudimg-rootfs\t/\t ext4\tdiscard,commit=30,errors=remount-ro\t0 1\n"
        "LABEL=BOOT\t/boot\text4\tdefaults\t0 2\nLABEL=UEFI\t/boot/efi\tvfat\tumask=0077\t0 1\n",
        "etc/default/grub": 'GRUB_CMDLINE_LINUX=""\n',
        "etc/default/grub.d/50-cloudimg-settings.cfg": "GRUB_CMDLINE_LINUX_DEFAULT="
        f'"console=tty1 console={console}"\n',
        f"boot/vmlinuz-{version}": SIGNED,
        f"boot/initrd.img-{version}": packed,
        "boot/vmlinuz": f"-> vmlinuz-{version}",
        "boot/initrd.img": f"-> initrd.img-{version}",
        "boot/grub/grub.cfg": _menu(version, f"console=tty1 console={console}"),
        f"boot/efi/EFI/BOOT/BOOT{suffix.upper()}.EFI": SIGNED,
        f"boot/efi/EFI/ubuntu/shim{suffix}.efi": SIGNED,
        f"boot/efi/EFI/ubuntu/grub{suffix}.efi": SIGNED,
        "usr/sbin/netplan": "-> ../share/netplan/netplan.script",
        "usr/share/netplan/netplan.script": "program",
        "usr/libexec/netplan/generate": "program",
        "etc/netplan/01-netcfg.yaml": _ETH0,
        "usr/bin/sudo": "program",
        "etc/sudoers.d/README": "#\n",
        "etc/passwd": "root:x:0:0:root:/root:/bin/bash\n",
        "etc/shadow": "root:*:19000:0:99999:7:::\n",
    }


_22_KERNEL, _24_KERNEL, _ADMIN = "5.15.0-161-generic", "6.8.0-88-generic", ("--admin-user",)
_22 = Tree(
    {
        **_ubuntu("22.04", _22_KERNEL, 10, packed=initramfs(*DISK_DRIVERS)),
        **wanted("ssh.service"),
        f"{SYSTEM}/sshd.service": f"-> /{VENDOR}/ssh.service",
    },
    options=_ADMIN,
)
_24 = Tree(
    {
        **_ubuntu("24.04", _24_KERNEL, 12, packed=ZSTD),
        **wanted("ssh.socket", target="sockets"),
        f"{SYSTEM}/ssh.service.requires/ssh.socket": f"-> /{VENDOR}/ssh.socket",
    },
    options=_ADMIN,
)
_24_ARM64 = Tree(
    {
        **_ubuntu("24.04", _24_KERNEL, 12, machine=ARM, packed=initramfs(*DISK_DRIVERS)),
        **wanted("ssh.socket", target="sockets"),
    }
)
_NM: Change = {
    f"{VENDOR}/NetworkManager.service": INSTALLED,
    **wanted("NetworkManager.service"),
    "etc/netplan/01-network-manager-all.yaml": "# Let NetworkManager manage all devices\n"
    "network:\n  version: 2\n  renderer: NetworkManager\n",
    "etc/netplan/01-netcfg.yaml": None,
    "usr/lib/NetworkManager/conf.d/10-globally-managed-devices.conf": "[keyfile]\n"
    "unmanaged-devices=*,except:type:wifi,except:type:gsm,except:type:cdma\n",
}


def _netplan(text: str) -> Change:
    return {"etc/netplan/01-netcfg.yaml": text}


def _cloud_init(*units: str) -> Tuple[Change, Change]:
    names = [f"{unit}.service" for unit in units]
    installed = {f"{VENDOR}/{name}": INSTALLED for name in names}
    return {"usr/bin/cloud-init": "program", **installed}, wanted(*names, target="cloud-init")


_AGENT, _AGENT_WANTED = _cloud_init("cloud-init-local", "cloud-init", "cloud-config", "cloud-final")

TREES: Dict[str, Tree] = {
    "Ubuntu 22.04": _22,
    "Ubuntu 24.04": _24,
    "Ubuntu 24.04 on arm64": _24_ARM64,
    "Ubuntu 22.04, a desktop": changed(
        _22,
        {
            **_NM,
            "etc/NetworkManager/conf.d/10-globally-managed-devices.conf": "",
        },
    ),
    "Ubuntu 22.04, the settings of a server for NetworkManager": changed(
        _22, _NM, "network-no-dhcp"
    ),
    "Ubuntu 24.04, the network of a VM of VMware": changed(
        _24,
        _netplan("network:\n  ethernets:\n    ens33:\n      dhcp4: true\n  version: 2\n"),
        warnings="network-other-nic",
    ),
    "Ubuntu 24.04, an address of the build machine": changed(
        _24,
        _netplan(
            "network:\n  version: 2\n  ethernets:\n    eth0:\n      match:\n        macaddress: "
            f'"{MAC}"\n      dhcp4: true\n      set-name: "eth0"\n'
        ),
        "network-mac",
    ),
    "Ubuntu 24.04, the flow style of YAML": changed(
        _24, _netplan("network: {version: 2, ethernets: {eth0: {dhcp4: true}}}\n")
    ),
    "Ubuntu 24.04, a fixed address in flow style": changed(
        _24,
        _netplan("network: {version: 2, ethernets: {eth0: {addresses: [10.0.0.9/24]}}}\n"),
        "network-static",
    ),
    "Ubuntu 24.04, a fixed address": changed(
        _24,
        _netplan(
            "network:\n  version: 2\n  renderer: networkd\n  ethernets:\n    eth0:\n"
            "      addresses:\n        - 10.10.10.2/24\n      routes:\n        - to: default\n"
            "          via: 10.10.10.1\n"
        ),
        "network-static",
    ),
    "Ubuntu 24.04, networkd masked": changed(
        _24,
        {
            f"{SYSTEM}/systemd-networkd.service": "-> /dev/null",
            **unwanted("systemd-networkd.service"),
        },
        "network-renderer",
    ),
    "Ubuntu 22.04, an image of the Marketplace": changed(
        _22, {**_AGENT, **_AGENT_WANTED}, "agent-enabled"
    ),
    "Ubuntu 22.04, cloud-init for another platform": changed(
        _22,
        {
            **_AGENT,
            **_AGENT_WANTED,
            "etc/cloud/cloud.cfg.d/90_dpkg.cfg": "datasource_list: [ NoCloud ]\n",
        },
        warnings="agent-installed",
    ),
    "Ubuntu 24.04, sshd not enabled": changed(
        _24,
        {
            **unwanted("ssh.socket", target="sockets"),
            f"{SYSTEM}/ssh.service.requires/ssh.socket": None,
            "etc/machine-id": "",
        },
        warnings="ssh-disabled",
    ),
    "Ubuntu 24.04, ESP without a fallback": changed(
        _24, {"boot/efi/EFI/BOOT/BOOTX64.EFI": None}, "esp-fallback"
    ),
    "Ubuntu 24.04 on arm64, the menu of amd64": changed(
        _24_ARM64,
        {"boot/grub/grub.cfg": _menu(_24_KERNEL, "console=ttyS0")},
        warnings="console-missing",
    ),
    "Ubuntu 24.04, a kernel that was removed": changed(
        _24, {f"boot/vmlinuz-{_24_KERNEL}": None}, "boot-file-missing"
    ),
}

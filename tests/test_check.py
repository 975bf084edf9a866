"""What `check` finds, and what it must not: one tree a rule, sound but for one thing."""

import gzip
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azprov.host.root import Root
from azprov.image.check import apply, check
from azprov.image.check.finding import Finding
from azprov.image.check.image import Image
from images import azprov, azprov_as_nobody, changes, tree
from pyz import PYZ as ARCHIVE
from pyz import ROOT
from sound_image import (
    GRUB,
    INITRAMFS,
    KERNEL,
    MODULES,
    OPENRC,
    SYSTEM,
    VENDOR,
    VMLINUZ,
    WANTS,
    Change,
    File,
    change,
    cpio,
    make_sound,
)
from test_architecture import APP

UNIT = "azure-provisioning.service"
NETWORK = "etc/systemd/network/10-azure.network"
PYZ = "usr/local/lib/azprov/azprov.pyz"
NM = "etc/NetworkManager/system-connections"
MAC = "00:15:5d:01:02:03"


def _other_archive() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("other.py", "")
    return packed.getvalue()


OTHER_ARCHIVE = _other_archive()
_MIDDLE = ARCHIVE.stat().st_size // 2
DAMAGED = ARCHIVE.read_bytes()[:_MIDDLE] + b"xxxx" + ARCHIVE.read_bytes()[_MIDDLE + 4 :]


class Wrong(NamedTuple):
    """One thing that is wrong, and what is to be found for it."""

    rule: str
    severity: str
    done: Change


def enabled(service: str) -> Change:
    """A service of the distribution that starts at boot."""
    return {
        f"{VENDOR}/{service}": "[Unit]\n",
        f"{WANTS}/{service}": f"-> /{VENDOR}/{service}",
    }


def instead_of_networkd(service: str, files: Change) -> Change:
    return {
        NETWORK: None,
        f"{WANTS}/systemd-networkd.service": None,
        **enabled(service),
        **files,
    }


def networkd(text: str) -> Change:
    return {NETWORK: text}


def ifupdown(text: str) -> Change:
    files: Change = {"etc/network/interfaces": text, "usr/sbin/dhclient": "program"}
    return instead_of_networkd("networking.service", files)


def network_manager(files: Change) -> Change:
    return instead_of_networkd("NetworkManager.service", files)


def ifcfg(text: str) -> Change:
    return instead_of_networkd("wicked.service", {"etc/sysconfig/network/ifcfg-eth0": text})


def netplan(text: str) -> Change:
    return {
        NETWORK: None,
        f"{WANTS}/systemd-networkd.service": None,
        "usr/sbin/netplan": "program",
        "etc/netplan/50-cloud.yaml": text,
    }


def dhcpcd(text: str) -> Change:
    return instead_of_networkd("dhcpcd.service", {"etc/dhcpcd.conf": text})


def firewall(service: str, path: str, text: str) -> Change:
    return {**enabled(service), path: text}


def nft(rules: str, policy: str = "drop") -> Change:
    chain = f"chain output {{\n type filter hook output priority 0; policy {policy};\n{rules}\n}}"
    return firewall("nftables.service", "etc/nftables.conf", f"table inet filter {{\n{chain}\n}}\n")


def iptables(rules: str, policy: str = "DROP") -> Change:
    text = f"*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT {policy} [0:0]\n{rules}\nCOMMIT\n"
    return firewall("netfilter-persistent.service", "etc/iptables/rules.v4", text)


def ufw(rules: str, policy: str = "DROP") -> Change:
    return {
        **firewall("ufw.service", "etc/ufw/ufw.conf", "ENABLED=yes\n"),
        "etc/default/ufw": f'DEFAULT_OUTPUT_POLICY="{policy}"\n',
        "etc/ufw/user.rules": rules,
        "etc/ufw/before.rules": "-A ufw-before-output -o lo -j ACCEPT\n"
        "-A ufw-before-output -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n",
    }


def zstd_initramfs(path: str, text: str) -> Change:
    return {INITRAMFS: b"\x28\xb5\x2f\xfd what follows is packed", path: text}


#: The usual line of a menu for the kernel that is there.
LINUX = f"linux /{VMLINUZ} root=UUID=1 ro console=ttyS0"
EXTLINUX = "boot/extlinux/extlinux.conf"
ENTRY = "boot/loader/entries/a.conf"


def grub(text: str) -> Change:
    return {GRUB: text}


def without_grub(files: Change) -> Change:
    return {GRUB: None, **files}


ROOT_USER = "root:x:0:0::/root:/bin/sh\n"


def first_boot(options: str) -> Change:
    """azprov's service with these options, as `install` writes it."""
    shipped = (ROOT / "unit" / UNIT).read_text()
    command = f"ExecStart=/usr/bin/python3 -I /{PYZ} provision"
    text = shipped.replace(command, f"{command} {options}")
    for line, other in (
        ("ProtectSystem=strict", "ProtectSystem=yes"),
        ("ProtectHome=yes", "ProtectHome=no"),
        ("CapabilityBoundingSet=", "CapabilityBoundingSet=CAP_SETUID CAP_SETGID CAP_AUDIT_WRITE "),
    ):
        text = text.replace(line, other)
    return {f"{SYSTEM}/{UNIT}": text}


WRONG: Dict[str, Wrong] = {
    "no service": Wrong(
        "service-missing", "error", {f"{SYSTEM}/{UNIT}": None, f"{WANTS}/{UNIT}": None}
    ),
    "not enabled": Wrong("service-disabled", "error", {f"{WANTS}/{UNIT}": None}),
    "masked": Wrong("service-masked", "error", {f"{SYSTEM}/{UNIT}": "-> /dev/null"}),
    "masked by an empty file": Wrong("service-masked", "error", {f"{SYSTEM}/{UNIT}": ""}),
    "the page's own service": Wrong(
        "service-foreign",
        "error",
        {f"{SYSTEM}/{UNIT}": "[Service]\nExecStart=/usr/bin/python3 /usr/local/provision.py\n"},
    ),
    "another timeout": Wrong(
        "service-altered",
        "warning",
        {
            f"{SYSTEM}/{UNIT}": "[Service]\nTimeoutStartSec=10\n"
            f"ExecStart=/usr/bin/python3 -I /{PYZ} provision\n"
        },
    ),
    "a drop-in": Wrong(
        "service-drop-in", "note", {f"{SYSTEM}/{UNIT}.d/x.conf": "[Service]\nNice=1\n"}
    ),
    "no program": Wrong("program-unusable", "error", {PYZ: None}),
    "half a program": Wrong("program-unusable", "error", {PYZ: b"#!/usr/bin/python3\nPK\3\4half"}),
    "a program with a wrong byte": Wrong("program-unusable", "error", {PYZ: DAMAGED}),
    "another program": Wrong("program-unusable", "error", {PYZ: OTHER_ARCHIVE}),
    "a program that is a link to nowhere": Wrong("program-unusable", "error", {PYZ: "-> /none"}),
    "no Python": Wrong("python-unusable", "error", {"usr/bin/python3": None}),
    "no init": Wrong("init-unknown", "error", {"usr/lib/systemd/systemd": None}),
    "nothing to start": Wrong("init-missing", "error", {"sbin/init": None}),
    "a link to nothing": Wrong("init-missing", "error", {"sbin/init": "-> /lib/systemd/systemd"}),
    "nothing to start, with dracut": Wrong(
        "init-missing", "warning", {"sbin/init": None, "etc/dracut.conf": ""}
    ),
    "nothing to start, with a part of dracut": Wrong(
        "init-missing",
        "error",
        {"sbin/init": None, "usr/lib/dracut/dracut-install": "program"},
    ),
    "an init= that is not there": Wrong(
        "init-missing", "error", grub(f"{LINUX} init=/lib/sysvinit/init\n")
    ),
    "an init= to mend something": Wrong(
        "init-other", "error", {**grub(f"{LINUX} init=/bin/bash rw\n"), "bin/bash": "ELF"}
    ),
    "sysvinit beside systemd": Wrong(
        "init-other", "error", {"sbin/init": "ELF", "etc/inittab": "si::sysinit:/etc/init.d/rcS\n"}
    ),
    "busybox beside systemd": Wrong(
        "init-other", "error", {"sbin/init": "-> ../bin/busybox", "bin/busybox": "ELF"}
    ),
    "busybox beside systemd, with a unified kernel": Wrong(
        "init-other",
        "warning",
        {
            "sbin/init": "-> ../bin/busybox",
            "bin/busybox": "ELF",
            "boot/efi/EFI/Linux/a.efi": "MZ",
        },
    ),
    "an unknown init": Wrong(
        "init-other", "warning", {"sbin/init": "-> /opt/nyx", "opt/nyx": "ELF"}
    ),
    "rescue": Wrong(
        "boot-target",
        "error",
        {f"{SYSTEM}/default.target": "-> /usr/lib/systemd/system/rescue.target"},
    ),
    "keys for nobody": Wrong(
        "keys-user-missing", "error", {**first_boot("--ssh-keys ops"), "etc/passwd": ROOT_USER}
    ),
    "an admin without sudo": Wrong("admin-without-rights", "warning", first_boot("--admin-user")),
    "keys that sshd refuses": Wrong(
        "keys-refused",
        "error",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "etc/ssh/sshd_config": "PubkeyAuthentication no\n",
        },
    ),
    "keys that sshd does not look for": Wrong(
        "keys-refused",
        "error",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "etc/passwd": ROOT_USER,
            "etc/ssh/sshd_config": "AuthorizedKeysFile none\n",
        },
    ),
    "logins of others": Wrong(
        "logins-restricted",
        "warning",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "etc/ssh/sshd_config": "AllowUsers alice\n",
        },
    ),
    "nobody gets in": Wrong(
        "nobody-logs-in",
        "note",
        {"etc/passwd": ROOT_USER, "etc/shadow": "root:*:19000:0:99999:7:::\n"},
    ),
    "another command": Wrong(
        "service-altered",
        "error",
        {f"{SYSTEM}/{UNIT}": f"[Service]\nExecStart=/usr/bin/python3 -I /{PYZ} provison\n"},
    ),
    "a drop-in that decides": Wrong(
        "service-drop-in",
        "warning",
        {f"{SYSTEM}/{UNIT}.d/x.conf": "[Service]\nPrivateNetwork=yes\n"},
    ),
    "a masked networkd with its socket": Wrong(
        "network-none",
        "error",
        {
            f"{WANTS}/systemd-networkd.service": None,
            f"{SYSTEM}/systemd-networkd.service": "-> /dev/null",
            f"{SYSTEM}/sockets.target.wants/systemd-networkd.socket": "-> x",
            f"{VENDOR}/systemd-networkd.socket": "[Socket]\n",
        },
    ),
    "cloud-init": Wrong("agent-enabled", "error", enabled("cloud-init.service")),
    "cloud-init of its own target": Wrong(
        "agent-enabled",
        "error",
        {
            f"{VENDOR}/cloud-init-local.service": "[Unit]\n",
            f"{SYSTEM}/cloud-init.target.wants/cloud-init-local.service": "-> x",
        },
    ),
    "cloud-init of the rescue system": Wrong(
        "agent-installed",
        "warning",
        {
            f"{VENDOR}/cloud-init.service": "[Unit]\n",
            f"{VENDOR}/rescue.target.wants/cloud-init.service": "-> ../cloud-init.service",
        },
    ),
    "cloud-init taken from its target": Wrong(
        "agent-installed",
        "warning",
        {**enabled("cloud-init.service"), f"{WANTS}/cloud-init.service": "-> /dev/null"},
    ),
    "cloud-init switched off": Wrong(
        "agent-installed",
        "warning",
        {**enabled("cloud-init.service"), "etc/cloud/cloud-init.disabled": ""},
    ),
    "cloud-init for other platforms": Wrong(
        "agent-installed",
        "warning",
        {
            **enabled("cloud-init.service"),
            "etc/cloud/cloud.cfg.d/90.cfg": "datasource_list: [ NoCloud, None ]\n",
        },
    ),
    "cloud-init not enabled": Wrong(
        "agent-installed", "warning", {"usr/bin/cloud-init": "program"}
    ),
    "waagent": Wrong("agent-enabled", "error", enabled("walinuxagent.service")),
    "waagent masked": Wrong(
        "agent-installed",
        "warning",
        {
            **enabled("waagent.service"),
            f"{SYSTEM}/waagent.service": "-> /dev/null",
            "usr/sbin/waagent": "program",
        },
    ),
    "azure-init": Wrong("agent-enabled", "error", enabled("azure-init.service")),
    "afterburn": Wrong("agent-enabled", "error", enabled("afterburn-checkin.service")),
    "tiny-azagent": Wrong("agent-enabled", "error", enabled("tiny-azagent.service")),
    "no DHCP client": Wrong(
        "network-none", "error", {f"{WANTS}/systemd-networkd.service": None, NETWORK: None}
    ),
    "networkd without a file": Wrong("network-no-dhcp", "error", {NETWORK: None}),
    "networkd for containers only": Wrong(
        "network-no-dhcp", "error", networkd("[Match]\nName=ve-*\nKind=veth\n[Network]\nDHCP=yes\n")
    ),
    "networkd unmanaged": Wrong(
        "network-no-dhcp",
        "error",
        networkd("[Match]\nName=eth0\n[Link]\nUnmanaged=yes\n[Network]\nDHCP=yes\n"),
    ),
    "networkd by IPv6 only": Wrong(
        "network-no-dhcp", "error", networkd("[Match]\nName=e*\n[Network]\nDHCP=ipv6\n")
    ),
    "networkd by a drop-in": Wrong(
        "network-no-dhcp", "error", {f"{NETWORK}.d/a.conf": "[Network]\nDHCP=no\n"}
    ),
    "networkd, another file first": Wrong(
        "network-no-dhcp",
        "error",
        {"etc/systemd/network/00-a.network": "[Match]\nName=*\n[Network]\nDHCP=no\n"},
    ),
    "networkd by a file that only root reads": Wrong(
        "network-closed",
        "error",
        {NETWORK: File("[Match]\nName=eth0\n[Network]\nDHCP=yes\n", 0o600)},
    ),
    "networkd, a file for root first": Wrong(
        "network-closed",
        "warning",
        {"etc/systemd/network/05-a.network": File("[Match]\nName=e*\n", 0o640)},
    ),
    "a name by a link": Wrong(
        "network-renamed",
        "error",
        {"etc/systemd/network/10-a.link": "[Match]\nDriver=hv_netvsc\n[Link]\nName=lan0\n"},
    ),
    "a name by a link's drop-in": Wrong(
        "network-renamed",
        "error",
        {
            "usr/lib/systemd/network/99-default.link": "[Match]\nOriginalName=*\n"
            "[Link]\nNamePolicy=keep kernel\n",
            "etc/systemd/network/99-default.link.d/a.conf": "[Link]\nNamePolicy=\nName=lan0\n",
        },
    ),
    "a name by what is not known": Wrong(
        "network-renamed",
        "warning",
        {
            "etc/systemd/network/10-a.link": "[Match]\nOriginalName=eth0\nPath=acpi-*\n"
            "[Link]\nName=lan0\n"
        },
    ),
    "a name by a link, for ifupdown": Wrong(
        "network-renamed",
        "error",
        {
            **ifupdown("auto eth0\niface eth0 inet dhcp\n"),
            "etc/systemd/network/10-a.link": "[Match]\nType=ether\n[Link]\nName=lan0\n",
        },
    ),
    "a name by a link that nothing configures": Wrong(
        "network-other-nic",
        "warning",
        {
            **networkd("[Match]\nName=ens3\n[Network]\nDHCP=yes\n"),
            "etc/systemd/network/10-a.link": "[Match]\nType=ether\n[Link]\nName=lan0\n",
        },
    ),
    "networkd static": Wrong(
        "network-static", "error", networkd("[Match]\nName=eth0\n[Network]\nAddress=10.0.0.4/24\n")
    ),
    "networkd, a static file first": Wrong(
        "network-static",
        "error",
        {"etc/systemd/network/05-a.network": "[Match]\nName=e*\n[Address]\nAddress=10.0.0.4\n"},
    ),
    "networkd for another card": Wrong(
        "network-other-nic", "warning", networkd("[Match]\nName=ens3\n[Network]\nDHCP=yes\n")
    ),
    "networkd by address": Wrong(
        "network-mac", "error", networkd(f"[Match]\nMACAddress={MAC}\n[Network]\nDHCP=yes\n")
    ),
    "networkd by address too": Wrong(
        "network-mac",
        "warning",
        {"etc/systemd/network/05-a.network": f"[Match]\nMACAddress={MAC}\n[Network]\nDHCP=yes\n"},
    ),
    "ifupdown static": Wrong(
        "network-static",
        "error",
        ifupdown("auto eth0\niface eth0 inet static\n address 10.0.0.4\n"),
    ),
    "ifupdown for another card": Wrong(
        "network-other-nic", "warning", ifupdown("auto ens3\niface ens3 inet dhcp\n")
    ),
    "ifupdown that starts nothing": Wrong(
        "network-no-dhcp", "error", ifupdown("iface eth0 inet dhcp\n")
    ),
    "ifupdown without a client": Wrong(
        "network-no-client",
        "error",
        {**ifupdown("auto eth0\niface eth0 inet dhcp\n"), "usr/sbin/dhclient": None},
    ),
    "NetworkManager static": Wrong(
        "network-static",
        "error",
        network_manager(
            {f"{NM}/a.nmconnection": "[connection]\ntype=ethernet\n[ipv4]\nmethod=manual\n"}
        ),
    ),
    "NetworkManager by a file for all": Wrong(
        "network-closed",
        "warning",
        network_manager(
            {f"{NM}/a": File("[connection]\ntype=ethernet\n[ipv4]\nmethod=manual\n", 0o644)}
        ),
    ),
    "NetworkManager by nothing but a file for all": Wrong(
        "network-closed",
        "error",
        network_manager(
            {
                f"{NM}/a": File("[connection]\ntype=ethernet\n", 0o640),
                "etc/NetworkManager/conf.d/a.conf": "[main]\nno-auto-default=*\n",
            }
        ),
    ),
    "NetworkManager by address": Wrong(
        "network-mac",
        "warning",
        network_manager(
            {f"{NM}/a": f"[connection]\ntype=ethernet\n[ethernet]\nmac-address={MAC}\n"}
        ),
    ),
    "NetworkManager that does nothing by itself": Wrong(
        "network-no-dhcp",
        "error",
        network_manager({"etc/NetworkManager/conf.d/a.conf": "[main]\nno-auto-default=*\n"}),
    ),
    "NetworkManager without Ethernet": Wrong(
        "network-no-dhcp",
        "error",
        network_manager(
            {
                "usr/lib/NetworkManager/conf.d/10-globally-managed-devices.conf": "[keyfile]\n"
                "unmanaged-devices=*,except:type:wifi,except:type:gsm\n"
            }
        ),
    ),
    "wicked static": Wrong(
        "network-static", "error", ifcfg("BOOTPROTO='static'\nIPADDR='10.0.0.4/24'\n")
    ),
    "wicked not started": Wrong(
        "network-no-dhcp", "error", ifcfg("BOOTPROTO=dhcp\nSTARTMODE=off\n")
    ),
    "ifcfg by address": Wrong("network-mac", "error", ifcfg(f"BOOTPROTO=dhcp\nHWADDR={MAC}\n")),
    "netplan static": Wrong(
        "network-static",
        "error",
        netplan("network:\n  ethernets:\n    eth0:\n      addresses:\n        - 10.0.0.4/24\n"),
    ),
    "netplan for another card": Wrong(
        "network-other-nic",
        "warning",
        netplan("network:\n  ethernets:\n    ens3:\n      dhcp4: true\n"),
    ),
    "netplan by address": Wrong(
        "network-mac",
        "error",
        netplan(
            "network:\n  ethernets:\n    eth0:\n      dhcp4: true\n      match:\n"
            f'        macaddress: "{MAC}"\n      set-name: eth0\n'
        ),
    ),
    "dhcpcd static": Wrong(
        "network-static", "error", dhcpcd("interface eth0\nstatic ip_address=10.0.0.4/24\n")
    ),
    "Red Hat's files, nothing by itself": Wrong(
        "network-other-nic",
        "warning",
        network_manager(
            {
                "etc/NetworkManager/conf.d/a.conf": "[main]\nno-auto-default=*\n",
                "etc/sysconfig/network-scripts/ifcfg-ens192": "BOOTPROTO=dhcp\nONBOOT=yes\n",
            }
        ),
    ),
    "dhcpcd denied": Wrong("network-no-dhcp", "error", dhcpcd("denyinterfaces eth0\n")),
    "dhcpcd of another card": Wrong(
        "network-other-nic",
        "warning",
        {
            NETWORK: None,
            f"{WANTS}/systemd-networkd.service": None,
            f"{VENDOR}/dhcpcd@.service": "[Unit]\n",
            f"{WANTS}/dhcpcd@ens3.service": f"-> /{VENDOR}/dhcpcd@.service",
        },
    ),
    "udev by address": Wrong(
        "network-mac",
        "error",
        {
            "etc/udev/rules.d/70-persistent-net.rules": 'SUBSYSTEM=="net", '
            f'ATTR{{address}}=="{MAC}", KERNEL=="eth*", NAME="eth0"\n'
        },
    ),
    "no network driver": Wrong(
        "kernel-drivers",
        "error",
        {f"{MODULES}/modules.dep": "kernel/drivers/scsi/hv_storvsc.ko:\n"},
    ),
    "a second kernel without drivers": Wrong(
        "kernel-drivers", "warning", {"usr/lib/modules/6.2.0/modules.dep": "kernel/a.ko:\n"}
    ),
    "no kernel": Wrong(
        "kernel-none",
        "warning",
        {f"{MODULES}/modules.dep": None, f"{MODULES}/modules.builtin": None},
    ),
    "no disk driver in the initramfs": Wrong(
        "initramfs-drivers", "error", {INITRAMFS: cpio("kernel/drivers/ata/ata_piix.ko")}
    ),
    "none in a packed one": Wrong(
        "initramfs-drivers", "error", {INITRAMFS: cpio("early") + gzip.compress(cpio("init"))}
    ),
    "no initramfs": Wrong("initramfs-none", "note", {**grub(LINUX), INITRAMFS: None}),
    "an initramfs in zstd": Wrong(
        "initramfs-unread",
        "note",
        zstd_initramfs("etc/initramfs-tools/initramfs.conf", "MODULES=dep\n"),
    ),
    "a damaged initramfs": Wrong("initramfs-unread", "note", {INITRAMFS: b"070701 and no more"}),
    "no serial console": Wrong(
        "console-missing",
        "warning",
        {GRUB: "blscfg\n", "etc/default/grub": 'GRUB_CMDLINE_LINUX="quiet"\n'},
    ),
    "no serial console in what boots": Wrong(
        "console-missing",
        "warning",
        grub(f"menuentry x {{\n\tlinux\t/{VMLINUZ} root=UUID=1 ro quiet\n}}\n"),
    ),
    "no serial console in an entry": Wrong(
        "console-missing",
        "warning",
        without_grub({ENTRY: "title A\noptions root=LABEL=x\n"}),
    ),
    "root by a name": Wrong(
        "root-by-name",
        "warning",
        without_grub(
            {
                "boot/EFI/Linux/a.efi": "MZ",
                "etc/kernel/cmdline": "root=/dev/sda1 console=ttyS0\n",
            }
        ),
    ),
    "root on virtio": Wrong(
        "root-by-name",
        "error",
        {EXTLINUX: "LABEL l\n  APPEND root=/dev/vda1 console=ttyS0\n"},
    ),
    "an initrd that is not there": Wrong(
        "boot-file-missing",
        "error",
        {**grub(f"{LINUX}\ninitrd /initrd.img\n"), "initrd.img": None},
    ),
    "a link to an initrd that is not there": Wrong(
        "boot-file-missing",
        "error",
        {**grub(f"{LINUX}\ninitrd /initrd.img\n"), "initrd.img": "-> boot/initrd.img-5.10"},
    ),
    "one of two initrds": Wrong(
        "boot-file-missing",
        "error",
        grub(f"{LINUX}\ninitrd /boot/early.img /{INITRAMFS} # the last one\n"),
    ),
    "no kernel by the first entry": Wrong(
        "boot-file-missing",
        "error",
        grub(
            'set default="0"\nif [ x ]; then\n set default="${next_entry}"\nfi\n'
            "menuentry 'new' {\n linux /boot/vmlinuz-9 console=ttyS0\n}\n"
            f"menuentry 'old' {{\n {LINUX}\n}}\n"
        ),
    ),
    "no kernel by any entry": Wrong(
        "boot-file-missing",
        "error",
        grub(
            'set default="${saved_entry}"\n'
            "menuentry 'new' {\n linux /boot/vmlinuz-9 console=ttyS0\n}\n"
            "menuentry 'old' {\n linux /boot/vmlinuz-8\n}\n"
            "menuentry 'Firmware' {\n chainloader /EFI/BOOT/BOOTX64.EFI\n}\n"
        ),
    ),
    "a memory test and no kernel": Wrong(
        "boot-file-missing",
        "error",
        {
            **grub(
                "set default=saved\nlinux /boot/vmlinuz-9 console=ttyS0\n"
                "menuentry 'memory' {\n linux16 /boot/memtest86+.bin\n}\n"
            ),
            "boot/memtest86+.bin": "",
        },
    ),
    "no kernel by GRUB's entries": Wrong(
        "boot-file-missing",
        "error",
        {**grub("blscfg\n"), ENTRY: "linux /vmlinuz-9\noptions console=ttyS0\n"},
    ),
    "no initrd by an entry": Wrong(
        "boot-file-missing",
        "error",
        without_grub(
            {
                "efi/loader/entries/a.conf": "linux /0123/6.1/linux\noptions console=ttyS0\n"
                f"initrd /0123/6.1/initrd.img-{KERNEL}\n",
                "efi/0123/6.1/linux": "",
            }
        ),
    ),
    "no kernel by extlinux": Wrong(
        "boot-file-missing",
        "error",
        without_grub({EXTLINUX: "LABEL l\n LINUX vmlinuz-9\n APPEND console=ttyS0\n"}),
    ),
    "no initrd by syslinux": Wrong(
        "boot-file-missing",
        "error",
        without_grub(
            {
                "boot/syslinux/syslinux.cfg": f"LABEL l\n KERNEL ../vmlinuz-{KERNEL}\n"
                " APPEND initrd=/early.img,/initrd.img console=ttyS0\n"
            }
        ),
    ),
    "no kernel by one of two boot loaders": Wrong(
        "boot-file-missing", "warning", {EXTLINUX: "LABEL l\n LINUX /vmlinuz-9\n"}
    ),
    "no kernel beside a unified one": Wrong(
        "boot-file-missing",
        "warning",
        {**grub("linux /vmlinuz-9 console=ttyS0\n"), "boot/efi/EFI/LINUX/a.efi": "MZ"},
    ),
    "no kernel's file": Wrong(
        "kernel-file-none", "note", {**grub("blscfg\n"), VMLINUZ: None, "etc/default/grub": None}
    ),
    "no kernel's file, and no boot loader": Wrong(
        "kernel-file-none", "note", without_grub({VMLINUZ: None})
    ),
    "a disk that a VM may not have": Wrong(
        "fstab-needed", "warning", {"etc/fstab": "LABEL=data /data ext4 defaults 0 2\n"}
    ),
    "a temporary disk that a VM may not have": Wrong(
        "fstab-needed",
        "warning",
        {"etc/fstab": "/dev/disk/cloud/azure_resource-part1 /mnt auto defaults 0 2\n"},
    ),
    "a root that is read-only": Wrong(
        "fstab-read-only", "warning", {"etc/fstab": "LABEL=root / ext4 ro,noatime 0 1\n"}
    ),
    "a driver that is blacklisted": Wrong(
        "kernel-driver-forbidden", "error", {"etc/modprobe.d/x.conf": "blacklist hv-netvsc\n"}
    ),
    "a driver that is installed as nothing": Wrong(
        "kernel-driver-forbidden",
        "error",
        {"usr/lib/modprobe.d/x.conf": "install hv_storvsc /bin/false\n"},
    ),
    "sshd that is not to be run": Wrong(
        "ssh-forbidden", "warning", {"etc/ssh/sshd_not_to_be_run": ""}
    ),
    "no boot loader": Wrong("boot-loader-none", "note", without_grub({})),
    "swap": Wrong("swap-on-os-disk", "warning", {"etc/fstab": "/swapfile none swap sw 0 0\n"}),
    "fstab by a name": Wrong(
        "fstab-by-name", "error", {"etc/fstab": "/dev/sda1 / ext4 defaults\n"}
    ),
    "fstab by a name of NVMe": Wrong(
        "fstab-by-name", "error", {"etc/fstab": "/dev/nvme0n1p15 /boot/efi vfat umask=0077 0 1\n"}
    ),
    "fstab by a name, not needed": Wrong(
        "fstab-by-name", "warning", {"etc/fstab": "/dev/sdb1 /mnt auto defaults,nofail 0 2\n"}
    ),
    "nftables": Wrong("firewall-output", "error", nft("ct state established,related accept")),
    "nftables to other ports": Wrong(
        "firewall-output",
        "error",
        nft("oif lo accept\ntcp dport { 22, 443 } accept; udp dport 53 accept"),
    ),
    "nftables that ends in reject": Wrong(
        "firewall-output", "error", nft("ip daddr 10.0.0.0/8 accept\nreject", policy="accept")
    ),
    "iptables": Wrong(
        "firewall-output",
        "error",
        iptables("-A OUTPUT -o lo -j ACCEPT\n-A OUTPUT -m state --state ESTABLISHED -j ACCEPT"),
    ),
    "iptables that ends in drop": Wrong(
        "firewall-output",
        "error",
        iptables("-A OUTPUT -p tcp --dport 443 -j ACCEPT\n-A OUTPUT -j DROP", policy="ACCEPT"),
    ),
    "nftables by a file that it includes": Wrong(
        "firewall-output",
        "error",
        {
            **nft("ct state established accept"),
            "etc/nftables.conf": 'include "nftables.d/*.nft"\n',
            "etc/nftables.d/a.nft": "table ip filter {\n chain output {\n"
            "  type filter hook output priority 0\n  policy drop\n }\n}\n",
        },
    ),
    "nftables to WireServer alone": Wrong(
        "firewall-metadata", "warning", nft("ip daddr 168.63.129.16 tcp dport 80 accept")
    ),
    "nftables to the metadata service alone": Wrong(
        "firewall-output", "error", nft("ip daddr 169.254.0.0/16 tcp dport 80 accept")
    ),
    "nftables to a range of addresses": Wrong(
        "firewall-metadata", "warning", nft("ip daddr 168.63.129.10-168.63.129.20 accept")
    ),
    "nftables to WireServer alone, with users": Wrong(
        "firewall-metadata",
        "error",
        {
            **nft("ip daddr 168.63.129.16 tcp dport 80 accept"),
            **first_boot("--no-hostname --admin-user"),
            "etc/sudoers.d/x": "",
        },
    ),
    "iptables to WireServer alone": Wrong(
        "firewall-metadata", "warning", iptables("-A OUTPUT -d 168.63.129.16/32 -j ACCEPT")
    ),
    "ufw": Wrong("firewall-output", "error", ufw("")),
    "ufw to WireServer alone": Wrong(
        "firewall-metadata",
        "warning",
        ufw("-A ufw-user-output -p tcp -d 168.63.129.16 --dport 80 -j ACCEPT\n"),
    ),
    "no sshd": Wrong("ssh-missing", "warning", {"usr/sbin/sshd": None}),
    "sshd not enabled": Wrong("ssh-disabled", "warning", {f"{WANTS}/ssh.service": None}),
    "no way to host keys": Wrong("ssh-host-keys", "error", {"usr/bin/ssh-keygen": None}),
    "no clock": Wrong("clock-unsynchronised", "note", {f"{WANTS}/chrony.service": None}),
    "of Docker": Wrong("container-mark", "warning", {".dockerenv": ""}),
    "of Podman": Wrong("container-mark", "warning", {"run/.containerenv": "engine=podman\n"}),
    "an old kernel": Wrong(
        "entropy",
        "note",
        {
            "usr/lib/modules/4.19.0/modules.builtin": "kernel/drivers/hv/hv_vmbus.ko\n"
            "kernel/drivers/net/hyperv/hv_netvsc.ko\nkernel/drivers/scsi/hv_storvsc.ko\n"
        },
    ),
    "not UTF-8": Wrong("unread", "note", {"etc/dhcpcd.conf": None, "etc/fstab": b"# caf\xe9\n"}),
}

FINE: Dict[str, Change] = {
    "nothing done": {},
    "systemd by another way": {
        "sbin/init": None,
        "bin/init": "-> ../lib/systemd/systemd",
        "lib/systemd/systemd": "ELF",
    },
    "systemd by a copy": {"sbin/init": "program"},
    "systemd by a script": {"sbin/init": "#!/bin/sh\nexec /usr/lib/systemd/systemd\n"},
    "systemd by init=": {
        **grub(f"{LINUX} init=/usr/lib/systemd/systemd\n"),
        "sbin/init": None,
    },
    "systemd by one of the entries": grub(
        f"menuentry 'a' {{\n {LINUX} init=/bin/sh\n}}\nmenuentry 'b' {{\n {LINUX}\n}}\n"
    ),
    "options in the service": {
        f"{SYSTEM}/{UNIT}": (Path(__file__).parent.parent / "unit" / UNIT)
        .read_text()
        .replace("azprov.pyz provision\n", "azprov.pyz provision --no-hostname --keep-enabled\n")
    },
    "a machine id to come": {"etc/machine-id": None},
    "networkd by a driver": networkd("[Match]\nDriver=hv_netvsc\n[Network]\nDHCP=ipv4\n"),
    "networkd for another card that only root reads": {
        "etc/systemd/network/05-a.network": File("[Match]\nName=wg0\n", 0o600)
    },
    "networkd by two lines of names": networkd(
        "[Match]\nName=eth0\nName=ens3\n[Network]\nDHCP=yes\n"
    ),
    "networkd by what is said last": networkd(
        "[Match]\nName=eth0\n[Network]\nDHCP=no\n[Network]\nDHCP=yes\n"
    ),
    "a name by a link, and DHCP for it": {
        **networkd("[Match]\nName=lan*\n[Network]\nDHCP=yes\n"),
        "etc/systemd/network/10-a.link": "[Match]\nOriginalName=eth*\n[Link]\nName=lan0\n",
    },
    "a name by a link, and DHCP for any": {
        **networkd("[Match]\nType=ether\n[Network]\nDHCP=yes\n"),
        "etc/systemd/network/10-a.link": "[Match]\nOriginalName=*\n[Link]\nName=lan0\n",
    },
    "a name by a link, and NetworkManager": {
        **network_manager({}),
        "etc/systemd/network/10-a.link": "[Match]\nOriginalName=*\n[Link]\nName=lan0\n",
    },
    "links of other cards, and without a name": {
        f"etc/systemd/network/{number}-a.link": f"[Match]\n{match}\n[Link]\n{link}\n"
        for number, match, link in (
            ("10", f"MACAddress={MAC}", "Name=lan0"),
            ("11", "OriginalName=en*", "Name=lan0"),
            ("12", "Driver=virtio_net", "Name=lan0"),
            ("13", "Type=!ether", "Name=lan0"),
            ("14", "", "Name=lan0"),
            ("15", "OriginalName=*", "NamePolicy=keep\nName=lan0"),
            ("16", "OriginalName=*", "Name=lan0"),
        )
    },
    "a link for eth0": {
        "etc/systemd/network/10-a.link": "[Match]\nDriver=hv_netvsc\n[Link]\nName=eth0\n"
    },
    "netplan that only root reads": {
        **netplan(""),
        "etc/netplan/50-cloud.yaml": File(
            "network:\n  ethernets:\n    eth0:\n      dhcp4: true\n", 0o600
        ),
    },
    "networkd for all but lo": networkd("[Match]\nName=!lo\n[Network]\nDHCP=true\n"),
    "networkd by type": networkd("[Match]\nType=ether\n[Network]\nDHCP=yes\nAddress=10.0.0.4/24\n"),
    "networkd after the vendor's containers": {
        "usr/lib/systemd/network/05-host0.network": "[Match]\nVirtualization=container\nName=eth0\n"
        "[Network]\nAddress=10.0.0.4/24\n",
        "usr/lib/systemd/network/06-veth.network": "[Match]\nKind=veth\nName=*\n",
    },
    "networkd masks a file": {
        "usr/lib/systemd/network/05-a.network": "[Match]\nName=e*\n[Network]\nAddress=10.0.0.4\n",
        "etc/systemd/network/05-a.network": "-> /dev/null",
    },
    "networkd by a drop-in": {
        NETWORK: "[Match]\nName=eth0\n",
        f"{NETWORK}.d/dhcp.conf": "[Network]\nDHCP=yes\n",
    },
    "networkd before a static file of another name": {
        "etc/systemd/network/20-b.network": "[Match]\nName=ens3\n[Network]\nAddress=10.0.0.4/24\n"
    },
    "networkd by a preset to come": {
        f"{WANTS}/systemd-networkd.service": None,
        f"{VENDOR}/systemd-networkd.service": "[Install]\nWantedBy=multi-user.target\n",
        "usr/lib/systemd/system-preset/90.preset": "enable systemd-networkd.service\ndisable *\n",
        "etc/machine-id": "uninitialized\n",
    },
    "ifupdown": ifupdown("allow-hotplug eth0\niface eth0 inet dhcp\niface eth0 inet6 auto\n"),
    "ifupdown by a source": {
        **ifupdown("source /etc/network/interfaces.d/*\n"),
        "etc/network/interfaces.d/eth0": "auto eth0\niface eth0 inet dhcp\n",
    },
    "ifupdown by a pattern": ifupdown("auto /eth*\niface eth0 inet dhcp\n"),
    "NetworkManager by itself": network_manager({}),
    "NetworkManager with a keyfile": network_manager(
        {f"{NM}/a": "[connection]\ntype=ethernet\ninterface-name=eth0\n[ipv4]\nmethod=auto\n"}
    ),
    "NetworkManager with what an editor left": network_manager(
        {f"{NM}/.a.swp": "[connection]\ntype=ethernet\n[ipv4]\nmethod=manual\n"}
    ),
    "NetworkManager of another card": network_manager(
        {f"{NM}/a": "[connection]\ntype=ethernet\ninterface-name=ens3\n[ipv4]\nmethod=manual\n"}
    ),
    "NetworkManager for all": network_manager(
        {
            "usr/lib/NetworkManager/conf.d/10-globally-managed-devices.conf": "[keyfile]\n"
            "unmanaged-devices=*,except:type:wifi\n",
            "etc/NetworkManager/conf.d/10-globally-managed-devices.conf": "",
        }
    ),
    "wicked": ifcfg("BOOTPROTO='dhcp'\nSTARTMODE='auto'\n"),
    "netplan": netplan("network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true\n"),
    "netplan by a driver": netplan(
        "network:\n  ethernets:\n    primary: # one\n      match:\n        driver: hv_netvsc\n"
        '      "dhcp4": yes # as Azure wants it\n'
    ),
    "dhcpcd": dhcpcd("# static ip_address=10.0.0.4/24\nhostname\n"),
    "dhcpcd of eth0": {
        NETWORK: None,
        f"{WANTS}/systemd-networkd.service": None,
        f"{VENDOR}/dhcpcd@.service": "[Unit]\n",
        f"{WANTS}/dhcpcd@eth0.service": f"-> /{VENDOR}/dhcpcd@.service",
    },
    "udev for all cards": {
        "etc/udev/rules.d/68-azure-sriov-nm-unmanaged.rules": 'SUBSYSTEM=="net", '
        'DRIVERS=="hv_pci", ACTION=="add", ENV{NM_UNMANAGED}="1"\n'
    },
    "drivers with dashes": {
        f"{MODULES}/modules.dep": "kernel/hv-netvsc.ko.zst:\nkernel/hv-storvsc.ko.zst:\n"
    },
    "all drivers built in": {
        f"{MODULES}/modules.builtin": "a/hv_vmbus.ko\na/hv_storvsc.ko\na/hv_netvsc.ko\n",
        **grub(LINUX),
        INITRAMFS: None,
    },
    "an early archive before the packed one": {
        INITRAMFS: cpio("kernel/x86/microcode/AuthenticAMD.bin")
        + bytes(512)
        + gzip.compress(cpio("usr/lib/modules/x/kernel/drivers/scsi/hv_storvsc.ko"))
    },
    "zstd with all modules": zstd_initramfs("etc/initramfs-tools/initramfs.conf", "MODULES=most\n"),
    "zstd with modules that are named": zstd_initramfs(
        "etc/initramfs-tools/modules", "# for Azure\nhv_storvsc\n"
    ),
    "zstd by dracut": zstd_initramfs(
        "etc/dracut.conf.d/azure.conf", 'add_drivers+=" hv_vmbus hv_storvsc "\n'
    ),
    "zstd by dracut for any host": zstd_initramfs("etc/dracut.conf", "hostonly=no\n"),
    "zstd by mkinitcpio": zstd_initramfs("etc/mkinitcpio.conf", "MODULES=(hv_storvsc ext4)\n"),
    "what is left of a removed kernel": {"usr/lib/modules/5.0.0/extra/a.ko": ""},
    "no command line": {**grub("blscfg\n"), "etc/default/grub": None},
    "console in what boots": {
        "etc/default/grub": 'GRUB_CMDLINE_LINUX="quiet"\n',
        **grub(f"linux /{VMLINUZ} root=UUID=1 console=tty1 console=ttyS0,115200n8\n"),
    },
    "console in the environment of entries": {
        GRUB: None,
        "boot/grub2/grubenv": "kernelopts=root=UUID=1 console=ttyS0\n",
        ENTRY: "options $kernelopts\n",
    },
    "console on Arm": {
        **grub("blscfg\n"),
        "etc/default/grub": None,
        "etc/kernel/cmdline": "console=ttyAMA0 ro\n",
    },
    "kernel and initrd by links": grub(
        "linux /vmlinuz console=ttyS0\ninitrd /initrd.img # both\nboot\n"
    ),
    "kernel and initrd of a partition": grub(
        f"linux /vmlinuz-{KERNEL} console=ttyS0\ninitrd /initrd.img-{KERNEL}\n"
    ),
    "kernel and initrd of a subvolume": grub(
        f"linux /@/.snapshots/1/snapshot/{VMLINUZ} console=ttyS0\n"
        f"initrd /ROOT/debian@/{INITRAMFS}\n"
    ),
    "kernel and initrd that only GRUB knows": grub(
        "linux ($root)/vmlinuz-9 console=ttyS0\ninitrd (hd0,gpt2)/initrd.img-9 $extra\n"
        "linux $bootprefix/$mariner_linux console=ttyS0\ninitrd $bootprefix/$mariner_initrd\n"
        "linux '/my kernel' console=ttyS0\ninitrd newc:a:/b http://c/d\n"
    ),
    "kernel by the first entry": grub(
        f"menuentry 'new' {{\n {LINUX}\n}}\n"
        "menuentry 'other' {\n linux /boot/vmlinuz-8\n}\n"
        "menuentry 'memory' {\n linux16 /boot/memtest86+.bin\n}\n"
    ),
    "kernel by an entry that is saved": grub(
        'set default="${saved_entry}"\nlinux /boot/vmlinuz-9 console=ttyS0\n'
        f"menuentry 'old' {{\n {LINUX}\n}}\n"
    ),
    "kernel by an entry to fall back to": grub(
        f"set fallback=1\nlinux /boot/vmlinuz-9 console=ttyS0\nmenuentry 'old' {{\n {LINUX}\n}}\n"
    ),
    "kernel behind another system": grub(
        "menuentry 'other' {\n chainloader +1\n}\nmenuentry 'old' {\n linux /vmlinuz-9\n}\n"
        f"menuentry 'new' {{\n {LINUX}\n}}\n"
    ),
    "entries that GRUB does not read": {ENTRY: "linux /vmlinuz-9\n"},
    "kernel by an entry": without_grub(
        {
            "boot/loader/entries/0123-6.1.conf": "title A\nlinux /0123/6.1/linux\n"
            "initrd /0123/6.1/microcode\ninitrd /0123/6.1/initrd\noptions console=ttyS0\n",
            **{f"boot/efi/0123/6.1/{name}": "" for name in ("linux", "microcode", "initrd")},
        }
    ),
    "kernel by extlinux beside it": without_grub(
        {
            "boot/extlinux.conf": "DEFAULT menu.c32\nLABEL m\n KERNEL memdisk\n INITRD dos.img\n"
            f"LABEL l\n LINUX vmlinuz-{KERNEL}\n INITRD initrd.img-{KERNEL}\n"
            " APPEND console=ttyS0\nLABEL h\n COM32 hdt.c32\n"
        }
    ),
    "kernel by extlinux in its folder": without_grub(
        {
            EXTLINUX: "DEFAULT b\nLABEL a\n LINUX a\nLABEL b\n LINUX b\n APPEND console=ttyS0\n",
            "boot/extlinux/b": "",
        }
    ),
    "a unified kernel": without_grub({"efi/EFI/Linux/a.efi": "MZ"}),
    "a kernel by another name": {
        **grub("linux /boot/of-mine console=ttyS0\n"),
        VMLINUZ: None,
        "boot/of-mine": "",
    },
    "a kernel beside its modules": {
        **grub("blscfg\n"),
        "etc/default/grub": None,
        VMLINUZ: None,
        f"{MODULES}/vmlinuz": "",
    },
    "a kernel by kernel-install": {
        **grub("blscfg\n"),
        "etc/default/grub": None,
        VMLINUZ: None,
        f"efi/0123456789abcdef/{KERNEL}/linux": "",
    },
    "a unified kernel to be copied": without_grub({f"{MODULES}/vmlinuz.efi": "MZ"}),
    "another boot loader": without_grub({"boot/limine.conf": "/x\n"}),
    "a configuration on the EFI partition": without_grub(
        {"boot/efi/EFI/redhat/grub.cfg": f"{LINUX}\n"}
    ),
    "fstab by what stays": {
        "etc/fstab": "LABEL=a / ext4\nPARTUUID=b /boot ext4\n/dev/disk/azure/root-part1 /c ext4\n"
        "/dev/mapper/vg-data /data xfs\nLABEL=d /data ext4 nofail\nUUID=e /var/log xfs\n"
        "LABEL=f /f ext4 x-systemd.automount\n/dev/disk/azure/scsi1/lun0-part1 /g xfs noauto\n"
        "UUID=h /home/x xfs\nLABEL=i /i none bind\nnas:/j /j nfs\ntmpfs /tmp tmpfs\n"
        "UUID=k / btrfs\nUUID=k /.snapshots btrfs subvol=@/.snapshots\n"
        "/dev/sdc1 /x ext4 noauto\n/dev/sr0 /cd\n"
        "/dev/disk/cloud/azure_resource-part2 none swap sw,nofail 0 0\n"
    },
    "nftables that lets out": nft(
        "ct state established accept\nip daddr { 168.63.129.16, 169.254.169.254 } accept"
    ),
    "nftables that lets out two networks": nft(
        "ip daddr 168.63.129.0/24 accept\nip daddr 169.254.1.0-169.254.169.255 accept"
    ),
    "nftables to WireServer alone, without a host name": {
        **nft("ip daddr 168.63.129.16 tcp dport 80 accept"),
        f"{SYSTEM}/{UNIT}": (ROOT / "unit" / UNIT)
        .read_text()
        .replace("azprov.pyz provision\n", "azprov.pyz provision --no-hostname\n"),
    },
    "nftables for all but a network": nft("ip daddr != 10.0.0.0/8 accept"),
    "nftables for all but a state": nft("ct state != invalid accept"),
    "nftables by a rule in its own command": {
        **nft(""),
        "etc/nftables.conf": "table ip t {\n chain out {\n"
        "  type filter hook output priority 0; policy drop;\n }\n}\n"
        "add rule ip t out tcp dport 80 accept\n",
    },
    "nftables by a chain in two parts": {
        **nft(""),
        "etc/nftables.conf": "table ip t {\n chain out {\n"
        "  type filter hook output priority 0; policy drop;\n }\n}\n"
        'include "/etc/nftables.d/a.nft"\n',
        "etc/nftables.d/a.nft": "table ip t {\n chain out {\n  tcp dport 80 accept\n }\n}\n",
    },
    "nftables by an include in its chain": {
        **nft('include "/etc/nftables.d/*"'),
        "etc/nftables.d/a": "tcp dport 80 accept\n",
    },
    "nftables that includes itself": nft('include "/etc/nftables.conf"\naccept'),
    "nftables for IPv6": {
        **nft(""),
        "etc/nftables.conf": "table ip6 filter {\n chain output {\n"
        "  type filter hook output priority 0; policy drop;\n }\n}\n",
    },
    "nftables by a set of addresses": nft("ip daddr @platform tcp dport 80 accept"),
    "nftables by port": nft("tcp dport { 53, 80 } accept"),
    "nftables by name of the port": nft("tcp dport { https, http } accept"),
    "nftables that accepts": nft("", policy="accept"),
    "nftables by another chain": nft("jump allowed\n}\nchain allowed {\n tcp dport 80 accept"),
    "nftables for root": nft("meta skuid 0 accept"),
    "nftables by protocol": nft("meta l4proto { tcp, udp } accept"),
    "nftables not enabled": {
        **nft("ct state established accept"),
        f"{WANTS}/nftables.service": None,
    },
    "iptables that lets out": iptables(
        "-A OUTPUT -d 168.63.129.16/32 -p tcp -j ACCEPT\n-A OUTPUT -d 169.254.169.254 -j ACCEPT"
    ),
    "iptables for all but a network": iptables("-A OUTPUT ! -d 10.0.0.0/8 -j ACCEPT"),
    "iptables by state": iptables("-A OUTPUT -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT"),
    "iptables by ports": iptables("-A OUTPUT -p tcp -m multiport --dports 80,443 -j ACCEPT"),
    "iptables that accepts": iptables("-A INPUT -j DROP", policy="ACCEPT"),
    "ufw that lets out": ufw(
        "-A ufw-user-output -p tcp -d 168.63.129.16 --dport 80 -j ACCEPT\n"
        "-A ufw-user-output -p tcp -d 169.254.169.254 --dport 80 -j ACCEPT\n"
    ),
    "ufw that accepts": ufw("", policy="ACCEPT"),
    "ufw not switched on": {**ufw(""), "etc/ufw/ufw.conf": "ENABLED=no\n"},
    "dropbear": {
        "usr/sbin/sshd": None,
        f"{WANTS}/ssh.service": None,
        **enabled("dropbear.service"),
        "usr/sbin/dropbear": "program",
        "usr/bin/ssh-keygen": None,
    },
    "ssh by its socket": {f"{WANTS}/ssh.service": None, **enabled("ssh.socket")},
    "ssh by an alias": {
        f"{WANTS}/ssh.service": None,
        f"{WANTS}/sshd.service": f"-> /{VENDOR}/ssh.service",
    },
    "host keys by a service": {
        "usr/bin/ssh-keygen": None,
        f"{VENDOR}/sshd-keygen@.service": "[Unit]\n",
    },
    "a clock by an alias": {
        f"{WANTS}/chrony.service": None,
        f"{SYSTEM}/clock.service": f"-> /{VENDOR}/chrony.service",
        f"{WANTS}/clock.service": f"-> /{SYSTEM}/clock.service",
    },
    "a clock by a script": {
        f"{WANTS}/chrony.service": None,
        "etc/init.d/ntpsec": "program",
        "etc/rc3.d/S01ntpsec": "-> ../init.d/ntpsec",
    },
    "a script of another init, not started": {"etc/init.d/tiny": "program"},
    "a link to a service that is not there": {f"{WANTS}/cloud-init.service": "-> /nowhere"},
    "a file of the same kind for another program": {
        **ifcfg("BOOTPROTO='dhcp'\n"),
        "etc/sysconfig/network/readme-ifcfg-rh.txt": f"HWADDR={MAC}\n",
    },
}

#: What Debian's init is with OpenRC: sysvinit, whose scripts call openrc.
SYSVINIT: Change = {
    "sbin/init": "ELF",
    "etc/inittab": "id:2:initdefault:\nsi::sysinit:/etc/init.d/rcS\nl2:2:wait:/etc/init.d/rc 2\n"
    "1:2345:respawn:/sbin/getty 38400 tty1\n",
    "etc/init.d/rcS": "#!/bin/sh\nexec /sbin/openrc sysinit\n",
}

WRONG_OPENRC: Dict[str, Wrong] = {
    "nothing to start": Wrong("init-missing", "error", {"sbin/init": None}),
    "busybox without a word of OpenRC": Wrong(
        "init-other", "error", {"etc/inittab": "::sysinit:/etc/init.d/rcS\n"}
    ),
    "busybox without inittab": Wrong("init-other", "error", {"etc/inittab": None}),
    "the service of systemd": Wrong(
        "service-missing",
        "error",
        {
            **SYSVINIT,
            **first_boot("--admin-user"),
            "usr/lib/systemd/systemd": "program",
            "etc/init.d/azure-provisioning": None,
            "etc/runlevels/default/azure-provisioning": None,
        },
    ),
    "no service": Wrong(
        "service-missing",
        "error",
        {
            "etc/init.d/azure-provisioning": None,
            "etc/runlevels/default/azure-provisioning": None,
        },
    ),
    "not enabled": Wrong(
        "service-disabled", "error", {"etc/runlevels/default/azure-provisioning": None}
    ),
    "another script": Wrong("service-foreign", "error", {"etc/init.d/azure-provisioning": "x"}),
    "no program": Wrong("program-unusable", "error", {PYZ: None}),
    "tiny-cloud": Wrong(
        "agent-enabled",
        "error",
        {
            "etc/init.d/tiny-cloud-main": "program",
            "etc/runlevels/default/tiny-cloud-main": "-> /etc/init.d/tiny-cloud-main",
        },
    ),
    "static": Wrong(
        "network-static",
        "error",
        {"etc/network/interfaces": "auto eth0\niface eth0 inet static\n\taddress 10.0.0.4/24\n"},
    ),
    "no network": Wrong("network-none", "error", {"etc/runlevels/boot/networking": None}),
    "no client": Wrong("network-no-client", "error", {"sbin/udhcpc": None}),
    "sshd not enabled": Wrong("ssh-disabled", "warning", {"etc/runlevels/default/sshd": None}),
}


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return make_sound(tmp_path / "image")


def found(root: Path) -> List[Tuple[str, str]]:
    return [(one.rule, one.severity) for one in check(Image(Root(str(root))))]


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_found_and_nothing_else(image: Path, case: str) -> None:
    """One thing done to a sound tree, one finding."""
    rule, severity, done = WRONG[case]
    change(image, done)

    assert found(image) == [(rule, severity)]


@pytest.mark.parametrize("case", WRONG_OPENRC)
def test_the_same_under_openrc(image: Path, case: str) -> None:
    """Runlevels and scripts instead of units."""
    rule, severity, done = WRONG_OPENRC[case]
    change(image, {**OPENRC, **done})

    assert found(image) == [(rule, severity)]


@pytest.mark.parametrize("case", FINE)
def test_what_is_sound_is_passed_over(image: Path, case: str) -> None:
    """Other ways to the same end are no findings."""
    change(image, FINE[case])

    assert found(image) == []


FINE_OPENRC: Dict[str, Change] = {
    "with a disk that a VM may not have": {"etc/fstab": "LABEL=data /data ext4\n"},
    "as Alpine has it": {},
    "by openrc-init": {
        "sbin/init": "-> openrc-init",
        "sbin/openrc-init": "program",
        "etc/inittab": None,
    },
    "by sysvinit": SYSVINIT,
    "by sysvinit, with systemd installed": {**SYSVINIT, "usr/lib/systemd/systemd": "program"},
}


@pytest.mark.parametrize("case", FINE_OPENRC)
def test_a_sound_image_of_openrc_is_passed_over(image: Path, case: str) -> None:
    """Whatever starts it."""
    change(image, {**OPENRC, **FINE_OPENRC[case]})

    assert found(image) == []


#: What rules read, by any name that they would look for.
READ = [
    *("etc/os-release", "etc/machine-id", "etc/fstab", "etc/default/grub", "etc/dhcpcd.conf"),
    *("etc/network/interfaces", "etc/network/interfaces.d/a", "etc/netplan/a.yaml"),
    *("etc/systemd/network/a.network", f"{NM}/a", "etc/NetworkManager/NetworkManager.conf"),
    *("etc/sysconfig/network/ifcfg-eth0", "etc/udev/rules.d/70-persistent-net.rules"),
    *("etc/nftables.conf", "etc/iptables/rules.v4", "etc/ufw/ufw.conf", "etc/ufw/user.rules"),
    *("etc/dracut.conf", "etc/mkinitcpio.conf", "etc/initramfs-tools/modules", "etc/default/ufw"),
    *(GRUB, ENTRY, EXTLINUX, "boot/efi/EFI/x/grub.cfg", "etc/kernel/cmdline", INITRAMFS, PYZ),
    *(f"{MODULES}/modules.dep", f"{MODULES}/modules.builtin", f"{SYSTEM}/{UNIT}"),
    *(f"{SYSTEM}/{UNIT}.d/a.conf", "etc/cloud/cloud.cfg", "usr/lib/systemd/system-preset/a.preset"),
    *("sbin/init", "etc/inittab"),
    *("etc/init.d/azure-provisioning", "etc/systemd/network/10-azure.network.d/a.conf"),
]
# Words that bring a rule to look closer, and marks that end or begin something.
WORDS = st.sampled_from(
    [
        *("[Match]", "[Network]", "Name=", "DHCP=yes", "Address=", "MACAddress=", "[", "]"),
        *("auto", "iface", "eth0", "inet", "dhcp", "static", "source", "/etc/", "use", "interface"),
        *("network:", "ethernets:", "{", "}", ":", "'", '"', "\\", ";", "#", "\t", "\n", "\n"),
        *("*filter", "-A", "OUTPUT", "-j", "ACCEPT", "COMMIT", "chain", "hook", "output", "policy"),
        *("drop", "accept", "jump", "daddr", "!", ",", "168.63.129.16/", "dport", "ip", "-d"),
        *(
            "ExecStart=",
            "Environment=",
            "http_proxy=",
            "=",
            "/",
            "..",
            "enable",
            "*",
            ".ko",
            "4.19",
        ),
        *("menuentry", "label", "initrd", "kernel", "blscfg", "/vmlinuz", "/boot/x", "initrd=,/"),
        *("root=/dev/vda", "linux", "swap", "/dev/sda1", "070701", "\0", "\x1b[2J", "MODULES="),
        *(
            "add_drivers+=",
            "datasource_list:",
            "ATTR{address}==",
            "ENABLED=yes",
            "unmanaged-devices",
        ),
    ]
).map(lambda word: word.encode() + b" ")
CONTENT = st.binary(max_size=60) | st.lists(WORDS, max_size=12).map(b"".join)
EVERY_SERVICE: Change = {
    path: content
    for name in (
        "networking",
        "NetworkManager",
        "wicked",
        "dhcpcd",
        "nftables",
        "ufw",
        "cloud-init",
    )
    for path, content in {**enabled(f"{name}.service"), "usr/sbin/netplan": "program"}.items()
}


@settings(max_examples=150)
@given(files=st.dictionaries(st.sampled_from(READ), CONTENT, max_size=5), openrc=st.booleans())
def test_nothing_in_an_image_stops_the_check(
    tmp_path_factory: pytest.TempPathFactory, files: Dict[str, bytes], openrc: bool
) -> None:
    """Whatever the files hold: sentences that can be shown, and no exception."""
    root = make_sound(tmp_path_factory.mktemp("image"))
    change(root, EVERY_SERVICE)
    if openrc:
        change(root, OPENRC)
    change(root, dict(files))

    for finding in check(Image(Root(str(root)))):
        assert finding.severity in ("error", "warning", "note")
        assert finding.what
        assert finding.mend
        assert (finding.what + finding.mend).isprintable()


@pytest.mark.parametrize("kind", ["fifo", "folder", "circle", "huge"])
@pytest.mark.parametrize("path", ["etc/fstab", NETWORK, f"{MODULES}/modules.dep", PYZ, INITRAMFS])
def test_what_is_no_file_is_named_and_passed_over(image: Path, kind: str, path: str) -> None:
    """The other rules go on."""
    change(image, {**enabled("cloud-init.service"), path: None})
    if kind == "fifo":
        os.mkfifo(image / path)
    elif kind == "folder":
        (image / path).mkdir()
    elif kind == "circle":
        (image / path).symlink_to((image / path).name)
    else:
        with (image / path).open("wb") as file:
            file.truncate(1 << 40)

    findings = check(Image(Root(str(image))))

    assert ("agent-enabled", "error") in [(one.rule, one.severity) for one in findings]
    assert any(str(image / path) in one.what for one in findings), findings


def test_check_changes_nothing(image: Path) -> None:
    """Not a file, not a time; nor is anything needed that cannot be written."""
    change(image, {"etc/fstab": "/dev/sda1 / ext4\n", **enabled("cloud-init.service")})
    before = tree(image), changes(image)

    assert azprov("check", "--root", image)[0] == 1

    assert (tree(image), changes(image)) == before


def test_a_person_is_told_what_and_how(image: Path) -> None:
    """Errors first, a mend below each, the counts last; the failure on stderr."""
    change(
        image,
        {
            "etc/fstab": "/swapfile none swap sw\n",
            f"{WANTS}/{UNIT}": None,
            f"{WANTS}/chrony.service": None,
        },
    )

    code, out, err = azprov("check", "--root", image)

    assert code == 1
    assert out == (
        "error: azure-provisioning is installed and does not start at boot, so nothing reports "
        "Ready and the deployment fails after 40 minutes\n"
        f"  mend: systemctl --root={image} enable azure-provisioning.service\n"
        f"warning: {image}/etc/fstab has swap on /swapfile: on the OS disk it is slow and costs "
        "what the disk is billed and throttled by\n"
        f"  mend: take the line out of {image}/etc/fstab; where swap is needed, make it on the "
        "VM's temporary disk at boot\n"
        "note: no time synchronisation starts at boot, so the clock drifts, and logs and "
        "certificates with it\n"
        f"  mend: chroot {image} sh -c 'apt-get update && apt-get install -y chrony'\n"
        "1 error, 1 warning, 1 note\n"
    )
    assert err == (
        f"azprov: {image} would not provision on Azure, 1 error found; mend what is said above "
        "and check again; README has the symptoms under 'When it fails'\n"
    )


def test_a_program_is_told_the_same(image: Path) -> None:
    """One JSON object; without an error it is a success."""
    change(image, {f"{WANTS}/chrony.service": None})

    code, out, err = azprov("check", "--json", "--root", image)

    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "command": "check",
        "ok": True,
        "exit_code": 0,
        "error": None,
        "findings": [
            {
                "rule": "clock-unsynchronised",
                "severity": "note",
                "what": "no time synchronisation starts at boot, so the clock drifts, and logs "
                "and certificates with it",
                "mend": f"chroot {image} sh -c 'apt-get update && apt-get install -y chrony'",
            }
        ],
        "errors": 0,
        "warnings": 0,
        "notes": 1,
    }


BY_LINKS = "linux /vmlinuz console=ttyS0\ninitrd /initrd.img\n"
OTHERS: Change = {
    f"boot/{name}-{version}": ""
    for name in ("vmlinuz", "initrd.img")
    for version in ("6.9", "6.10")
}
FROM_SETTINGS: Change = {
    "etc/default/grub": "GRUB_TIMEOUT=0\n",
    "usr/sbin/grub-mkconfig": "program",
}

#: What is done to a tree, and the mend for it; {image} is its root.
MENDS_OF_BOOT_FILES: Dict[str, Tuple[Change, str]] = {
    "a link": (
        {
            **grub(BY_LINKS),
            **OTHERS,
            "usr/lib/modules/6.10/modules.dep": "a.ko:\n",
            "initrd.img": None,
        },
        f"ln -sf boot/initrd.img-{KERNEL} {{image}}/initrd.img",
    ),
    "a link of no kernel's version": (
        {**grub(BY_LINKS), **OTHERS, "initrd.img": None, INITRAMFS: None, "vmlinuz": ""},
        "ln -sf boot/initrd.img-6.10 {image}/initrd.img",
    ),
    "a link of a partition": (
        {
            **grub(BY_LINKS),
            "boot/vmlinuz": f"-> vmlinuz-{KERNEL}",
            "vmlinuz": None,
            "initrd.img": None,
        },
        f"ln -sf initrd.img-{KERNEL} {{image}}/boot/initrd.img",
    ),
    "a link to a kernel": (
        {**grub(BY_LINKS), "vmlinuz": None},
        f"ln -sf boot/vmlinuz-{KERNEL} {{image}}/vmlinuz",
    ),
    "what a link points to": (
        {**grub(BY_LINKS), INITRAMFS: None, "etc/initramfs-tools/modules": "hv_storvsc\n"},
        f"chroot {{image}} update-initramfs -c -k {KERNEL}",
    ),
    "what is named": (
        {INITRAMFS: None, "etc/dracut.conf": ""},
        f"chroot {{image}} dracut --force --kver {KERNEL}",
    ),
    "what GRUB was told": (
        {**grub("linux /boot/vmlinuz-9 console=ttyS0\n"), **FROM_SETTINGS},
        "chroot {image} update-grub",
    ),
    "what somebody wrote": (
        {**grub("linux /boot/vmlinuz-9 console=ttyS0\n"), "etc/default/grub": None},
        "write a kernel and an initrd that are there into {image}/boot/grub/grub.cfg",
    ),
    "a path of the machine that made it": (
        {**grub(f"linux {{image}}/{VMLINUZ} console=ttyS0\n"), **FROM_SETTINGS},
        "take {image} out of the paths in {image}/boot/grub/grub.cfg",
    ),
}


@pytest.mark.parametrize("case", MENDS_OF_BOOT_FILES)
def test_what_is_not_there_is_mended_by_the_simplest(image: Path, case: str) -> None:
    """A link, an initrd, or what names them."""
    done, mend = MENDS_OF_BOOT_FILES[case]
    change(
        image,
        {
            path: content.replace("{image}", str(image)) if isinstance(content, str) else content
            for path, content in done.items()
        },
    )

    (mended,) = [
        one.mend for one in check(Image(Root(str(image)))) if one.rule == "boot-file-missing"
    ]

    assert mended == mend.format(image=image)


#: What is done to a tree that nothing starts, and the mend for it.
MENDS_OF_INIT: Dict[str, Tuple[Change, str]] = {
    "of Debian": (
        {"sbin/init": None},
        "chroot {image} sh -c 'apt-get update && apt-get install -y systemd-sysv'",
    ),
    "of Debian, with its package": (
        {"sbin/init": None, "var/lib/dpkg/info/systemd-sysv.list": ""},
        "ln -sf /usr/lib/systemd/systemd {image}/sbin/init",
    ),
    "of another distribution": (
        {"sbin/init": "ELF", "usr/lib/os-release": "ID=fedora\n"},
        "ln -sf /usr/lib/systemd/systemd {image}/sbin/init",
    ),
    "by openrc-init": (
        {**OPENRC, "sbin/init": None, "sbin/openrc-init": "program"},
        "ln -sf /sbin/openrc-init {image}/sbin/init",
    ),
    "by another for OpenRC": (
        {**OPENRC, "sbin/init": None},
        "make {image}/sbin/init a link to openrc-init, or to an init whose {image}/etc/inittab "
        "starts openrc",
    ),
    "by init=": (
        grub(f"{LINUX} init=/bin/bash\n"),
        "take init=/bin/bash out of {image}/boot/grub/grub.cfg",
    ),
}


@pytest.mark.parametrize("case", MENDS_OF_INIT)
def test_what_the_kernel_starts_is_mended_by_the_simplest(image: Path, case: str) -> None:
    """A package, a link, or a word that is too many."""
    done, mend = MENDS_OF_INIT[case]
    change(image, done)

    (finding,) = check(Image(Root(str(image))))

    assert finding.mend == mend.format(image=image)


def test_a_link_is_made_where_the_image_has_its_folder(image: Path) -> None:
    """Not below the /sbin of the machine that the image is made on."""
    change(image, {"sbin/init": None, "var/lib/dpkg/info/systemd-sysv.list": ""})
    (image / "sbin").rmdir()
    (image / "sbin").symlink_to("/usr/sbin")

    (finding,) = check(Image(Root(str(image))))
    subprocess.run(["sh", "-c", finding.mend], check=True)

    assert os.readlink(image / "usr/sbin/init") == "/usr/lib/systemd/systemd"
    assert found(image) == []


def test_the_service_of_another_init_keeps_its_options(image: Path) -> None:
    """`install` writes it for the init that the image starts by, as it was."""
    change(image, {**OPENRC, **WRONG_OPENRC["the service of systemd"].done})
    change(image, {"etc/sudoers.d/x": ""})
    (finding,) = check(Image(Root(str(image)), f"{sys.executable} -I {ARCHIVE}"))

    subprocess.run(["sh", "-c", finding.mend], check=True, stdout=subprocess.DEVNULL)

    assert found(image) == []
    assert "--admin-user" in (image / "etc/init.d/azure-provisioning").read_text()


def test_a_folder_that_only_root_enters_is_told(image: Path) -> None:
    """As umask 077 makes one; the file in it may have any mode."""
    (image / "etc/systemd/network").chmod(0o700)
    (finding,) = check(Image(Root(str(image))))

    assert (finding.rule, finding.severity) == ("network-closed", "error")
    assert finding.mend == f"chmod 755 {image}/etc/systemd/network"


#: What is done to networkd's files, and how much is told and mended until nothing is found.
MENDS_OF_NETWORKD: Dict[str, Tuple[Change, List[str]]] = {
    "nothing": (
        {NETWORK: None},
        [
            "printf '[Match]\\nName=eth0\\n[Network]\\nDHCP=yes\\n' > {folder}/00-azure.network "
            "&& chmod 644 {folder}/00-azure.network"
        ],
    ),
    "one that says no": (
        {NETWORK: "[Match]\nName=eth0\n"},
        [
            "printf '[Match]\\nName=eth0\\n[Network]\\nDHCP=yes\\n' > {folder}/00-azure.network "
            "&& chmod 644 {folder}/00-azure.network"
        ],
    ),
    "one before all": (
        {NETWORK: None, "usr/lib/systemd/network/00-a.network": "[Match]\nName=e*\n"},
        [
            "printf '[Match]\\nName=eth0\\n[Network]\\nDHCP=yes\\n' > {folder}/00-a.network "
            "&& chmod 644 {folder}/00-a.network"
        ],
    ),
    "others before it": (
        {
            "etc/systemd/network/00-a.network": "[Match]\nName=e*\n",
            "etc/systemd/network/01-b.network": "[Match]\nName=e*\n[Network]\nAddress=10.1.1.1/8\n",
            "usr/lib/systemd/network/02-c.network": "[Match]\nName=e*\n",
        },
        [
            "rm {folder}/00-a.network",
            "rm {folder}/01-b.network",
            "mkdir -p -m 755 {folder} && ln -s /dev/null {folder}/02-c.network",
        ],
    ),
    "drop-ins": (
        {
            f"{NETWORK}.d/a.conf": "[Network]\nDHCP=no\n",
            "usr/lib/systemd/network/10-azure.network.d/b.conf": "[Link]\nUnmanaged=yes\n",
        },
        [
            "rm {folder}/10-azure.network.d/a.conf",
            "mkdir -p -m 755 {folder}/10-azure.network.d && "
            "ln -s /dev/null {folder}/10-azure.network.d/b.conf",
        ],
    ),
    "closed": (
        {NETWORK: File("[Match]\nName=eth0\n[Network]\nDHCP=yes\n", 0o600)},
        ["chmod 644 {folder}/10-azure.network"],
    ),
    "links": (
        {
            "etc/systemd/network/a.link": "[Match]\nType=ether\n[Link]\nName=lan0\n",
            "usr/lib/systemd/network/b.link": "[Match]\nType=ether\n[Link]\nName=lan1\n",
        },
        ["rm {folder}/a.link", "mkdir -p -m 755 {folder} && ln -s /dev/null {folder}/b.link"],
    ),
}


@pytest.mark.parametrize("case", MENDS_OF_NETWORKD)
def test_what_networkd_takes_is_named_and_mended(image: Path, case: str) -> None:
    """Step by step, as it was pasted, until it uses DHCP."""
    done, mends = MENDS_OF_NETWORKD[case]
    change(image, done)
    folder = image / "etc/systemd/network"

    for mend in mends:
        (finding,) = check(Image(Root(str(image))))
        assert finding.mend == mend.format(folder=folder)
        subprocess.run(["sh", "-c", f"umask 077; {finding.mend}"], check=True)

    assert found(image) == []


def test_the_file_that_wins_is_named(image: Path) -> None:
    """Not only that nothing uses DHCP."""
    change(image, WRONG["networkd, another file first"].done)

    (finding,) = check(Image(Root(str(image))))

    assert finding.what.startswith(
        f"{image}/etc/systemd/network/00-a.network is what systemd-networkd takes for the first"
    )


#: Firewalls whose mend is a command.
CLOSED: Dict[str, Change] = {
    "nftables": nft("oif lo accept"),
    "nftables by a file that it includes": WRONG["nftables by a file that it includes"].done,
    "nftables for users": WRONG["nftables to WireServer alone, with users"].done,
    "iptables": {
        **iptables(""),
        "etc/iptables/rules.v4": "*nat\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n*filter\n"
        ":OUTPUT DROP [0:0]\n:x - [0:0]\n-A OUTPUT -j x\nCOMMIT\n",
    },
    "ufw": ufw(""),
}


@pytest.mark.parametrize("case", CLOSED)
def test_a_firewall_is_opened_by_what_is_said(image: Path, case: str) -> None:
    """As it was pasted: to both addresses, in the image's own file."""
    change(image, CLOSED[case])
    (finding,) = check(Image(Root(str(image))))

    subprocess.run(["sh", "-c", finding.mend], check=True)

    assert found(image) == []


def test_ufw_is_opened_by_itself_on_its_own_machine(image: Path) -> None:
    """Below a root it would change the firewall of the machine that the image is made on."""
    change(image, ufw(""))
    machine = Root(str(image))
    machine.is_live = True

    (mend,) = [one.mend for one in check(Image(machine)) if one.rule == "firewall-output"]

    assert mend == (
        "ufw allow out to 168.63.129.16 port 80 proto tcp && "
        "ufw allow out to 169.254.169.254 port 80 proto tcp"
    )


#: Firewalls that are none of the usual forms, and how the mend begins.
CLOSED_OTHERWISE: Dict[str, Tuple[Change, str]] = {
    "nftables on one line": (
        firewall(
            "nftables.service",
            "etc/nftables.conf",
            "table ip f { chain o { type filter hook output priority 0; policy drop; }; }\n",
        ),
        "add to the chain with hook output in {image}/etc/nftables.conf: ip daddr ",
    ),
    "iptables without a policy": (
        firewall(
            "netfilter-persistent.service",
            "etc/iptables/rules.v4",
            "*filter\n-A OUTPUT -j DROP\nCOMMIT\n",
        ),
        "add to {image}/etc/iptables/rules.v4, below *filter and before its other rules: -A OUTPUT",
    ),
    "ufw with rules of its own": (
        {**ufw(""), "etc/ufw/before.rules": "*filter\nCOMMIT\n"},
        "add to {image}/etc/ufw/before.rules, below *filter and before its COMMIT: -A ufw-before-",
    ),
}


@pytest.mark.parametrize("case", CLOSED_OTHERWISE)
def test_a_firewall_of_another_form_is_opened_by_hand(image: Path, case: str) -> None:
    """The file is named, and the line."""
    done, mend = CLOSED_OTHERWISE[case]
    change(image, done)

    (finding,) = check(Image(Root(str(image))))

    assert finding.mend.startswith(mend.format(image=image))


MENDS = {
    "ID=ubuntu": "apt-get purge -y walinuxagent",
    "ID=debian": "apt-get purge -y waagent",
    "ID=rocky\nID_LIKE='rhel centos fedora'": "dnf remove -y WALinuxAgent",
    "ID=azurelinux": "tdnf remove -y WALinuxAgent",
    "ID=opensuse-leap\nID_LIKE='suse opensuse'": "zypper --non-interactive remove "
    "python-azure-agent",
    "ID=alpine": "apk del walinuxagent",
    "ID=arch": "pacman -Rs --noconfirm walinuxagent",
}


@pytest.mark.parametrize("release", MENDS)
def test_the_mend_is_that_of_the_distribution(image: Path, release: str) -> None:
    """A command to type, for the tool that the image has."""
    change(image, {"usr/lib/os-release": release, "usr/sbin/waagent": "program"})

    (finding,) = check(Image(Root(str(image))))

    assert finding.mend == f"chroot {image} {MENDS[release]}"


#: What a mend that is a command begins with.
COMMAND = re.compile(r"(?:chroot|systemctl|python3|printf|cp|rm|ln|mkdir|chown|chmod|sed|ufw) ")
TREES = {
    **{f"systemd, {case}": wrong.done for case, wrong in WRONG.items()},
    **{f"OpenRC, {case}": {**OPENRC, **wrong.done} for case, wrong in WRONG_OPENRC.items()},
}


@pytest.mark.parametrize("case", TREES)
def test_a_mend_can_be_pasted(tmp_path: Path, case: str) -> None:
    """A command whole, or a sentence that has one behind its last colon and nowhere else.

    A root whose name has a blank is one word of it.
    """
    image = make_sound(tmp_path / "sp ace")
    change(image, {**TREES[case], "etc/resolv.conf": "-> ../run/systemd/resolve/stub-resolv.conf"})

    for finding in check(Image(Root(str(image)))):
        sentence, _, command = finding.mend.rpartition(": ")
        if COMMAND.match(finding.mend) or not COMMAND.match(command):
            sentence, command = ("", finding.mend) if COMMAND.match(finding.mend) else (command, "")
        unquoted = re.sub(r"'[^']*'", "", command)
        assert not re.search(r"[,;]|\bthen\b|sp ace", unquoted), finding.mend
        assert subprocess.run(["sh", "-n", "-c", command], check=False).returncode == 0
        assert not re.search(rf"\b{COMMAND.pattern}", sentence), finding.mend


MADE = "#\n# DO NOT EDIT THIS FILE\n#\n"
QUIET = f"linux /{VMLINUZ} root=UUID=1 ro quiet\n"

#: What lacks a word for the kernel, and the mend; on a machine, then below a root.
MENDS_OF_LINES: Dict[str, Tuple[Change, str, str]] = {
    "written": (
        {**grub(QUIET), "etc/default/grub": None},
        "add console=ttyS0 to the kernel's lines of {image}/boot/grub/grub.cfg",
        "add console=ttyS0 to the kernel's lines of /boot/grub/grub.cfg",
    ),
    "written, beside settings": (
        grub(QUIET),
        "add console=ttyS0 to the kernel's lines of {image}/boot/grub/grub.cfg",
        "add console=ttyS0 to the kernel's lines of /boot/grub/grub.cfg",
    ),
    "made": (
        grub(MADE + QUIET),
        "add console=ttyS0 to the kernel's lines of {image}/boot/grub/grub.cfg, and "
        "GRUB_CMDLINE_LINUX of {image}/etc/default/grub, from which they are made again",
        "add console=ttyS0 to GRUB_CMDLINE_LINUX of /etc/default/grub, then: update-grub",
    ),
    "to be made": (
        {**grub("blscfg\n"), "etc/default/grub": "GRUB_CMDLINE_LINUX=quiet\n"},
        "add console=ttyS0 to GRUB_CMDLINE_LINUX of {image}/etc/default/grub",
        "add console=ttyS0 to GRUB_CMDLINE_LINUX of /etc/default/grub, then: update-grub",
    ),
    "of extlinux": (
        without_grub({EXTLINUX: f"LABEL l\n LINUX /{VMLINUZ}\n APPEND quiet\n"}),
        "add console=ttyS0 to the kernel's lines of {image}/boot/extlinux/extlinux.conf",
        "add console=ttyS0 to the kernel's lines of /boot/extlinux/extlinux.conf",
    ),
}


@pytest.mark.parametrize("case", MENDS_OF_LINES)
def test_the_file_that_was_read_is_to_be_edited(image: Path, case: str) -> None:
    """And what it is made of; it is made where GRUB finds the disk."""
    done, below, live = MENDS_OF_LINES[case]
    change(image, done)
    machine = Root(str(image))
    machine.is_live = True

    mends = [
        one.mend
        for root in (Root(str(image)), machine)
        for one in check(Image(root))
        if one.rule == "console-missing"
    ]

    assert mends == [below.format(image=image), live]


#: What brings an image's Python back; dpkg's lists are of Debian 12.
PYTHON_MENDS: Dict[str, Tuple[Change, str]] = {
    "never installed": (
        {},
        "chroot {image} sh -c 'apt-get update && apt-get install -y python3'",
    ),
    "installed": (
        {
            f"var/lib/dpkg/info/{name}.list": ""
            for name in (
                *("libpython3-stdlib:amd64", "libpython3.11-minimal:amd64", "python3-apt"),
                *("python3", "python3-minimal", "python3.11", "libpython3.11:amd64"),
            )
        },
        "chroot {image} sh -c 'apt-get update && apt-get install -y --reinstall "
        "libpython3-stdlib libpython3.11-minimal libpython3.11 python3-minimal python3.11 python3'",
    ),
    "of Alpine": ({"usr/lib/os-release": "ID=alpine\n"}, "chroot {image} apk add python3"),
}


@pytest.mark.parametrize("case", PYTHON_MENDS)
def test_a_python_is_brought_back(image: Path, case: str) -> None:
    """With each package that its files are of; then the service, with its options."""
    done, mend = PYTHON_MENDS[case]
    change(image, {**first_boot("--admin-user"), "etc/sudoers.d/x": "", "usr/bin/python3": None})
    change(image, done)

    (finding,) = check(Image(Root(str(image))))

    again = f"python3 azprov.pyz install --force --admin-user --root {image}"
    assert finding.mend == f"{mend.format(image=image)} && {again}"


#: What a root has for names, and what is to be done before a package tool asks for one.
RESOLVERS: Dict[str, Tuple[Change, str]] = {
    "none": ({}, ""),
    "systemd-resolved's": (
        {"etc/resolv.conf": "-> ../run/systemd/resolve/stub-resolv.conf"},
        "mkdir -p {image}/run/systemd/resolve && "
        "cp /etc/resolv.conf {image}/run/systemd/resolve/stub-resolv.conf && ",
    ),
    "systemd-resolved's, absolute": (
        {"etc/resolv.conf": "-> /run/systemd/resolve/resolv.conf"},
        "mkdir -p {image}/run/systemd/resolve && "
        "cp /etc/resolv.conf {image}/run/systemd/resolve/resolv.conf && ",
    ),
    "a link that leads somewhere": (
        {"etc/resolv.conf": "-> ../run/a", "run/a": "nameserver 127.0.0.1\n"},
        "",
    ),
    "a link to a place of the image": ({"etc/resolv.conf": "-> /var/a"}, ""),
}


@pytest.mark.parametrize("case", RESOLVERS)
def test_a_package_tool_gets_a_resolver(image: Path, case: str) -> None:
    """That of the machine that the image is made on, where a running VM would have its own."""
    done, before = RESOLVERS[case]
    change(image, {f"{WANTS}/chrony.service": None, **done})

    (finding,) = check(Image(Root(str(image))))

    command = f"chroot {image} sh -c 'apt-get update && apt-get install -y chrony'"
    assert finding.mend == before.format(image=image) + command


def test_what_an_image_says_is_quoted_in_a_mend(image: Path) -> None:
    """No name in an image becomes a command of whoever pastes one."""
    change(image, {f"{SYSTEM}/{UNIT}": f"ExecStart=/x /{PYZ} provision --ssh-keys $(id)\n"})

    mends = [one.mend for one in check(Image(Root(str(image)))) if "$(id)" in one.mend]

    assert len(mends) > 1
    assert not [mend for mend in mends if "$(id)" in mend.replace("'$(id)'", "")]


def test_an_inittab_that_cannot_be_read_is_no_error(image: Path) -> None:
    """The init is the one that is installed, then; what was not read is told."""
    change(image, {**OPENRC, "etc/inittab": "-> inittab"})

    assert set(found(image)) == {("unread", "note")}


def test_a_root_that_never_was_a_vm_is_called_none(image: Path) -> None:
    """Its host keys came with the package openssh-server."""
    key = "etc/ssh/ssh_host_ed25519_key"
    change(image, {key: ""})

    (finding,) = check(Image(Root(str(image))))

    assert finding.what == (
        f"SSH host keys are left: whoever has one can pose as every VM: {image}/{key}"
    )


def test_the_mend_of_an_unknown_distribution(image: Path) -> None:
    """A sentence instead of a command."""
    change(image, {"usr/lib/os-release": None, "usr/sbin/waagent": "program"})

    (finding,) = check(Image(Root(str(image))))

    assert finding.mend == "remove the package walinuxagent"


def test_what_an_image_says_is_made_printable(image: Path) -> None:
    """No escape sequence of an image reaches a terminal."""
    name = f"{SYSTEM}/{UNIT}.d/\x1b[2J.conf"
    change(image, {name: "[Service]\nNice=1\n", "etc/fstab": "/dev/sda1 /\x1b[2J ext4\n"})

    by_name, by_text = sorted(check(Image(Root(str(image)))), key=lambda one: one.severity)[::-1]

    assert "/?[2J.conf changes azprov's service" in by_name.what
    assert " mounts /?[2J from /dev/sda1," in by_text.what


def test_a_rule_that_cannot_go_on_is_told(image: Path) -> None:
    """As a note, not as the end of the check."""

    def reads_itself(image: Image) -> Iterator[Finding]:
        yield Finding("a", "note", "b", "c")
        image.root.read("/etc")

    told = list(apply(reads_itself, Image(Root(str(image)))))

    assert [one.rule for one in told] == ["a", "unread"]
    assert told[1].what == f"{image}/etc is no regular file, so reads itself was not finished"


def test_a_machine_that_was_provisioned_is_not_wrong(image: Path) -> None:
    """Its service is disabled as it should be; it is no VM on Azure by this firmware."""
    change(
        image,
        {
            f"{WANTS}/{UNIT}": None,
            "var/lib/azprov/state.json": '{"vm_id": "", "done": ["ready"]}',
        },
    )
    machine = Root(str(image))
    machine.is_live = True

    rules = [(one.rule, one.severity) for one in check(Image(machine))]

    assert rules == [("service-done", "note"), ("state", "note"), ("not-azure", "note")]


class Unseen(NamedTuple):
    """What is wrong by what only root may see, and what an ordinary user is told in its place."""

    done: Change
    closed: str
    rule: str
    told: str


UNSEEN = {
    "passwords": Unseen(
        {"etc/passwd": ROOT_USER, "etc/shadow": "root:*:19000:0:99999:7:::\n"},
        *("etc/shadow", "nobody-logs-in"),
        "read ./etc/shadow (Permission denied), so check anybody gets in was not finished",
    ),
    "keys": Unseen(
        {"etc/passwd": ROOT_USER, "etc/shadow": "root:*:::::::\n", "root/.ssh/x": ""},
        *("root/.ssh", "nobody-logs-in"),
        "look at ./root/.ssh/authorized_keys (Permission denied), so check anybody gets "
        "in was not finished",
    ),
    "netplan": Unseen(
        {**netplan("network: {}\n"), "usr/sbin/netplan": "program"},
        *("etc/netplan/50-cloud.yaml", "network-none"),
        "read ./etc/netplan/50-cloud.yaml (Permission denied), so check network was not finished",
    ),
    "command lines": Unseen(
        {GRUB: "linux /vmlinuz\n", "etc/default/grub": "GRUB_CMDLINE_LINUX=quiet\n"},
        *(GRUB, "console-missing"),
        "read ./boot/grub/grub.cfg (Permission denied), so check console was not finished",
    ),
    "boot loaders": Unseen(
        without_grub({"boot/efi/x": ""}),
        *("boot/efi", "boot-loader-none"),
        "look into ./boot/efi (Permission denied), so check boot loader was not finished",
    ),
    "leftovers": Unseen(
        {"var/lib/dhcp/dhclient.leases": ""},
        *("var/lib/dhcp", "leases"),
        "look into ./var/lib/dhcp (Permission denied), so what a used machine may have "
        "left was not all looked for",
    ),
}


@pytest.mark.parametrize("case", UNSEEN)
def test_nothing_is_said_of_what_could_not_be_seen(image: Path, case: str) -> None:
    """Only that it could not be, and who can see it; root is told of it."""
    done, closed, rule, told = UNSEEN[case]
    change(image, done)
    (image / closed).chmod(0o600)
    assert rule in [name for name, _ in found(image)]

    _, out, _ = azprov_as_nobody("check", "--json", "--root", ".", folder=image)

    findings = json.loads(out)["findings"]
    assert rule not in [one["rule"] for one in findings]
    assert [one["what"] for one in findings].count(f"could not {told}") == 1
    assert {(one["severity"], one["mend"]) for one in findings} == {("note", "run it as root")}


def test_a_proxy_in_the_service_is_told(image: Path) -> None:
    """Beside the drop-in that sets it."""
    variables = '[Service]\nEnvironment="http_proxy=http://10.0.0.1:3128" A=1\n'
    change(image, {f"{SYSTEM}/{UNIT}.d/proxy.conf": variables})

    assert found(image) == [("service-drop-in", "note"), ("service-proxy", "note")]


def test_every_rule_has_its_bad_tree() -> None:
    """No rule is in the code that no table here tries."""
    source = "".join(path.read_text() for path in (APP / "azprov" / "image" / "check").glob("*.py"))
    rules = set(re.findall(r"Finding\(\s*\"([a-z-]+)\"", source))

    # Found by tests of their own.
    others = {"service-proxy", "service-done", "not-azure", "program-unguarded"}
    assert rules - others == {wrong.rule for wrong in WRONG.values()}

"""Faults: one change to a sound image a row, and the one finding that it gives."""

import gzip
from typing import Dict

from check.trees import (
    DAMAGED,
    ENTRY,
    EXTLINUX,
    LINUX,
    MAC,
    NETWORK,
    NM,
    OTHER_ARCHIVE,
    PYZ,
    ROOT_USER,
    UNIT,
    Wrong,
    dhcpcd,
    enabled,
    first_boot,
    grub,
    ifcfg,
    ifupdown,
    iptables,
    keys_for,
    netplan,
    network_manager,
    networkd,
    nft,
    ufw,
    without_grub,
    zstd_initramfs,
)
from sound_image import (
    GRUB,
    INITRAMFS,
    KERNEL,
    MODULES,
    SYSTEM,
    VENDOR,
    VMLINUZ,
    WANTS,
    File,
    cpio,
)

#: An image whose first boot gives keys to root, so that someone can log in.
KEYLESS = {**first_boot("--ssh-keys root"), "etc/passwd": ROOT_USER}
ROOT_AND_ADMIN = {**first_boot("--ssh-keys root --admin-user"), "etc/sudoers.d/x": ""}

WRONG: Dict[str, Wrong] = {
    "no service": Wrong(
        "service-missing", "error", {f"{SYSTEM}/{UNIT}": None, f"{WANTS}/{UNIT}": None}
    ),
    "not enabled": Wrong("service-disabled", "error", {f"{WANTS}/{UNIT}": None}),
    "masked": Wrong("service-masked", "error", {f"{SYSTEM}/{UNIT}": "-> /dev/null"}),
    "masked by an empty file": Wrong("service-masked", "error", {f"{SYSTEM}/{UNIT}": ""}),
    "the service of the sample script": Wrong(
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
    "no archive": Wrong("program-unusable", "error", {PYZ: None}),
    "a truncated archive": Wrong(
        "program-unusable", "error", {PYZ: b"#!/usr/bin/python3\nPK\3\4half"}
    ),
    "an archive with a wrong byte": Wrong("program-unusable", "error", {PYZ: DAMAGED}),
    "another archive": Wrong("program-unusable", "error", {PYZ: OTHER_ARCHIVE}),
    "a broken link as the archive": Wrong("program-unusable", "error", {PYZ: "-> /none"}),
    "no Python": Wrong("python-unusable", "error", {"usr/bin/python3": None}),
    "no init": Wrong("init-unknown", "error", {"usr/lib/systemd/systemd": None}),
    "no /sbin/init": Wrong("init-missing", "error", {"sbin/init": None}),
    "a broken link as /sbin/init": Wrong(
        "init-missing", "error", {"sbin/init": "-> /lib/systemd/systemd"}
    ),
    "no /sbin/init, with dracut": Wrong(
        "init-missing", "warning", {"sbin/init": None, "etc/dracut.conf": ""}
    ),
    "no /sbin/init, with a part of dracut": Wrong(
        "init-missing",
        "error",
        {"sbin/init": None, "usr/lib/dracut/dracut-install": "program"},
    ),
    "an init= that does not exist": Wrong(
        "init-missing", "error", grub(f"{LINUX} init=/lib/sysvinit/init\n")
    ),
    "a shell as init=": Wrong(
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
    "keys for a missing user": Wrong(
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
    "root's keys, root denied": Wrong(
        "keys-refused", "error", keys_for("root", "PermitRootLogin No\n")
    ),
    "keys of another user with UID 0, root denied": Wrong(
        "keys-refused",
        "error",
        {
            **keys_for("toor", "PermitRootLogin forced-commands-only\n"),
            "etc/passwd": "toor:x:0:0::/toor:/bin/sh\n",
        },
    ),
    "root's keys, root allowed from some addresses": Wrong(
        "keys-refused",
        "warning",
        keys_for(
            "root",
            "PermitRootLogin no\nMatch Address 10.0.0.0/8\nPermitRootLogin prohibit-password\n",
        ),
    ),
    "root's keys, PermitRootLogin set twice": Wrong(
        "keys-refused", "error", keys_for("root", "PermitRootLogin no\nPermitRootLogin yes\n")
    ),
    "keys of a denied user": Wrong(
        "keys-refused", "error", keys_for("ops", "DenyUsers a b\nDenyUsers o?s\n")
    ),
    "keys of a user who is denied from everywhere": Wrong(
        "keys-refused", "error", keys_for("ops", "DenyUsers ops@*\n")
    ),
    "keys of a user who is not allowed": Wrong(
        "keys-refused", "error", keys_for("ops", "AllowUsers a\nAllowUsers b@10.0.0.*\n")
    ),
    "keys of a user who is allowed from some hosts": Wrong(
        "logins-restricted", "warning", keys_for("ops", "AllowUsers a ops@10.0.0.*\n")
    ),
    "every group denied": Wrong(
        "keys-refused", "error", keys_for("ops", "DenyGroups a\nDenyGroups *\n")
    ),
    "public keys switched off, in capitals": Wrong(
        "keys-refused", "error", keys_for("ops", "PubkeyAuthentication NO\n")
    ),
    "public keys switched off by Match all": Wrong(
        "keys-refused",
        "error",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "etc/ssh/sshd_config": "Match all\nPubkeyAuthentication no\n",
        },
    ),
    "root denied by a Match of root": Wrong(
        "keys-refused",
        "error",
        keys_for("root", "PermitRootLogin yes\nMatch User a,r??t\nPermitRootLogin no\n"),
    ),
    "root denied by a Match of all users except others": Wrong(
        "keys-refused", "error", keys_for("root", "Match User *,!ops\nPermitRootLogin no\n")
    ),
    "root denied, and a Match of others": Wrong(
        "keys-refused",
        "error",
        keys_for(
            "root",
            "PermitRootLogin no\nMatch User sftp,!root Address 10.0.0.0/8\nPermitRootLogin yes\n"
            "Match User *,!root\nPermitRootLogin yes\n",
        ),
    ),
    "public keys switched off except for some users": Wrong(
        "keys-refused",
        "warning",
        {
            **first_boot("--admin-user"),
            "etc/sudoers.d/x": "",
            "etc/ssh/sshd_config": "PubkeyAuthentication no\n"
            "Match User *,!git\nPubkeyAuthentication yes\n",
        },
    ),
    "root denied, the admin user allowed": Wrong(
        "keys-refused",
        "warning",
        {**keys_for("root", "PermitRootLogin no\n"), **ROOT_AND_ADMIN},
    ),
    "root allowed, the admin user denied": Wrong(
        "logins-restricted", "warning", {**keys_for("root", "AllowUsers root\n"), **ROOT_AND_ADMIN}
    ),
    "two keys required": Wrong(
        "logins-restricted",
        "warning",
        keys_for("ops", "AuthenticationMethods publickey,publickey\n"),
    ),
    "keys of a locked user": Wrong(
        "keys-user-locked",
        "error",
        {**keys_for("ops", "UsePAM no\n"), "etc/shadow": "ops:!$6$a:19000:0:99999:7:::\n"},
    ),
    "keys of a locked user, and the admin user": Wrong(
        "keys-user-locked",
        "warning",
        {
            **keys_for("ops", ""),
            "etc/sudoers.d/x": "",
            **first_boot("--ssh-keys ops --admin-user"),
            "etc/shadow": "ops:!:19000:0:99999:7:::\n",
        },
    ),
    "keys of a locked user on Alpine": Wrong(
        "keys-user-locked",
        "error",
        {
            **keys_for("ops", "UsePAM yes\n"),
            "usr/lib/os-release": "ID=alpine\n",
            "etc/shadow": "ops:!:19000:0:99999:7:::\n",
        },
    ),
    "every user denied": Wrong(
        "keys-refused",
        "error",
        {**keys_for("ops", "DenyUsers *\n"), **first_boot("--admin-user"), "etc/sudoers.d/x": ""},
    ),
    "a denied group": Wrong("logins-restricted", "warning", keys_for("ops", "DenyGroups guests\n")),
    "passwords only": Wrong(
        "keys-refused",
        "error",
        keys_for("ops", "AuthenticationMethods password keyboard-interactive:pam\n"),
    ),
    "a password beside the key": Wrong(
        "keys-refused",
        "error",
        keys_for("ops", "AuthenticationMethods publickey,password hostbased,publickey\n"),
    ),
    "a second factor beside the key": Wrong(
        "logins-restricted",
        "warning",
        keys_for("ops", "AuthenticationMethods password publickey,keyboard-interactive:pam\n"),
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
    "no one can log in": Wrong(
        "nobody-logs-in",
        "note",
        {"etc/passwd": ROOT_USER, "etc/shadow": "root:*:19000:0:99999:7:::\n"},
    ),
    "another command": Wrong(
        "service-altered",
        "error",
        {f"{SYSTEM}/{UNIT}": f"[Service]\nExecStart=/usr/bin/python3 -I /{PYZ} provison\n"},
    ),
    "a drop-in that may keep azprov from Azure": Wrong(
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
    "cloud-init enabled in its own target": Wrong(
        "agent-enabled",
        "error",
        {
            f"{VENDOR}/cloud-init-local.service": "[Unit]\n",
            f"{SYSTEM}/cloud-init.target.wants/cloud-init-local.service": "-> x",
        },
    ),
    "cloud-init enabled in the rescue target": Wrong(
        "agent-installed",
        "warning",
        {
            f"{VENDOR}/cloud-init.service": "[Unit]\n",
            f"{VENDOR}/rescue.target.wants/cloud-init.service": "-> ../cloud-init.service",
        },
    ),
    "cloud-init removed from its target": Wrong(
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
        "error",
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
    "sshd_not_to_be_run": Wrong("ssh-forbidden", "warning", {"etc/ssh/sshd_not_to_be_run": ""}),
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
    "no host keys and no ssh-keygen": Wrong("ssh-host-keys", "error", {"usr/bin/ssh-keygen": None}),
    "host keys by another name": Wrong(
        "host-keys-elsewhere",
        "error",
        {
            "etc/ssh/sshd_config": "HostKey\nHostKey /etc/ssh/ssh_host_rsa_key\n"
            "HostKey /none\nHostKey /srv/ssh_host_rsa_key\n",
            "srv/ssh_host_rsa_key": "x",
        },
    ),
    "host keys of dropbear": Wrong(
        "host-keys-elsewhere", "error", {"etc/dropbear/dropbear_ed25519_host_key": "x"}
    ),
    "host keys of tinysshd": Wrong(
        "host-keys-elsewhere", "error", {"etc/tinyssh/sshkeydir/.ed25519.sk": "x"}
    ),
    "no clock": Wrong("clock-unsynchronised", "note", {f"{WANTS}/chrony.service": None}),
    "a mark of Docker": Wrong("container-mark", "warning", {".dockerenv": ""}),
    "a mark of Podman": Wrong(
        "container-mark", "warning", {"run/.containerenv": "engine=podman\n"}
    ),
    "an old kernel": Wrong(
        "entropy",
        "note",
        {
            "usr/lib/modules/4.19.0/modules.builtin": "kernel/drivers/hv/hv_vmbus.ko\n"
            "kernel/drivers/net/hyperv/hv_netvsc.ko\nkernel/drivers/scsi/hv_storvsc.ko\n"
        },
    ),
    "SSH host keys": Wrong("host-keys", "error", {"etc/ssh/ssh_host_rsa_key": "x"}),
    "a machine ID": Wrong("machine-id", "error", {"etc/machine-id": "0" * 32 + "\n"}),
    "the key of credentials": Wrong(
        "credential-secret", "warning", {"var/lib/systemd/credential.secret": "x"}
    ),
    "root's password": Wrong(
        "passwords",
        "warning",
        {"etc/passwd": ROOT_USER, "etc/shadow": "root:$6$x$y:19000:0:99999:7:::\n"},
    ),
    "root's authorized keys": Wrong(
        "authorized-keys",
        "warning",
        {"etc/passwd": ROOT_USER, "root/.ssh/authorized_keys": "ssh-ed25519 AAAA\n"},
    ),
    "data of waagent": Wrong("agent-data", "warning", {"var/lib/waagent/Certificates.xml": "x"}),
    "a DHCP lease": Wrong("leases", "warning", {"var/lib/dhcp/dhclient.leases": "x"}),
    "a random seed": Wrong("random-seed", "warning", {"var/lib/systemd/random-seed": "x"}),
    "the state of azprov": Wrong("state", "warning", {"var/lib/azprov/state.json": "{}"}),
    "a private key": Wrong(
        "private-keys",
        "warning",
        {**KEYLESS, "root/.ssh/id_rsa": "x"},
    ),
    "a shell history": Wrong("histories", "warning", {**KEYLESS, "root/.bash_history": "x"}),
    "a log": Wrong("logs", "note", {"var/log/auth.log": "x"}),
    "not UTF-8": Wrong("unread", "note", {"etc/dhcpcd.conf": None, "etc/fstab": b"# caf\xe9\n"}),
}

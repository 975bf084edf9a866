"""Working variants of a sound image, none of which has a finding."""

import gzip
from typing import Dict

from check.trees import (
    ENTRY,
    EXTLINUX,
    LINUX,
    MAC,
    NETWORK,
    NM,
    UNIT,
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
from project import ROOT
from sound_image import (
    GRUB,
    INITRAMFS,
    KERNEL,
    MODULES,
    SYSTEM,
    VENDOR,
    VMLINUZ,
    WANTS,
    Change,
    File,
    cpio,
)

FINE: Dict[str, Change] = {
    "no change": {},
    "systemd by a relative link": {
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
    "systemd by one of two entries": grub(
        f"menuentry 'a' {{\n {LINUX} init=/bin/sh\n}}\nmenuentry 'b' {{\n {LINUX}\n}}\n"
    ),
    "options in the service": {
        f"{SYSTEM}/{UNIT}": (ROOT / "unit" / UNIT)
        .read_text()
        .replace("azprov.pyz provision\n", "azprov.pyz provision --no-hostname --keep-enabled\n")
    },
    "keys of a user, and no logins of root": keys_for("ops", "PermitRootLogin no\n"),
    "root's keys and no password": keys_for("root", "PermitRootLogin prohibit-password\n"),
    "root allowed, and a Match of others": keys_for(
        "root", "Match User sftp\nPermitRootLogin no\nDenyUsers root\n"
    ),
    "other users denied, and the user from other hosts": keys_for(
        "ops", "DenyUsers root OPS op op[s] ops@10.0.0.*\n"
    ),
    "one key as one of two methods": keys_for(
        "ops", "AuthenticationMethods publickey,keyboard-interactive publickey\n"
    ),
    "a user among the allowed users": keys_for("ops", "AllowUsers root\nAllowUsers a o?s@* \n"),
    "every user allowed": {
        **keys_for("ops", "AllowUsers *\nAllowGroups a *\n"),
        **first_boot("--ssh-keys ops --admin-user"),
        "etc/sudoers.d/x": "",
    },
    "a user allowed by a Match": keys_for(
        "ops",
        "PubkeyAuthentication no\nAllowUsers a\n"
        "Match User ops\nPubkeyAuthentication yes\nAllowUsers ops\n"
        "Match all\nPubkeyAuthentication no\nAllowUsers b\n",
    ),
    "other users refused by a Match": keys_for(
        "ops", "Match User *,!ops\nPubkeyAuthentication no\nAllowUsers a\n"
    ),
    "a locked user, with PAM": {
        **keys_for("ops", "UsePAM YES\n"),
        "etc/shadow": "ops:!:19000:0:99999:7:::\n",
    },
    "a locked user, with Alpine's PAM": {
        **keys_for("ops", "UsePAM yes\n"),
        "usr/lib/os-release": "ID=alpine\n",
        "usr/sbin/sshd.pam": "program",
        "etc/shadow": "ops:!:19000:0:99999:7:::\n",
    },
    "a locked user without sshd's settings": {
        **keys_for("ops", ""),
        "etc/ssh/sshd_config": None,
        "etc/shadow": "ops:!:19000:0:99999:7:::\n",
    },
    "another locked user, and no password": {
        **keys_for("ops", ""),
        "etc/shadow": "ops:*:19000:0:99999:7:::\nroot:!:19000:0:99999:7:::\n",
    },
    "any method": keys_for("ops", "AuthenticationMethods any\n"),
    "an uninitialized machine ID": {"etc/machine-id": None},
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
    "a link to a missing service": {f"{WANTS}/cloud-init.service": "-> /nowhere"},
    "a file of the same kind for another program": {
        **ifcfg("BOOTPROTO='dhcp'\n"),
        "etc/sysconfig/network/readme-ifcfg-rh.txt": f"HWADDR={MAC}\n",
    },
}

"""Faults and working variants of network managers."""

from typing import Dict

from check.image_changes import (
    MAC,
    NETWORK,
    NM,
    Wrong,
    connman,
    dhcpcd,
    enabled,
    ifcfg,
    ifupdown,
    netplan,
    network_manager,
    networkd,
)
from sound_image import (
    GRUB,
    SOUND,
    SYSTEM,
    VENDOR,
    WANTS,
    Change,
    File,
)

#: What Ubuntu's desktop has, with an interface.
FOR_NETWORK_MANAGER = (
    "network:\n  renderer: NetworkManager\n  ethernets:\n    eth0:\n      dhcp4: true\n"
)

WRONG_NETWORK: Dict[str, Wrong] = {
    "networkd: masked, its socket enabled": Wrong(
        "network-none",
        "error",
        {
            f"{WANTS}/systemd-networkd.service": None,
            f"{SYSTEM}/systemd-networkd.service": "-> /dev/null",
            f"{SYSTEM}/sockets.target.wants/systemd-networkd.socket": "-> x",
            f"{VENDOR}/systemd-networkd.socket": "[Socket]\n",
        },
    ),
    "networkd: not enabled": Wrong(
        "network-none", "error", {f"{WANTS}/systemd-networkd.service": None, NETWORK: None}
    ),
    "networkd: DHCP for every Ethernet card": Wrong(
        "network-vf", "warning", networkd("[Match]\nType=ether\n[Network]\nDHCP=yes\n")
    ),
    "networkd: no file": Wrong("network-no-dhcp", "error", {NETWORK: None}),
    "networkd: a file for containers only": Wrong(
        "network-no-dhcp", "error", networkd("[Match]\nName=ve-*\nKind=veth\n[Network]\nDHCP=yes\n")
    ),
    "networkd: a word that the kernel command line does not have": Wrong(
        "network-no-dhcp",
        "error",
        networkd("[Match]\nName=eth0\nKernelCommandLine=netboot\n[Network]\nDHCP=yes\n"),
    ),
    "networkd: a word that the kernel command line has": Wrong(
        "network-no-dhcp",
        "error",
        networkd("[Match]\nName=eth0\nKernelCommandLine=!ro\n[Network]\nDHCP=yes\n"),
    ),
    "networkd: the interface is unmanaged": Wrong(
        "network-no-dhcp",
        "error",
        networkd("[Match]\nName=eth0\n[Link]\nUnmanaged=yes\n[Network]\nDHCP=yes\n"),
    ),
    "networkd: DHCP for IPv6 only": Wrong(
        "network-no-dhcp", "error", networkd("[Match]\nName=e*\n[Network]\nDHCP=ipv6\n")
    ),
    **{
        f"networkd: {lines}": Wrong(
            "network-no-dhcp",
            "error",
            networkd(f"[Match]\nName=eth0\n{lines}\n[Network]\nDHCP=yes\n"),
        )
        for lines in (
            "Kind=*",
            "Type=!ether",
            "Driver=!hv_netvsc",
            "Driver=!x\nDriver=y",
            "Path=pci-*",
            "KernelCommandLine=!console",
            "KernelCommandLine=nfsroot",
            "Virtualization=!vm",
            "Property=AZURE_UNMANAGED_SRIOV=1",
            "SSID=a",
            "Name=!eth0",
            "[Link]\nActivationPolicy=manual",
        )
    },
    "networkd: a drop-in turns DHCP off": Wrong(
        "network-no-dhcp", "error", {f"{NETWORK}.d/a.conf": "[Network]\nDHCP=no\n"}
    ),
    "networkd: an earlier file without DHCP": Wrong(
        "network-no-dhcp",
        "error",
        {"etc/systemd/network/00-a.network": "[Match]\nName=*\n[Network]\nDHCP=no\n"},
    ),
    "networkd: a file that only root can read": Wrong(
        "network-closed",
        "error",
        {NETWORK: File("[Match]\nName=eth0\n[Network]\nDHCP=yes\n", 0o600)},
    ),
    "networkd: an earlier file that only root can read": Wrong(
        "network-closed",
        "warning",
        {"etc/systemd/network/05-a.network": File("[Match]\nName=e*\n", 0o640)},
    ),
    "udev: a .link file renames the interface": Wrong(
        "network-renamed",
        "error",
        {"etc/systemd/network/10-a.link": "[Match]\nDriver=hv_netvsc\n[Link]\nName=lan0\n"},
    ),
    "udev: a drop-in of a .link file renames the interface": Wrong(
        "network-renamed",
        "error",
        {
            "usr/lib/systemd/network/99-default.link": "[Match]\nOriginalName=*\n"
            "[Link]\nNamePolicy=keep kernel\n",
            "etc/systemd/network/99-default.link.d/a.conf": "[Link]\nNamePolicy=\nName=lan0\n",
        },
    ),
    "udev: a .link file that may match renames the interface": Wrong(
        "network-renamed",
        "warning",
        {
            "etc/systemd/network/10-a.link": "[Match]\nOriginalName=eth0\nPath=acpi-*\n"
            "[Link]\nName=lan0\n"
        },
    ),
    "udev: a .link file renames the interface that ifupdown configures": Wrong(
        "network-renamed",
        "error",
        {
            **ifupdown("auto eth0\niface eth0 inet dhcp\n"),
            "etc/systemd/network/10-a.link": "[Match]\nType=ether\n[Link]\nName=lan0\n",
        },
    ),
    "udev: a .link file renames the interface, and neither name is configured": Wrong(
        "network-other-nic",
        "warning",
        {
            **networkd("[Match]\nName=ens3\n[Network]\nDHCP=yes\n"),
            "etc/systemd/network/10-a.link": "[Match]\nType=ether\n[Link]\nName=lan0\n",
        },
    ),
    "networkd: a static address": Wrong(
        "network-static", "error", networkd("[Match]\nName=eth0\n[Network]\nAddress=10.0.0.4/24\n")
    ),
    "networkd: an earlier file with a static address": Wrong(
        "network-static",
        "error",
        {"etc/systemd/network/05-a.network": "[Match]\nName=e*\n[Address]\nAddress=10.0.0.4\n"},
    ),
    "networkd: DHCP for another interface": Wrong(
        "network-other-nic", "warning", networkd("[Match]\nName=ens3\n[Network]\nDHCP=yes\n")
    ),
    "networkd: DHCP for a MAC address": Wrong(
        "network-mac", "error", networkd(f"[Match]\nMACAddress={MAC}\n[Network]\nDHCP=yes\n")
    ),
    "networkd: another file for a MAC address": Wrong(
        "network-mac",
        "warning",
        {"etc/systemd/network/05-a.network": f"[Match]\nMACAddress={MAC}\n[Network]\nDHCP=yes\n"},
    ),
    "ifupdown: a static address": Wrong(
        "network-static",
        "error",
        ifupdown("auto eth0\niface eth0 inet static\n address 10.0.0.4\n"),
    ),
    "ifupdown: DHCP for another interface": Wrong(
        "network-other-nic", "warning", ifupdown("auto ens3\niface ens3 inet dhcp\n")
    ),
    "ifupdown: a stanza that nothing brings up": Wrong(
        "network-no-dhcp", "error", ifupdown("iface eth0 inet dhcp\n")
    ),
    "ifupdown: no DHCP client": Wrong(
        "network-no-client",
        "error",
        {**ifupdown("auto eth0\niface eth0 inet dhcp\n"), "usr/sbin/dhclient": None},
    ),
    "NetworkManager: a static address": Wrong(
        "network-static",
        "error",
        network_manager(
            {f"{NM}/a.nmconnection": "[connection]\ntype=ethernet\n[ipv4]\nmethod=manual\n"}
        ),
    ),
    "NetworkManager: a keyfile that others can read": Wrong(
        "network-closed",
        "warning",
        network_manager(
            {f"{NM}/a": File("[connection]\ntype=ethernet\n[ipv4]\nmethod=manual\n", 0o644)}
        ),
    ),
    "NetworkManager: DHCP only in a keyfile that others can read": Wrong(
        "network-closed",
        "error",
        network_manager(
            {
                f"{NM}/a": File("[connection]\ntype=ethernet\n", 0o640),
                "etc/NetworkManager/conf.d/a.conf": "[main]\nno-auto-default=*\n",
            }
        ),
    ),
    "NetworkManager: a keyfile for a MAC address": Wrong(
        "network-mac",
        "warning",
        network_manager(
            {f"{NM}/a": f"[connection]\ntype=ethernet\n[ethernet]\nmac-address={MAC}\n"}
        ),
    ),
    "ConnMan: it leaves Ethernet interfaces alone": Wrong(
        "network-no-dhcp",
        "error",
        connman({"etc/connman/main.conf": "[General]\nNetworkInterfaceBlacklist=ve-,eth\n"}),
    ),
    "ConnMan: a static address": Wrong(
        "network-static",
        "error",
        connman(
            {
                "var/lib/connman/a.config": "[service_a]\nType=ethernet\n"
                "IPv4=192.0.2.2/24/192.0.2.1\n"
            }
        ),
    ),
    "ConnMan: no IPv4": Wrong(
        "network-no-dhcp",
        "error",
        connman(
            {"var/lib/connman/a.config": "[service_a]\nType=ethernet\nDeviceName=eth0\nIPv4=off\n"}
        ),
    ),
    "ConnMan: a static address for a MAC address": Wrong(
        "network-mac",
        "warning",
        connman(
            {
                "var/lib/connman/a.config": "[service_a]\nType=ethernet\n"
                f"MAC={MAC}\nIPv4=192.0.2.2/24/192.0.2.1\n"
            }
        ),
    ),
    "NetworkManager: no automatic connections": Wrong(
        "network-no-dhcp",
        "error",
        network_manager({"etc/NetworkManager/conf.d/a.conf": "[main]\nno-auto-default=*\n"}),
    ),
    "NetworkManager: Ethernet is unmanaged": Wrong(
        "network-no-dhcp",
        "error",
        network_manager(
            {
                "usr/lib/NetworkManager/conf.d/10-globally-managed-devices.conf": "[keyfile]\n"
                "unmanaged-devices=*,except:type:wifi,except:type:gsm\n"
            }
        ),
    ),
    "NetworkManager: a static address of ifupdown": Wrong(
        "network-static",
        "error",
        {
            **ifupdown("auto eth0\niface eth0 inet static\n address 10.0.0.4\n"),
            **enabled("NetworkManager.service"),
            "etc/NetworkManager/NetworkManager.conf": "[main]\nplugins=ifupdown,keyfile\n\n"
            "[ifupdown]\nmanaged=false\n",
        },
    ),
    "NetworkManager: a keyfile with DHCP for an interface that it does not manage": Wrong(
        "network-no-dhcp",
        "error",
        network_manager(
            {
                f"{NM}/a": "[connection]\ntype=ethernet\n",
                "etc/NetworkManager/conf.d/a.conf": "[device]\nmanaged=0\n",
            }
        ),
    ),
    "wicked: a static address": Wrong(
        "network-static", "error", ifcfg("BOOTPROTO='static'\nIPADDR='10.0.0.4/24'\n")
    ),
    "wicked: the interface does not start": Wrong(
        "network-no-dhcp", "error", ifcfg("BOOTPROTO=dhcp\nSTARTMODE=off\n")
    ),
    "wicked: a file for a MAC address": Wrong(
        "network-mac", "error", ifcfg(f"BOOTPROTO=dhcp\nHWADDR={MAC}\n")
    ),
    "netplan: a static address": Wrong(
        "network-static",
        "error",
        netplan("network:\n  ethernets:\n    eth0:\n      addresses:\n        - 10.0.0.4/24\n"),
    ),
    "netplan: a static address, in one line": Wrong(
        "network-static",
        "error",
        netplan("network: {ethernets: {eth0: {addresses: [10.0.0.4/24]}}}\n"),
    ),
    "netplan: an interface that nothing brings up": Wrong(
        "network-no-dhcp",
        "error",
        netplan("network: {ethernets: {eth0: {dhcp4: true, activation-mode: manual}}}\n"),
    ),
    "netplan: DHCP for another driver": Wrong(
        "network-other-nic",
        "warning",
        netplan("network: {ethernets: {eth0: {match: {driver: mlx5_core}, dhcp4: true}}}\n"),
    ),
    "netplan: a later file turns DHCP off": Wrong(
        "network-no-dhcp",
        "error",
        {
            **netplan("network: {ethernets: {eth0: {dhcp4: true}}}\n"),
            "etc/netplan/60-lan.yaml": "network: {ethernets: {eth0: {dhcp4: false}}}\n",
        },
    ),
    "netplan: NetworkManager, which is not installed": Wrong(
        "network-renderer", "error", netplan(FOR_NETWORK_MANAGER)
    ),
    "netplan: NetworkManager, which is not enabled, in one line": Wrong(
        "network-renderer",
        "error",
        {
            **netplan(
                "network: {renderer: 'NetworkManager', version: 2}\n"
                "network:\n  ethernets:\n    eth0:\n      dhcp4: true\n"
            ),
            f"{VENDOR}/NetworkManager.service": "[Unit]\n",
        },
    ),
    "netplan: networkd, which is masked": Wrong(
        "network-renderer",
        "error",
        {
            **netplan("network:\n  ethernets:\n    eth0:\n      dhcp4: true # renderer: x\n"),
            f"{SYSTEM}/systemd-networkd.service": "-> /dev/null",
        },
    ),
    "netplan: DHCP for another interface": Wrong(
        "network-other-nic",
        "warning",
        netplan("network:\n  ethernets:\n    ens3:\n      dhcp4: true\n"),
    ),
    "netplan: DHCP for a MAC address": Wrong(
        "network-mac",
        "error",
        netplan(
            "network:\n  ethernets:\n    eth0:\n      dhcp4: true\n      match:\n"
            f'        macaddress: "{MAC}"\n      set-name: eth0\n'
        ),
    ),
    "dhcpcd: a static address": Wrong(
        "network-static", "error", dhcpcd("interface eth0\nstatic ip_address=10.0.0.4/24\n")
    ),
    "NetworkManager: no automatic connections, and an ifcfg file for another interface": Wrong(
        "network-other-nic",
        "warning",
        network_manager(
            {
                "etc/NetworkManager/conf.d/a.conf": "[main]\nno-auto-default=*\n",
                "etc/sysconfig/network-scripts/ifcfg-ens192": "BOOTPROTO=dhcp\nONBOOT=yes\n",
            }
        ),
    ),
    "dhcpcd: the interface is denied": Wrong(
        "network-no-dhcp", "error", dhcpcd("denyinterfaces eth0\n")
    ),
    "dhcpcd: a unit for another interface": Wrong(
        "network-other-nic",
        "error",
        {
            NETWORK: None,
            f"{WANTS}/systemd-networkd.service": None,
            f"{VENDOR}/dhcpcd@.service": "[Unit]\n",
            f"{WANTS}/dhcpcd@ens3.service": f"-> /{VENDOR}/dhcpcd@.service",
        },
    ),
    "dhcpcd: a unit for a VLAN of the interface": Wrong(
        "network-other-nic",
        "error",
        {
            NETWORK: None,
            f"{WANTS}/systemd-networkd.service": None,
            f"{VENDOR}/dhcpcd@.service": "[Unit]\n",
            f"{WANTS}/dhcpcd@eth0.5.service": f"-> /{VENDOR}/dhcpcd@.service",
        },
    ),
    "udev: a rule for a MAC address": Wrong(
        "network-mac",
        "error",
        {
            "etc/udev/rules.d/70-persistent-net.rules": 'SUBSYSTEM=="net", '
            f'ATTR{{address}}=="{MAC}", KERNEL=="eth*", NAME="eth0"\n'
        },
    ),
}

FINE_NETWORK: Dict[str, Change] = {
    "ConnMan: DHCP in a file, and interfaces that it leaves alone": connman(
        {
            "etc/connman/main.conf": "[General]\nNetworkInterfaceBlacklist=vmnet,virbr,ve-\n",
            "var/lib/connman/a.config": "[service_a]\nType=ethernet\nIPv4=dhcp\n"
            "[service_b]\nType=wifi\nName=x\nIPv4=off\n",
        }
    ),
    "ConnMan: a static address for another interface": connman(
        {
            "var/lib/connman/a.config": "[service_a]\nType=ethernet\nDeviceName=eth1\n"
            "IPv4=192.0.2.2/24\n"
        }
    ),
    "networkd: a file for the driver": networkd(
        "[Match]\nDriver=hv_netvsc\n[Network]\nDHCP=ipv4\n"
    ),
    "networkd: a file for another interface that only root can read": {
        "etc/systemd/network/05-a.network": File("[Match]\nName=wg0\n", 0o600)
    },
    **{
        f"networkd: {lines}": networkd(f"[Match]\nName=eth0\n{lines}\n[Network]\nDHCP=yes\n")
        for lines in (
            "Kind=!*",
            "Kind=!veth bridge",
            "KernelCommandLine=!nfsroot",
            "KernelCommandLine=console",
            "Type=!loopback bridge",
            "Type=!bridge\nType=ether",
            "Driver=!veth",
            "Driver=x\nDriver=",
            "Path=!pci-*",
            "Virtualization=!container",
            "Virtualization=y",
            "Property=!AZURE_UNMANAGED_SRIOV=1",
            "WLANInterfaceType=!station",
            "Host=x",
            "Architecture=arm64",
        )
    },
    **{
        f"networkd: DHCP={value}": networkd(f"[Match]\nName=eth0\n[Network]\nDHCP={value}\n")
        for value in ("v4", "y", "t", "both", "True")
    },
    "networkd: a file that only a VM can judge, before another": {
        "etc/systemd/network/00-a.network": "[Match]\nHost=builder\n[Network]\nAddress=10.0.0.4/8\n"
    },
    "networkd: a file without conditions": {
        "etc/systemd/network/00-a.network": "[Network]\nAddress=10.0.0.4/8\n"
    },
    "networkd: files of Flatcar": {
        NETWORK: None,
        "usr/lib/systemd/network/yy-azure-sriov.network": "[Match]\n"
        "KernelCommandLine=flatcar.oem.id=azure\nDriver=mlx4_en mlx5_core mana\n"
        "[Link]\nUnmanaged=yes\n",
        "usr/lib/systemd/network/zz-default.network": "[Network]\nDHCP=yes\n"
        "[Match]\nName=*\nType=!loopback dummy bridge tunnel vxlan wireguard\nDriver=!veth\n",
    },
    "networkd: two Name lines": networkd("[Match]\nName=eth0\nName=ens3\n[Network]\nDHCP=yes\n"),
    "networkd: DHCP set twice, last on": networkd(
        "[Match]\nName=eth0\n[Network]\nDHCP=no\n[Network]\nDHCP=yes\n"
    ),
    "udev: a .link file renames the interface, networkd configures the new name": {
        **networkd("[Match]\nName=lan*\n[Network]\nDHCP=yes\n"),
        "etc/systemd/network/10-a.link": "[Match]\nOriginalName=eth*\n[Link]\nName=lan0\n",
    },
    "udev: a .link file renames the interface, networkd configures any name": {
        **networkd("[Match]\nType=ether\nDriver=hv_netvsc\n[Network]\nDHCP=yes\n"),
        "etc/systemd/network/10-a.link": "[Match]\nOriginalName=*\n[Link]\nName=lan0\n",
    },
    "udev: a .link file renames the interface, NetworkManager configures any name": {
        **network_manager({}),
        "etc/systemd/network/10-a.link": "[Match]\nOriginalName=*\n[Link]\nName=lan0\n",
    },
    "udev: .link files of other interfaces, and without a name": {
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
    "udev: a .link file names the interface eth0": {
        "etc/systemd/network/10-a.link": "[Match]\nDriver=hv_netvsc\n[Link]\nName=eth0\n"
    },
    "netplan: a file that only root can read": {
        **netplan(""),
        "etc/netplan/50-cloud.yaml": File(
            "network:\n  ethernets:\n    eth0:\n      dhcp4: true\n", 0o600
        ),
    },
    "networkd: all interfaces except lo": networkd(
        "[Match]\nName=!lo enP*\n[Network]\nDHCP=true\n"
    ),
    "networkd: a file for Ethernet": networkd(
        "[Match]\nType=ether\nDriver=hv_netvsc\n[Network]\nDHCP=yes\nAddress=10.0.0.4/24\n"
    ),
    "networkd: earlier files for containers": {
        "usr/lib/systemd/network/05-host0.network": "[Match]\nVirtualization=container\nName=eth0\n"
        "[Network]\nAddress=10.0.0.4/24\n",
        "usr/lib/systemd/network/06-veth.network": "[Match]\nKind=veth\nName=*\n",
    },
    "networkd: a kind that an Ethernet card does not have": networkd(
        "[Match]\nName=eth0\nType=ether\nKind=!*\nWLANInterfaceType=!ap\n[Network]\nDHCP=y\n"
    ),
    "networkd: words that the kernel command line does not have": networkd(
        "[Match]\nType=ether\nName=!veth* enP*\nKernelCommandLine=!nfsroot\nKernelCommandLine=!ip\n"
        "[Network]\nDHCP=v4\n"
    ),
    "networkd: an option that the kernel command line has": networkd(
        "[Match]\nName=eth0\nKernelCommandLine=console\n[Network]\nDHCP=both\n"
    ),
    "networkd: a masked file": {
        "usr/lib/systemd/network/05-a.network": "[Match]\nName=e*\n[Network]\nAddress=10.0.0.4\n",
        "etc/systemd/network/05-a.network": "-> /dev/null",
    },
    "networkd: a drop-in turns DHCP on": {
        NETWORK: "[Match]\nName=eth0\n",
        f"{NETWORK}.d/dhcp.conf": "[Network]\nDHCP=yes\n",
    },
    "networkd: a later file for another interface": {
        "etc/systemd/network/20-b.network": "[Match]\nName=ens3\n[Network]\nAddress=10.0.0.4/24\n"
    },
    "networkd: enabled by a preset at the first boot": {
        f"{WANTS}/systemd-networkd.service": None,
        f"{VENDOR}/systemd-networkd.service": "[Install]\nWantedBy=multi-user.target\n",
        "usr/lib/systemd/system-preset/90.preset": "enable systemd-networkd.service\ndisable *\n",
        "etc/machine-id": "uninitialized\n",
        # systemd can apply presets only if the root is writable when it starts.
        GRUB: str(SOUND[GRUB]).replace(" ro ", " rw "),
    },
    "ifupdown: DHCP": ifupdown("allow-hotplug eth0\niface eth0 inet dhcp\niface eth0 inet6 auto\n"),
    "ifupdown: DHCP in a sourced file": {
        **ifupdown("source /etc/network/interfaces.d/*\n"),
        "etc/network/interfaces.d/eth0": "auto eth0\niface eth0 inet dhcp\n",
    },
    "ifupdown: a pattern after auto": ifupdown("auto /eth*\niface eth0 inet dhcp\n"),
    "NetworkManager: no settings": network_manager({}),
    "NetworkManager: a keyfile with DHCP": network_manager(
        {f"{NM}/a": "[connection]\ntype=ethernet\ninterface-name=eth0\n[ipv4]\nmethod=auto\n"}
    ),
    "NetworkManager: DHCP by ifupdown": {
        **ifupdown("allow-hotplug eth0\niface eth0 inet dhcp\n"),
        **enabled("NetworkManager.service"),
    },
    "NetworkManager: it is built without the plugin ifupdown": {
        **network_manager({"etc/network/interfaces": "iface eth0 inet static\n"}),
        "usr/lib/os-release": "ID=fedora\n",
    },
    "NetworkManager: a hidden file of an editor": network_manager(
        {f"{NM}/.a.swp": "[connection]\ntype=ethernet\n[ipv4]\nmethod=manual\n"}
    ),
    "NetworkManager: a static address for another interface": network_manager(
        {f"{NM}/a": "[connection]\ntype=ethernet\ninterface-name=ens3\n[ipv4]\nmethod=manual\n"}
    ),
    "NetworkManager: an empty file hides the vendor's": network_manager(
        {
            "usr/lib/NetworkManager/conf.d/10-globally-managed-devices.conf": "[keyfile]\n"
            "unmanaged-devices=*,except:type:wifi\n",
            "etc/NetworkManager/conf.d/10-globally-managed-devices.conf": "",
        }
    ),
    "wicked: DHCP": ifcfg("BOOTPROTO='dhcp'\nSTARTMODE='auto'\n"),
    "netplan: NetworkManager": {
        **netplan(FOR_NETWORK_MANAGER),
        **enabled("NetworkManager.service"),
    },
    "netplan: NetworkManager, which is not installed, beside ifupdown": {
        **netplan(FOR_NETWORK_MANAGER),
        **ifupdown("auto eth0\niface eth0 inet dhcp\n"),
    },
    "netplan: a renderer for each interface": netplan(
        "network:\n  renderer: NetworkManager\n  ethernets:\n    eth0:\n"
        "      renderer: networkd\n      dhcp4: true\n"
    ),
    "netplan: DHCP, in one line": netplan("network: {ethernets: {eth0: {dhcp4: true}}}\n"),
    "netplan: DHCP by an anchor": netplan(
        "network:\n  ethernets:\n    eth1: &a {dhcp4: true}\n    eth0: *a\n"
    ),
    "netplan: a later file turns DHCP on": {
        **netplan("network: {ethernets: {eth0: {dhcp4: false}}}\n"),
        "etc/netplan/60-lan.yaml": "network: {ethernets: {eth0: {dhcp4: true}}}\n",
    },
    "netplan: DHCP": netplan(
        "network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true\n"
    ),
    "netplan: DHCP for the driver": netplan(
        "network:\n  ethernets:\n    primary: # one\n      match:\n        driver: hv_netvsc\n"
        '      "dhcp4": yes # as Azure wants it\n'
    ),
    "dhcpcd: one service, a static address in a comment": dhcpcd(
        "# static ip_address=10.0.0.4/24\nhostname\n"
    ),
    "dhcpcd: a unit for eth0": {
        NETWORK: None,
        f"{WANTS}/systemd-networkd.service": None,
        f"{VENDOR}/dhcpcd@.service": "[Unit]\n",
        f"{WANTS}/dhcpcd@eth0.service": f"-> /{VENDOR}/dhcpcd@.service",
    },
    "udev: a rule for all interfaces": {
        "etc/udev/rules.d/68-azure-sriov-nm-unmanaged.rules": 'SUBSYSTEM=="net", '
        'DRIVERS=="hv_pci", ACTION=="add", ENV{NM_UNMANAGED}="1"\n'
    },
    "wicked: a file that is no ifcfg file": {
        **ifcfg("BOOTPROTO='dhcp'\n"),
        "etc/sysconfig/network/readme-ifcfg-rh.txt": f"HWADDR={MAC}\n",
    },
}

"""The package tool of each distribution, and what each distribution calls a package.

__main__.py has a copy of the tools and of Python's package names, since it runs on
Pythons that cannot import this file. A test compares the two.
"""

from typing import Dict, Mapping, NamedTuple


class PackageTool(NamedTuple):
    """A program that installs packages; {} in a command is the names of the packages."""

    name: str
    install: str
    remove: str


class Package(NamedTuple):
    """A package by its usual name, and its names elsewhere.

    The keys are names of tools or IDs of os-release(5); an ID comes first. `program` says
    what the package has, for an image without a known package tool.
    """

    program: str
    usual: str
    others: Mapping[str, str]

    def name(self, distribution: str, tool: str) -> str:
        return self.others.get(distribution) or self.others.get(tool, self.usual)


_TOOLS = {
    tool.name: tool
    for tool in (
        # A root that was just made has no package lists yet.
        PackageTool(
            "apt-get",
            "sh -c 'apt-get update && apt-get install -y {}'",
            "apt-get purge -y {}",
        ),
        PackageTool("tdnf", "tdnf install -y {}", "tdnf remove -y {}"),
        PackageTool("dnf", "dnf install -y {}", "dnf remove -y {}"),
        PackageTool(
            "zypper",
            "zypper --non-interactive install {}",
            "zypper --non-interactive remove {}",
        ),
        PackageTool("apk", "apk add {}", "apk del {}"),
        PackageTool("pacman", "pacman -S --noconfirm {}", "pacman -Rs --noconfirm {}"),
        PackageTool("opkg", "sh -c 'opkg update && opkg install {}'", "opkg remove {}"),
    )
}

#: The tool by ID or ID_LIKE of os-release(5).
TOOLS: Dict[str, PackageTool] = {
    "debian": _TOOLS["apt-get"],
    "ubuntu": _TOOLS["apt-get"],
    "azurelinux": _TOOLS["tdnf"],
    "mariner": _TOOLS["tdnf"],
    "fedora": _TOOLS["dnf"],
    "rhel": _TOOLS["dnf"],
    "centos": _TOOLS["dnf"],
    "suse": _TOOLS["zypper"],
    "opensuse": _TOOLS["zypper"],
    "sles": _TOOLS["zypper"],
    "alpine": _TOOLS["apk"],
    "arch": _TOOLS["pacman"],
    "openwrt": _TOOLS["opkg"],
}

PYTHON = Package("a complete Python 3.6 or newer", "python3", {"pacman": "python"})
SUDO = Package("sudo", "sudo", {})
CHRONY = Package("chrony (chronyd)", "chrony", {})
#: The Debian package that makes /sbin/init start an init system, by the name of that system.
DEBIAN_INIT = {"systemd": Package("systemd as /sbin/init", "systemd-sysv", {})}

SSH_SERVER = Package(
    "an SSH server (sshd)",
    "openssh-server",
    {"apk": "openssh", "zypper": "openssh", "pacman": "openssh"},
)
SSH_KEYGEN = Package(
    "ssh-keygen",
    "openssh-client",
    {
        "apk": "openssh-keygen",
        "dnf": "openssh",
        "tdnf": "openssh",
        "zypper": "openssh",
        "pacman": "openssh",
        "opkg": "openssh-keygen",
    },
)

KERNEL = Package(
    "a kernel",
    "linux-image-cloud-amd64",
    {
        "dnf": "kernel",
        "tdnf": "kernel",
        "zypper": "kernel-default",
        "apk": "linux-virt",
        "pacman": "linux",
    },
)
#: A kernel with the Hyper-V drivers.
HYPERV_KERNEL = Package(
    "a kernel with the Hyper-V drivers",
    "linux-image-cloud-amd64",
    {
        "dnf": "kernel-core",
        "tdnf": "kernel-hci",
        "zypper": "kernel-default",
        "apk": "linux-virt",
        "pacman": "linux",
    },
)

#: A client that ifupdown runs.
DHCP_CLIENT = Package("a DHCP client that ifupdown can run", "isc-dhcp-client", {"apk": "dhcpcd"})
#: A program that uses DHCP by itself once it starts at boot.
NETWORK_MANAGER = Package(
    "a program that configures the network by DHCP",
    "dhcpcd",
    {"dnf": "NetworkManager", "zypper": "NetworkManager", "tdnf": "systemd-networkd"},
)

#: The program that netplan's renderer NetworkManager means.
RENDERER = Package(
    "NetworkManager",
    "network-manager",
    {"dnf": "NetworkManager", "zypper": "NetworkManager", "pacman": "networkmanager"},
)

CLOUD_INIT = Package("cloud-init", "cloud-init", {})
WALINUXAGENT = Package(
    "the Azure Linux agent (waagent)",
    "walinuxagent",
    {
        "debian": "waagent",
        "dnf": "WALinuxAgent",
        "tdnf": "WALinuxAgent",
        "zypper": "python-azure-agent",
    },
)
AZURE_INIT = Package("azure-init", "azure-init", {})
TINY_CLOUD = Package("tiny-cloud", "tiny-cloud tiny-cloud-azure", {})
AFTERBURN = Package("afterburn", "afterburn", {})
TINY_AZAGENT = Package("tiny-azagent", "tiny-azagent", {})

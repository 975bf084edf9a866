"""Whether networkd leaves the SR-IOV virtual functions alone that accelerated networking adds.

Such a card has the MAC address of eth0, and the kernel joins the two. Sources:
https://learn.microsoft.com/azure/virtual-network/accelerated-networking-how-it-works, and
github.com/flatcar/Flatcar/issues/550, where VMs did not get Ready because networkd configured it.
"""

from typing import Iterator

from ..facts.image import Image
from ..facts.kernel_command_line import find_in_every_entry
from ..facts.network import networkd
from ..facts.network.nic_settings import DRIVER
from ..facts.network.systemd_files import FOLDERS
from ..facts.network.systemd_match import Card
from ..finding import WARNING, Check, Finding, Rule

# The drivers of Mellanox's and Microsoft's cards, and the path and names that the cards get.
_DRIVERS = ("mlx4_en", "mlx5_core", "mana")
_PATH = "acpi-VMBUS:00-pci-89a5:00:02.0"
_NAME, _OLD_NAME = "enP35237s1", "eth1"
_UDEV_FOLDERS = ("/etc/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d")
# Rules of azure-vm-utils and of the Azure Linux agent, which networkd honours.
_MARKS = ("AZURE_UNMANAGED_SRIOV", "ID_NET_MANAGED_BY")

NETWORK_VF = Rule(
    "network-vf",
    WARNING,
    "networkd also configures the SR-IOV virtual functions of Azure's accelerated networking, "
    "which have the MAC address of eth0",
    "add Driver=hv_netvsc to [Match], or install azure-vm-utils",
)


def check_virtual_functions(image: Image) -> Iterator[Finding]:
    """Find a file with DHCP for a virtual function, which networkd would treat like eth0."""
    if not networkd.MANAGER.is_in_use(image) or _has_rules(image):
        return
    is_old = find_in_every_entry(image, lambda words: "net.ifnames=0" in words) is not None
    name = _OLD_NAME if is_old else _NAME
    for driver in _DRIVERS:
        path = networkd.dhcp_file_for(image, Card(name, driver, _PATH))
        if path:
            folder = image.typed(f"{FOLDERS[0]}/{path.rpartition('/')[2]}.d")
            file = image.typed(f"{FOLDERS[0]}/{path.rpartition('/')[2]}.d/azure.conf")
            yield NETWORK_VF.found(
                f"{image.shown(path)} also covers the SR-IOV virtual functions that accelerated "
                "networking adds, so networkd may give such a card the address of eth0, and the "
                "VM may lose its network or wait for it",
                f"mkdir -p -m 755 {folder} && printf '[Match]\\nDriver=\\nDriver={DRIVER}\\n' > "
                f"{file} && chmod 644 {file}",
            )
            return


def _has_rules(image: Image) -> bool:
    paths = [path for folder in _UDEV_FOLDERS for path in image.matching(folder, ".rules")]
    return any(mark in image.text(path) for path in paths for mark in _MARKS)


CHECKS = (Check(check_virtual_functions, (NETWORK_VF,)),)

"""The network managers: what starts each, where it is told what, and how to tell it to use DHCP."""

from typing import Callable, Iterator, List, NamedTuple, Tuple

from ..image import Image
from .netplan import netplan_nics
from .nics import (
    DHCP,
    Nic,
    dhcpcd_nics,
    ifcfg_nics,
    ifupdown_nics,
    network_manager_nics,
    networkd_nics,
)

_NETWORKD_FOLDER = "/etc/systemd/network"
_NETWORKD_FILE = "00-azure.network"


class Manager(NamedTuple):
    """A network manager: its services, what it is told, how to tell it to use DHCP."""

    name: str
    services: Tuple[str, ...]
    nics: Callable[[Image], Iterator[Nic]]
    mend: str
    #: Whether it uses DHCP where it is told nothing.
    does_dhcp: bool = False
    #: Whether of what fits an interface the first holds, and nothing else.
    takes_first: bool = False

    def held(self, nics: List[Nic], name: str) -> List[Nic]:
        """What holds for an interface of that name."""
        fitting = [nic for nic in nics if nic.fits(name) and not nic.closed]
        return fitting[:1] if self.takes_first else fitting

    def configures(self, nics: List[Nic], name: str) -> bool:
        """Whether this one brings up the interface of that name by DHCP."""
        held = self.held(nics, name)
        if not held:
            # A name that an instance of a service has is the only one it serves.
            is_instance = any(nic.path.startswith(self.name) for nic in nics)
            return self.does_dhcp and not is_instance
        return any(nic.method == DHCP for nic in held)


MANAGERS = (
    Manager(
        "systemd-networkd",
        ("systemd-networkd", "systemd-networkd.socket"),
        networkd_nics,
        "",
        takes_first=True,
    ),
    Manager(
        "ifupdown",
        ("networking", "ifupdown"),
        ifupdown_nics,
        "take what {etc}/network/interfaces says of eth0 out, then: "
        "printf 'auto eth0\\niface eth0 inet dhcp\\n' >> {typed_etc}/network/interfaces",
    ),
    Manager(
        "NetworkManager",
        ("NetworkManager", "networkmanager"),
        network_manager_nics,
        "let NetworkManager manage eth0, with method=auto in [ipv4] of its keyfile or with none",
        does_dhcp=True,
    ),
    Manager(
        "dhcpcd",
        ("dhcpcd", "dhcpcd@", "dhclient@", "connman", "connmand"),
        dhcpcd_nics,
        "take what {etc}/dhcpcd.conf says of eth0 out",
        does_dhcp=True,
    ),
    Manager(
        "the distribution's network service",
        ("wicked", "wickedd", "network"),
        ifcfg_nics,
        "write BOOTPROTO=dhcp and STARTMODE=auto (SUSE) or ONBOOT=yes (Red Hat) to ifcfg-eth0 "
        "below {etc}/sysconfig",
    ),
)
NETPLAN = Manager(
    "netplan",
    (),
    netplan_nics,
    "write to {etc}/netplan/50-azure.yaml, below network: and ethernets: eth0: {{dhcp4: true}}",
)


def mend_of(image: Image, manager: Manager, name: str) -> str:
    if manager.takes_first:
        return _mend_networkd(image, manager, name)
    return manager.mend.format(etc=image.shown("/etc"), typed_etc=image.typed("/etc"))


def _mend_networkd(image: Image, manager: Manager, name: str) -> str:
    """Without what goes before a file with DHCP, else by a file that goes before all."""
    nics = list(manager.nics(image))
    file = _NETWORKD_FILE
    for winner in manager.held(nics, name):
        is_drop_in = winner.path.endswith(".conf")
        if is_drop_in or any(nic.fits(name) and nic.method == DHCP for nic in nics):
            return without(image, winner.path)
        file = min(file, winner.path.rpartition("/")[2])
    place = image.typed(f"{_NETWORKD_FOLDER}/{file}")
    return (
        f"printf '[Match]\\nName={name}\\n[Network]\\nDHCP=yes\\n' > {place} && chmod 644 {place}"
    )


def without(image: Image, path: str) -> str:
    """The command that takes a file of networkd or udevd away; a package's is masked."""
    if path.startswith("/etc/"):
        return f"rm {image.typed(path)}"
    mask = f"{_NETWORKD_FOLDER}/{path.partition('/systemd/network/')[2]}"
    folder = image.typed(mask.rpartition("/")[0])
    return f"mkdir -p -m 755 {folder} && ln -s /dev/null {image.typed(mask)}"

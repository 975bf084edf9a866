"""The rows of the boot matrix: which roots are booted, and what each value means.

A row is one line in ROWS. Not every combination is booted: each value appears on the current
Debian at least once, and each DHCP client also on the Debian before it, where its version differs.
"""

from typing import Dict, NamedTuple, Tuple


class Disk(NamedTuple):
    """What is special about the disk of a machine."""

    #: Options of systemd-nspawn.
    nspawn: Tuple[str, ...] = ()
    #: Whether the next boot finds the changes of the first one in /etc.
    is_stored: bool = True
    #: Services of Debian that fail on such a disk, whether or not azprov is there.
    failing: Tuple[str, ...] = ()
    #: The command that makes a file system in an image; the power fails soon after Ready.
    mkfs: Tuple[str, ...] = ()
    #: A script that repairs the image $1 before it is mounted again.
    repair: str = ""


DISKS: Dict[str, Disk] = {
    "plain": Disk(),
    "read-only": Disk(
        ("--read-only",),
        is_stored=False,
        failing=("systemd-logind.service", "systemd-networkd-persistent-storage.service"),
    ),
    # As with systemd.volatile=state and "ro" on the kernel's command line.
    "read-only, volatile /var": Disk(("--volatile=state",), is_stored=False),
    "volatile /var": Disk(("--tmpfs=/var",)),
    "late /home": Disk(),
    "power cut, ext4 without journal": Disk(
        mkfs=("mkfs.ext4", "-q", "-O", "^has_journal"), repair="fsck.ext4 -fy $1 >&2 || [ $? = 1 ]"
    ),
    "power cut, XFS": Disk(mkfs=("mkfs.xfs", "-q")),
}

#: How a root was made generic: what /etc/machine-id has, and if the root has SSH host keys.
ORIGINS: Dict[str, Tuple[str, bool]] = {
    "packages": ("", True),
    "deprovision": ("", False),
    # `cloud-init clean --machine-id` does not remove host keys.
    "cloud-init": ("uninitialized\n", True),
    # mkosi leaves such an id, and an image has no host keys if it was made with care.
    "mkosi": ("uninitialized\n", False),
}


class Row(NamedTuple):
    """A root, and what its first boot is asked for."""

    #: A key of machine.KINDS.
    release: str
    #: A key of machine.NETWORKS.
    network: str = "networkd"
    #: A key of DISKS.
    disk: str = "plain"
    #: A key of ORIGINS.
    origin: str = "packages"
    #: The option of `install`: --admin-user, or --ssh-keys for the user "builder".
    users: str = ""

    def __str__(self) -> str:
        return ", ".join(filter(None, self)).replace(", plain", "")


ADMIN, KEYS = "--admin-user", "--ssh-keys"

ROWS = (
    Row("trixie", origin="deprovision", users=ADMIN),
    Row("trixie", "NetworkManager", origin="deprovision", users=ADMIN),
    Row("trixie", "dhclient", origin="mkosi", users=KEYS),
    Row("trixie", "dhcpcd", users=ADMIN),
    Row("trixie", disk="read-only"),
    Row("trixie", disk="read-only, volatile /var"),
    Row("trixie", "NetworkManager", disk="volatile /var", users=ADMIN),
    Row("trixie", disk="late /home", origin="cloud-init", users=ADMIN),
    Row("trixie", origin="mkosi", users=ADMIN),
    Row("trixie", disk="power cut, ext4 without journal", origin="deprovision", users=ADMIN),
    Row("trixie", disk="power cut, XFS", origin="deprovision", users=ADMIN),
    Row("bookworm", "NetworkManager", origin="cloud-init", users=ADMIN),
    Row("bookworm", "dhclient", users=KEYS),
    Row("bookworm", "dhcpcd", origin="mkosi"),
    Row("sid", origin="deprovision", users=ADMIN),
    Row("sid", "NetworkManager", origin="mkosi", users=ADMIN),
    Row("openrc", "dhclient"),
)

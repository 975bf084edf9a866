"""Whether fstab fits a VM on Azure: names of disks, missing disks, drivers, swap, read-only."""

import re
from typing import Iterator, List

from ...formats.host.passwd import Account
from ...formats.host.sshd_config import authorized_keys_path, for_user
from ...formats.text import printable
from ...image.service_file import makes_users, user_of_keys
from ...system.homes import HOMES
from ...system.sshd.settings import read_settings
from ...system.user_database import find_listed_account
from ..facts.azprov_service import installed_options
from ..facts.fstab import FSTAB, Mount, read_fstab
from ..facts.image import Image
from ..facts.kernels import installed_kernels
from ..facts.modprobe import forbidden_modules
from ..finding import ERROR, WARNING, Check, Finding, Rule

_LONGEST_FIELD = 60
# Names by the order or the bus of disks, and by the serial number of one disk.
_UNSTABLE_NAME = re.compile(
    r"/dev/(sd|vd|xvd|hd)[a-z]+[0-9]*\Z|/dev/nvme[0-9]+n"
    r"|/dev/disk/by-(id/(?!dm-|md-|lvm-)|path/(?!acpi-))"
)
# Names that a file system on any disk may have. Most LVM volumes are the system's own.
_ANY_DISK = re.compile(r"(LABEL|UUID|PARTLABEL|PARTUUID)=|/dev/disk/(?!azure/(root|os)\b)")
_SYSTEM_PATHS = re.compile(r"/(\Z|(bin|boot|efi|etc|home|lib\w*|opt|root|sbin|srv|tmp|usr|var)\b)")
_OPTIONS_WITHOUT_WAITING = ("nofail", "_netdev", "bind", "rbind", "x-systemd.automount")
# The temporary disk, which not every VM has and which loses its content when the VM moves.
_TEMPORARY_DISK = "/dev/disk/cloud/azure_resource"
_SWAP_OFF_THE_OS_DISK = (_TEMPORARY_DISK, "/dev/zram")

SWAP_ON_OS_DISK = Rule(
    "swap-on-os-disk",
    WARNING,
    "swap is on the OS disk, which is slow and has limited throughput",
    "remove the line from /etc/fstab",
)
FSTAB_BY_NAME = Rule(
    "fstab-by-name",
    ERROR,
    "fstab refers to a disk by a device name that differs between VMs",
    "use LABEL= or UUID= in /etc/fstab",
)
FSTAB_NEEDED = Rule(
    "fstab-needed",
    WARNING,
    "the boot waits for a disk that a VM may not have",
    "add nofail to the options of that line in /etc/fstab",
)
FSTAB_DRIVER = Rule(
    "fstab-driver-forbidden",
    ERROR,
    "modprobe's settings block a file system driver that fstab needs (such as vfat for the EFI "
    "system partition), so the boot stops",
    "remove the line from modprobe.d, or add nofail to the options of the file system",
)
FSTAB_READ_ONLY = Rule(
    "fstab-read-only",
    WARNING,
    "the root is mounted read-only, so a first boot cannot store anything",
    "remove ro from the options of / in /etc/fstab",
)
FSTAB_USERS_LATE = Rule(
    "fstab-users-late",
    WARNING,
    "the boot does not wait for the file system that holds homes or SSH keys",
    "remove nofail from the options of that line in /etc/fstab",
)


def check_fstab(image: Image) -> Iterator[Finding]:
    mounts = read_fstab(image)
    system_devices = {mount.device for mount in mounts if _SYSTEM_PATHS.match(mount.path)}
    for mount in mounts:
        if not mount.kind or "noauto" in mount.options:
            continue
        if mount.kind == "swap":
            yield from _swap(image, mount)
        elif _UNSTABLE_NAME.match(mount.device):
            yield from _unstable_name(image, mount)
        # A subvolume on the file system of / or another system path needs no other disk.
        elif mount.device not in system_devices and _may_wait_forever(image, mount):
            yield from _needed_disk(image, mount)


def _swap(image: Image, mount: Mount) -> Iterator[Finding]:
    if not mount.device.startswith(_SWAP_OFF_THE_OS_DISK):
        shown = image.edited(FSTAB)
        yield SWAP_ON_OS_DISK.found(
            f"{shown} has swap on {_printable(mount.device)}; swap is slow on the OS disk and uses "
            "up the limited throughput of that disk",
            f"remove the line from {shown}; if the VM needs swap, create it on the temporary disk "
            "at boot",
        )


def _unstable_name(image: Image, mount: Mount) -> Iterator[Finding]:
    shown = image.edited(FSTAB)
    is_optional = "nofail" in mount.options
    yield FSTAB_BY_NAME.found(
        f"{shown} mounts {_printable(mount.path)} from {_printable(mount.device)}, a name that "
        "differs between sizes and boots of VMs"
        + ("" if is_optional else ", so the boot may stop in the emergency shell"),
        f"remove the line from {shown}, or name the file system by LABEL= or UUID=",
        severity=WARNING if is_optional else ERROR,
    )


def _needed_disk(image: Image, mount: Mount) -> Iterator[Finding]:
    shown = image.edited(FSTAB)
    path = _printable(mount.path)
    yield FSTAB_NEEDED.found(
        f"{shown} makes the boot wait for {_printable(mount.device)} at {path}, so a VM without "
        "that disk stops in the emergency shell before azprov runs",
        f"add nofail to the options of {path} in {shown}, unless every VM has that disk",
    )


def check_file_system_drivers(image: Image) -> Iterator[Finding]:
    """Find a module that modprobe must not load for a mount that systemd needs.

    The driver of / is loaded in the initramfs, if it is not built in.
    """
    kernels = installed_kernels(image)
    mounts = read_fstab(image)
    root = next((mount.kind for mount in mounts if mount.path == "/"), "")
    forbidden = {one.module: one.path for one in forbidden_modules(image)}
    for mount in mounts:
        if (
            mount.kind in forbidden
            and mount.kind != root
            and "noauto" not in mount.options
            and _stops_the_boot(image, mount)
            and any(mount.kind in kernel.modules for kernel in kernels)
            and not any(mount.kind in kernel.built_in for kernel in kernels)
        ):
            path, shown = _printable(mount.path), image.edited(FSTAB)
            file = forbidden[mount.kind]
            yield FSTAB_DRIVER.found(
                f"{image.shown(file)} prevents {mount.kind} from loading, and {shown} mounts "
                f"{path} with it, so the boot stops in the emergency shell",
                f"remove the line about {mount.kind} from {image.edited(file)}, or add nofail to "
                f"the options of {path} in {shown}",
            )


def _stops_the_boot(image: Image, mount: Mount) -> bool:
    """Whether the boot ends in the emergency shell if a mount fails: systemd.mount(5)."""
    init = image.services.init
    return (
        init is not None
        and init.waits_for_mounts(image.root)
        and not any(option.startswith(_OPTIONS_WITHOUT_WAITING) for option in mount.options)
    )


def _may_wait_forever(image: Image, mount: Mount) -> bool:
    """Whether the boot needs a mount that may be on another disk than the image: systemd.mount(5).

    A file system at an unusual path may be on a data disk.
    """
    return (
        _stops_the_boot(image, mount)
        and bool(_ANY_DISK.match(mount.device))
        and not _SYSTEM_PATHS.match(mount.path)
        and mount.kind not in ("none", "ignore")
    )


def check_writable(image: Image) -> Iterator[Finding]:
    """Find a read-only root: the first boot writes below /etc and /var/lib."""
    mounts = {mount.path.rstrip("/"): mount.options for mount in read_fstab(image)}
    modes = [option for option in mounts.get("", []) if option in ("ro", "rw")]
    if modes[-1:] == ["ro"] and not any(path.startswith("/etc") for path in mounts):
        shown = image.edited(FSTAB)
        yield FSTAB_READ_ONLY.found(
            f"{shown} mounts / read-only, so a first boot cannot set the host name, create users "
            "or record that it has reported",
            f"remove ro from the options of / in {shown}, or mount writable file systems at /etc "
            "and /var",
            severity=ERROR if makes_users(installed_options(image)) else WARNING,
        )


def check_files_of_users(image: Image) -> Iterator[Finding]:
    """Find nofail at a file system on which the first boot puts a home or keys."""
    options = installed_options(image)
    if not makes_users(options):
        return
    shown = image.edited(FSTAB)
    paths = _paths_of_users(image, options)
    for mount in read_fstab(image):
        folder = f"{mount.path.rstrip('/')}/"
        if "nofail" not in mount.options or folder == "/" or not mount.path.startswith("/"):
            continue
        held = next((path for path in paths if f"{path}/".startswith(folder)), None)
        if held is not None:
            yield FSTAB_USERS_LATE.found(
                f"{shown} mounts {_printable(mount.path)} with nofail, so a VM that lacks it "
                f"boots anyway and stores {_printable(held)} on another file system, where a later "
                f"mount at {_printable(mount.path)} hides it",
                f"remove nofail from the options of {_printable(mount.path)} in {shown}, if every "
                "VM has that file system",
            )


def _paths_of_users(image: Image, options: List[str]) -> List[str]:
    """The folders of homes and keys for the users of the first boot, with links resolved."""
    name = user_of_keys(options)
    accounts = [find_listed_account(image.root, name)] if name else []
    users = [account for account in accounts if account is not None]
    if "--admin-user" in options:
        users.append(Account("NAME", 0, 0, f"{HOMES}/NAME", ""))
    settings = read_settings(image.root, matches=True)
    paths = [user.home.rpartition("/")[0] for user in users]
    for user in users:
        keys = authorized_keys_path(for_user(settings, user.name), user)
        paths += [] if keys is None else [keys.rpartition("/")[0]]
    real = [image.root.real_path(path) for path in paths if image.is_there(path)]
    return list(dict.fromkeys([*filter(None, paths), *real]))


def _printable(field: str) -> str:
    return printable(field, _LONGEST_FIELD)


CHECKS = (
    Check(check_fstab, (SWAP_ON_OS_DISK, FSTAB_BY_NAME, FSTAB_NEEDED)),
    Check(check_file_system_drivers, (FSTAB_DRIVER,)),
    Check(check_writable, (FSTAB_READ_ONLY,)),
    Check(check_files_of_users, (FSTAB_USERS_LATE,)),
)

"""systemd-networkd: systemd.network(5)."""

from typing import Dict, Iterator, List, Optional

from ....formats.host.config_syntax import Setting, parse_sections
from ..image import Image
from ..kernel_command_line import command_lines
from .base import Manager
from .nic_settings import (
    DHCP,
    DRIVER,
    OFF,
    STATIC,
    Ignored,
    NicSetting,
    from_file,
    in_effect,
    only_mac,
    starts_with_ipv4,
)
from .systemd_files import FOLDERS, YES, last_values, matches, patterns, remove

# As networkd reads them: booleans, the values of the manual, and those of old versions.
_DHCP_V4 = (*YES, "y", "t", "ipv4", "both", "v4")
# Early in the order of files, so that it wins.
_NEW_FILE = "00-azure.network"


def reads(image: Image) -> Iterator[NicSetting]:
    """The .network files in their order, each with its drop-ins.

    The source of a setting is the drop-in that decided its method, if there is one.
    """
    for path in image.layered(FOLDERS, ".network"):
        values: Dict[str, str] = {}
        names: List[str] = []
        has_address = False
        method, decisive = "", path
        for part in [path, *image.drop_ins(FOLDERS, path.rpartition("/")[2])]:
            settings = parse_sections(image.text(part))
            values.update(last_values(settings))
            names += [setting.value for setting in settings if setting[:2] == ("Match", "Name")]
            has_address = has_address or any(map(_is_ipv4_address, settings))
            if method != _method(values, has_address=has_address):
                method, decisive = _method(values, has_address=has_address), part
        if not values or not _may_match_ethernet(image, values):
            continue
        mac = only_mac(values.get("Match.MACAddress", values.get("Match.PermanentMACAddress", "")))
        ignored = _unreadable(image, path)
        for pattern in patterns(" ".join(names) or "*"):
            yield NicSetting(from_file(decisive), pattern, method, mac, ignored)


def _is_ipv4_address(setting: Setting) -> bool:
    return setting.key == "Address" and starts_with_ipv4(setting.value)


def _method(values: Dict[str, str], *, has_address: bool) -> str:
    if values.get("Link.Unmanaged", "").lower() in YES:
        return OFF
    if values.get("Network.DHCP", "").lower() in _DHCP_V4:
        return DHCP
    return STATIC if has_address else OFF


def _unreadable(image: Image, path: str) -> Optional[Ignored]:
    """networkd runs as the user systemd-network, who needs to read the folder and the file.

    A file whose group or owner is not root's is taken to belong to that user.
    """
    top = image.root.status("/")
    for needed_path, mode, new_mode in ((path.rpartition("/")[0], 0o5, 755), (path, 0o4, 644)):
        status = image.root.status(needed_path)
        if status is None or top is None:
            continue
        allowed = status.st_mode & 0o7
        if status.st_gid not in (0, top.st_gid):
            allowed |= status.st_mode >> 3 & 0o7
        if status.st_uid not in (0, top.st_uid):
            allowed |= status.st_mode >> 6 & 0o7
        if allowed & mode != mode:
            fix = f"chmod {new_mode} {image.typed(needed_path)}"
            return Ignored(needed_path, "cannot be read by systemd-networkd", fix)
    return None


def _may_match_ethernet(image: Image, values: Dict[str, str]) -> bool:
    """Whether a [Match] section can match an Ethernet card of Azure, which has no kind."""
    path = values.get("Match.Path", "acpi-VMBUS")
    machine = values.get("Match.Virtualization", "vm").lower()
    return (
        values.get("Match.Kind", "!").startswith("!")
        and values.get("Match.WLANInterfaceType", "!").startswith("!")
        and _fits_command_line(image, values.get("Match.KernelCommandLine", ""))
        and matches("ether", values.get("Match.Type", "ether"))
        and matches(DRIVER, values.get("Match.Driver", DRIVER))
        and ("*" in path or "VMBUS" in path)
        and machine in (*YES, "vm", "microsoft", "!container")
    )


def _fits_command_line(image: Image, condition: str) -> bool:
    """Whether the kernel command line has a word or option, or does not have it after "!"."""
    wanted = condition.lstrip("!")
    words = [word for line in command_lines(image) for word in line.words]
    names = [word.partition("=")[0] for word in words]
    return not wanted or (wanted in (*words, *names)) is not condition.startswith("!")


def fix(image: Image, nic: str) -> str:
    """Remove the file that hides a DHCP setting, or write a new file that wins."""
    settings = list(reads(image))
    new_file = _NEW_FILE
    for winner in in_effect(settings, nic, first_match_wins=True):
        path = winner.source.name
        is_drop_in = path.endswith(".conf")
        if is_drop_in or any(one.matches(nic) and one.method == DHCP for one in settings):
            return remove(image, path)
        new_file = min(new_file, path.rpartition("/")[2])
    typed = image.typed(f"{FOLDERS[0]}/{new_file}")
    return f"printf '[Match]\\nName={nic}\\n[Network]\\nDHCP=yes\\n' > {typed} && chmod 644 {typed}"


MANAGER = Manager(
    "systemd-networkd",
    ("systemd-networkd", "systemd-networkd.socket"),
    reads,
    fix,
    first_match_wins=True,
)

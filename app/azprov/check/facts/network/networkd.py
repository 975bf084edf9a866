"""systemd-networkd: systemd.network(5)."""

from typing import Dict, Iterator, List, NamedTuple, Optional

from ....formats.host.config_syntax import Setting, parse_sections
from ....formats.patterns import matches
from ..image import Image
from ..kernel_command_line import command_lines
from .base import Manager
from .nic_settings import (
    DHCP,
    FIRST_NIC,
    OFF,
    STATIC,
    Ignored,
    NicSetting,
    from_file,
    in_effect,
    starts_with_ipv4,
)
from .systemd_files import FOLDERS, last_values, remove
from .systemd_match import (
    FIRST_CARD,
    YES,
    Card,
    Match,
    covers,
    is_certain,
    is_for,
    patterns,
    read_match,
)

# Early in the order of files, so that it wins.
_NEW_FILE = "00-azure.network"


class _File(NamedTuple):
    """A .network file with its drop-ins, and what it says."""

    path: str
    match: Match
    method: str
    #: The path of the file or drop-in that decided the method.
    decisive: str


def reads(image: Image) -> Iterator[NicSetting]:
    """The settings for Azure's first network card, in the order in which networkd tries them."""
    words = [word for line in command_lines(image) for word in line.words]
    for file in _files(image):
        # A condition that only a VM can decide is no reason for a finding.
        if not is_for(file.match, FIRST_CARD, words) or not (
            file.method == DHCP or is_certain(file.match)
        ):
            continue
        macs = [*file.match.get("MACAddress", []), *file.match.get("PermanentMACAddress", [])]
        mac = " ".join(macs).partition(" ")[0]
        ignored = _unreadable(image, file.path)
        for pattern in _names(file.match):
            yield NicSetting(from_file(file.decisive), pattern, file.method, mac, ignored)


def _files(image: Image) -> Iterator[_File]:
    for path in image.layered(FOLDERS, ".network"):
        values: Dict[str, str] = {}
        settings: List[Setting] = []
        has_address = False
        method, decisive = "", path
        for part in [path, *image.drop_ins(FOLDERS, path.rpartition("/")[2])]:
            added = parse_sections(image.text(part))
            settings += added
            values.update(last_values(added))
            has_address = has_address or any(map(_is_ipv4_address, added))
            now = _method(values, has_address=has_address)
            if method != now:
                method, decisive = now, part
        match = read_match(settings)
        if match:  # networkd ignores a file without conditions
            yield _File(path, match, method, decisive)


def _names(match: Match) -> List[str]:
    """The patterns of names; none if one of them excludes Azure's first interface."""
    wanted, excluded = patterns(match.get("Name", []))
    if any(matches(FIRST_NIC, one) for one in excluded):
        return []
    return wanted or ["*"]


def dhcp_file_for(image: Image, card: Card) -> str:
    """The file by which networkd uses DHCP on a card; empty if it does not, or may not."""
    words = [word for line in command_lines(image) for word in line.words]
    for file in _files(image):
        match = dict(file.match)
        if file.method != DHCP:
            match.pop("KernelCommandLine", None)  # the boot loader may add to it
        is_named = covers(match.get("Name", []), card.name) and "MACAddress" not in match
        if is_named and is_for(match, card, words):
            return file.path if file.method == DHCP and is_certain(match) else ""
    return ""


def _is_ipv4_address(setting: Setting) -> bool:
    return setting.key == "Address" and starts_with_ipv4(setting.value)


def _method(values: Dict[str, str], *, has_address: bool) -> str:
    if values.get("Link.Unmanaged", "").lower() in YES:
        return OFF
    if values.get("Link.ActivationPolicy", "") in ("manual", "down", "always-down"):
        return OFF
    if values.get("Network.DHCP", "").lower() in (*YES, "ipv4", "v4", "both"):
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

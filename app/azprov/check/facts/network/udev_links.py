"""Whether udev gives the first network interface a name other than eth0: systemd.link(5)."""

import re
from typing import NamedTuple, Optional

from ....formats.host.config_syntax import parse_sections
from ..image import Image
from .nic_settings import FIRST_NIC
from .systemd_files import FOLDERS
from .systemd_match import FIRST_CARD, Match, covers, is_for, read_match

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}\Z")
# The conditions of a [Match] section that are certain.
_KNOWN_CONDITIONS = ("OriginalName", "Driver", "Type", "Kind")
_MAC_CONDITIONS = ("MACAddress", "PermanentMACAddress")


class Renaming(NamedTuple):
    """The new name, the .link file that sets it, and whether that file certainly matches."""

    path: str
    name: str
    is_certain: bool


def find_renaming(image: Image) -> Optional[Renaming]:
    """The fixed name from the first .link file that may match, None if it sets no fixed name."""
    for path in image.layered(FOLDERS, ".link"):
        drop_ins = image.drop_ins(FOLDERS, path.rpartition("/")[2])
        settings = [
            setting for part in [path, *drop_ins] for setting in parse_sections(image.text(part))
        ]
        link = {setting.key: setting.value for setting in settings if setting.section == "Link"}
        match = read_match(settings)
        if not match or not _may_match(match):
            continue
        name = link.get("Name", "")
        # NamePolicy takes precedence over Name, and its result depends on the machine.
        if link.get("NamePolicy") or not _NAME.match(name) or name == FIRST_NIC:
            return None
        return Renaming(path, name, set(match) <= set(_KNOWN_CONDITIONS))
    return None


def _may_match(match: Match) -> bool:
    """Whether no condition is known to exclude the first interface."""
    if any(key in match for key in _MAC_CONDITIONS):
        return False
    # The path and the properties of the card are not known for certain.
    known = {key: lines for key, lines in match.items() if key in _KNOWN_CONDITIONS}
    return covers(match.get("OriginalName", []), FIRST_NIC) and is_for(known, FIRST_CARD, ())

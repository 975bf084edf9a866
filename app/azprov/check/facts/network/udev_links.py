"""Whether udev gives a VM's first network interface another name than eth0: systemd.link(5)."""

import fnmatch
import re
from typing import Dict, NamedTuple, Optional

from ....formats.host.config_syntax import parse_sections
from ..image import Image
from .nics import DRIVER, FIRST_NIC, NETWORKD_FOLDERS, patterns

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,14}\Z")
# What a [Match] may ask for, and what the first interface answers.
_ANSWERS = {"OriginalName": FIRST_NIC, "Driver": DRIVER, "Type": "ether"}
_CARDS = ("MACAddress", "PermanentMACAddress")


class Renaming(NamedTuple):
    """The file that says so, the new name, and whether the file surely fits."""

    path: str
    name: str
    is_sure: bool


def find_renaming(image: Image) -> Optional[Renaming]:
    """What the first file that fits does, if that is a fixed name."""
    for path in image.layered(NETWORKD_FOLDERS, ".link"):
        name = path.rpartition("/")[2]
        extra = image.drop_ins(NETWORKD_FOLDERS, name)
        settings = [
            setting for part in [path, *extra] for setting in parse_sections(image.text(part))
        ]
        values = {setting.key: setting.value for setting in settings if setting.section == "Link"}
        match = {setting.key: setting.value for setting in settings if setting.section == "Match"}
        if not match or not _may_fit(match):
            continue
        name = values.get("Name", "")
        # A policy goes before the name, and what it finds is known to the machine alone.
        if values.get("NamePolicy") or not _NAME.match(name) or name == FIRST_NIC:
            return None
        return Renaming(path, name, set(match) <= set(_ANSWERS))
    return None


def _may_fit(match: Dict[str, str]) -> bool:
    """Whether no part of a [Match] is known to be about something else."""
    if any(key in match for key in _CARDS):
        return False
    return all(
        any(fnmatch.fnmatchcase(answer, pattern) for pattern in patterns(match[key]))
        for key, answer in _ANSWERS.items()
        if key in match
    )

"""netplan, which writes settings for networkd or NetworkManager at every boot and starts them.

Rule of this file: a file that azprov cannot read with certainty counts as DHCP on every interface.
Source: https://netplan.readthedocs.io/en/stable/netplan-yaml, read 2026-11-22.
"""

import re
from typing import Dict, Iterator, List, NamedTuple, Tuple

from ....formats.bounds import NETPLAN_CHARACTERS
from ....formats.host.yaml_subset import HardYaml, read_yaml
from ....formats.patterns import matches
from ..image import Image
from .base import Manager
from .nic_settings import DHCP, DRIVER, OFF, STATIC, NicSetting, from_file

#: The values of renderer; the first is the default.
NETWORKD, NETWORK_MANAGER = "networkd", "NetworkManager"

_FOLDERS = ["/etc/netplan", "/usr/lib/netplan", "/lib/netplan"]
# Files with later names override earlier ones.
_NEW_FILE = "/etc/netplan/99-azure.yaml"
_PROGRAMS = ("/usr/sbin/netplan", "/usr/libexec/netplan/generate", "/lib/netplan/generate")
_RENDERER = re.compile(r"\brenderer[ \t]*:[ \t]*[\"']?(\w+)")
_YES = ("true", "yes", "on", "y")
_ACTIVATION = ("activation-mode",)
_ADDRESSES = ("addresses",)
_DRIVER = ("match", "driver")


class _Value(NamedTuple):
    """The values of one name in an entry, and the last file that has it."""

    path: str
    words: List[str]


_Entry = Dict[Tuple[str, ...], _Value]


def reads(image: Image) -> Iterator[NicSetting]:
    """Each entry of `ethernets`. netplan merges those of all files."""
    entries, hard = _entries(image)
    for path in hard:
        yield NicSetting(from_file(path), "*", DHCP)
    for entry, values in entries.items():
        yield _setting(entry, values)


def _entries(image: Image) -> Tuple[Dict[str, _Entry], List[str]]:
    """The entries by name, and the files that cannot be read with certainty."""
    entries: Dict[str, _Entry] = {}
    hard: List[str] = []
    left = NETPLAN_CHARACTERS
    for path in image.layered(_FOLDERS, ".yaml"):
        text = image.text(path)
        left -= len(text)
        try:
            found = read_yaml(text) if left >= 0 else None
        except HardYaml:
            found = None
        if found is None:
            hard.append(path)
            continue
        for names, words in found.items():
            if names[:2] == ("network", "ethernets") and len(names) > 2:
                entries.setdefault(names[2], {})[names[3:]] = _Value(path, words)
    return entries, hard


def _setting(entry: str, values: _Entry) -> NicSetting:
    texts = {names: " ".join(value.words[-1:]) for names, value in values.items()}
    drivers = values[_DRIVER].words if _DRIVER in values else [DRIVER]
    pattern = texts.get(("match", "name"), "*" if ("match",) in values else entry)
    if not any(matches(DRIVER, driver) for driver in drivers):
        pattern = f"driver {' '.join(drivers)}"
    path, method = values[()].path, OFF
    static = [
        value.path
        for names, value in values.items()
        if names[:1] == _ADDRESSES and (value.words or names[1:])
    ]
    if texts.get(_ACTIVATION) in ("manual", "off"):
        path = values[_ACTIVATION].path
    elif texts.get(("dhcp4",), "").lower() in _YES:
        method = DHCP
    elif static:
        path, method = static[0], STATIC
    return NicSetting(from_file(path), pattern, method, texts.get(("match", "macaddress"), ""))


def renderer(image: Image) -> str:
    """The program that netplan hands the network to; empty if it is one for each interface."""
    found = {
        name
        for path in image.layered(_FOLDERS, ".yaml")
        for line in image.text(path).splitlines()
        for name in _RENDERER.findall(line.partition("#")[0])
    }
    if len(found) > 1:
        return ""
    return found.pop() if found else NETWORKD


def fix(image: Image, nic: str) -> str:
    """Change the entry that the interface has, or write a file if it has none.

    A new file would not do for the first case: netplan merges entries, so a static
    default route would stay and win over that of DHCP.
    """
    named = _entries(image)[0].get(nic)
    paths = [one.source.name for one in reads(image) if one.matches(nic)]
    paths += [named[()].path] if named else []
    if paths:
        return f"replace the settings for {nic} in {image.edited(paths[0])} with dhcp4: true"
    text = f"network:\\n  version: 2\\n  ethernets:\\n    {nic}:\\n      dhcp4: true\\n"
    typed = image.typed(_NEW_FILE)
    return f"printf '{text}' > {typed} && chmod 600 {typed}"


MANAGER = Manager("netplan", (), reads, fix, files=_PROGRAMS)

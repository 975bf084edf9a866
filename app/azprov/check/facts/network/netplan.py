"""netplan, which writes settings for networkd or NetworkManager at every boot and starts them.

Rule of this file: it reads lines and their indentation, and only the YAML of netplan's
own examples. An entry in another form counts as DHCP.
Source: https://netplan.readthedocs.io/en/stable/netplan-yaml, read 2026-11-22.
"""

import re
from typing import Dict, Iterator, List, Tuple

from ..image import Image
from .base import Manager
from .nic_settings import DHCP, DRIVER, OFF, STATIC, NicSetting, from_file

#: The values of renderer; the first is the default.
NETWORKD, NETWORK_MANAGER = "networkd", "NetworkManager"

_FOLDERS = ["/etc/netplan", "/usr/lib/netplan", "/lib/netplan"]
# Files with later names override earlier ones.
_NEW_FILE = "/etc/netplan/99-azure.yaml"
_PROGRAMS = ("/usr/sbin/netplan", "/usr/libexec/netplan/generate", "/lib/netplan/generate")
_PAIR = re.compile(r"(\s*)([^\s:#'\"-][^:#]*|\"[^\"]*\"\s*|'[^']*'\s*):(?:\s+(.*))?\Z", re.DOTALL)
_RENDERER = re.compile(r"\brenderer[ \t]*:[ \t]*[\"']?(\w+)")
# Names that are longer are cut, because they are repeated in those of everything below them.
_LONGEST_NAME = 64


def reads(image: Image) -> Iterator[NicSetting]:
    """Each entry of `ethernets`."""
    for path in image.layered(_FOLDERS, ".yaml"):
        for name, values in _ethernets(image.text(path)).items():
            pattern = values.get("match.name", "*" if "match" in values else name)
            if values.get("match.driver", DRIVER) not in (DRIVER, "hv_*"):
                pattern = name
            method = OFF
            if values.get("dhcp4", "").lower() in ("true", "yes", "on"):
                method = DHCP
            elif "addresses" in values:
                method = STATIC
            elif any(value.startswith(("{", "*", "<<")) for value in values.values()):
                method = DHCP
            yield NicSetting(from_file(path), pattern, method, values.get("match.macaddress", ""))


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


def _ethernets(text: str) -> Dict[str, Dict[str, str]]:
    """The settings of each entry by name; nested names are joined by a dot."""
    found: Dict[str, Dict[str, str]] = {}
    above: List[Tuple[int, str]] = []
    for line in text.splitlines():
        match = _PAIR.match(line.rstrip())
        if match is None:
            continue
        indent = len(match.group(1))
        while above and above[-1][0] >= indent:
            above.pop()
        above.append((indent, match.group(2).strip().strip("\"'")[:_LONGEST_NAME]))
        names = [name for _, name in above]
        if "ethernets" in names[:2] and len(names) > names.index("ethernets") + 1:
            entry, *rest = names[names.index("ethernets") + 1 :]
            values = found.setdefault(entry, {})
            value = (match.group(3) or "").partition(" #")[0].strip().strip("\"'")
            values[".".join(rest)] = value
    return found


def fix(image: Image, nic: str) -> str:
    """Change the entry that the interface has, or write a file if it has none.

    A new file would not do for the first case: netplan merges entries, so a static
    default route would stay and win over that of DHCP.
    """
    paths = [one.source.name for one in reads(image) if one.matches(nic)]
    if paths:
        return f"replace the settings for {nic} in {image.edited(paths[0])} with dhcp4: true"
    text = f"network:\\n  version: 2\\n  ethernets:\\n    {nic}:\\n      dhcp4: true\\n"
    typed = image.typed(_NEW_FILE)
    return f"printf '{text}' > {typed} && chmod 600 {typed}"


MANAGER = Manager("netplan", (), reads, fix, generators=_PROGRAMS)

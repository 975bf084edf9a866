"""What netplan's files say of a VM's first network interface.

Rule of this file: it reads lines and their indentation, and of YAML no more than
netplan's own examples have; what it cannot read counts as DHCP.
"""

import re
from typing import Dict, Iterator, List, Tuple

from ..image import Image
from .nics import DHCP, OFF, STATIC, Nic

_FOLDERS = ["/etc/netplan", "/usr/lib/netplan", "/lib/netplan"]
_PAIR = re.compile(r"(\s*)([^\s:#'\"-][^:#]*|\"[^\"]*\"|'[^']*')\s*:(?:\s+(.*))?\Z")


def netplan_nics(image: Image) -> Iterator[Nic]:
    """Each entry of `ethernets`, https://netplan.readthedocs.io/en/stable/netplan-yaml."""
    for path in image.layered(_FOLDERS, ".yaml"):
        for name, values in _ethernets(image.text(path)).items():
            pattern = values.get("match.name", "*" if "match" in values else name)
            if values.get("match.driver", "hv_netvsc") not in ("hv_netvsc", "hv_*"):
                pattern = name
            method = OFF
            if values.get("dhcp4", "").lower() in ("true", "yes", "on"):
                method = DHCP
            elif "addresses" in values:
                method = STATIC
            elif any(value.startswith(("{", "*", "<<")) for value in values.values()):
                method = DHCP
            yield Nic(path, pattern, method, values.get("match.macaddress", ""))


def _ethernets(text: str) -> Dict[str, Dict[str, str]]:
    """The settings of each entry, those below another with their names joined by a dot."""
    found: Dict[str, Dict[str, str]] = {}
    above: List[Tuple[int, str]] = []
    for line in text.splitlines():
        match = _PAIR.match(line.rstrip())
        if match is None:
            continue
        indent = len(match.group(1))
        while above and above[-1][0] >= indent:
            above.pop()
        above.append((indent, match.group(2).strip().strip("\"'")))
        names = [name for _, name in above]
        if "ethernets" in names[:2] and len(names) > names.index("ethernets") + 1:
            entry, *rest = names[names.index("ethernets") + 1 :]
            values = found.setdefault(entry, {})
            value = (match.group(3) or "").partition(" #")[0].strip().strip("\"'")
            values[".".join(rest)] = value
    return found

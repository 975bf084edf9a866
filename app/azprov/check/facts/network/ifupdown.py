"""ifupdown of Debian, and ifupdown-ng and BusyBox's ifup of Alpine: interfaces(5)."""

import fnmatch
from typing import Iterator, List

from ....formats.host.config_syntax import uncommented
from ..image import Image
from .base import Manager
from .nic_settings import DHCP, OFF, STATIC, NicSetting, from_file

_FILE = "/etc/network/interfaces"
_CLIENTS = tuple(
    f"{folder}/{name}"
    for folder in ("/usr/sbin", "/sbin", "/usr/bin", "/bin")
    for name in ("dhclient", "udhcpc", "dhcpcd", "dhcpcd5", "pump")
)


def reads(image: Image) -> Iterator[NicSetting]:
    """Each IPv4 stanza; its method is OFF if no line of the same file brings it up at boot."""
    for path in _files(image):
        started: List[str] = []
        stanzas: List[NicSetting] = []
        for line in uncommented(image.text(path)):
            words = line.split()
            if words[0] in ("auto", "allow-auto", "allow-hotplug"):
                started += [word.strip("/") for word in words[1:]]
            elif words[0] == "iface" and len(words) > 1 and words[1] != "lo":
                method = {"dhcp": DHCP, "static": STATIC}.get((words[3:] or [""])[0], OFF)
                if "inet6" not in words:
                    stanzas.append(NicSetting(from_file(path), words[1].strip("/"), method))
            elif words[0] == "use" and words[1:] == ["dhcp"] and stanzas:  # ifupdown-ng
                stanzas[-1] = stanzas[-1]._replace(method=DHCP)
        for stanza in stanzas:
            # Either name may be a pattern that covers the other.
            is_started = any(
                fnmatch.fnmatchcase(stanza.pattern, name)
                or fnmatch.fnmatchcase(name, stanza.pattern)
                for name in started
            )
            yield stanza if is_started else stanza._replace(method=OFF)


def _files(image: Image) -> List[str]:
    """The main file and the files that its `source` lines name, one level deep."""
    found = [_FILE]
    for line in uncommented(image.text(_FILE)):
        word, _, pattern = line.partition(" ")
        if word in ("source", "source-directory"):
            pattern = pattern.strip()
            folder = pattern if word != "source" else pattern.rpartition("/")[0]
            folder = folder if folder.startswith("/") else f"/etc/network/{folder}"
            names = "*" if word != "source" else pattern.rpartition("/")[2]
            found += [
                path
                for path in image.matching(folder.rstrip("/*"))
                if fnmatch.fnmatchcase(path.rpartition("/")[2], names)
            ]
    return found


def fix(image: Image, nic: str) -> str:
    paths = [one.source.name for one in reads(image) if one.matches(nic)]
    if paths:
        return (
            f"replace the lines about {nic} in {image.edited(paths[0])} with 'auto {nic}' and "
            f"'iface {nic} inet dhcp'"
        )
    return f"printf 'auto {nic}\\niface {nic} inet dhcp\\n' >> {image.typed(_FILE)}"


MANAGER = Manager("ifupdown", ("networking", "ifupdown"), reads, fix, dhcp_clients=_CLIENTS)

"""ifupdown of Debian, and ifupdown-ng and BusyBox's ifup of Alpine: interfaces(5)."""

from typing import Iterator, List, Tuple

from ....formats.bounds import COMPARED
from ....formats.host.config_syntax import uncommented
from ....formats.patterns import is_pattern, matches
from ..files import TooMuch
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
        is_started = _Started(image, path, started)
        for stanza in stanzas:
            yield stanza if is_started.covers(stanza.pattern) else stanza._replace(method=OFF)


def read_names(image: Image) -> Iterator[Tuple[str, str]]:
    """The file and the name of each interface with a stanza, whatever its method."""
    for path in _files(image):
        for line in uncommented(image.text(path)):
            words = line.split()
            if words[0] in ("iface", "mapping") and words[1:2] not in ([], ["lo"]):
                yield path, words[1]


class _Started:
    """The names and patterns of interfaces that a file brings up at boot."""

    def __init__(self, image: Image, path: str, started: List[str]) -> None:
        self._names = dict.fromkeys(started)
        self._patterns = list(filter(is_pattern, self._names))
        self._stanza_patterns = 0
        self._error = TooMuch(
            f"{image.shown(path)} has more than {COMPARED} patterns of names", "shorten that file"
        )

    def covers(self, name: str) -> bool:
        """Whether a name or pattern, or one that covers it, is brought up. Raises TooMuch."""
        self._stanza_patterns += is_pattern(name)
        if max(len(self._patterns), self._stanza_patterns) > COMPARED:
            raise self._error
        if name in self._names or any(matches(name, pattern) for pattern in self._patterns):
            return True
        return is_pattern(name) and any(matches(one, name) for one in self._names)


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
                if matches(path.rpartition("/")[2], names)
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
#: The service of buildroot has the name of Red Hat's.
BUILDROOT = Manager("ifup", ("network",), reads, fix, dhcp_clients=_CLIENTS, files=(_FILE,))

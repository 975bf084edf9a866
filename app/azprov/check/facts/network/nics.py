"""What each network manager is told of a VM's first network interface, which Azure calls eth0."""

import fnmatch
import re
from typing import Dict, Iterator, List, NamedTuple

from ....formats.host.config_syntax import Setting, parse_assignments, parse_sections, uncommented
from ..image import Image

FIRST_NIC = "eth0"

DHCP = "dhcp"
STATIC = "static"
OFF = "off"

DRIVER = "hv_netvsc"
_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\Z")
_IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}")
_YES = ("yes", "true", "on", "1")

#: As networkd and udevd look into them.
NETWORKD_FOLDERS = [
    *("/etc/systemd/network", "/usr/local/lib/systemd/network"),
    *("/usr/lib/systemd/network", "/lib/systemd/network"),
]
_NM_FOLDERS = ["/etc/NetworkManager/conf.d", "/usr/lib/NetworkManager/conf.d"]
NM_CONNECTIONS = "/etc/NetworkManager/system-connections"
_IFCFG_FOLDERS = ("/etc/sysconfig/network-scripts", "/etc/sysconfig/network")


class Nic(NamedTuple):
    """What a file says of the interfaces that `name`, a pattern, stands for."""

    path: str
    name: str
    method: str
    #: The address of a card that has to be there for this to hold.
    mac: str = ""
    #: The file or folder whose mode or owner keeps the manager from what is said.
    closed: str = ""

    def fits(self, nic: str) -> bool:
        """Whether it holds for an interface of that name, if its manager reads it."""
        return not self.mac and fnmatch.fnmatchcase(nic, self.name)


def networkd_nics(image: Image) -> Iterator[Nic]:
    """systemd.network(5): of the files that match an interface the first one holds."""
    for path in image.layered(NETWORKD_FOLDERS, ".network"):
        name = path.rpartition("/")[2]
        extra = image.drop_ins(NETWORKD_FOLDERS, name)
        settings = parse_sections(image.text(path))
        method = _networkd_method(settings)
        decisive = path
        for part in extra:
            settings += parse_sections(image.text(part))
            if _networkd_method(settings) != method:
                method, decisive = _networkd_method(settings), part
        values = _values(settings)
        if not settings or not _may_be_ethernet(values):
            continue
        mac = values.get("Match.MACAddress", values.get("Match.PermanentMACAddress", ""))
        names = [setting.value for setting in settings if setting[:2] == ("Match", "Name")]
        for pattern in patterns(" ".join(names) or "*"):
            yield Nic(decisive, pattern, method, mac if _is_mac(mac) else "", _closed(image, path))


def _networkd_method(settings: List[Setting]) -> str:
    values = _values(settings)
    if values.get("Link.Unmanaged", "").lower() in _YES:
        return OFF
    if values.get("Network.DHCP", "").lower() in (*_YES, "ipv4", "both"):
        return DHCP
    addresses = [value for _, key, value in settings if key == "Address"]
    return STATIC if any(map(_IPV4.match, addresses)) else OFF


def _closed(image: Image, path: str) -> str:
    """What the user systemd-network may not read, as whom networkd runs: its file or folder.

    One whose group is not root's is taken to be that user's.
    """
    top = image.root.status("/")
    for place, needed in ((path.rpartition("/")[0], 0o5), (path, 0o4)):
        status = image.root.status(place)
        if status is None or top is None:
            continue
        allowed = status.st_mode & 0o7
        if status.st_gid not in (0, top.st_gid):
            allowed |= status.st_mode >> 3 & 0o7
        if status.st_uid not in (0, top.st_uid):
            allowed |= status.st_mode >> 6 & 0o7
        if allowed & needed != needed:
            return place
    return ""


def _may_be_ethernet(values: Dict[str, str]) -> bool:
    """Whether a [Match] fits a card of Azure; other kinds, containers and loopback do not."""
    kind = values.get("Match.Type", "ether")
    driver = values.get("Match.Driver", DRIVER)
    path = values.get("Match.Path", "acpi-VMBUS")
    machine = values.get("Match.Virtualization", "vm").lower()
    return (
        "Match.Kind" not in values
        and "Match.WLANInterfaceType" not in values
        and "Match.KernelCommandLine" not in values
        and any(fnmatch.fnmatchcase("ether", one) for one in patterns(kind))
        and any(fnmatch.fnmatchcase(DRIVER, one) for one in patterns(driver))
        and ("*" in path or "VMBUS" in path)
        and machine in (*_YES, "vm", "microsoft", "!container")
    )


def patterns(text: str) -> List[str]:
    """The globs of a list; one that begins with "!" leaves all but its own."""
    words = text.split()
    if words and words[0].startswith("!"):
        denied = [words[0][1:], *words[1:]]
        for one in ("ether", DRIVER, FIRST_NIC):
            if any(fnmatch.fnmatchcase(one, pattern) for pattern in denied):
                return []
        return ["*"]
    return words


def ifupdown_nics(image: Image) -> Iterator[Nic]:
    """interfaces(5), as of Debian and Alpine: a stanza counts if something brings it up."""
    for path in _interfaces_files(image):
        started: List[str] = []
        stanzas: List[Nic] = []
        for line in uncommented(image.text(path)):
            words = line.split()
            if words[0] in ("auto", "allow-auto", "allow-hotplug"):
                started += [word.strip("/") for word in words[1:]]
            elif words[0] == "iface" and len(words) > 1 and words[1] != "lo":
                method = {"dhcp": DHCP, "static": STATIC}.get((words[3:] or [""])[0], OFF)
                if "inet6" not in words:
                    stanzas.append(Nic(path, words[1].strip("/"), method))
            elif words[0] == "use" and words[1:] == ["dhcp"] and stanzas:  # ifupdown-ng
                stanzas[-1] = stanzas[-1]._replace(method=DHCP)
        for nic in stanzas:
            is_up = any(fnmatch.fnmatchcase(nic.name, name) for name in started) or any(
                fnmatch.fnmatchcase(name, nic.name) for name in started
            )
            yield nic if is_up else nic._replace(method=OFF)


def _interfaces_files(image: Image) -> List[str]:
    """The main file, and those that its `source` lines name, one level deep."""
    main = "/etc/network/interfaces"
    found = [main]
    for line in uncommented(image.text(main)):
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


def network_manager_nics(image: Image) -> Iterator[Nic]:
    """nm-settings-keyfile(5) and NetworkManager.conf(5); without a keyfile it does DHCP."""
    for folder in (NM_CONNECTIONS, "/usr/lib/NetworkManager/system-connections"):
        for path in image.matching(folder):
            values = _values(parse_sections(image.text(path)))
            kind = values.get("connection.type", "")
            if kind not in ("ethernet", "802-3-ethernet"):
                continue
            method = values.get("ipv4.method", "auto")
            mac = values.get(f"{kind}.mac-address", values.get("ethernet.mac-address", ""))
            if values.get("connection.autoconnect", "true").lower() != "false":
                yield Nic(
                    path,
                    values.get("connection.interface-name", "*"),
                    {"auto": DHCP, "manual": STATIC}.get(method, OFF),
                    mac if _is_mac(mac) else "",
                    path if folder == NM_CONNECTIONS and _is_insecure(image, path) else "",
                )
    yield from ifcfg_nics(image)
    for path in [*image.layered(_NM_FOLDERS, ".conf"), "/etc/NetworkManager/NetworkManager.conf"]:
        for setting in parse_sections(image.text(path)):
            # Debian and Ubuntu write "*,except:type:wifi,..." where others have the Ethernet.
            is_denied = setting.key == "unmanaged-devices" and re.match(
                r"\*|.*interface-name:eth[0*]", setting.value
            )
            if (is_denied and "except:type:ethernet" not in setting.value) or (
                setting.key == "no-auto-default" and setting.value in ("*", FIRST_NIC)
            ):
                yield Nic(path, FIRST_NIC, OFF)


def _is_insecure(image: Image, path: str) -> bool:
    """NetworkManager ignores a keyfile that others than root may read or own."""
    status, top = image.root.status(path), image.root.status("/")
    if status is None or top is None:
        return False
    return bool(status.st_mode & 0o077) or status.st_uid not in (0, top.st_uid)


def ifcfg_nics(image: Image) -> Iterator[Nic]:
    """ifcfg(5) of SUSE and Red Hat."""
    for folder in _IFCFG_FOLDERS:
        for path in image.matching(folder):
            prefix, _, name = path.rpartition("/")[2].partition("ifcfg-")
            if prefix or name in ("", "lo") or name.endswith((".bak", ".rpmsave", ".rpmnew", "~")):
                continue
            values = parse_assignments(image.text(path))
            protocol = values.get("BOOTPROTO", "none").lower()
            method = DHCP if protocol in ("dhcp", "dhcp4", "bootp") else OFF
            if method == OFF and _IPV4.match(values.get("IPADDR", values.get("IPADDR0", ""))):
                method = STATIC
            starts = (values.get("ONBOOT", "yes").lower(), values.get("STARTMODE", "auto").lower())
            if starts[0] == "no" or starts[1] in ("off", "manual"):
                method = OFF
            mac = values.get("HWADDR", "")
            yield Nic(path, values.get("DEVICE", name), method, mac if _is_mac(mac) else "")


def dhcpcd_nics(image: Image) -> Iterator[Nic]:
    """dhcpcd.conf(5); it does DHCP where nothing else is said."""
    path = "/etc/dhcpcd.conf"
    name = "*"
    for line in uncommented(image.text(path)):
        word, _, value = line.partition(" ")
        if word == "interface":
            name = value.strip()
        elif word == "static" and "ip_address=" in value:
            yield Nic(path, name, STATIC)
        elif word == "denyinterfaces":
            for denied in value.split():
                yield Nic(path, denied, OFF)
        elif word == "allowinterfaces":
            for allowed in value.split():
                yield Nic(path, allowed, DHCP)
            yield Nic(path, FIRST_NIC, OFF)
    for instance in sorted(image.services.instances("dhcpcd")):
        yield Nic(f"dhcpcd@{instance}.service", instance, DHCP)


def _values(settings: List[Setting]) -> Dict[str, str]:
    """The values by "Section.Key", the last of each."""
    return {f"{section}.{key}": value for section, key, value in settings}


def _is_mac(text: str) -> bool:
    return bool(_MAC.match(text.strip()))

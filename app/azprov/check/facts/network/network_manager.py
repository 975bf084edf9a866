"""NetworkManager: nm-settings-keyfile(5) and NetworkManager.conf(5)."""

import re
from typing import Dict, Iterator, Optional, Tuple

from ....formats.host.config_syntax import parse_sections
from ....formats.patterns import matches
from ..image import Image
from . import ifcfg, ifupdown
from .base import Manager
from .nic_settings import (
    DHCP,
    DRIVER,
    FIRST_NIC,
    OFF,
    STATIC,
    Ignored,
    NicSetting,
    from_file,
    in_effect,
    only_mac,
)
from .systemd_files import last_values
from .systemd_match import YES

_KEYFILES = "/etc/NetworkManager/system-connections"
_PACKAGED_KEYFILES = "/usr/lib/NetworkManager/system-connections"
_CONF_FOLDERS = ["/etc/NetworkManager/conf.d", "/usr/lib/NetworkManager/conf.d"]
_MAIN_CONF = "/etc/NetworkManager/NetworkManager.conf"
_EXCEPT = "except:"
_SEPARATORS = re.compile(r"[;,\s]+")
_NO = ("no", "false", "off", "0")


def reads(image: Image) -> Iterator[NicSetting]:
    """Keyfiles, ifcfg files of Red Hat, and the settings that keep it from an interface."""
    for folder in (_KEYFILES, _PACKAGED_KEYFILES):
        for path in image.matching(folder):
            yield from _keyfile(image, path)
    yield from ifcfg.reads(image)
    yield from _kept_off(image)


def _keyfile(image: Image, path: str) -> Iterator[NicSetting]:
    values = last_values(parse_sections(image.text(path)))
    kind = values.get("connection.type", "")
    if kind not in ("ethernet", "802-3-ethernet"):
        return
    if values.get("connection.autoconnect", "true").lower() == "false":
        return
    mac = values.get(f"{kind}.mac-address", values.get("ethernet.mac-address", ""))
    yield NicSetting(
        from_file(path),
        values.get("connection.interface-name", "*"),
        {"auto": DHCP, "manual": STATIC}.get(values.get("ipv4.method", "auto"), OFF),
        only_mac(mac),
        _ignored(image, path) if path.startswith(f"{_KEYFILES}/") else None,
    )


def _ignored(image: Image, path: str) -> Optional[Ignored]:
    """NetworkManager ignores a keyfile that a user other than root may read or owns."""
    status, top = image.root.status(path), image.root.status("/")
    if status is None or top is None:
        return None
    # The files of an image that an ordinary user makes belong to that user until it is packed.
    if not status.st_mode & 0o077 and status.st_uid in (0, top.st_uid):
        return None
    typed = image.typed(path)
    fix = f"chown root:root {typed} && chmod 600 {typed}"
    return Ignored(path, "is ignored by NetworkManager because of its mode or owner", fix)


def _kept_off(image: Image) -> Iterator[NicSetting]:
    """The settings that keep NetworkManager from the interface.

    Source: NetworkManager.conf(5), and its plugin ifupdown, which NetworkManager runs to test.
    """
    conf = _conf(image)
    path, ignored = conf.get("main.no-auto-default", ("", ""))
    if _covers(ignored, FIRST_NIC):
        yield NicSetting(from_file(path), FIRST_NIC, OFF)
    path, unmanaged = conf.get("keyfile.unmanaged-devices", ("", ""))
    if _covers(unmanaged, FIRST_NIC):
        yield NicSetting(from_file(path), FIRST_NIC, OFF, hides_others=True)
    path, managed = _device(conf, FIRST_NIC)
    if managed.lower() in _NO:
        yield NicSetting(from_file(path), FIRST_NIC, OFF, hides_others=True)
    if not _reads_interfaces(image, conf):
        return
    if conf.get("ifupdown.managed", ("", ""))[1].lower() in YES:
        yield from (one for one in ifupdown.reads(image) if one.method != OFF)
        return
    for path, name in ifupdown.read_names(image):
        yield NicSetting(from_file(path), name, OFF, hides_others=True)


def _conf(image: Image) -> "Dict[str, Tuple[str, str]]":
    """The path and the value of each "section.key"; the last value counts, and += appends."""
    values: Dict[str, Tuple[str, str]] = {}
    etc = image.layered(_CONF_FOLDERS[:1], ".conf")
    names = {path.rpartition("/")[2] for path in etc}
    packaged = image.layered(_CONF_FOLDERS[1:], ".conf")
    vendor = [path for path in packaged if path.rpartition("/")[2] not in names]
    for path in (*vendor, _MAIN_CONF, *etc):
        for section, key, value in parse_sections(image.text(path)):
            name = f"{section}.{key.rstrip('+')}"
            old = f"{values[name][1]};" if key.endswith("+") and name in values else ""
            values[name] = (path, old + value)
    return values


def _device(conf: "Dict[str, Tuple[str, str]]", nic: str) -> Tuple[str, str]:
    """The path and value of `managed` in the first section about devices that covers one."""
    for name, (path, value) in conf.items():
        section, _, key = name.rpartition(".")
        covered = conf.get(f"{section}.match-device", ("", "*"))[1]
        if key == "managed" and section.startswith("device") and _covers(covered, nic):
            return path, value
    return "", ""


def _reads_interfaces(image: Image, conf: "Dict[str, Tuple[str, str]]") -> bool:
    """Whether the plugin ifupdown is in use, as it is by default where Debian builds it."""
    default = "ifupdown" if image.tool == "apt-get" else ""
    return "ifupdown" in _SEPARATORS.split(conf.get("main.plugins", ("", default))[1])


def _covers(devices: str, nic: str) -> bool:
    """Whether a list of devices covers an Ethernet interface of Azure with that name."""
    items = [item for item in _SEPARATORS.split(devices) if item]
    excluded = [item[len(_EXCEPT) :] for item in items if item.startswith(_EXCEPT)]
    included = [item for item in items if not item.startswith(_EXCEPT)]
    if any(_is_nic(item, nic) for item in excluded):
        return False
    return any(_is_nic(item, nic) for item in included) or bool(excluded and not included)


def _is_nic(item: str, nic: str) -> bool:
    kind, colon, value = item.partition(":")
    if kind == "interface-name" and colon:
        return nic == value[1:] if value.startswith("=") else matches(nic, value.lstrip("~"))
    return item in ("*", nic, "type:ethernet") or (kind == "driver" and matches(DRIVER, value))


def fix(image: Image, nic: str) -> str:
    """What to change in the first setting that applies to the interface.

    There always is one where NetworkManager does not use DHCP, which is its default.
    """
    applied = in_effect(reads(image), nic, first_match_wins=False)
    path = applied[0].source.name if applied else _MAIN_CONF
    if path.startswith((f"{_KEYFILES}/", f"{_PACKAGED_KEYFILES}/")):
        return f"set method=auto in [ipv4] of {image.edited(path)}"
    if path.rpartition("/")[2].startswith("ifcfg-"):
        return ifcfg.fix(image, nic)
    if "/NetworkManager/" not in path:
        return f"remove the lines about {nic} from {image.edited(path)}"
    return (
        f"change unmanaged-devices, no-auto-default and [device] in {image.edited(path)} so that "
        f"they do not cover {nic}"
    )


MANAGER = Manager(
    "NetworkManager", ("NetworkManager", "networkmanager"), reads, fix, dhcp_by_default=True
)

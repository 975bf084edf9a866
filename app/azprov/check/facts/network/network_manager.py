"""NetworkManager: nm-settings-keyfile(5) and NetworkManager.conf(5)."""

import re
from typing import Iterator, Optional

from ....formats.host.config_syntax import parse_sections
from ..image import Image
from . import ifcfg
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
    only_mac,
)
from .systemd_files import last_values

_KEYFILES = "/etc/NetworkManager/system-connections"
_PACKAGED_KEYFILES = "/usr/lib/NetworkManager/system-connections"
_CONF_FOLDERS = ["/etc/NetworkManager/conf.d", "/usr/lib/NetworkManager/conf.d"]
_MAIN_CONF = "/etc/NetworkManager/NetworkManager.conf"


def reads(image: Image) -> Iterator[NicSetting]:
    """Keyfiles, ifcfg files of Red Hat, and the settings that keep it from an interface."""
    for folder in (_KEYFILES, _PACKAGED_KEYFILES):
        for path in image.matching(folder):
            yield from _keyfile(image, path)
    yield from ifcfg.reads(image)
    for path in [*image.layered(_CONF_FOLDERS, ".conf"), _MAIN_CONF]:
        yield from _conf(image, path)


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


def _conf(image: Image, path: str) -> Iterator[NicSetting]:
    for setting in parse_sections(image.text(path)):
        # Debian and Ubuntu ship "*,except:type:wifi,..." in a file with this key.
        is_unmanaged = setting.key == "unmanaged-devices" and re.match(
            r"\*|.*interface-name:eth[0*]", setting.value
        )
        if (is_unmanaged and "except:type:ethernet" not in setting.value) or (
            setting.key == "no-auto-default" and setting.value in ("*", FIRST_NIC)
        ):
            yield NicSetting(from_file(path), FIRST_NIC, OFF)


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
    return (
        f"change unmanaged-devices and no-auto-default in {image.edited(path)} so that they do not "
        f"cover {nic}"
    )


MANAGER = Manager(
    "NetworkManager", ("NetworkManager", "networkmanager"), reads, fix, dhcp_by_default=True
)

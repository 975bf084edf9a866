"""The program that makes the initramfs of a distribution, and the drivers in its settings."""

from typing import FrozenSet, List, Optional

from ...formats.host.config_syntax import parse_assignments, uncommented
from .files import read_once
from .image import Image

INITRAMFS_TOOLS = "initramfs-tools"  # Debian, Ubuntu
MKINITCPIO = "mkinitcpio"  # Arch Linux
MKINITFS = "mkinitfs"  # Alpine
DRACUT = "dracut"  # the others

INITRAMFS_TOOLS_MODULES = "/etc/initramfs-tools/modules"
MKINITCPIO_CONF = "/etc/mkinitcpio.conf"
_FOLDERS = ("/usr/bin", "/usr/sbin", "/sbin")


@read_once
def find_maker(image: Image) -> str:
    """One of the names above."""
    if image.is_there("/etc/initramfs-tools"):
        return INITRAMFS_TOOLS
    if image.is_there(MKINITCPIO_CONF):
        return MKINITCPIO
    return MKINITFS if image.tool == "apk" else DRACUT


def is_maker_installed(image: Image) -> bool:
    return image.is_there("/etc/initramfs-tools", MKINITCPIO_CONF) or image.is_program(
        *[f"{folder}/{name}" for folder in _FOLDERS for name in (DRACUT, MKINITFS)]
    )


def includes_drivers(image: Image, drivers: List[str]) -> bool:
    """Whether the settings put all these drivers into the next initramfs."""
    included = _included_drivers(image)
    return included is None or included.issuperset(drivers)


def is_built_since(image: Image, path: str) -> bool:
    """Whether an initramfs is not older than the settings that it is built from."""
    return all(image.modified(path) >= image.modified(one) for one in _settings_files(image))


def _settings_files(image: Image) -> List[str]:
    return [
        INITRAMFS_TOOLS_MODULES,
        *_initramfs_tools_settings(image),
        "/etc/dracut.conf",
        *image.matching("/etc/dracut.conf.d", ".conf"),
        MKINITCPIO_CONF,
    ]


def _initramfs_tools_settings(image: Image) -> List[str]:
    return ["/etc/initramfs-tools/initramfs.conf", *image.matching("/etc/initramfs-tools/conf.d")]


@read_once
def _included_drivers(image: Image) -> Optional[FrozenSet[str]]:
    """The drivers that the settings name; None if they include all drivers of Hyper-V."""
    dracut = [
        parse_assignments(image.text(path))
        for path in [
            "/etc/dracut.conf",
            *image.matching("/etc/dracut.conf.d", ".conf"),
            *image.matching("/usr/lib/dracut/dracut.conf.d", ".conf"),
        ]
    ]
    if any(settings.get("hostonly", "").lower() == "no" for settings in dracut):
        return None
    names = [line.split()[0] for line in uncommented(image.text(INITRAMFS_TOOLS_MODULES))]
    for settings in dracut:
        names += settings.get("add_drivers", "").split()
        names += settings.get("force_drivers", "").split()
    names += parse_assignments(image.text(MKINITCPIO_CONF)).get("MODULES", "").strip("()").split()
    return None if _has_most_modules(image) else frozenset(names)


def _has_most_modules(image: Image) -> bool:
    """MODULES=most of initramfs.conf(5), which includes the Hyper-V drivers."""
    scope = ""
    for path in _initramfs_tools_settings(image):
        scope = parse_assignments(image.text(path)).get("MODULES", scope)
    return scope == "most"

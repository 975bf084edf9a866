"""The commands that fix an image, as text to paste into a shell on this machine."""

import os
from typing import Optional, Sequence

from ..formats.text import shell_word
from ..system import typed_paths
from ..system.init import SYSTEMD
from .facts.architecture import ARM, architecture
from .facts.azprov_service import installed_options, is_of_package, own_file
from .facts.image import Image
from .facts.packages import Package

_LINK_FOLDERS = (".wants", ".requires", ".d")


def install(image: Image, package: Package, *, names: str = "") -> str:
    """The command that installs a package, or the words `names` for the package tool."""
    names = names or _name(image, package)
    tool = image.package_tool
    return _with_dns(image, tool.install.format(names)) if tool else f"install {package.program}"


def remove(image: Image, package: Package) -> str:
    """The command that removes a package and its settings."""
    name = _name(image, package)
    tool = image.package_tool
    return inside(image, tool.remove.format(name)) if tool else f"remove {package.program}"


def has_package(image: Image, package: Package) -> bool:
    """Whether a package is installed; True if the package database is not dpkg's."""
    folder = "/var/lib/dpkg/info"
    names = _name(image, package).split()
    lists = [f"{folder}/{name}.list" for name in names]
    return not image.is_folder(folder) or image.is_there(*lists)


def enable(image: Image, service: str) -> str:
    """The command that makes a service start at boot."""
    init = image.services.init
    if init is None or not init.enable_command:
        return f"enable the service {service}"
    commands = [init.enable_command]
    if init.unmask_command and image.services.is_masked(service):
        commands.insert(0, init.unmask_command)
    # systemctl --root follows absolute links to this machine's folders.
    runs_inside = init.runs_inside or _has_links(image, init.link_folder)
    root = "" if runs_inside else _root_option(image, "--root=")
    typed = [command.format(root=root, service=service) for command in commands]
    presets = [preset(image, service)] if image.services.is_disabled_by_preset(service) else []
    return " && ".join([*presets, *(inside(image, one) if runs_inside else one for one in typed)])


def preset(image: Image, service: str) -> str:
    """The command that makes systemd keep a service enabled at a first boot: systemd.preset(5)."""
    folder = "/etc/systemd/system-preset"
    unit = shell_word(SYSTEMD.unit_name(service.replace(".service", "")))
    file = image.typed(f"{folder}/00-enabled.preset")
    return f"mkdir -p {image.typed(folder)} && echo enable {unit} >> {file}"


def _has_links(image: Image, link_folder: str) -> bool:
    """Whether a folder in which a service may be enabled is, or is below, a link."""
    folder = link_folder.rpartition("/")[0]
    paths = [f"{folder}/{name}" for name in image.names(folder) if name.endswith(_LINK_FOLDERS)]
    return any(map(image.has_links, (folder, *paths)))


def azprov(image: Image, command: str) -> str:
    """A command of azprov for this image."""
    return f"{image.program} {command} {_root_option(image, '--root ')}".rstrip()


def install_again(image: Image, options: Optional[Sequence[str]] = None) -> str:
    """The command that writes azprov's service again, by default with its present options.

    For a service that a package owns it is a sentence: a second service would hide it.
    """
    if is_of_package(image):
        return f"reinstall the package that has {image.edited(own_file(image) or '')}"
    words = installed_options(image) if options is None else options
    return azprov(image, " ".join(["install --force", *map(shell_word, words)]))


def inside(image: Image, command: str) -> str:
    """A command that runs in the image, as it is typed on this machine.

    Package tools and programs that build an initramfs need the file systems of the kernel. If
    the image lacks them, they are mounted for this command alone.
    """
    typed = typed_paths.inside(image.root, command)
    if image.root.is_live or image.is_there("/proc/self/status"):
        return typed
    mounts = [f"mount --rbind /{name} {image.typed(f'/{name}')}" for name in ("dev", "proc", "sys")]
    return f"unshare -m sh -c {shell_word(' && '.join([*mounts, typed]))}"


def _name(image: Image, package: Package) -> str:
    name = package.name(image.os_release.get("ID", ""), image.tool)
    return name.replace("-amd64", "-arm64") if architecture(image) == ARM else name


def _with_dns(image: Image, command: str) -> str:
    """The same as `inside`, for a command that resolves host names.

    Under systemd-resolved, /etc/resolv.conf is a link to a file that exists only
    while systemd-resolved runs.
    """
    link = image.link("/etc/resolv.conf")
    target = os.path.normpath(f"/etc/{link}" if not link.startswith("/") else link)
    if image.root.is_live or not target.startswith("/run/") or image.is_there(target):
        return inside(image, command)
    folder = image.typed(target.rpartition("/")[0])
    return (
        f"mkdir -p {folder} && cp /etc/resolv.conf {image.typed(target)} && "
        f"{inside(image, command)}"
    )


def _root_option(image: Image, option: str) -> str:
    return "" if image.root.is_live else f"{option}{shell_word(image.root.path)} "

"""An image as rules see it: its files, its services, and its distribution's commands."""

import os
import shlex

from ...formats.host.os_release import parse_os_release
from ...system.root import Root
from .files import Files
from .services import OPENRC, Services

# The tool by the distribution's ID or ID_LIKE in os-release(5).
_TOOLS = {
    "debian": "apt-get",
    "ubuntu": "apt-get",
    "azurelinux": "tdnf",
    "mariner": "tdnf",
    "fedora": "dnf",
    "rhel": "dnf",
    "centos": "dnf",
    "suse": "zypper",
    "opensuse": "zypper",
    "sles": "zypper",
    "alpine": "apk",
    "arch": "pacman",
}
_INSTALL = {
    # A root that was just made has no lists of packages.
    "apt-get": "sh -c 'apt-get update && apt-get install -y {}'",
    "tdnf": "tdnf install -y",
    "dnf": "dnf install -y",
    "zypper": "zypper --non-interactive install",
    "apk": "apk add",
    "pacman": "pacman -S --noconfirm",
}
_REMOVE = {
    "apt-get": "apt-get purge -y",
    "tdnf": "tdnf remove -y",
    "dnf": "dnf remove -y",
    "zypper": "zypper --non-interactive remove",
    "apk": "apk del",
    "pacman": "pacman -Rs --noconfirm",
}


class Image(Files):
    """The tree below a root, or this machine's; `program` is how azprov was called."""

    def __init__(self, root: Root, program: str = "python3 azprov.pyz") -> None:
        super().__init__(root)
        self._program = program
        self.services = Services(self)
        self.os_release = parse_os_release(
            self.content("/etc/os-release") or self.content("/usr/lib/os-release")
        )

    @property
    def tool(self) -> str:
        """The distribution's package tool; empty where it is not one that is known."""
        kin = [self.os_release.get("ID", ""), *self.os_release.get("ID_LIKE", "").split()]
        return next((_TOOLS[name] for name in kin if name in _TOOLS), "")

    def install(self, package: str, **other_names: str) -> str:
        """The command that installs a package; its name under apk, dnf ... where it differs."""
        name = other_names.get(self.tool, package)
        if not self.tool:
            return f"install the package {name}"
        command = _INSTALL[self.tool]
        return self._prepared(command.format(name) if "{}" in command else f"{command} {name}")

    def remove(self, package: str, **other_names: str) -> str:
        """The command that removes a package and its settings."""
        name = other_names.get(self.tool, package)
        if not self.tool:
            return f"remove the package {name}"
        return self.inside(f"{_REMOVE[self.tool]} {name}")

    def enable(self, service: str) -> str:
        """The command that has a service start at boot."""
        if self.services.init == OPENRC:
            return self.inside(f"rc-update add {service} default")
        systemctl = f"systemctl {self._of_root('--root=')}"
        unmask = f"{systemctl}unmask {service} && " if self.services.is_masked(service) else ""
        return f"{unmask}{systemctl}enable {service}"

    def disable(self, service: str) -> str:
        if self.services.init == OPENRC:
            return self.inside(f"rc-update del {service} -a")
        return f"systemctl {self._of_root('--root=')}disable {service}"

    def azprov(self, command: str) -> str:
        """A command of azprov itself, for this image."""
        return f"{self._program} {command} {self._of_root('--root ')}".rstrip()

    def inside(self, command: str) -> str:
        """A command as it is typed on this machine, to be run in the image."""
        return command if self.root.is_live else f"chroot {shlex.quote(self.root.path)} {command}"

    def _prepared(self, command: str) -> str:
        """As `inside`, for a command that looks up names.

        systemd-resolved's /etc/resolv.conf leads to a file that only it writes, as it runs.
        """
        link = self.link("/etc/resolv.conf")
        place = os.path.normpath(f"/etc/{link}" if not link.startswith("/") else link)
        if self.root.is_live or not place.startswith("/run/") or self.is_there(place):
            return self.inside(command)
        folder = self.typed(place.rpartition("/")[0])
        return (
            f"mkdir -p {folder} && cp /etc/resolv.conf {self.typed(place)} && "
            f"{self.inside(command)}"
        )

    def _of_root(self, option: str) -> str:
        return "" if self.root.is_live else f"{option}{shlex.quote(self.root.path)} "

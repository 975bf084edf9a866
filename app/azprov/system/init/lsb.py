"""The scripts of System V: sysvinit, and busybox's init, which runs the same scripts.

Sources: init(8) and insserv(8) of Debian 13, and the rcS of Yocto and of buildroot.
"""

from typing import List, Optional, Tuple

from ..commands import Commands
from ..planting import planter_of, root_of
from ..root import Root
from .base import COMMAND_S, SERVICE
from .scripts import ScriptInit, inittab_programs, script_of, script_text

# The scripts of the first folder start before there is a network, those of the others later.
_RUNLEVELS = ("/etc/rcS.d", "/etc/rc2.d", "/etc/rc3.d", "/etc/rc4.d", "/etc/rc5.d")
# Here rcS of buildroot finds its scripts.
_SCRIPTS = "/etc/init.d"
# startpar, which Debian's rc uses, starts only the scripts in this file of insserv.
_ORDER = "/etc/init.d/.depend.boot"
_AFTER = ("mountall.sh", "mountall-bootclean.sh", "checkroot-bootclean.sh")


class LsbInit(ScriptInit):
    """An init program that runs rcS, which runs the scripts of System V."""

    folder = "/etc/init.d"
    unit_folders = ("/etc/init.d",)
    link_folder = _RUNLEVELS[0]
    boot_folders = (*_RUNLEVELS, _SCRIPTS)
    shipped = "azure-provisioning.sysvinit"
    # As insserv writes its links.
    target = f"../init.d/{SERVICE}"
    settings = (_ORDER,)
    init_programs = ("/sbin/init", "/usr/sbin/init", "/bin/init")
    programs = init_programs
    #: The names that its program may begin with, once links are resolved.
    names: Tuple[str, ...]
    needs_inittab: bool

    def can_read(self, service: str) -> bool:
        return "### BEGIN INIT INFO" in service

    def is_started_by(self, root: Root, program: str) -> bool:
        if not program.rpartition("/")[2].startswith(self.names):
            return False
        if self.needs_inittab and root.status("/etc/inittab") is None:
            return False
        runs_it = any(one.endswith("/rcS") for one in inittab_programs(root))
        return runs_it and self._new_link(root) is not None

    def is_installed(self, root: Root) -> bool:
        # Its files are in many images that boot with another init system.
        links = [one for one in self.init_programs if root.status(one) is not None]
        return any(self.is_started_by(root, root.real_path(one)) for one in links)

    def link_in(self, root: Root) -> str:
        links = self.enabling_links(root, SERVICE)
        return links[0] if links else self._new_link(root) or f"{self.link_folder}/S99{SERVICE}"

    def _new_link(self, root: Root) -> Optional[str]:
        """The first link that rcS would run after the local file systems are mounted."""
        text = script_text(root, f"{_SCRIPTS}/rcS")
        if f"{_SCRIPTS}/S" in text:
            return f"{_SCRIPTS}/S03{SERVICE}"
        # Packages of Debian have scripts in rcS.d, whether the image's rcS runs them or not. It
        # does so itself, or by /etc/init.d/rc.
        runs_folder = not text or "/rc" in text
        is_there = root.status(_RUNLEVELS[0]) is not None
        return f"{_RUNLEVELS[0]}/S99{SERVICE}" if runs_folder and is_there else None

    def service_of(self, entry: str) -> str:
        return script_of(entry)

    def enabling_links(self, root: Root, unit: str) -> List[str]:
        return [
            f"{folder}/{name}"
            for folder in self.boot_folders
            for name in root.names(folder)
            if self.service_of(name) == unit
        ]

    def enable(self, root: Root, file: str = "") -> List[str]:
        order = root.read(_ORDER)
        changed = [] if order is None else _write(root, order, _with_service(order))
        return [
            *changed,
            *([] if self.enabling_links(root, SERVICE) else super().enable(root, file)),
        ]

    def obstacle_in(self, root: Root) -> str:
        order = root.read(_ORDER)
        return "" if order is None or _with_service(order) == order else _ORDER

    def forget(self, root: Root) -> None:
        order = root.read(_ORDER)
        if order is not None:
            _write(root, order, _without_service(order))

    def restart(self, root: Root, service: str, verb: str, commands: Commands) -> None:
        for link in self.enabling_links(root, service)[:1]:
            commands.run([link, verb], limit_s=COMMAND_S)


class SysVInit(LsbInit):
    """sysvinit, as in Devuan and Yocto."""

    name = title = "sysvinit"
    enable_command = "update-rc.d {service} defaults"
    names = ("init", "sysvinit")
    needs_inittab = True


class BusyboxInit(LsbInit):
    """The init of busybox, as in buildroot and Yocto."""

    name, title = "busybox", "busybox init"
    enable_command = ""
    names = ("busybox",)
    needs_inittab = False


def _write(root: Root, old: bytes, new: bytes) -> List[str]:
    """Write insserv's file, and return its path, if the content is new."""
    if new == old:
        return []
    with root_of(root, planter_of(root, _ORDER)) as user_root:
        user_root.write(_ORDER, new)
    return [_ORDER]


def _with_service(order: bytes) -> bytes:
    """insserv's file with azprov's script, after the scripts that mount the local disks."""
    first, end, rest = order.partition(b"\n")
    targets = first.decode("ascii", "replace").split()
    if targets[:2] != ["TARGETS", "="] or SERVICE in targets:
        return order
    before = " ".join(one for one in _AFTER if one in targets)
    rule = f"{SERVICE}: {before}\n".encode("ascii")
    return first + f" {SERVICE}".encode("ascii") + (end or b"\n") + rest + rule


def _without_service(order: bytes) -> bytes:
    name = SERVICE.encode("ascii")
    lines = [line.split(b" ") for line in order.split(b"\n") if not line.startswith(name + b":")]
    return b"\n".join(b" ".join(word for word in words if word != name) for words in lines)


SYSVINIT = SysVInit()
BUSYBOX = BusyboxInit()

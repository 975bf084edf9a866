"""Which services start at boot in a tree, by its files; systemctl and rc-update are not run.

Sources: systemd.unit(5), systemd.preset(5), machine-id(5) and openrc-run(8).
"""

import fnmatch
from typing import Iterator, Optional, Set

from ...errors import HostError
from ...formats.host.config_syntax import uncommented
from ...system.init_systems import INITS, find_init
from .files import Files

SYSTEMD = "systemd"
OPENRC = "OpenRC"
# By the names that `install --init` has for them.
_NAMES = {"systemd": SYSTEMD, "openrc": OPENRC}

# As systemd looks for units; the last is another folder only where /usr is not merged.
UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_PRESET_FOLDERS = [
    "/etc/systemd/system-preset",
    "/usr/local/lib/systemd/system-preset",
    "/usr/lib/systemd/system-preset",
    "/lib/systemd/system-preset",
]
# Targets that a boot to a login does not pass through.
_OTHER_TARGETS = (
    *("initrd", "rescue", "emergency", "shutdown", "reboot", "poweroff", "halt", "kexec"),
    *("sleep", "suspend", "hibernate", "system-update"),
)
_RUNLEVELS = ("sysinit", "boot", "default")


class Services:
    """Names are given without ".service"; other kinds of unit, such as ssh.socket, in full."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.init = self._find_init()
        self._started: Set[str] = set()
        if self.init == SYSTEMD:
            self._started = set(self._wanted_units())
        elif self.init == OPENRC:
            self._started = {
                name
                for level in _RUNLEVELS
                for name in files.names(f"/etc/runlevels/{level}")
                if files.is_there(f"/etc/init.d/{name}")
            }
        machine_id = files.text("/etc/machine-id").strip() if self.init == SYSTEMD else "known"
        # Else the presets were applied before, or never will be.
        self._has_presets_to_come = machine_id == "uninitialized" or not (
            machine_id or files.is_there("/etc/machine-id")
        )

    def starts(self, *names: str) -> bool:
        """Whether one of them starts at boot; "dhcpcd@" stands for every instance."""
        return any(self._starts(self._full(name)) for name in names)

    def is_there(self, *names: str) -> bool:
        """Whether the service of one of them is installed, and not masked."""
        if self.init == OPENRC:
            return self._files.is_there(*[f"/etc/init.d/{name}" for name in names])
        return any(self._unit_file(self._full(name)) for name in names)

    def is_masked(self, name: str) -> bool:
        if self.init == OPENRC:
            return False
        path = self._place(self._full(name))
        return path is not None and self._masks(path)

    def instances(self, template: str) -> Set[str]:
        """What stands after the "@" of the instances that start, such as eth0 of dhcpcd@eth0."""
        found = [unit.partition("@") for unit in self._started]
        return {
            instance.partition(".")[0] for name, at, instance in found if at and name == template
        } - {""}

    def _full(self, name: str) -> str:
        if self.init == OPENRC:
            return name
        if name.endswith("@"):
            return name + ".service"
        return name if name.endswith((".socket", ".target", ".timer")) else name + ".service"

    def _starts(self, unit: str) -> bool:
        if unit in self._started:
            return True
        return self._has_presets_to_come and self._preset_enables(unit)

    def _find_init(self) -> str:
        """As `install` finds it, so that both speak of the same service."""
        try:
            found = [find_init(self._files.root)]
        except HostError as error:
            self._files.note("/etc/inittab", error)
            found = list(INITS.values())
        there = [init for init in found if self._files.is_there(*init.programs)]
        return _NAMES[there[0].name] if there else ""

    def _wanted_units(self) -> Iterator[str]:
        """Every unit that a target pulls in, by all of its names."""
        for folder in UNIT_FOLDERS:
            for target in self._files.names(folder):
                if target.endswith((".wants", ".requires")) and not target.startswith(
                    _OTHER_TARGETS
                ):
                    for unit in self._files.names(f"{folder}/{target}"):
                        if self._files.link(f"{folder}/{target}/{unit}") != "/dev/null":
                            yield from self._names_of(unit)
        for level in ("S", "2", "3", "4", "5"):
            for link in self._files.matching(f"/etc/rc{level}.d"):
                script = link.rpartition("/")[2][3:]
                if link.rpartition("/")[2].startswith("S") and script:
                    unit = f"{script}.service"
                    if self._place(unit) is None and self._files.is_there(f"/etc/init.d/{script}"):
                        yield unit

    def _names_of(self, unit: str) -> Iterator[str]:
        """A unit's name, its template's and its alias's; none if it has no file or is masked."""
        path = self._unit_file(unit)
        if path is None:
            return
        yield unit
        yield path.rpartition("/")[2]
        alias = self._files.link(path).rpartition("/")[2]
        if alias:
            yield alias

    def _unit_file(self, unit: str) -> Optional[str]:
        path = self._place(unit)
        return None if path is None or self._masks(path) else path

    def _place(self, unit: str) -> Optional[str]:
        """The file or link that systemd takes for a unit."""
        name, at, instance = unit.partition("@")
        template = [f"{name}@.{instance.rpartition('.')[2]}"] if at else []
        for candidate in [unit, *template]:
            for folder in UNIT_FOLDERS:
                if self._files.status_mode(f"{folder}/{candidate}", follow=False):
                    return f"{folder}/{candidate}"
        return None

    def _masks(self, path: str) -> bool:
        """Whether a unit's file says that there is no such unit; a link to nowhere does too."""
        return self._files.link(path) == "/dev/null" or not self._files.content(path)

    def _preset_enables(self, unit: str) -> bool:
        path = self._unit_file(unit)
        if path is None or "[Install]" not in self._files.text(path):
            return False
        for preset in self._files.layered(_PRESET_FOLDERS, ".preset"):
            for line in uncommented(self._files.text(preset)):
                action, _, pattern = line.partition(" ")
                if fnmatch.fnmatchcase(unit, (pattern.split() or [""])[0]):
                    return action == "enable"
        return True

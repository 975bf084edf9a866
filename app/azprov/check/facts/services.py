"""The services that start at boot, found in the files of an image without running anything.

Sources: systemd.unit(5) and openrc-run(8).
"""

from typing import Iterator, List, Optional, Sequence, Set

from ...errors import HostError
from ...system.init import InitSystem
from ...system.init.known import INIT_SYSTEMS, find_init
from .files import Files
from .presets import Presets

# systemd removes links from this folder at a first boot if its presets say so.
_ADMIN_FOLDER = "/etc/systemd/system"
# Targets that a normal boot does not reach.
_OTHER_TARGETS = (
    "initrd",
    "rescue",
    "emergency",
    "shutdown",
    "reboot",
    "poweroff",
    "halt",
    "kexec",
    "sleep",
    "suspend",
    "hibernate",
    "system-update",
)


class Services:
    """The services of an image.

    Names are given without ".service". Other kinds of unit, such as ssh.socket, are given
    in full.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._presets = Presets(files)
        self.init = self._find_init()
        self._started: Set[str] = set()
        # The units that are started by links other than those that presets may remove.
        self._surely_started: Set[str] = set()
        if self.init is not None and self.init.has_units:
            self._started = set(self._wanted_units())
        elif self.init is not None:
            self._started = {
                self.init.service_of(name)
                for folder in self.init.boot_folders_in(files.root)
                for name in files.names(folder)
                if not files.is_empty(f"{folder}/{name}")
            }

    def starts(self, *names: str) -> bool:
        """Whether one of them starts at boot. A template, "dhcpcd@", means any instance."""
        return any(
            self._starts(self.file_name(name)) or (name[-1] == "@" and self.instances(name[:-1]))
            for name in names
        )

    def is_there(self, *names: str) -> bool:
        """Whether one of them is installed, and not masked."""
        return bool(self.files(*names))

    def files(self, *names: str) -> List[str]:
        """The files of the services that are installed and not masked."""
        paths = [self._unit_file(self.file_name(name)) for name in names]
        return [path for path in paths if path is not None]

    def is_masked(self, name: str) -> bool:
        """Whether a link or an empty file keeps the service from ever starting."""
        path = self._place(self.file_name(name))
        return path is not None and self._masks(path)

    def instances(self, template: str) -> Set[str]:
        """The instances of a template that start, such as eth0 for dhcpcd@eth0."""
        before = self.instance(template, "")
        after = len(self.file_name(""))
        return {
            unit[len(before) : len(unit) - after]
            for unit in self._started
            if unit.startswith(before) and not self.is_disabled_by_preset(unit)
        } - {""}

    def is_disabled_by_preset(self, name: str) -> bool:
        """Whether systemd disables a service at the next boot, before it would start it."""
        unit = self.file_name(name)
        if unit in self._surely_started or not self._presets.disable_at_next_boot():
            return False
        return not self._presets.enable((self._unit_file(unit) or unit).rpartition("/")[2])

    def instance(self, template: str, name: str) -> str:
        """The service that a template, such as dhcpcd, has for an interface."""
        return f"{template}{'@' if self.init is None else self.init.instance_mark}{name}"

    def started_files(self) -> List[str]:
        """The files of all services that start at boot."""
        if self.init is None:
            return []
        if self.init.has_units:
            paths = [self._unit_file(unit) for unit in sorted(self._started)]
            return [path for path in paths if path is not None]
        return [
            f"{folder}/{entry}{self.init.inner}"
            for folder in self.init.boot_folders_in(self._files.root)
            for entry in self._files.names(folder)
            if self.init.service_of(entry)
        ]

    def file_name(self, name: str) -> str:
        """The name of the file of a service."""
        if self.init is None or name.endswith((".service", ".socket", ".target", ".timer")):
            return name
        return self.init.unit_name(name)

    def _starts(self, unit: str) -> bool:
        if unit in self._started:
            return not self.is_disabled_by_preset(unit)
        return self._presets.are_applied() and self._preset_enables(unit)

    def _find_init(self) -> Optional[InitSystem]:
        """The init system that `install` would find, if its programs are in the image."""
        try:
            found = [find_init(self._files.root)]
        except HostError as error:
            self._files.note("/etc/inittab", error)
            found = list(INIT_SYSTEMS)
        return next((init for init in found if self._is_installed(init)), None)

    def _is_installed(self, init: InitSystem) -> bool:
        try:
            return init.is_installed(self._files.root)
        except HostError:
            return False

    @property
    def _unit_folders(self) -> Sequence[str]:
        return () if self.init is None else self.init.unit_folders

    def _wanted_units(self) -> Iterator[str]:
        """Every unit that a target or a SysV runlevel starts, under each of its names."""
        for folder in self._unit_folders:
            for target in self._files.names(folder):
                if target.endswith((".wants", ".requires")) and not target.startswith(
                    _OTHER_TARGETS
                ):
                    for unit in self._files.names(f"{folder}/{target}"):
                        if self._files.link(f"{folder}/{target}/{unit}") != "/dev/null":
                            names = list(self._names_of(unit))
                            self._surely_started.update(names if folder != _ADMIN_FOLDER else ())
                            yield from names
        for level in ("S", "2", "3", "4", "5"):
            for link in self._files.matching(f"/etc/rc{level}.d"):
                script = link.rpartition("/")[2][3:]
                if link.rpartition("/")[2].startswith("S") and script:
                    unit = f"{script}.service"
                    if self._place(unit) is None and self._files.is_there(f"/etc/init.d/{script}"):
                        self._surely_started.add(unit)
                        yield unit

    def _names_of(self, unit: str) -> Iterator[str]:
        """The names of a unit, its template and its alias; nothing if it is missing or masked."""
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
        """The path that defines a unit: the first one in the folders of the init system."""
        name, at, instance = unit.partition("@")
        template = [f"{name}@.{instance.rpartition('.')[2]}"] if at else []
        for candidate in [unit, *template]:
            for folder in self._unit_folders:
                if self._files.status_mode(f"{folder}/{candidate}", follow=False):
                    return f"{folder}/{candidate}"
        return None

    def _masks(self, path: str) -> bool:
        """Whether a path masks a unit: a link to /dev/null, a broken link or an empty file."""
        return self._files.link(path) == "/dev/null" or self._files.is_empty(path)

    def _preset_enables(self, unit: str) -> bool:
        path = self._unit_file(unit)
        has_links = path is not None and "[Install]" in self._files.text(path)
        return has_links and self._presets.enable(unit)

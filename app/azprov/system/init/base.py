"""What azprov has to know about an init system.

To support another one, add a module with a value of this class, name the value in
INIT_SYSTEMS of the package, and put its service file into unit/.
"""

from typing import List, Tuple

from ..commands import Commands
from ..root import Root

#: The name of azprov's service without the suffix that an init system may add.
SERVICE = "azure-provisioning"
MADE_FOLDERS_NOTE = "# Folders that `install` made and `uninstall` removes if they are empty.\n"

_COMMAND_S = 30.0


class InitSystem:
    """An init system: how it is recognised, and how a service is installed and enabled."""

    #: As `install --init` takes it, and as people write it.
    name: str
    title: str

    #: The file name of azprov's service.
    unit: str
    #: Where `install` puts the service, and with which mode.
    folder: str
    mode: int
    #: Where the file of a service may be; the first file found is in effect. Includes `folder`.
    unit_folders: Tuple[str, ...]
    #: A link to the service in this folder enables it.
    link_folder: str
    #: Services linked in these folders start at boot; empty if units decide, see has_units.
    boot_folders: Tuple[str, ...] = ()

    #: The service file with the default command, in azprov/image, and how it spells the
    #: command; the fields are python and arguments.
    shipped: str
    command: str
    #: Options that `provision` always gets from this service.
    arguments: Tuple[str, ...] = ()
    #: The text before the list of created folders, at the end of the service file.
    note: str

    #: An image that has one of these files has this init system.
    programs: Tuple[str, ...]
    #: Programs that /sbin/init may be a link to.
    init_programs: Tuple[str, ...]

    #: Services are systemd's units: with targets, presets, masks, drop-ins and conditions.
    has_units = False
    #: An empty /etc/machine-id is filled at the next boot, even if / is read-only.
    fills_empty_machine_id = False

    #: The commands that a person types to enable or unmask a service. The fields are root,
    #: an option for an image, and service. They run in the image if runs_inside is true.
    enable_command: str
    unmask_command = ""
    runs_inside = True

    @property
    def file(self) -> str:
        """The service file that `install` writes."""
        return f"{self.folder}/{self.unit}"

    @property
    def link(self) -> str:
        """The link that `install` makes to enable the service."""
        return f"{self.link_folder}/{self.unit}"

    @property
    def package_folders(self) -> Tuple[str, ...]:
        """The folders in which a distribution's package puts a service file."""
        return tuple(folder for folder in self.unit_folders if folder != self.folder)

    def commands_in(self, service: str) -> List[List[str]]:
        """The commands in the text of a service file, each as a program and its arguments."""
        raise NotImplementedError

    def is_installed(self, root: Root) -> bool:
        """Whether an image has this init system, judged by its files."""
        return any(root.status(program) is not None for program in self.programs)

    def is_started_by(self, root: Root, program: str) -> bool:
        """Whether the program that the kernel starts, or a program it calls, is this one."""
        raise NotImplementedError

    def unit_name(self, service: str) -> str:
        """The file name of a service."""
        return service

    def starting_units(self, service: str) -> List[str]:
        """The units that start a service when they are enabled."""
        return [self.unit_name(service)]

    def link_folders(self, root: Root) -> List[str]:
        """Every folder in which a link can enable a service."""
        raise NotImplementedError

    def enabling_links(self, root: Root, unit: str) -> List[str]:
        """The links that make a unit start at boot."""
        links = [f"{folder}/{unit}" for folder in self.link_folders(root)]
        return [link for link in links if root.status(link, follow=False) is not None]

    def disable(self, root: Root, unit: str, commands: Commands) -> None:
        """Remove the links that make a unit start at boot. Idempotent.

        Raises HostError if a link cannot be removed.
        """
        if root.is_live:
            for command in self.disable_commands(unit):
                commands.run(command, limit_s=_COMMAND_S)
        for link in self.enabling_links(root, unit):
            root.remove(link)

    def disable_commands(self, unit: str) -> List[List[str]]:  # noqa: ARG002 - for overriding
        """Commands that are run on a live system before the links are removed."""
        return []

    def restart(self, service: str, verb: str, commands: Commands) -> None:
        """Restart a running service, or apply another verb of systemctl; best effort."""
        for command in self.restart_commands(service, verb):
            commands.run(command, limit_s=_COMMAND_S)

    def restart_commands(self, service: str, verb: str) -> List[List[str]]:
        """The commands that `restart` runs."""
        raise NotImplementedError

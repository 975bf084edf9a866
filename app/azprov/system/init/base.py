"""What azprov has to know about an init system.

To support another one, add a module with a value of this class, name the value in
INIT_SYSTEMS of known.py, and put its service file into unit/.
"""

from typing import List, Sequence, Tuple

from ..commands import Commands
from ..root import Root

#: The name of azprov's service without the suffix that an init system may add.
SERVICE = "azure-provisioning"
MADE_FOLDERS_NOTE = "# Folders that `install` made and `uninstall` removes if they are empty.\n"

COMMAND_S = 30.0


class InitSystem:
    """An init system: how it is recognised, and how a service is installed and enabled."""

    #: As `install --init` takes it, and as people write it.
    name: str
    title: str

    #: The file name of azprov's service.
    unit: str
    #: Where `install` puts the service, and with which mode. If the service is a folder,
    #: `inner` is the path of the service file in it.
    folder: str
    inner = ""
    mode: int
    #: Other links that belong to the service, with their targets.
    parts: Tuple[Tuple[str, str], ...] = ()
    #: Another file that keeps the service enabled, and its text; empty if none is needed.
    preset = ""
    preset_text = ""
    #: Where the file of a service may be; the first file found is in effect. Includes `folder`.
    unit_folders: Tuple[str, ...]
    #: A link to the service in this folder enables it.
    link_folder: str
    #: What is between the name of a service and the interface that it is for.
    instance_mark = "@"
    #: Services linked in these folders start at boot; empty if units decide, see has_units.
    boot_folders: Tuple[str, ...] = ()

    #: Files of the init system that decide whether it starts the service.
    settings: Tuple[str, ...] = ()

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
    #: An empty one means that images differ too much.
    enable_command: str
    unmask_command = ""
    runs_inside = True

    @property
    def file(self) -> str:
        """The service file that `install` writes."""
        return self.file_in(self.folder)

    def file_in(self, folder: str) -> str:
        """The service file in a folder of services."""
        return f"{folder}/{self.unit}{self.inner}"

    @property
    def link(self) -> str:
        """The link that `install` makes to enable the service; `link_in` if the image decides."""
        return f"{self.link_folder}/{self.unit}"

    @property
    def target(self) -> str:
        """The path that this link leads to."""
        return f"{self.folder}/{self.unit}"

    def link_in(self, root: Root) -> str:  # noqa: ARG002 - for overriding
        """The link that enables the service in an image, whether or not it is there."""
        return self.link

    @property
    def package_folders(self) -> Tuple[str, ...]:
        """The folders in which a distribution's package puts a service file."""
        return tuple(folder for folder in self.unit_folders if folder != self.folder)

    @property
    def package_files(self) -> Tuple[str, ...]:
        """The service files that a distribution's package may have."""
        return tuple(map(self.file_in, self.package_folders))

    def can_read(self, service: str) -> bool:  # noqa: ARG002 - for overriding
        """Whether the text of a service file, at the right path, is for this init system."""
        return True

    def commands_in(self, service: str) -> List[List[str]]:
        """The commands in the text of a service file, each as a program and its arguments."""
        raise NotImplementedError

    def boot_folders_in(self, root: Root) -> Sequence[str]:  # noqa: ARG002 - for overriding
        """The boot folders of an image."""
        return self.boot_folders

    def service_of(self, entry: str) -> str:
        """The service that a name in a boot folder starts; empty if it starts none."""
        return entry

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

    def enable(self, root: Root, file: str = "") -> List[str]:
        """Make azprov's service start at boot, and return the paths that are new. Idempotent.

        `file` is the service file, if it may be that of a package.
        """
        link = self.link_in(root)
        is_of_package = file in self.package_files
        target = file[: len(file) - len(self.inner)] if is_of_package else self.target
        changed = [] if is_of_package else self.write_preset(root)
        if root.read_link(link) == target:
            return changed
        root.make_folders(link.rpartition("/")[0])
        root.link(link, target)
        return [*changed, link]

    def write_preset(self, root: Root) -> List[str]:
        """Write the preset of azprov's service if it has one, and return its path if it is new."""
        text = self.preset_text.encode("ascii")
        link = root.read_link(self.preset) if self.preset else None
        if not self.preset or (link is None and root.read(self.preset) == text):
            return []
        from ..planting import planter_of, root_of

        root.make_folders(self.preset.rpartition("/")[0])
        with root_of(root, planter_of(root, self.preset)) as user_root:
            # Writing would replace the file that a link leads to.
            if link is not None:
                user_root.remove(self.preset)
            user_root.write(self.preset, text, mode=0o644)
        return [self.preset]

    def waits_for_mounts(self, root: Root) -> bool:  # noqa: ARG002 - for overriding
        """Whether the boot ends in an emergency shell if a file system of fstab is missing."""
        return self.has_units

    def obstacle_in(self, root: Root) -> str:  # noqa: ARG002 - for overriding
        """The file because of which the enabled service does not start; empty without one."""
        return ""

    def forget(self, root: Root) -> None:
        """Remove azprov's service from files in which other services are, too. Idempotent."""

    def disable(self, root: Root, unit: str, commands: Commands) -> None:
        """Remove the links that make a unit start at boot. Idempotent.

        Raises HostError if a link cannot be removed.
        """
        if root.is_live:
            for command in self.disable_commands(unit):
                commands.run(command, limit_s=COMMAND_S)
        for link in self.enabling_links(root, unit):
            root.remove(link)

    def disable_commands(self, unit: str) -> List[List[str]]:  # noqa: ARG002 - for overriding
        """Commands that are run on a live system before the links are removed."""
        return []

    def restart(
        self,
        root: Root,  # noqa: ARG002 - for overriding
        service: str,
        verb: str,
        commands: Commands,
    ) -> None:
        """Restart a running service, or apply another verb of systemctl; best effort."""
        for command in self.restart_commands(service, verb):
            commands.run(command, limit_s=COMMAND_S)

    def restart_commands(self, service: str, verb: str) -> List[List[str]]:
        """The commands that `restart` runs."""
        raise NotImplementedError

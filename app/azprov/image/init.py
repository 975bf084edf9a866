"""The init systems that azprov has a service for, each as a value."""

from typing import NamedTuple, Tuple

from ..host.root import Root
from ..host.service import RUNLEVELS, SCRIPT_NAME, UNIT_FOLDER, UNIT_NAME

_NOTE = "# Folders that `install` made and `uninstall` takes away.\n"


class Init(NamedTuple):
    """Where a service goes, what starts it at boot, and how its text is written."""

    name: str
    unit: str
    folder: str
    #: Of the service's file.
    mode: int
    #: What is linked here is started at boot.
    link_folder: str
    #: The service file with the usual command, beside this module.
    shipped: str
    #: How the command stands in it; the fields are python and arguments.
    command: str
    #: What `provision` is always told there.
    arguments: Tuple[str, ...]
    #: What stands before the list of folders that were made, on the text's last line.
    note: str
    #: Where a distribution's own packages put theirs, if that is another folder.
    package_folders: Tuple[str, ...]
    #: An image that has one of these starts by it.
    programs: Tuple[str, ...]

    @property
    def file(self) -> str:
        return f"{self.folder}/{self.unit}"

    @property
    def link(self) -> str:
        return f"{self.link_folder}/{self.unit}"


SYSTEMD = Init(
    name="systemd",
    unit=UNIT_NAME,
    folder=UNIT_FOLDER,
    mode=0o644,
    link_folder=f"{UNIT_FOLDER}/multi-user.target.wants",
    shipped="azure-provisioning.service",
    command="ExecStart={python} {arguments}\n",
    arguments=(),
    # Sections whose names begin with "X-" are for others to keep notes in, systemd.unit(5).
    note=f"\n[X-azprov]\n{_NOTE}MadeFolders=",
    package_folders=("/usr/lib/systemd/system", "/lib/systemd/system"),
    programs=("/usr/lib/systemd/systemd", "/lib/systemd/systemd"),
)

OPENRC = Init(
    name="openrc",
    unit=SCRIPT_NAME,
    folder="/etc/init.d",
    mode=0o755,
    # As late as that so that the disks, syslog and the old host name are settled: the
    # runlevel boot has an order that every distribution makes up for itself.
    link_folder=f"{RUNLEVELS}/default",
    shipped="azure-provisioning.openrc",
    command='command="{python}"\ncommand_args="{arguments}"\n',
    arguments=("--unit", SCRIPT_NAME),
    note=f"\n{_NOTE}# MadeFolders=",
    package_folders=(),
    programs=tuple(f"{folder}/openrc-run" for folder in ("/sbin", "/usr/sbin", "/bin", "/usr/bin")),
)

INITS = {init.name: init for init in (SYSTEMD, OPENRC)}


def starts_by(root: Root, init: Init) -> bool:
    """Whether an image has that init system, by its files."""
    return any(root.status(program) is not None for program in init.programs)


def find_init(root: Root) -> Init:
    """The first that an image has; systemd where it has none that is known."""
    return next((init for init in INITS.values() if starts_by(root, init)), SYSTEMD)

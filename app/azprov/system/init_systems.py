"""The init systems that azprov has a service for, each as a value."""

import stat
from typing import NamedTuple, Optional, Tuple

from ..formats.host.config_syntax import uncommented
from .boot_service import RUNLEVELS, SCRIPT_NAME, UNIT_FOLDER, UNIT_NAME
from .root import Root

_FIRST_PROGRAMS = ("/sbin/init", "/etc/init", "/bin/init")
# Those that do what inittab says: sysvinit's own file, and busybox.
_BY_INITTAB = ("init", "sysvinit", "busybox")
_LARGEST_SCRIPT_BYTES = 1 << 16
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
    """What the kernel starts, else the first that an image has; systemd where it has none."""
    started = started_init(root, first_program(root))
    if started is not None:
        return started
    return next((init for init in INITS.values() if starts_by(root, init)), SYSTEMD)


def first_program(root: Root) -> str:
    """What the kernel starts, links resolved; empty where there is nothing.

    Source: kernel_init of Linux's init/main.c, which goes on to /bin/sh.
    """
    path = next((path for path in _FIRST_PROGRAMS if root.status(path) is not None), None)
    return "" if path is None else root.real_path(path)


def started_init(root: Root, program: str) -> Optional[Init]:
    """The init system that a program is, or leads to by inittab(5); None for another."""
    name = program.rpartition("/")[2]
    if name == "systemd" or _is_copy(root, program, SYSTEMD.programs):
        return SYSTEMD
    if name == "openrc-init" or (name.startswith(_BY_INITTAB) and _runs_openrc(root)):
        return OPENRC
    return None


def _is_copy(root: Root, path: str, originals: Tuple[str, ...]) -> bool:
    """Whether a file is as large as one of others, as a link that was followed leaves it."""
    statuses = [root.status(one) for one in (path, *originals)] if path else []
    sizes = [status and stat.S_ISREG(status.st_mode) and status.st_size for status in statuses]
    return bool(sizes and sizes[0]) and sizes[0] in sizes[1:]


def _runs_openrc(root: Root) -> bool:
    """Whether inittab calls OpenRC, as Alpine's does, or a script that does, as of Debian."""
    lines = uncommented(_text(root, "/etc/inittab") or "::sysinit:/etc/init.d/rcS")
    programs = [line.split(":", 3)[-1].split()[:1] for line in lines if line.count(":") >= 3]
    return any(
        program.endswith(("/openrc", "/sbin/rc"))
        or (program.startswith("/etc/") and "openrc" in _text(root, program))
        for words in programs
        for program in words
    )


def _text(root: Root, path: str) -> str:
    """A small file's text, empty for all else that may be there."""
    status = root.status(path)
    is_small = status and stat.S_ISREG(status.st_mode) and status.st_size <= _LARGEST_SCRIPT_BYTES
    content = root.read(path, limit_bytes=_LARGEST_SCRIPT_BYTES) if is_small else None
    return (content or b"").decode("utf-8", "replace")

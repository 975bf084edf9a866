"""OpenRC, started by openrc-init or by an inittab. Sources: openrc-run(8), inittab(5)."""

import stat
from typing import List

from ..root import Root
from .base import MADE_FOLDERS_NOTE, SERVICE, InitSystem

_RUNLEVELS = "/etc/runlevels"
_USUAL_PYTHON = "/usr/bin/python3"
# Init programs that do what inittab says: sysvinit's under two names, and busybox.
_READ_INITTAB = ("init", "sysvinit", "busybox")
_LARGEST_SCRIPT_BYTES = 1 << 16
# An inittab has one line that starts services, near its top.
_MOST_PROGRAMS = 50


class OpenRc(InitSystem):
    """OpenRC with its runlevels."""

    name, title = "openrc", "OpenRC"
    unit = SERVICE
    folder = "/etc/init.d"
    mode = 0o755
    unit_folders = ("/etc/init.d",)
    # In this runlevel the disks, syslog and the old host name are ready. The order in the
    # runlevel boot differs between distributions.
    link_folder = f"{_RUNLEVELS}/default"
    boot_folders = tuple(f"{_RUNLEVELS}/{level}" for level in ("sysinit", "boot", "default"))
    shipped = "azure-provisioning.openrc"
    command = 'command="{python}"\ncommand_args="{arguments}"\n'
    arguments = ("--unit", SERVICE)
    note = f"\n{MADE_FOLDERS_NOTE}# MadeFolders="
    programs = (
        "/sbin/openrc-run",
        "/usr/sbin/openrc-run",
        "/bin/openrc-run",
        "/usr/bin/openrc-run",
    )
    init_programs = ("/sbin/openrc-init", "/usr/sbin/openrc-init", "/usr/bin/openrc-init")
    enable_command = "rc-update add {service} default"

    def commands_in(self, service: str) -> List[List[str]]:
        import re

        arguments = re.search(r'^command_args="([^"]*)"', service, re.MULTILINE)
        return [[_interpreter(service), *(arguments.group(1).split() if arguments else [])]]

    def is_started_by(self, root: Root, program: str) -> bool:
        name = program.rpartition("/")[2]
        return name == "openrc-init" or (name.startswith(_READ_INITTAB) and _inittab_runs_it(root))

    def link_folders(self, root: Root) -> List[str]:
        return [f"{_RUNLEVELS}/{runlevel}" for runlevel in root.names(_RUNLEVELS)]

    def restart_commands(self, service: str, verb: str) -> List[List[str]]:
        # Another verb than "restart", such as "try-restart", starts nothing.
        condition = [] if verb == "restart" else ["--ifstarted"]
        return [["rc-service", *condition, service, "restart"]]


def _interpreter(script: str) -> str:
    """The first absolute path in a script that has the name of a Python."""
    import re

    # Each path, and the character after it.
    for path, end in re.findall(r"([A-Za-z0-9/._+-]+)([^A-Za-z0-9/._+-]?)", script):
        start = path.find("/")
        name = path.rpartition("/")[2]
        if start >= 0 and end in " \t\r\n\"'" and re.search(r"python3?[0-9.]*\Z", name):
            return str(path[start:])
    return _USUAL_PYTHON


def _inittab_runs_it(root: Root) -> bool:
    """Whether inittab starts OpenRC, as in Alpine, or a script that starts it, as in Debian."""
    from ...formats.host.config_syntax import uncommented

    lines = uncommented(_text(root, "/etc/inittab") or "::sysinit:/etc/init.d/rcS")
    commands = [line.split(":", 3)[-1].split()[:1] for line in lines if line.count(":") >= 3]
    programs = list(dict.fromkeys(program for words in commands for program in words))
    return any(
        program.endswith(("/openrc", "/sbin/rc"))
        or (program.startswith("/etc/") and "openrc" in _text(root, program))
        for program in programs[:_MOST_PROGRAMS]
    )


def _text(root: Root, path: str) -> str:
    """The text of a small regular file; empty for anything else."""
    status = root.status(path)
    is_small = status and stat.S_ISREG(status.st_mode) and status.st_size <= _LARGEST_SCRIPT_BYTES
    content = root.read(path, limit_bytes=_LARGEST_SCRIPT_BYTES) if is_small else None
    return (content or b"").decode("utf-8", "replace")


OPENRC = OpenRc()

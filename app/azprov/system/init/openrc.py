"""OpenRC, started by openrc-init or by an inittab. Source: openrc-run(8)."""

from typing import List

from ..root import Root
from .scripts import ScriptInit, inittab_programs, script_text

_RUNLEVELS = "/etc/runlevels"
# Init programs that do what inittab says: sysvinit's under two names, and busybox.
_READ_INITTAB = ("init", "sysvinit", "busybox")


class OpenRc(ScriptInit):
    """OpenRC with its runlevels."""

    name, title = "openrc", "OpenRC"
    folder = "/etc/init.d"
    unit_folders = ("/etc/init.d",)
    instance_mark = "."
    # In this runlevel the disks, syslog and the old host name are ready. The order in the
    # runlevel boot differs between distributions.
    link_folder = f"{_RUNLEVELS}/default"
    boot_folders = tuple(f"{_RUNLEVELS}/{level}" for level in ("sysinit", "boot", "default"))
    shipped = "azure-provisioning.openrc"
    programs = (
        "/sbin/openrc-run",
        "/usr/sbin/openrc-run",
        "/bin/openrc-run",
        "/usr/bin/openrc-run",
    )
    init_programs = ("/sbin/openrc-init", "/usr/sbin/openrc-init", "/usr/bin/openrc-init")
    enable_command = "rc-update add {service} default"

    def can_read(self, service: str) -> bool:
        return not service.startswith("#!/bin/sh")

    def is_started_by(self, root: Root, program: str) -> bool:
        name = program.rpartition("/")[2]
        return name == "openrc-init" or (name.startswith(_READ_INITTAB) and _inittab_runs_it(root))

    def link_folders(self, root: Root) -> List[str]:
        return [f"{_RUNLEVELS}/{runlevel}" for runlevel in root.names(_RUNLEVELS)]

    def restart_commands(self, service: str, verb: str) -> List[List[str]]:
        # Another verb than "restart", such as "try-restart", starts nothing.
        condition = [] if verb == "restart" else ["--ifstarted"]
        return [["rc-service", *condition, service, "restart"]]


def _inittab_runs_it(root: Root) -> bool:
    """Whether inittab starts OpenRC, as in Alpine, or a script that starts it, as in Debian."""
    return any(
        program.endswith(("/openrc", "/sbin/rc"))
        or (program.startswith("/etc/") and "openrc" in script_text(root, program))
        for program in inittab_programs(root)
    )


OPENRC = OpenRc()

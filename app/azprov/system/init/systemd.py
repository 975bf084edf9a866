"""systemd. Sources: systemd.unit(5), systemctl(1)."""

import logging
import stat
from typing import List, Mapping

from ..root import Root
from .base import MADE_FOLDERS_NOTE, SERVICE, InitSystem

# systemd may be busy, but its socket holds hundreds of messages.
_NOTIFY_S = 5.0

log = logging.getLogger(__name__)


class Systemd(InitSystem):
    """systemd as PID 1."""

    name = title = "systemd"
    unit = SERVICE + ".service"
    folder = "/etc/systemd/system"
    mode = 0o644
    # The last one differs from the third only if /usr is not merged.
    unit_folders = (
        "/etc/systemd/system",
        "/usr/local/lib/systemd/system",
        "/usr/lib/systemd/system",
        "/lib/systemd/system",
    )
    link_folder = "/etc/systemd/system/multi-user.target.wants"
    # At a first boot, which a missing or "uninitialized" machine-id announces, systemd applies
    # its presets, and may remove the links of every other service. The first line that matches
    # counts, in the order of the names of the files: systemd.preset(5).
    preset = "/etc/systemd/system-preset/00-azprov.preset"
    preset_text = f"# Keeps azprov enabled at a first boot. Written by azprov.\nenable {unit}\n"
    shipped = "azure-provisioning.service"
    command = "ExecStart={python} {arguments}\n"
    # systemd.unit(5): sections whose names begin with "X-" are for other programs.
    note = f"\n[X-azprov]\n{MADE_FOLDERS_NOTE}MadeFolders="
    programs = ("/usr/lib/systemd/systemd", "/lib/systemd/systemd")
    init_programs = programs
    has_units = True
    fills_empty_machine_id = True
    enable_command = "systemctl {root}enable {service}"
    unmask_command = "systemctl {root}unmask {service}"
    runs_inside = False

    def commands_in(self, service: str) -> List[List[str]]:
        from ...formats.host.config_syntax import parse_sections

        settings = parse_sections(service)
        lines = [setting.value.split() for setting in settings if setting.key == "ExecStart"]
        # Prefixes of systemd.service(5).
        return [[words[0].lstrip("-@:+!"), *words[1:]] for words in lines if words]

    def is_started_by(self, root: Root, program: str) -> bool:
        return program.rpartition("/")[2] == "systemd" or self._is_copy(root, program)

    def _is_copy(self, root: Root, program: str) -> bool:
        """Whether a file is as large as systemd, as if a link had been copied as a file."""
        statuses = [root.status(path) for path in (program, *self.programs)] if program else []
        sizes = [status and stat.S_ISREG(status.st_mode) and status.st_size for status in statuses]
        return bool(sizes and sizes[0]) and sizes[0] in sizes[1:]

    def unit_name(self, service: str) -> str:
        return f"{service}.service"

    def starting_units(self, service: str) -> List[str]:
        # Ubuntu 24.04 enables ssh.socket only, which starts ssh.service at the first connection.
        return [self.unit_name(service), f"{service}.socket"]

    def link_folders(self, root: Root) -> List[str]:
        return [
            f"{self.folder}/{name}"
            for name in root.names(self.folder)
            if name.endswith((".wants", ".requires"))
        ]

    def disable_commands(self, unit: str) -> List[List[str]]:
        # systemctl also knows links outside /etc. --no-reload: the running systemd need not
        # read its units again.
        return [["systemctl", "--no-reload", "disable", unit]]

    def restart_commands(self, service: str, verb: str) -> List[List[str]]:
        unit = self.unit_name(service)
        # After several failed starts, systemd refuses to start a service again.
        return [["systemctl", "reset-failed", unit], ["systemctl", "--no-block", verb, unit]]


SYSTEMD = Systemd()


def report_started(environment: Mapping[str, str]) -> None:
    """Report to systemd that this service has started, so that units after it may start.

    Nothing is done if systemd does not wait for that, and errors are only logged.
    Source: sd_notify(3).
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    from socket import AF_UNIX, SOCK_DGRAM, socket

    try:
        with socket(AF_UNIX, SOCK_DGRAM) as notified:
            notified.settimeout(_NOTIFY_S)
            notified.sendto(b"READY=1", address.replace("@", "\0", 1))
    except OSError as error:
        log.debug("could not report to systemd: %s", error)

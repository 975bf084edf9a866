"""s6 with a scan folder of the image, in which s6-svscan starts every service: s6-svscan(8).

s6-linux-init copies its scan folder from the image to /run at each boot, before it starts s6-rc
or another service manager:
https://skarnet.org/software/s6-linux-init/s6-linux-init-maker.html, read 2026-11-27. azprov is one
of these early services: those of s6-rc are compiled by a program, which `install` never runs. A
scan folder in /run that scripts of the image fill is refused.
"""

from typing import List, Optional, Sequence

from ..commands import Commands
from ..root import Root
from .base import COMMAND_S, SERVICE
from .scripts import SupervisedInit, script_text

_USUAL_FOLDER = "/etc/service"
# Where s6-linux-init-maker puts its files, unless the option -c names another folder.
_USUAL_BASE = "/etc/s6-linux-init/current"
_VOLATILE = ("/run/", "/dev/", "/var/run/")
# A path of thousands of folders would keep `install` busy.
_LONGEST_FOLDER = 255


class S6Init(SupervisedInit):
    """s6-svscan, which the program that the kernel starts becomes."""

    name = title = "s6"
    folder = "/etc/sv"
    # s6-supervise writes here, and / may be read-only.
    parts = tuple(
        (f"/etc/sv/{SERVICE}/{name}", f"/run/{SERVICE}.{name}") for name in ("supervise", "event")
    )
    unit_folders = ("/etc/sv",)
    link_folder = _USUAL_FOLDER
    shipped = "azure-provisioning.runit"
    init_programs = ("/sbin/init", "/usr/sbin/init", "/bin/init")
    programs = ("/bin/s6-svscan", "/usr/bin/s6-svscan")
    enable_command = ""

    def can_read(self, service: str) -> bool:
        return "supervise/" in service

    def is_started_by(self, root: Root, program: str) -> bool:
        return _scan_folder(root, script_text(root, program)) is not None

    def is_installed(self, root: Root) -> bool:
        # Its programs are in images that boot with another init system.
        return self._folder(root) is not None

    def link_folders(self, root: Root) -> List[str]:
        return [self._folder(root) or _USUAL_FOLDER]

    def boot_folders_in(self, root: Root) -> Sequence[str]:
        return self.link_folders(root)

    def link_in(self, root: Root) -> str:
        return f"{self.link_folders(root)[0]}/{SERVICE}"

    def _folder(self, root: Root) -> Optional[str]:
        there = (one for one in self.init_programs if root.status(one) is not None)
        program = next(there, None)
        return program and _scan_folder(root, script_text(root, root.real_path(program)))

    def restart(
        self,
        root: Root,
        service: str,
        verb: str,  # noqa: ARG002 - s6 itself starts a service again that has failed
        commands: Commands,
    ) -> None:
        for link in self.enabling_links(root, service):
            commands.run(["s6-svc", "-r", link], limit_s=COMMAND_S)


def _scan_folder(root: Root, script: str) -> Optional[str]:
    """The folder of the image with the services that a script starts; None without one."""
    lines = [line.split() for line in script.splitlines() if script.startswith("#!")]
    for words in reversed(lines):
        programs = {word.rpartition("/")[2] for word in words}
        if "s6-svscan" in programs:
            folder = words[-1].rstrip("/")
            return folder if _is_usable(folder) and not folder.startswith(_VOLATILE) else None
        if "s6-linux-init" in programs:
            base = [after.strip("\"'") for word, after in zip(words, words[1:]) if word == "-c"]
            folder = f"{(base or [_USUAL_BASE])[-1]}/run-image/service"
            return folder if _is_usable(folder) and root.status(folder) is not None else None
    return None


def _is_usable(folder: str) -> bool:
    return folder.startswith("/") and len(folder) <= _LONGEST_FOLDER


S6_INIT = S6Init()

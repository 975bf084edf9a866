"""dinit as PID 1, as in Chimera and Artix. Sources: dinit(8), dinit-service(5), dinitctl(8)."""

import re
from typing import List, Sequence

from ..root import Root
from .base import SERVICE
from .scripts import ScriptInit, script_text

_FOLDERS = ("/etc/dinit.d", "/usr/local/lib/dinit.d", "/usr/lib/dinit.d", "/lib/dinit.d")
# The folders in which links to services make the service `boot` start them.
_SETTING = re.compile(r"^[ \t]*waits-for\.d[ \t]*[:=][ \t]*(\S+)", re.MULTILINE)
_USUAL_FOLDER = "/etc/dinit.d/boot.d"
# More, or longer ones, would keep `install` busy.
_MOST_FOLDERS = 10
_LONGEST_FOLDER = 255


class Dinit(ScriptInit):
    """dinit, whose service `boot` starts the services that are linked in its folders."""

    name = title = "dinit"
    mode = 0o644
    folder = "/etc/dinit.d"
    unit_folders = _FOLDERS
    link_folder = _USUAL_FOLDER
    settings = tuple(f"{folder}/boot" for folder in _FOLDERS)
    shipped = "azure-provisioning.dinit"
    command = "{python} {arguments} 2>&1 |"
    init_programs = ("/sbin/dinit", "/usr/sbin/dinit", "/usr/bin/dinit", "/usr/bin/dinit-init")
    programs = init_programs
    enable_command = "ln -s ../{service} /etc/dinit.d/boot.d/"

    def can_read(self, service: str) -> bool:
        return bool(self.commands_in(service))

    def commands_in(self, service: str) -> List[List[str]]:
        lines = [line for line in service.splitlines() if line.startswith("command = ")]
        parts = [line.partition(" 2>&1 |") for line in lines]
        return [before.rpartition("; ")[2].split() for before, end, _ in parts if end]

    def is_started_by(self, root: Root, program: str) -> bool:
        is_dinit = program.rpartition("/")[2] in ("dinit", "dinit-init")
        return (is_dinit or _runs_dinit(script_text(root, program))) and self.is_installed(root)

    def is_installed(self, root: Root) -> bool:
        # It also starts the services of users, under any init system.
        return super().is_installed(root) and bool(self._boot_folders(root))

    def link_folders(self, root: Root) -> List[str]:
        return self._boot_folders(root) or [_USUAL_FOLDER]

    def boot_folders_in(self, root: Root) -> Sequence[str]:
        return self.link_folders(root)

    def link_in(self, root: Root) -> str:
        folders = self.link_folders(root)
        usual = _USUAL_FOLDER if _USUAL_FOLDER in folders else folders[0]
        return f"{usual}/{SERVICE}"

    def _boot_folders(self, root: Root) -> List[str]:
        folder = next((one for one in _FOLDERS if root.status(f"{one}/boot")), "")
        found = _SETTING.findall(script_text(root, f"{folder}/boot")) if folder else []
        # A path is relative to the folder of the service.
        paths = [one if one.startswith("/") else f"{folder}/{one}" for one in found]
        return [one for one in paths if len(one) <= _LONGEST_FOLDER][:_MOST_FOLDERS]

    def restart_commands(self, service: str, verb: str) -> List[List[str]]:
        # Another verb than "restart", such as "try-restart", starts nothing.
        restart = ["dinitctl", "--no-wait", "restart", "--ignore-unstarted", service]
        return [
            restart,
            *([["dinitctl", "--no-wait", "start", service]] if verb == "restart" else []),
        ]


def _runs_dinit(script: str) -> bool:
    """Whether a script becomes dinit."""
    lines = [line.split() for line in script.splitlines() if script.startswith("#!")]
    return any(
        words[0] == "exec" and "dinit" in [word.rpartition("/")[2] for word in words[1:]]
        for words in lines
        if words
    )


DINIT = Dinit()

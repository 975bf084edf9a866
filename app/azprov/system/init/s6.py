"""s6 with a scan folder of the image, in which s6-svscan starts every service: s6-svscan(8).

The services of s6-rc are compiled by a program, which `install` never runs. A scan folder in
/run is filled at each boot by scripts of the image. Both are refused.
"""

from typing import List, Optional, Sequence

from ..commands import Commands
from ..root import Root
from .base import COMMAND_S, SERVICE
from .scripts import SupervisedInit, script_text

_USUAL_FOLDER = "/etc/service"
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
        return _scan_folder(script_text(root, program)) is not None

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
        return program and _scan_folder(script_text(root, root.real_path(program)))

    def restart(
        self,
        root: Root,
        service: str,
        verb: str,  # noqa: ARG002 - s6 itself starts a service again that has failed
        commands: Commands,
    ) -> None:
        for link in self.enabling_links(root, service):
            commands.run(["s6-svc", "-r", link], limit_s=COMMAND_S)


def _scan_folder(script: str) -> Optional[str]:
    """The folder that a script gives to s6-svscan; None if it is empty at each boot."""
    lines = [line.split() for line in script.splitlines() if script.startswith("#!")]
    given = [words for words in lines if "s6-svscan" in {word.rpartition("/")[2] for word in words}]
    folder = given[-1][-1].rstrip("/") if given else ""
    is_usable = folder.startswith("/") and len(folder) <= _LONGEST_FOLDER
    return folder if is_usable and not folder.startswith(_VOLATILE) else None


S6_INIT = S6Init()

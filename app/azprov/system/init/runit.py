"""runit as PID 1, as in Void, Artix and Devuan. Sources: runit(8), runsvdir(8), runsv(8)."""

from typing import List

from ..root import Root
from .base import SERVICE
from .scripts import SupervisedInit, script_of, script_text

_SETS = "/etc/runit/runsvdir"
_FILE_SYSTEMS = "/etc/runit/core-services/03-filesystems.sh"
_DEFAULT = f"{_SETS}/default"
# What runsvdir watches without sets of services, as in runit's own documentation.
_WATCHED = ("/etc/service", "/service")


class Runit(SupervisedInit):
    """runit with its three stages; the second one runs runsvdir."""

    name = title = "runit"
    folder = "/etc/sv"
    # runsv writes here, and / may be read-only.
    parts = ((f"/etc/sv/{SERVICE}/supervise", f"/run/{SERVICE}.supervise"),)
    unit_folders = ("/etc/sv", "/etc/runit/sv", "/usr/share/runit/sv")
    link_folder = _DEFAULT
    # As in dhcpcd-eth0 of Void.
    instance_mark = "-"
    # Debian's runit also runs the scripts of System V that are not services of runit.
    boot_folders = (_DEFAULT, *_WATCHED, "/etc/rcS.d", "/etc/rc2.d")
    shipped = "azure-provisioning.runit"
    init_programs = ("/sbin/runit-init", "/usr/sbin/runit-init", "/usr/bin/runit-init")
    programs = init_programs
    enable_command = "ln -s /etc/sv/{service} /etc/runit/runsvdir/default/"

    def can_read(self, service: str) -> bool:
        return "supervise/" in service

    def is_started_by(self, root: Root, program: str) -> bool:  # noqa: ARG002 - the name suffices
        return program.rpartition("/")[2] in ("runit", "runit-init")

    def link_in(self, root: Root) -> str:
        links = self.enabling_links(root, SERVICE)
        found = [one for one in (_DEFAULT, *_WATCHED) if root.status(one) is not None]
        return links[0] if links else f"{[*found, _DEFAULT][0]}/{SERVICE}"

    def waits_for_mounts(self, root: Root) -> bool:
        # In Void, `mount -a || emergency_shell`.
        return "|| emergency_shell" in script_text(root, _FILE_SYSTEMS)

    def service_of(self, entry: str) -> str:
        return script_of(entry) or entry

    def link_folders(self, root: Root) -> List[str]:
        sets = [f"{_SETS}/{name}" for name in root.names(_SETS) if name != "current"]
        # A link to a set is not a second folder.
        return sets + [one for one in _WATCHED if root.real_path(one, allow_missing=True) == one]

    def restart_commands(self, service: str, verb: str) -> List[List[str]]:
        # Another verb than "restart", such as "try-restart", starts nothing.
        return [["sv", verb, service]]


RUNIT = Runit()

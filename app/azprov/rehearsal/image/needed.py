"""The programs that rehearsals of an image run on this machine."""

import shutil
from typing import Dict, NamedTuple, Sequence

from ...errors import HostError
from ...system.commands import FOLDERS
from .qemu_command import ARM, X86


class Needed(NamedTuple):
    """A program, and the packages that have it in Debian and Ubuntu, and in Fedora."""

    program: str
    debian: str
    fedora: str


#: What every rehearsal of an image needs, and what a folder needs.
ALWAYS = (
    Needed("dnsmasq", "dnsmasq-base", "dnsmasq"),
    Needed("ssh", "openssh-client", "openssh-clients"),
    Needed("ssh-keygen", "openssh-client", "openssh"),
)
FOR_A_FOLDER = (
    Needed("systemd-nspawn", "systemd-container", "systemd-container"),
    Needed("unshare", "util-linux", "util-linux"),
)
#: What a disk file needs, and its emulator by the processor of the image.
FOR_A_DISK = (Needed("qemu-img", "qemu-utils", "qemu-img"),)
EMULATORS = {
    X86: Needed("qemu-system-x86_64", "qemu-system-x86", "qemu-system-x86-core"),
    ARM: Needed("qemu-system-aarch64", "qemu-system-arm", "qemu-system-aarch64-core"),
}


def find_programs(needed: Sequence[Needed], folders: Sequence[str] = FOLDERS) -> Dict[str, str]:
    """The path of each program by its name. Raises HostError that names all missing ones."""
    found = {one.program: shutil.which(one.program, path=":".join(folders)) for one in needed}
    missing = [one for one in needed if found[one.program] is None]
    if missing:
        debian = " ".join(sorted({one.debian for one in missing}))
        fedora = " ".join(sorted({one.fedora for one in missing}))
        raise HostError(
            f"a rehearsal of this image needs {', '.join(one.program for one in missing)}",
            f"install the missing programs: apt-get install {debian}, or dnf install {fedora}",
        )
    return {name: path for name, path in found.items() if path is not None}

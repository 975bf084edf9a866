"""The machine of a rehearsal: a scratch folder with the files that a first boot reads."""

import os
from typing import Dict

from ..host.root import Root
from ..host.service import UNIT_FOLDER, UNIT_NAME, enabling_links
from .scenarios import IMAGE_NAME

_WANTS = f"{UNIT_FOLDER}/multi-user.target.wants"
_DMI = "/sys/class/dmi/id"


class Machine:
    """A VM from a fresh image, below a folder that has to be empty."""

    def __init__(self, folder: str) -> None:
        self.root = Root(folder)
        for path in ("/etc", "/var/lib", _DMI, _WANTS):
            self.root.make_folders(path)
        self.root.write("/etc/hostname", IMAGE_NAME.encode("ascii") + b"\n")
        self.root.write("/etc/hosts", b"127.0.0.1\tlocalhost\n127.0.1.1\timage\n")
        self.root.write(f"{UNIT_FOLDER}/{UNIT_NAME}", b"[Service]\n")

    def prepare_boot(self, vm_id: str) -> None:
        """Give the machine its firmware's id, and enable the service."""
        self.root.write(f"{_DMI}/product_uuid", vm_id.upper().encode("ascii") + b"\n")
        self.root.link(f"{_WANTS}/{UNIT_NAME}", f"{UNIT_FOLDER}/{UNIT_NAME}")

    @property
    def hostname(self) -> str:
        return (self.root.read("/etc/hostname") or b"").decode("ascii").strip()

    @property
    def is_disabled(self) -> bool:
        return not enabling_links(self.root, UNIT_NAME)

    def files(self) -> Dict[str, str]:
        """Every file and link, by its path, with its content or target."""
        found: Dict[str, str] = {}
        for folder, _, names in os.walk(self.root.path):
            for name in names:
                path = os.path.join(folder, name)
                inside = path[len(self.root.path) :]
                link = self.root.read_link(inside)
                content = (self.root.read(inside) or b"").decode("utf-8", "replace")
                found[inside] = content if link is None else f"-> {link}"
        return found

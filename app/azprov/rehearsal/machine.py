"""The VM of a rehearsal: a scratch folder with the files that a first boot reads."""

import os
from typing import Dict

from ..errors import HostError
from ..formats.host.passwd import NOBODY
from ..system.init import SYSTEMD
from ..system.root import Root
from ..system.user_database import find_account
from .scenario import IMAGE_NAME

_DMI = "/sys/class/dmi/id"

# A new account gets the ids of the user who rehearses, because only root may give files
# to another user.
_FIRST_UID, _FIRST_GID = os.geteuid() or 1000, os.getegid() or 1000
_FILES = {
    "/etc/hostname": f"{IMAGE_NAME}\n",
    "/etc/hosts": "127.0.0.1\tlocalhost\n127.0.1.1\timage\n",
    SYSTEMD.file: "[Service]\n",
    "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
    "/etc/shadow": "root:*:19000:0:99999:7:::\n",
    "/etc/group": "root:x:0:\n",
    # Directory servers give numbers above 60000, the default of UID_MAX.
    "/etc/login.defs": f"UID_MIN {_FIRST_UID}\nUID_MAX {_FIRST_UID + 9}\n"
    f"GID_MIN {_FIRST_GID}\nGID_MAX {_FIRST_GID + 9}\n",
    "/etc/skel/.profile": "# ~/.profile\n",
    "/usr/bin/sudo": "",
    "/etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n",
}
_FOLDERS = (
    "/var/lib",
    _DMI,
    SYSTEMD.link_folder,
    "/etc/skel",
    "/etc/ssh/sshd_config.d",
    "/etc/sudoers.d",
    "/usr/bin",
    # Only a VM of generation 2 has it; its firmware has the VM id in the platform's form.
    "/sys/firmware/efi",
)


def require_person() -> None:
    """Raises HostError if the admin user of a VM cannot have the ids of the user who rehearses."""
    if _FIRST_UID == NOBODY:
        raise HostError(
            f"the rehearsed admin user gets the caller's UID, and {NOBODY} is not a person's",
            "run azprov.pyz rehearse as another user",
        )


class Machine:
    """A VM from a fresh image, in a folder that must be empty."""

    def __init__(self, folder: str) -> None:
        os.chmod(folder, 0o755)  # noqa: S103 - the mode of "/"
        self.root = Root(folder)
        for path in _FOLDERS:
            self.root.make_folders(path)
        for path, content in _FILES.items():
            self.root.write(path, content.encode("ascii"))

    def prepare_boot(self, vm_id: str) -> None:
        """Set the VM id of the firmware, and enable the service."""
        self.root.write(f"{_DMI}/product_uuid", vm_id.upper().encode("ascii") + b"\n")
        self.root.link(SYSTEMD.link, SYSTEMD.file)

    @property
    def hostname(self) -> str:
        return (self.root.read("/etc/hostname") or b"").decode("ascii").strip()

    @property
    def is_disabled(self) -> bool:
        return not SYSTEMD.enabling_links(self.root, SYSTEMD.unit)

    def keys_of(self, name: str) -> int:
        """The number of authorized keys of a user; 0 if there is no such account."""
        account = find_account(self.root, name)
        if account is None:
            return 0
        keys = self.root.read(f"{account.home}/.ssh/authorized_keys") or b""
        return len(keys.splitlines())

    def files(self) -> Dict[str, str]:
        """The content of every file and the target of every link, by path."""
        found: Dict[str, str] = {}
        for folder, _, names in os.walk(self.root.path):
            for name in names:
                path = os.path.join(folder, name)
                inside = path[len(self.root.path) :]
                link = self.root.read_link(inside)
                content = (self.root.read(inside) or b"").decode("utf-8", "replace")
                found[inside] = content if link is None else f"-> {link}"
        return found

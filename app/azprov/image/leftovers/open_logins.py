"""Logins that stay possible after deprovision, because a setting of the image allows them.

deprovision removes passwords and keys. It only names these logins: such a setting may be
intended, and no file says who has the key of a CA, or a password in a directory.
"""

from typing import Callable, Iterator, List, Tuple

from ...errors import HostError
from ...formats.text import printable
from ...system.root import Root
from ...system.user_database import PASSWD, read_user_file
from .logins_after_boot import find_after_boot, find_unmounted_homes
from .logins_at_boot import find_at_boot, find_in_init
from .logins_by_console import find_on_consoles
from .logins_by_first_boot_tools import find_by_first_boot_tools
from .logins_by_name_services import find_in_name_services
from .logins_by_pam import find_in_pam
from .logins_by_sshd import find_in_key_files, find_in_settings
from .logins_by_sshd_options import find_in_options
from .logins_elsewhere import find_elsewhere
from .logins_in_initramfs import find_in_initramfs
from .open_login import OpenLogin


def find_open_logins(root: Root, *, beyond_check: bool = True) -> List[OpenLogin]:
    """The logins that stay possible; a file that cannot be read may allow one.

    `beyond_check` adds what `check` leaves out: a shell in place of an init system, for which it
    has rules, and homes on a disk of the image that is not mounted.
    """
    found: List[OpenLogin] = []
    searches: Tuple[Callable[[Root], Iterator[OpenLogin]], ...] = (
        find_in_settings,
        find_in_key_files,
        find_in_options,
        find_in_name_services,
        _users_of_musl,
        find_elsewhere,
        find_by_first_boot_tools,
        find_on_consoles,
        find_at_boot,
        find_after_boot,
        find_in_initramfs,
        find_in_pam,
    )
    for search in (*searches, *([find_in_init, find_unmounted_homes] if beyond_check else [])):
        try:
            found += search(root)
        except HostError as error:
            what = f"{error.summary}, so it is unknown who else can log in"
            hint = error.hint or "check the file and its file system"
            found.append(OpenLogin(what, hint, is_unread=True))
    return list(dict.fromkeys(found))


def _users_of_musl(root: Root) -> Iterator[OpenLogin]:
    """Lines of passwd that glibc ignores, and that are users for musl's getpwent()."""
    if not any(name.startswith("ld-musl-") for name in root.names("/lib")):
        return
    text = read_user_file(root, PASSWD).decode("utf-8", "replace")
    for number, line in enumerate(text.split("\n"), start=1):
        fields = line.split(":")
        if len(fields) == 7 and fields[0][:1] in ("#", "+", "-") and fields[2].isdigit():
            yield OpenLogin(
                f"{printable(fields[0])} may be able to log in, because musl treats line {number} "
                f"of {root.outside(PASSWD)} as a user",
                "if there should be no such user, remove that line",
            )

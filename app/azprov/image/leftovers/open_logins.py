"""Logins that stay possible after deprovision, because a setting of the image allows them.

deprovision removes passwords and keys. It only names these logins: such a setting may be
intended, and no file says who has the key of a CA, or a password in a directory.

Sources: nss-systemd(8), agetty(8), and inittab(5) of sysvinit and busybox; read 2026-11-27.
"""

import re
from typing import Callable, Iterator, List, Tuple

from ...errors import HostError
from ...formats.patterns import matches
from ...system.init import SYSTEMD
from ...system.root import Root
from .logins_by_name_services import find_in_name_services
from .logins_by_pam import find_in_pam
from .logins_by_sshd import find_in_options, find_in_settings
from .open_login import OpenLogin, text_of, unit_files

_RECORD_FOLDERS = (
    "/etc/userdb",
    "/usr/local/lib/userdb",
    "/usr/lib/userdb",
    "/var/lib/systemd/home",
)
_RECORDS = ("*.user", "*.user-privileged", "*.identity")
# agetty, mingetty and busybox's getty: a user's name, or a program in place of login.
_GETTY = re.compile(r"getty\b")
_AUTOLOGIN = re.compile(r"\s(--autologin|-[A-Za-z]*a|--login-program|-[A-Za-z]*l)\b")
_SHELL = re.compile(r"-?(?:/\S*/)?(?:a|ba|da|z|k)?sh(?:\s.*)?|\S*login\s(?:.*\s)?-f\b.*")
_INITTAB = "/etc/inittab"
_DEBUG_SHELL = "debug-shell.service"


def find_open_logins(root: Root) -> List[OpenLogin]:
    """The logins that stay possible; a file that cannot be read may allow one."""
    found: List[OpenLogin] = []
    searches: Tuple[Callable[[Root], Iterator[OpenLogin]], ...] = (
        find_in_settings,
        find_in_options,
        find_in_name_services,
        _user_records,
        _consoles,
        find_in_pam,
    )
    for search in searches:
        try:
            found += search(root)
        except HostError as error:
            what = f"{error.summary}, so it is unknown who else can log in"
            hint = error.hint or "check the file and its file system"
            found.append(OpenLogin(what, hint, is_unread=True))
    return list(dict.fromkeys(found))


def _user_records(root: Root) -> Iterator[OpenLogin]:
    for folder in _RECORD_FOLDERS:
        for name in root.names(folder):
            if any(matches(name, pattern) for pattern in _RECORDS):
                path = root.outside(f"{folder}/{name}")
                yield OpenLogin(
                    f"a user may log in with the password or keys in the user record {path}",
                    f"if the user should not, remove {path}",
                )


def _consoles(root: Root) -> Iterator[OpenLogin]:
    """Consoles that need no password. Azure's serial console reaches them, too."""
    for path in unit_files(root, "*getty*"):
        for line in text_of(root, path).split("\n"):
            if line.lstrip().startswith("ExecStart") and _logs_in(line):
                yield _on_console(root, path)
    for line in text_of(root, _INITTAB).split("\n"):
        fields = [] if line.startswith("#") else line.split(":", 3)
        is_started = len(fields) > 3 and fields[2] in ("respawn", "askfirst", "ondemand")
        if is_started and (_SHELL.fullmatch(fields[3]) or _logs_in(fields[3])):
            yield _on_console(root, _INITTAB)
    for folder in SYSTEMD.link_folders(root):
        if root.read_link(f"{folder}/{_DEBUG_SHELL}") is not None:
            yield _on_console(root, f"{folder}/{_DEBUG_SHELL}")


def _logs_in(command: str) -> bool:
    """Whether a command is a getty that asks for no name or no password."""
    getty = _GETTY.search(command)
    return getty is not None and _AUTOLOGIN.search(command, getty.end()) is not None


def _on_console(root: Root, path: str) -> OpenLogin:
    return OpenLogin(
        f"anyone at a console can log in without a password, because of {root.outside(path)}",
        f"if that is not intended, remove the setting from {root.outside(path)}",
    )

"""Users and keys that an image has only after a boot, so deprovision cannot see them.

Sources: sysusers.d(5), fstab(5), systemd.mount(5); read 2026-11-27.
"""

import re
from bisect import bisect_left
from typing import Dict, Iterator, List, Optional, Set, Tuple

from ...formats.host.passwd import Account, has_login_shell
from ...system.mounts import mount_points_in
from ...system.root import Root
from ...system.sshd.authorized_keys import holds_keys, keys_paths
from ...system.typed_paths import edited
from ...system.user_database import read_all_accounts
from .logins_by_console import unit_files
from .matching import matching_paths
from .open_login import OpenLogin
from .setting_lines import setting_lines

_SYSUSERS = ("/etc/sysusers.d", "/usr/local/lib/sysusers.d", "/usr/lib/sysusers.d")
# shlex copies the word for each character that it adds.
_WORD = re.compile(r"\"[^\"]*\"|'[^']*'|\S+")
_FSTAB = "/etc/fstab"
# The user of deprovision mounts the disks of an image. Another folder or a server is not seen, and
# neither are homes on a disk that was left out.
_DISKS = ("/dev/", "LABEL=", "UUID=", "PARTLABEL=", "PARTUUID=", "ID=")
_LOCAL_KINDS = ("ramfs", "swap", "tmpfs", "zfs")


def find_after_boot(root: Root) -> Iterator[OpenLogin]:
    """The lines that create users with keys, or hide homes and /etc. Raises HostError."""
    yield from _users(root)
    accounts = read_all_accounts(root)
    homes = [account.home for account in accounts if has_login_shell(account)]
    folders = list(dict.fromkeys(["/etc", "/home", "/root", *homes]))
    folders += [root.real_path(one) for one in folders if root.status(one) is not None]
    folders = sorted(f"{folder.rstrip('/')}/" for folder in folders)
    for path, number, device, where, kind, options in _mounts(root):
        is_seen = kind in _LOCAL_KINDS or device.startswith(_DISKS)
        is_examined = is_seen and "bind" not in options
        if is_examined or not _hides_logins(where.rstrip("/"), folders):
            continue
        if not _is_mounted(root, where):
            yield _unexamined(root, path, number)


def find_unmounted_homes(root: Root) -> Iterator[OpenLogin]:
    """The lines that mount homes on a disk that is not mounted now. Raises HostError.

    A disk that the boot does not wait for is one of a VM, and not of the image.
    """
    for path, number, _, where, _, options in _mounts(root):
        is_of_homes = where.rstrip("/") in ("/home", "/root", "/var/home")
        is_needed = "nofail" not in options and "noauto" not in options
        if is_of_homes and is_needed and not root.is_live and not root.names(where):
            yield _unexamined(root, path, number)


def _unexamined(root: Root, path: str, number: int) -> OpenLogin:
    return OpenLogin(
        f"someone may be able to log in, because line {number} of {root.outside(path)} mounts a "
        "folder with users or keys that was not examined",
        "check the passwords and keys in what is mounted there, or remove that mount",
    )


def _is_mounted(root: Root, where: str) -> bool:
    is_there = root.is_live and root.status(where) is not None
    return is_there and where in mount_points_in(root, where)


def users_made_at_boot(root: Root) -> Set[str]:
    """The names of the users that systemd-sysusers creates if they are missing."""
    return {account.name for account, _, _ in _made_at_boot(root)}


def _made_at_boot(root: Root) -> Iterator[Tuple[Account, str, int]]:
    """Each user of sysusers.d, with the file and the line."""
    for folder in _SYSUSERS:
        for path in matching_paths(root, folder, "*.conf"):
            for number, line in setting_lines(root, path):
                account = _account(line)
                if account is not None:
                    yield account, path, number


def _users(root: Root) -> Iterator[OpenLogin]:
    accounts: List[Account] = []
    lines: Dict[str, Tuple[str, int]] = {}
    known = {account.name for account in read_all_accounts(root)}
    for account, path, number in _made_at_boot(root):
        if account.name not in known:
            accounts.append(account)
            lines.setdefault(account.name, (path, number))
    for user, paths in keys_paths(root, accounts) if accounts else ():
        if user is not None and any(holds_keys(root, path) for path in paths):
            path, number = lines[user.name]
            yield OpenLogin(
                f"a user with authorized SSH keys is created at boot, because of line {number} of "
                f"{root.outside(path)}",
                f"if the user should not log in, remove the keys below {edited(root, user.home)}",
            )


def _account(line: str) -> Optional[Account]:
    """The user of a line such as: u ops 1500 "Operators" /srv/ops /bin/bash."""
    words = [word.strip("\"'") for word in _WORD.findall(line)]
    if len(words) < 2:
        return None
    kind, name, *rest = words
    if kind.rstrip("!+-") != "u":
        return None
    home = rest[2] if len(rest) > 2 and rest[2].startswith("/") else "/"
    return Account(name, 0, 0, home, "")


def _mounts(root: Root) -> Iterator[Tuple[str, int, str, str, str, str]]:
    """Each mount: its file and line, the device, the mount point, the kind and the options."""
    for number, line in setting_lines(root, _FSTAB):
        device, where, kind, options = [*line.split(), "", "", "", ""][:4]
        yield _FSTAB, number, device, where.replace("\\040", " "), kind, options
    for unit, path in unit_files(root, ".mount"):
        settings: Dict[str, str] = {}
        first = 0
        for number, line in setting_lines(root, path):
            key, _, value = line.partition("=")
            settings[key.strip()] = value.strip()
            first = number if key.strip() == "What" else first
        where = settings.get("Where") or f"/{unit.rpartition('.')[0].replace('-', '/')}"
        if first:
            kind, options = settings.get("Type", ""), settings.get("Options", "")
            yield path, first, settings["What"], where, kind, options


def _hides_logins(where: str, folders: List[str]) -> bool:
    """Whether a mount point is at or above one of the sorted folders, or in /etc."""
    if not where.startswith("/"):
        return False
    first = bisect_left(folders, f"{where}/")
    is_above = first < len(folders) and folders[first].startswith(f"{where}/")
    return is_above or where.startswith("/etc/") or "/.ssh" in where

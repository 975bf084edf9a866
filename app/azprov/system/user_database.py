"""The users and groups that a machine knows, in /etc/passwd and by other name services.

On a live machine getent(1) asks all name services of nsswitch.conf(5). In an image, and
without getent, azprov reads only the services with files in the form of /etc/passwd.
"""

import re
from typing import Iterator, List, Optional, Set, Tuple

from ..formats.host.passwd import Account, parse_accounts, parse_groups
from .commands import Commands
from .root import Root

PASSWD, SHADOW = "/etc/passwd", "/etc/shadow"
GROUP, GSHADOW = "/etc/group", "/etc/gshadow"

# SUSE ships the second one; glibc reads it if the first one is missing.
_SWITCHES = ("/etc/nsswitch.conf", "/usr/etc/nsswitch.conf")
# nss-altfiles (Fedora CoreOS, Flatcar) and libnss-extrausers (Ubuntu Core).
_FOLDERS = {"altfiles": "/usr/lib", "extrausers": "/var/lib/extrausers"}
#: The folders with a passwd, shadow, group or gshadow of some name service.
USER_FOLDERS = ("/etc", *_FOLDERS.values())
# The other name services are clients of a server. mymachines knows the users of containers.
_LOCAL = {"files", "compat", "db", "systemd", "mymachines", *_FOLDERS}
#: sssd, as a name service and as a module of PAM. Fedora names it also where it has no settings.
SSS = "sss"
_SSSD_CONF, _SSSD_FOLDER = "/etc/sssd/sssd.conf", "/etc/sssd/conf.d"
# A directory server may have many users, and may not answer yet at boot.
_GETENT_S = 20.0
# Enough for a machine with a line for every employee of a large company.
_LIMIT_BYTES = 64 << 20


def read_user_file(root: Root, path: str) -> bytes:
    """The content of passwd, shadow, group or gshadow; empty if it is missing.

    Raises HostError.
    """
    return root.read(path, limit_bytes=_LIMIT_BYTES) or b""


def read_accounts(root: Root) -> List[Account]:
    """The accounts in /etc/passwd of the root. Raises HostError."""
    return parse_accounts(read_user_file(root, PASSWD))


def read_all_accounts(root: Root) -> List[Account]:
    """The accounts in all files in the form of /etc/passwd, even of unused name services.

    Raises HostError.
    """
    files = (read_user_file(root, f"{folder}/passwd") for folder in USER_FOLDERS)
    return [account for file in files for account in parse_accounts(file)]


def find_account(root: Root, name: str) -> Optional[Account]:
    """The account of that name in /etc/passwd of the root. Raises HostError."""
    return _named(read_accounts(root), name)


def find_listed_account(root: Root, name: str) -> Optional[Account]:
    """The account of that name in /etc/passwd, or in a file that nsswitch.conf names.

    Raises HostError.
    """
    files = (read_user_file(root, path) for path in _files(root, "passwd"))
    return next(filter(None, (_named(parse_accounts(file), name) for file in files)), None)


def look_up_account(root: Root, name: str, commands: Commands) -> Optional[Account]:
    """The account of that name, by every name service that can be asked. Raises HostError."""
    account = find_listed_account(root, name)
    if account is None and root.is_live:
        account = _named(parse_accounts(_getent(commands, "passwd", name)), name)
    return account


def find_group(root: Root, name: str, commands: Commands) -> Optional[int]:
    """The GID of the group of that name. Raises HostError."""
    groups = map(parse_groups, _contents(root, "group", commands, key=name))
    return next((group[name] for group in groups if name in group), None)


def used_ids(root: Root, commands: Commands) -> Tuple[Set[int], Set[int]]:
    """The UIDs and the GIDs of all users and groups that can be listed. Raises HostError."""
    uids: Set[int] = set()
    gids: Set[int] = set()
    for passwd in _contents(root, "passwd", commands):
        for account in parse_accounts(passwd):
            uids.add(account.uid)
            gids.add(account.gid)
    for group in _contents(root, "group", commands):
        gids.update(parse_groups(group).values())
    return uids, gids


def read_shadow_of(root: Root, name: str, commands: Commands) -> bytes:
    """A shadow file with the account's line, if any name service has one. Raises HostError."""
    key = f"{name}:".encode("utf-8", "surrogateescape")
    for shadow in _contents(root, "shadow", commands, key=name):
        if any(line.startswith(key) for line in shadow.split(b"\n")):
            return shadow
    return b""


def find_directory(root: Root) -> Optional[str]:
    """The name service of a live machine that asks a server for users; None without one."""
    return next(iter(directories(root)), None) if root.is_live else None


def directories(root: Root) -> List[str]:
    """The name services of nsswitch.conf that ask a server for users or their passwords.

    Raises HostError.
    """
    return [
        word
        for word in dict.fromkeys([*_services(root, "passwd"), *_services(root, "shadow")])
        if word not in _LOCAL and (word != SSS or has_sssd_settings(root))
    ]


def has_sssd_settings(root: Root) -> bool:
    """Whether sssd has settings, without which it knows no user. Raises HostError."""
    return root.status(_SSSD_CONF) is not None or bool(root.names(_SSSD_FOLDER))


def _contents(root: Root, kind: str, commands: Commands, *, key: str = "") -> Iterator[bytes]:
    """What each file and getent know of all users or groups, or of one."""
    for path in _files(root, kind):
        yield read_user_file(root, path)
    if root.is_live:
        yield _getent(commands, kind, *([key] if key else []))


def _files(root: Root, kind: str) -> List[str]:
    """The files for passwd, shadow or group. nsswitch.conf names no folder of a service."""
    folders = [_FOLDERS[word] for word in _services(root, kind) if word in _FOLDERS]
    return [f"{folder}/{kind}" for folder in ["/etc", *folders]]


def switch_file(root: Root) -> str:
    """The file that names the name services. Raises HostError."""
    return next((path for path in _SWITCHES if root.status(path) is not None), _SWITCHES[0])


def names_service(root: Root, word: str) -> bool:
    """Whether nsswitch.conf names a name service for users or passwords. Raises HostError."""
    return word in _services(root, "passwd") or word in _services(root, "shadow")


def _services(root: Root, kind: str) -> List[str]:
    """The name services for passwd, shadow or group in nsswitch.conf, without actions.

    The rules of glibc's nss_database.c differ from nsswitch.conf(5): no colon is needed, a #
    inside a line is a word, and glibc 2.34 uses the last line of a kind, earlier versions the
    first one. So all lines count.
    """
    found: List[str] = []
    for line in (root.read(switch_file(root)) or b"").decode("utf-8", "replace").split("\n"):
        name, *rest = re.split(r"[\s:]", line.strip(), maxsplit=1)
        if name.lower() == kind:
            found += re.sub(r"\[[^][]*\]|[#:]", " ", "".join(rest)).split()
    return list(dict.fromkeys(found))


def _getent(commands: Commands, *words: str) -> bytes:
    return commands.output(["getent", *words], limit_s=_GETENT_S) or b""


def _named(accounts: List[Account], name: str) -> Optional[Account]:
    return next((account for account in accounts if account.name == name), None)

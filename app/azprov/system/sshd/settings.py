"""sshd's settings on a machine: its own file, with included files in their place.

Source: servconf.c and openbsd-compat/glob.c of OpenSSH 10, read 2026-11-27.
"""

import fnmatch
import os
import re
import stat
from typing import Iterator, List, Optional, Tuple

from ...formats.host.sshd_config import (
    Setting,
    for_every_connection,
    for_user,
    parse_sshd_config,
)
from ..commands import Commands
from ..root import Root
from .server import SSH_FOLDER, config_file

_SSHD = ("/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd")
# A made-up login: sshd before 9.4 wants every value that a Match line asks for.
_LOGIN = "host=192.0.2.1,addr=192.0.2.1,laddr=192.0.2.2,lport=22"
_ANSWER_S = 10.0
# sshd refuses to start with more Includes inside each other.
_DEEPEST_INCLUDE = 16
_MOST_INCLUDED = 1000
_MAGIC = re.compile(r"[*?\[\\]")


def read_settings(root: Root, *, matches: bool = False) -> List[Setting]:
    """The settings for every connection; with `matches` also those inside a Match block.

    Raises HostError.
    """
    path = config_file(root)
    if path is None:
        return []
    settings = list(_Reader(root).read(path, (), 0))
    return settings if matches else for_every_connection(settings)


def settings_of_logins(root: Root, user: str, commands: Commands) -> List[Setting]:
    """The settings for the logins of a user, in their order of precedence.

    On a live machine they are sshd's own answer, if it gives one. Raises HostError.
    """
    answer = ask_sshd(root, user, commands)
    return for_user(read_settings(root, matches=True), user) if answer is None else answer


def ask_sshd(root: Root, user: str, commands: Commands) -> Optional[List[Setting]]:
    """The settings that `sshd -T` prints for a login of that user; None if it prints none.

    Below another root no program is run. -T fails without host keys or /run/sshd; sshd
    9.3 and later have -G, which needs neither.
    """
    sshd = next((path for path in _SSHD if root.status(path) is not None), None)
    if sshd is None or not root.is_live:
        return None
    for option in ("-T", "-G"):
        command = [sshd, option, "-C", f"user={user},{_LOGIN}"]
        answer = commands.output(command, limit_s=_ANSWER_S)
        if answer:
            return list(parse_sshd_config(answer))
    return None


class _Reader:
    """Reads a file of settings and those that it includes, up to a bound."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._included = 0

    def read(self, path: str, match: Tuple[str, ...], depth: int) -> Iterator[Setting]:
        for setting in parse_sshd_config(self._root.read(path) or b""):
            within = match + setting.match
            if setting.keyword != "include":
                yield setting._replace(match=within, path=path)
            elif depth < _DEEPEST_INCLUDE:
                for pattern in setting.values:
                    for included in included_files(self._root, pattern):
                        self._included += 1
                        if self._included <= _MOST_INCLUDED:
                            yield from self.read(included, within, depth + 1)


def included_files(root: Root, pattern: str) -> List[str]:
    """The files that an Include line means, in sshd's order: that of their bytes."""
    if not pattern.startswith(("/", "~")):
        pattern = f"{SSH_FOLDER}/{pattern}"
    paths = [""]
    for part in filter(None, pattern.split("/")):
        if _MAGIC.search(part):
            paths = [
                f"{path}/{name}"
                for path in paths
                for name in root.names(path or "/")
                if _matches(name, part)
            ]
        else:
            paths = [f"{path}/{part}" for path in paths]
    return sorted((path for path in paths if _is_file(root, path)), key=os.fsencode)


def _matches(name: str, pattern: str) -> bool:
    """Whether sshd's glob finds a name: only a dot in the pattern matches a first dot."""
    if name.startswith(".") and not pattern.startswith("."):
        return False
    # In Python's patterns, brackets make a character literal.
    return fnmatch.fnmatchcase(name, re.sub(r"\\(.)", r"[\1]", pattern))


def _is_file(root: Root, path: str) -> bool:
    status = root.status(path)
    return status is not None and stat.S_ISREG(status.st_mode)

"""sshd's settings on a machine: its own file, with included files in their place.

Source: servconf.c and openbsd-compat/glob.c of OpenSSH 10, read 2026-11-27.
"""

import os
import re
from itertools import islice
from typing import Dict, Iterator, List, Optional, Set, Tuple

from ...errors import HostError
from ...formats.bounds import COMPARED, INCLUDED_FILES, INCLUDED_SETTINGS, SSHD_BYTES
from ...formats.host.sshd_config import (
    Setting,
    for_every_connection,
    for_user,
    parse_sshd_config,
)
from ...formats.patterns import matches
from ..commands import Commands
from ..root import Root
from .server import SSH_FOLDER, config_file

_SSHD = ("/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd", "/sbin/sshd")
# A made-up login: sshd before 9.4 wants every value that a Match line asks for.
_LOGIN = "host=192.0.2.1,addr=192.0.2.1,laddr=192.0.2.2,lport=22"
_ANSWER_S = 10.0
# sshd refuses to start with more Includes inside each other.
_DEEPEST_INCLUDE = 16
# The names that patterns of Include lines are compared with.
_MOST_NAMES = 5_000
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
    """Reads a file of settings and those that it includes, up to a bound.

    Within the same Match blocks a file is read once: sshd uses the first value of a keyword,
    or adds up the values, so a second time changes nothing.
    """

    def __init__(self, root: Root) -> None:
        self._root = root
        self._settings: Dict[str, List[Setting]] = {}
        self._read: Set[Tuple[str, Tuple[str, ...]]] = set()
        self._count = 0
        self._bytes_left = SSHD_BYTES
        self._names = _Names(root)

    def read(self, path: str, match: Tuple[str, ...], depth: int) -> Iterator[Setting]:
        if (path, match) in self._read:
            return
        self._read.add((path, match))
        own: Tuple[str, ...] = ()
        within = match
        for setting in self._parsed(path):
            if setting.match is not own:
                own, within = setting.match, match + setting.match
            if len(within) > COMPARED:
                raise HostError(
                    f"a Match block in {self._root.outside(path)} has more than {COMPARED} words",
                    "shorten that file",
                )
            if setting.keyword != "include":
                yield setting._replace(match=within, path=path)
            elif depth < _DEEPEST_INCLUDE:
                for pattern in setting.values:
                    for included in self._names.matching(pattern):
                        yield from self.read(included, within, depth + 1)

    def _parsed(self, path: str) -> List[Setting]:
        """The settings of one file. Raises HostError above the bound, without parsing the rest."""
        if path not in self._settings:
            content = self._root.read(path, limit_bytes=SSHD_BYTES) or b""
            self._bytes_left -= len(content)
            if self._bytes_left < 0:
                raise _too_many(self._root)
            most = INCLUDED_SETTINGS + 1
            self._settings[path] = list(islice(parse_sshd_config(content), most))
        self._count += len(self._settings[path])
        if len(self._read) > INCLUDED_FILES or self._count > INCLUDED_SETTINGS:
            raise _too_many(self._root)
        return self._settings[path]


class _Names:
    """Finds the files that Include lines mean, up to a bound."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._left = _MOST_NAMES

    def matching(self, pattern: str) -> List[str]:
        """The files that a pattern means, in sshd's order: that of their bytes."""
        if not pattern.startswith(("/", "~")):
            pattern = f"{SSH_FOLDER}/{pattern}"
        paths = [""]
        for part in filter(None, pattern.split("/")):
            if _MAGIC.search(part):
                paths = [
                    f"{path}/{name}"
                    for path in paths
                    for name in self._in(path or "/")
                    if _matches(name, part)
                ]
            else:
                paths = [f"{path}/{part}" for path in paths]
        self._spend(len(paths))
        return sorted(filter(self._root.is_file, paths), key=os.fsencode)

    def _in(self, folder: str) -> List[str]:
        names = self._root.names(folder)
        self._spend(len(names) + 1)
        return names

    def _spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise _too_many(self._root)


def included_files(root: Root, pattern: str) -> List[str]:
    """The files that an Include line means, in sshd's order. Raises HostError above the bound."""
    return _Names(root).matching(pattern)


def _too_many(root: Root) -> HostError:
    return HostError(
        f"sshd's settings in {root} are too many, or their Include lines lead to too many files",
        "shorten that file",
    )


def _matches(name: str, pattern: str) -> bool:
    """Whether sshd's glob finds a name: only a dot in the pattern matches a first dot."""
    if name.startswith(".") and not pattern.startswith("."):
        return False
    # In Python's patterns, brackets make a character literal.
    return matches(name, re.sub(r"\\(.)", r"[\1]", pattern))

"""sshd's settings on a machine: its own file, with included files in their place."""

import fnmatch
from typing import Iterator, List, Tuple

from ...formats.host.sshd_config import Setting, for_every_connection, parse_sshd_config
from ..root import Root
from .server import SSH_FOLDER, config_file

_MOST_INCLUDES = 16


def read_settings(root: Root, *, matches: bool = False) -> List[Setting]:
    """The settings for every connection; with `matches` also those inside a Match block.

    Raises HostError.
    """
    path = config_file(root)
    if path is None:
        return []
    settings = list(_with_includes(root, path, (), _MOST_INCLUDES))
    return settings if matches else for_every_connection(settings)


def _with_includes(root: Root, path: str, match: Tuple[str, ...], depth: int) -> Iterator[Setting]:
    for setting in parse_sshd_config(root.read(path) or b""):
        within = match + setting.match
        if setting.keyword != "include":
            yield setting._replace(match=within, path=path)
        elif depth:
            for pattern in setting.values:
                for included in _included_files(root, pattern):
                    yield from _with_includes(root, included, within, depth - 1)


def _included_files(root: Root, pattern: str) -> List[str]:
    path = pattern if pattern.startswith("/") else f"{SSH_FOLDER}/{pattern}"
    folder, _, name = path.rpartition("/")
    return [f"{folder}/{held}" for held in root.names(folder) if fnmatch.fnmatchcase(held, name)]

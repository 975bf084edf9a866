"""Removing what `install` put into an image or a machine, and nothing else."""

import stat
from contextlib import suppress
from typing import List, NamedTuple, Sequence

from ..errors import HostError
from ..system.administrator import DOAS_FILE, SUDOERS_FILE
from ..system.init.known import INIT_SYSTEMS
from ..system.root import Root
from ..system.sshd.passwords import DROP_IN, without_own_lines
from ..system.sshd.server import CONFIGS
from ..system.state import STATE_FOLDER
from .location import USUAL_LOCATION, location
from .service_file import made_folders, program_of, read_service


def uninstall(root: Root, removed: List[str]) -> None:
    """Remove azprov under every init system, and append the removed paths. Idempotent.

    A service or command of the same name that is not azprov's is kept. Raises HostError; then
    the paths in `removed` are gone anyway.
    """
    places = list(dict.fromkeys([USUAL_LOCATION, location(root)]))
    folders = [place.program.rpartition("/")[0] for place in places]
    files = []
    for init in INIT_SYSTEMS:
        service = read_service(root, init)
        folders += made_folders(service or "", init)
        if service is not None and program_of(service) in [place.program for place in places]:
            links = [*init.enabling_links(root, init.unit), *(path for path, _ in init.parts)]
            links += [init.preset] if init.preset else []
            removed.extend(link for link in links if root.remove(link))
            init.forget(root)
            files.append(init.file)
    for place in places:
        if root.read_link(place.command) == place.program and root.remove(place.command):
            removed.append(place.command)
        # A package may have another path of azprov, but not a service of `install`.
        if (files or place == USUAL_LOCATION) and root.remove(place.program):
            removed.append(place.program)
    # The service file has the list of folders, so it is removed after them. Then its own
    # folders are empty, too.
    _remove_empty(root, folders)
    removed.extend(file for file in files if root.remove(file))
    _remove_empty(root, folders)


def take_back(root: Root, folders: Sequence[str]) -> None:
    """Remove what an unfinished first installation wrote, and the folders that it made.

    What cannot be removed stays: the caller reports why the installation failed.
    """
    with suppress(HostError):
        uninstall(root, [])
        _remove_empty(root, folders)


class Kept(NamedTuple):
    """A file or folder of a first boot that `uninstall` keeps, because it is in use."""

    path: str
    #: The end of a sentence that begins with the path: what it does, and how to remove it.
    what: str


def find_kept(root: Root) -> List[Kept]:
    """What a first boot or `deprovision` made, and `uninstall` keeps. Raises HostError."""
    rights = "gives the admin user administrator rights"
    state = "records the finished steps of this VM and the UIDs of removed users"
    kept = [
        Kept(path, f"{what}; to remove it: {command} {root.outside(path)}")
        for path, what, command in (
            (SUDOERS_FILE, rights, "rm"),
            (DOAS_FILE, rights, "rm"),
            (DROP_IN, "makes sshd refuse passwords", "rm"),
            (STATE_FOLDER, state, "rm -r"),
        )
        if root.status(path, follow=False) is not None
    ]
    for path in CONFIGS:
        content = root.read(path) or b""
        if without_own_lines(content) != content:
            what = (
                "has lines of azprov that make sshd refuse passwords; to remove them: delete each "
                "comment that begins with # azprov:, and the lines below it that it explains"
            )
            kept.append(Kept(path, what))
    return kept


def _remove_empty(root: Root, folders: Sequence[str]) -> None:
    # In reverse order a folder comes before its parents.
    for folder in sorted(folders, reverse=True):
        status = root.status(folder, follow=False)
        # A link or file at this path replaced the folder of `install`, and is kept.
        if status is not None and stat.S_ISDIR(status.st_mode) and not root.names(folder):
            root.remove(folder)

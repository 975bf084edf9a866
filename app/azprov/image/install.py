"""Putting azprov and its boot service into an image or a machine, and taking them out.

No program of the image is run, and none of the machine: systemctl would say
what is enabled here, and a chroot needs an image of this processor.
"""

import logging
import os
import stat
from typing import List, Optional, Sequence

from ..errors import HostError
from ..system.init import INIT_SYSTEMS, InitSystem
from ..system.root import Root
from ..system.root.entry import Owner
from .service_file import (
    PYZ,
    made_folders,
    own_service,
    program_of,
    with_made_folders,
    without_made_folders,
)

COMMAND_LINK = "/usr/local/bin/azprov"
_PYZ_FOLDER = "/usr/local/lib/azprov"

log = logging.getLogger(__name__)


def install(
    root: Root, archive: bytes, unit: str, *, init: InitSystem, enable: bool, force: bool
) -> List[str]:
    """Install, idempotently; returns the paths that are new or changed.

    Raises HostError, before anything is changed, if there is another unit or
    command of that name, or the unit is masked, unless `force` replaces it.
    """
    old = _old_unit(root, init)
    if not force:
        _refuse_foreign(root, old, unit, init)
    wanted = [_PYZ_FOLDER, "/usr/local/bin", init.folder, *([init.link_folder] if enable else [])]
    lacking = _lacking(root, wanted)
    folders = made_folders(old or "", init)
    folders += [folder for folder in lacking if folder not in folders]
    noted = with_made_folders(unit, folders, init=init).encode("utf-8")
    root.make_folders(init.folder, owner=_owner())
    if root.read_link(init.file) is not None:
        root.remove(init.file)
    # Before they are made, for the power may go in between; else last, for what it starts.
    is_noted = bool(lacking) and _write(root, init.file, noted, mode=init.mode)
    for folder in wanted:
        root.make_folders(folder, owner=_owner())
    changed = []
    if _write(root, PYZ, archive, mode=0o755):
        changed.append(PYZ)
    if _link(root, COMMAND_LINK, PYZ):
        changed.append(COMMAND_LINK)
    if _write(root, init.file, noted, mode=init.mode) or is_noted:
        changed.append(init.file)
    if _link(root, init.link, init.file) if enable else root.remove(init.link):
        changed.append(init.link)
    return changed


def uninstall(root: Root) -> List[str]:
    """Take out what `install` put in, and no more; returns the paths that went.

    A file or link of the same name that is not azprov's stays. Raises HostError.
    """
    removed = []
    folders = [_PYZ_FOLDER]
    files = []
    for init in INIT_SYSTEMS:
        unit = _old_unit(root, init)
        folders += made_folders(unit or "", init)
        if unit is not None and program_of(unit) == PYZ:
            removed += [link for link in init.enabling_links(root, init.unit) if root.remove(link)]
            files.append(init.file)
    if root.read_link(COMMAND_LINK) == PYZ and root.remove(COMMAND_LINK):
        removed.append(COMMAND_LINK)
    if root.remove(PYZ):
        removed.append(PYZ)
    # The note of the folders goes when they are gone, all but those that it lies in itself.
    _remove_empty(root, folders)
    removed += [file for file in files if root.remove(file)]
    _remove_empty(root, folders)
    return removed


def _remove_empty(root: Root, folders: Sequence[str]) -> None:
    # A folder sorts behind the one that it lies in.
    for folder in sorted(folders, reverse=True):
        status = root.status(folder, follow=False)
        # One that became a link or a file since then is somebody else's.
        if status is not None and stat.S_ISDIR(status.st_mode) and not root.names(folder):
            root.remove(folder)


def _old_unit(root: Root, init: InitSystem) -> Optional[str]:
    if root.read_link(init.file) is not None:
        return None
    content = root.read(init.file)
    return None if content is None else content.decode("utf-8", "replace")


def _refuse_foreign(root: Root, old: Optional[str], unit: str, init: InitSystem) -> None:
    """Raises HostError for what `install` would replace and did not write itself."""
    link = root.read_link(init.file)
    place = root.outside(init.file)
    hint = "look at it, and replace it with --force if it is not needed"
    if link is not None:
        what = "is masked" if link == "/dev/null" else f"is a link to {link}"
        raise HostError(f"{place} {what}", hint)
    if old is not None and without_made_folders(old, init) != unit:
        if program_of(old) is not None:
            raise HostError(
                f"{place} is azprov's own service with other options, of another version or edited",
                "--force replaces it",
            )
        raise HostError(f"{place} is another service than the one to install", hint)
    if old is None:
        for folder in init.package_folders:
            path = f"{folder}/{init.unit}"
            if own_service(root, init) == path:
                raise HostError(
                    f"azprov is there already, with the service {root.outside(path)} of a package",
                    "enable that one, or take the package out first",
                )
            if root.status(path) is not None:
                raise HostError(f"{root.outside(path)} is a service of the same name", hint)
    if root.status(COMMAND_LINK, follow=False) and root.read_link(COMMAND_LINK) != PYZ:
        raise HostError(f"{root.outside(COMMAND_LINK)} is another command", hint)


def _lacking(root: Root, folders: Sequence[str]) -> List[str]:
    """Those of the folders, and of the ones that they lie in, that are to be made."""
    lacking: List[str] = []
    for folder in folders:
        names = folder.split("/")
        for count in range(2, len(names) + 1):
            path = "/".join(names[:count])
            if path not in lacking and root.status(path) is None:
                lacking.append(path)
    return lacking


def _owner() -> Optional[Owner]:
    """Root's, for what root is to run at every boot; only root can give files to anybody."""
    return (0, 0) if os.geteuid() == 0 else None


def _write(root: Root, path: str, content: bytes, *, mode: int) -> bool:
    status = root.status(path, follow=False)
    owner = _owner()
    if (
        status is not None
        and (status.st_mode & 0o7777, status.st_size) == (mode, len(content))
        and owner in (None, (status.st_uid, status.st_gid))
        and root.read(path, limit_bytes=len(content)) == content
    ):
        return False
    root.write(path, content, mode=mode, owner=owner)
    return True


def _link(root: Root, path: str, target: str) -> bool:
    if root.read_link(path) == target:
        return False
    root.link(path, target)
    return True

"""Putting azprov and its boot service into an image or a machine, and taking them out.

No program of the image is run, and none of the machine: systemctl would say
what is enabled here, and a chroot needs an image of this processor.
"""

import logging
from typing import List, Optional

from ..errors import HostError
from ..host.root import Root
from ..host.service import UNIT_FOLDER, UNIT_NAME, enabling_links
from .unit import PYZ, made_folders, with_made_folders, without_made_folders

COMMAND_LINK = "/usr/local/bin/azprov"
UNIT_FILE = f"{UNIT_FOLDER}/{UNIT_NAME}"
WANTS_FOLDER = f"{UNIT_FOLDER}/multi-user.target.wants"

# Where a distribution's own packages put theirs.
_DISTRIBUTION_UNITS = ("/usr/lib/systemd/system", "/lib/systemd/system")
_PYZ_FOLDER = "/usr/local/lib/azprov"

log = logging.getLogger(__name__)


def install(root: Root, archive: bytes, unit: str, *, enable: bool, force: bool) -> List[str]:
    """Install, idempotently; returns the paths that are new or changed.

    Raises HostError, before anything is changed, if there is another unit or
    command of that name, or the unit is masked, unless `force` replaces it.
    """
    old = _old_unit(root)
    if not force:
        _refuse_foreign(root, old, unit)
    folders = made_folders(old or "")
    for folder in (_PYZ_FOLDER, "/usr/local/bin", UNIT_FOLDER, WANTS_FOLDER):
        if folder != WANTS_FOLDER or enable:
            folders += root.make_folders(folder)
    changed = []
    if _write(root, PYZ, archive, mode=0o755):
        changed.append(PYZ)
    if _link(root, COMMAND_LINK, PYZ):
        changed.append(COMMAND_LINK)
    if root.read_link(UNIT_FILE) is not None:
        root.remove(UNIT_FILE)
    if _write(root, UNIT_FILE, with_made_folders(unit, folders).encode("utf-8"), mode=0o644):
        changed.append(UNIT_FILE)
    wants = f"{WANTS_FOLDER}/{UNIT_NAME}"
    if _link(root, wants, UNIT_FILE) if enable else root.remove(wants):
        changed.append(wants)
    return changed


def uninstall(root: Root) -> List[str]:
    """Take out what `install` put in, and no more; returns the paths that went.

    A file or link of the same name that is not azprov's stays. Raises HostError.
    """
    removed = []
    unit = _old_unit(root)
    folders = made_folders(unit or "")
    if unit is not None and PYZ in unit:
        removed += [link for link in enabling_links(root, UNIT_NAME) if root.remove(link)]
        if root.remove(UNIT_FILE):
            removed.append(UNIT_FILE)
    if root.read_link(COMMAND_LINK) == PYZ and root.remove(COMMAND_LINK):
        removed.append(COMMAND_LINK)
    if root.remove(PYZ):
        removed.append(PYZ)
    for folder in [*reversed(folders), _PYZ_FOLDER]:
        if not root.names(folder):
            root.remove(folder)
    return removed


def _old_unit(root: Root) -> Optional[str]:
    if root.read_link(UNIT_FILE) is not None:
        return None
    content = root.read(UNIT_FILE)
    return None if content is None else content.decode("utf-8", "replace")


def _refuse_foreign(root: Root, old: Optional[str], unit: str) -> None:
    """Raises HostError for what `install` would replace and did not write itself."""
    link = root.read_link(UNIT_FILE)
    place = root.outside(UNIT_FILE)
    hint = "look at it, and replace it with --force if it is not needed"
    if link is not None:
        what = "is masked" if link == "/dev/null" else f"is a link to {link}"
        raise HostError(f"{place} {what}", hint)
    if old is not None and without_made_folders(old) != unit:
        if PYZ in old:
            raise HostError(
                f"{place} is azprov's own service with other options, of another version or edited",
                "--force replaces it",
            )
        raise HostError(f"{place} is another service than the one to install", hint)
    if old is None:
        for folder in _DISTRIBUTION_UNITS:
            if root.status(f"{folder}/{UNIT_NAME}") is not None:
                raise HostError(
                    f"{root.outside(folder)}/{UNIT_NAME} is a service of the same name", hint
                )
    if root.status(COMMAND_LINK, follow=False) and root.read_link(COMMAND_LINK) != PYZ:
        raise HostError(f"{root.outside(COMMAND_LINK)} is another command", hint)


def _write(root: Root, path: str, content: bytes, *, mode: int) -> bool:
    status = root.status(path, follow=False)
    if status is not None and status.st_mode & 0o7777 == mode and root.read(path) == content:
        return False
    root.write(path, content, mode=mode)
    return True


def _link(root: Root, path: str, target: str) -> bool:
    if root.read_link(path) == target:
        return False
    root.link(path, target)
    return True

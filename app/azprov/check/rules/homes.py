"""Whether the folders of homes are safe, and open to the users of the first boot."""

import stat
from typing import Dict, Iterator, Optional, Set

from ...formats.host.config_syntax import uncommented
from ...formats.host.passwd import Account
from ...image.leftovers.catalogue_of_logs import TEMPORARY_FOLDERS
from ...image.service_file import user_of_keys
from ...system.folder_of_homes import ENTER, OWN, Obstacle, find_obstacle
from ...system.homes import HOMES
from ...system.init import SYSTEMD
from ...system.mounts import mount_unit
from ...system.root.paths import ancestry
from ..facts.accounts import find_account
from ..facts.azprov_service import installed_options
from ..facts.files import read_once
from ..facts.fstab import read_fstab
from ..facts.image import Image
from ..finding import ERROR, WARNING, Check, Finding, Rule

_TMPFILES = ("/etc/tmpfiles.d", "/usr/local/lib/tmpfiles.d", "/usr/lib/tmpfiles.d")

HOMES_WRITABLE = Rule(
    "homes-writable",
    WARNING,
    "users other than root can write to the parent folder of a home that the first boot uses",
    "let only root write to it, with chmod go-w",
)
HOMES_UNUSABLE = Rule(
    "homes-unusable",
    ERROR,
    "the parent folder of a home that the first boot uses is closed to users, belongs to another "
    "user, or is not a folder, so the user cannot log in",
    "make it a folder of root that users may enter",
)


def check_homes_are_safe(image: Image) -> Iterator[Finding]:
    """Find a parent folder of homes in which anyone can make a folder with the name of a home."""
    for folder in _folders(image):
        status = image.root.status(folder) if _obstacle(image, folder) is None else None
        others = stat.S_IWOTH | (stat.S_IWGRP if status and status.st_gid else 0)
        if status is not None and status.st_mode & others:
            fix = f"chmod go-w {image.typed(folder)}"
            if image.root.real_path(folder) in TEMPORARY_FOLDERS:
                fix = "give that user a home in a folder that is not for temporary files"
            yield HOMES_WRITABLE.found(
                f"{image.shown(folder)} has the mode {stat.S_IMODE(status.st_mode):04o}, so other "
                "users can make folders with the names of homes that do not exist yet",
                fix,
            )


def check_homes_can_be_used(image: Image) -> Iterator[Finding]:
    """Find a parent folder that keeps a user from having a home: no key would let that user in."""
    for folder, account in _folders(image).items():
        obstacle = _obstacle(image, folder)
        if obstacle is not None:
            user = "the deployed user" if account is None else account.name
            is_changed = obstacle.command == ENTER and obstacle.path in _in_tmpfiles(image)
            yield HOMES_UNUSABLE.found(
                f"{image.shown(obstacle.path)} {obstacle.cause}, so {user} cannot log in with the "
                "keys that the first boot adds"
                + (", unless systemd-tmpfiles changes the mode first" if is_changed else ""),
                _fix(obstacle, image.typed(obstacle.path, follow=False)),
                severity=WARNING if is_changed else "",
            )


def _fix(obstacle: Obstacle, path: str) -> str:
    if obstacle.command == ENTER:
        return f"chmod a+x {path}"
    if obstacle.command == OWN:
        return f"if no one else needs that folder: chown root: {path}"
    return f"make {path} a folder"


@read_once
def _folders(image: Image) -> Dict[str, Optional[Account]]:
    """The folders of the homes of the first boot, each with its user; None is the deployed user."""
    options = installed_options(image)
    folders: Dict[str, Optional[Account]] = {}
    user = user_of_keys(options)
    account = find_account(image, user) if user else None
    if account is not None and account.home.rpartition("/")[0]:
        folders[account.home.rpartition("/")[0]] = account
    if "--admin-user" in options:
        folders[HOMES] = None
    return folders


def _obstacle(image: Image, folder: str) -> Optional[Obstacle]:
    """What keeps the user of the first boot out of a folder; None if a mount may change that."""
    obstacle = find_obstacle(image.root, folder, _folders(image)[folder])
    if obstacle is None or _is_mounted(image, obstacle.path):
        return None
    if obstacle.is_missing:
        target = image.root.real_path(folder, allow_missing=True)
        if _is_mounted(image, target) or not _in_tmpfiles(image).isdisjoint(ancestry(target)):
            return None
    return obstacle


def _is_mounted(image: Image, path: str) -> bool:
    """Whether the image mounts a file system at a path or above it, except for /."""
    above = list(ancestry(path))
    units = [f"{folder}/{mount_unit(one)}" for one in above for folder in SYSTEMD.unit_folders]
    mounts = [mount.path.rstrip("/") for mount in read_fstab(image)]
    return any(mount in above for mount in mounts) or image.is_there(*units)


def _in_tmpfiles(image: Image) -> Set[str]:
    """The paths that systemd-tmpfiles makes or changes at boot."""
    files = image.layered(list(_TMPFILES), ".conf")
    lines = [line.split() for file in files for line in uncommented(image.text(file))]
    return {word.rstrip("/") for line in lines for word in line[1:2]}


CHECKS = (
    Check(check_homes_are_safe, (HOMES_WRITABLE,)),
    Check(check_homes_can_be_used, (HOMES_UNUSABLE,)),
)

"""Whether users other than root can change what root runs at boot: azprov and its service."""

import os
from typing import Iterator

from ...formats.host.passwd import members, parse_accounts
from ...system.user_database import GROUP, PASSWD
from ..facts.azprov_service import installed_program, own_file
from ..facts.image import Image
from ..finding import WARNING, Check, Finding, Rule

PROGRAM_UNGUARDED = Rule(
    "program-unguarded",
    WARNING,
    "users other than root can change azprov or its service, which root runs at the first boot",
    "give the files and their folders to root, and let no one else write to them",
)


def check_owners(image: Image) -> Iterator[Finding]:
    """Find a program, service or folder of theirs that users other than root can change.

    Files of the ordinary user who made the image count as root's: they become
    root's when the image is packed.
    """
    service = own_file(image)
    if service is None:
        return
    maker = image.root.status("/")
    program = installed_program(image)
    folder = _folder(program)
    owned, writable = [], []
    for path in (program, folder, _folder(folder), service, _folder(service)):
        status = image.root.status(path)
        if status is None or maker is None:
            continue
        # A pasted command would follow a link out of the image.
        real = image.root.real_path(path)
        if status.st_uid not in (0, maker.st_uid):
            owned.append(real)
        if _is_writable(image, status, maker):
            writable.append(real)
    shown = [image.shown(path) for path in dict.fromkeys([*owned, *writable])]
    fixes = [
        " ".join([command, *map(image.typed, paths)])
        for command, paths in (("chown root:root", owned), ("chmod go-w", writable))
        if paths
    ]
    if shown:
        yield PROGRAM_UNGUARDED.found(
            f"users other than root can change {' and '.join(shown)}, and so choose what root "
            "runs at the first boot",
            " && ".join(fixes),
        )


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _is_writable(image: Image, status: os.stat_result, maker: os.stat_result) -> bool:
    """Whether the mode lets others write. A group without members, as Debian's staff, is safe."""
    if status.st_mode & 0o002:
        return True
    if not status.st_mode & 0o020 or status.st_gid in (0, maker.st_gid):
        return False
    accounts = parse_accounts(image.content(PASSWD))
    return bool(members(image.content(GROUP), status.st_gid)) or any(
        account.gid == status.st_gid for account in accounts
    )


CHECKS = (Check(check_owners, (PROGRAM_UNGUARDED,)),)

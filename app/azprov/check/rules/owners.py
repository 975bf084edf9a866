"""Whether others than root could change what root runs at every boot: azprov, and its service."""

import os
from typing import Iterator

from ...formats.host.passwd import members, parse_accounts
from ...system.accounts import GROUP, PASSWD
from ..facts.azprov_service import installed_program, own_file
from ..facts.image import Image
from ..finding import WARNING, Finding


def check_owners(image: Image) -> Iterator[Finding]:
    """Each file, its folder, and the folder that holds that of the program.

    An ordinary user who made the image stands for root: it is root's when it is packed.
    """
    service = own_file(image)
    if service is None:
        return
    maker = image.root.status("/")
    program = installed_program(image)
    folder = _folder(program)
    owned, open_to_others = [], []
    for path in (program, folder, _folder(folder), service, _folder(service)):
        status = image.root.status(path)
        if status is None or maker is None:
            continue
        # A command that is pasted would follow a link out of the image.
        real = image.root.real_path(path)
        if status.st_uid not in (0, maker.st_uid):
            owned.append(real)
        if _is_open(image, status, maker):
            open_to_others.append(real)
    named = [image.shown(path) for path in dict.fromkeys([*owned, *open_to_others])]
    mends = [
        " ".join([command, *map(image.typed, paths)])
        for command, paths in (("chown root:root", owned), ("chmod go-w", open_to_others))
        if paths
    ]
    if named:
        yield Finding(
            "program-unguarded",
            WARNING,
            f"others than root may change {' and '.join(named)}, and root runs what is there at "
            "the first boot",
            " && ".join(mends),
        )


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _is_open(image: Image, status: os.stat_result, maker: os.stat_result) -> bool:
    """Whether its mode lets anybody write; a group without members, as Debian's staff, is none."""
    if status.st_mode & 0o002:
        return True
    if not status.st_mode & 0o020 or status.st_gid in (0, maker.st_gid):
        return False
    accounts = parse_accounts(image.content(PASSWD))
    return bool(members(image.content(GROUP), status.st_gid)) or any(
        account.gid == status.st_gid for account in accounts
    )


RULES = (check_owners,)

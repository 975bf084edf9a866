"""The accounts of an image or of the running machine."""

import pwd
from typing import Optional

from ...formats.host.passwd import Account
from ...system.user_database import find_listed_account
from .image import Image


def find_account(image: Image, name: str) -> Optional[Account]:
    """The account of that name: in an image by its files, on a live machine by NSS too."""
    account = find_listed_account(image.root, name)
    if account is None and image.root.is_live:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            return None
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir, entry.pw_shell)
    return account

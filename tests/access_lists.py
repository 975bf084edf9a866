"""Access control lists for tests: acl(5), in the form of linux/posix_acl_xattr.h."""

import os
import struct
from pathlib import Path
from typing import Optional

ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
_NO_ID = 0xFFFFFFFF


def rendered(
    *,
    user: Optional[int] = None,
    group: Optional[int] = None,
    rights: int = 7,
    mask: int = 7,
    own_group: int = 5,
    other: int = 5,
) -> bytes:
    """user::rwx, the rights of a user or group, those of the own group, the mask and others."""
    users = [] if user is None else [(2, rights, user)]
    groups = [] if group is None else [(8, rights, group)]
    entries = [
        (1, 7, _NO_ID),
        *users,
        (4, own_group, _NO_ID),
        *groups,
        (16, mask, _NO_ID),
        (32, other, _NO_ID),
    ]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def allow(path: Path, user: int, *, rights: int = 7, mask: int = 7) -> None:
    """Give a user rights in a folder of someone else, as setfacl(1) does."""
    os.setxattr(path, ACCESS, rendered(user=user, rights=rights, mask=mask))

"""Access control lists: who can write beside the owner, and beside what the mode shows.

Source: acl(5), and linux/posix_acl_xattr.h for the kernel's form.
"""

import struct
from typing import List, NamedTuple

_HEADER = 4
_ENTRY = struct.Struct("<HHI")
_USER, _OWN_GROUP, _GROUP, _MASK = 0x02, 0x04, 0x08, 0x10
_WRITE = 0x02


class AclWriters(NamedTuple):
    """The UIDs and GIDs that a list allows to write, and whether the file's own group may."""

    users: List[int]
    groups: List[int]
    own_group: bool


def writers_in(acl: bytes) -> AclWriters:
    """Who can write by an access control list, in the form in which the kernel stores it.

    The mask is the most that each of these entries may give.
    """
    entries = list(_ENTRY.iter_unpack(acl[_HEADER:]))
    most = [rights for tag, rights, _ in entries if tag == _MASK] or [_WRITE]
    allowed = [(tag, number) for tag, rights, number in entries if rights & most[0] & _WRITE]
    return AclWriters(
        [number for tag, number in allowed if tag == _USER],
        [number for tag, number in allowed if tag == _GROUP],
        any(tag == _OWN_GROUP for tag, _ in allowed),
    )

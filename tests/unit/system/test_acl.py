"""Who can write by an access control list."""

import pytest

from access_lists import rendered
from azprov.system.root.acl import AclWriters, writers_in

EVE, TEAM = 1001, 1500


@pytest.mark.parametrize(
    ("acl", "writers"),
    [
        (rendered(user=EVE, rights=6, mask=6), ([EVE], [], False)),
        (rendered(user=EVE, rights=4, mask=6), ([], [], False)),
        (rendered(user=EVE, rights=6, mask=4), ([], [], False)),
        (rendered(group=TEAM, rights=2, mask=2), ([], [TEAM], False)),
        (rendered(user=EVE, rights=4, mask=6, own_group=6), ([], [], True)),
        (rendered(user=EVE, rights=4, mask=4, own_group=6), ([], [], False)),
    ],
)
def test_a_list_lets_write_what_its_mask_allows(acl: bytes, writers: AclWriters) -> None:
    """The entries of other users and groups, and the own group's, count up to the mask."""
    assert writers_in(acl) == writers

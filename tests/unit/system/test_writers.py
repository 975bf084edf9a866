"""Who can write to a file or folder, and the steps of the way to it."""

import os
from pathlib import Path
from typing import Dict, Optional

import pytest

from access_lists import ACCESS, rendered
from azprov.formats.host.passwd import Account
from azprov.system.planting import Planter, planter_of, planter_or_owner
from azprov.system.root import Root
from azprov.system.root.privileges import acting_as
from azprov.system.writers import Followed, Writers, steps_to

pytestmark = pytest.mark.needs("root")

EVE, OPS, STAFF, TEAM, NOBODY = 1001, 1002, 50, 1500, 65534


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image with a folder of the group staff, which has no members."""
    for name in ("etc", "srv/staff", "home/eve"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/root:/bin/sh\n")
    (tmp_path / "etc/group").write_text("root:x:0:\nstaff:x:50:\n")
    (tmp_path / "etc/gshadow").write_text("staff:!::\n")
    os.chown(tmp_path / "srv/staff", 0, STAFF)
    (tmp_path / "srv/staff").chmod(0o2775)
    os.chown(tmp_path / "home/eve", EVE, EVE)
    for folder in (tmp_path, tmp_path / "srv", tmp_path / "etc"):
        folder.chmod(0o755)
    return tmp_path


def is_writable(image: Path, path: str = "/srv/staff") -> bool:
    """Whether users other than root and the owner can write to a folder of an image."""
    status = os.stat(image / path.lstrip("/"))
    return Writers(Root(str(image)), trusts_self=False).is_writable(path, status)


@pytest.mark.parametrize(
    ("passwd", "group", "gshadow", "writable"),
    [
        ("", "staff:x:50:", "staff:!::", False),
        ("", "staff:x:50:root,toor", "staff:!::", False),
        ("", "staff:x:50:root,eve", "staff:!::", True),
        ("", "staff:x:50:", "staff:!::eve", True),
        ("", "staff:x:50:", "staff:!:eve:", True),
        ("eve:x:1001:50::/home/eve:/usr/sbin/nologin\n", "staff:x:50:", "", True),
        ("", "other:x:51:", "", True),
    ],
)
def test_a_group_is_safe_without_other_members_than_root(
    image: Path, passwd: str, group: str, gshadow: str, writable: bool
) -> None:
    """The members of a group that no file lists are unknown, as those of a directory server."""
    with (image / "etc/passwd").open("a") as file:
        file.write(passwd)
    (image / "etc/group").write_text(f"root:x:0:\n{group}\n")
    (image / "etc/gshadow").write_text(f"{gshadow}\n")

    assert is_writable(image) is writable


def test_root_needs_no_entry_to_be_the_member_of_a_group(image: Path) -> None:
    """systemd knows root without /etc/passwd, which an image may lack until it boots."""
    (image / "etc/passwd").unlink()
    (image / "etc/group").write_text("staff:x:50:root\n")

    assert not is_writable(image)


@pytest.mark.parametrize(
    ("passwd", "writable"),
    [
        ("daemon:x:1:0::/:/usr/sbin/nologin\n", False),
        ("eve:x:1001:0::/home/eve:/bin/sh\n", True),
        ("", False),
    ],
)
def test_daemons_in_the_group_of_root_are_safe(image: Path, passwd: str, writable: bool) -> None:
    """Some distributions have daemons in it, without a shell; a user there can write."""
    with (image / "etc/passwd").open("a") as file:
        file.write(passwd)
    os.chown(image / "srv/staff", 0, 0)

    assert is_writable(image) is writable


def test_the_group_of_root_needs_no_entry(image: Path) -> None:
    """An image without any list of groups is safe there."""
    (image / "etc/group").unlink()
    os.chown(image / "srv/staff", 0, 0)

    assert not is_writable(image)


@pytest.mark.parametrize(
    ("acl", "group", "writable"),
    [
        (rendered(user=0, own_group=5), TEAM, False),
        (rendered(user=0, own_group=7), TEAM, True),
        (rendered(user=0, own_group=7), STAFF, False),
        (rendered(user=EVE, own_group=5), STAFF, True),
        (rendered(user=EVE, rights=5, own_group=5), TEAM, False),
        (rendered(user=EVE, own_group=7, mask=5), TEAM, False),
        (rendered(group=TEAM, own_group=5), STAFF, True),
        (rendered(group=STAFF, own_group=5), TEAM, False),
    ],
)
def test_an_access_control_list_decides_for_the_own_group_too(
    image: Path, acl: bytes, group: int, writable: bool
) -> None:
    """The group's bits of the mode are then those of the mask, and not of the group."""
    os.chown(image / "srv/staff", 0, group)
    os.setxattr(image / "srv/staff", ACCESS, acl)

    assert is_writable(image) is writable


def test_an_ordinary_user_judges_without_gshadow(image: Path) -> None:
    """Only root can read that file, and an ordinary user may check an image."""
    (image / "etc/gshadow").chmod(0o600)
    root = Root(str(image))
    status = os.stat(image / "srv/staff")

    with acting_as(NOBODY, NOBODY):
        assert not Writers(root, trusts_self=False).is_writable("/srv/staff", status)


def test_as_many_links_are_followed_as_a_path_may_have(image: Path) -> None:
    """Linux follows 40; with one more, nothing is reached, and no one planted a link."""
    (image / "link0").symlink_to("home/eve")
    for number in range(1, 41):
        (image / f"link{number}").symlink_to(f"link{number - 1}")
    root = Root(str(image))

    assert planter_of(root, "/link39/x") == Planter("/home/eve", (EVE, EVE))
    assert planter_of(root, "/link40/x") is None


def test_each_link_is_followed_once_for_all_ways(image: Path) -> None:
    """A second way ends where the first one continued."""
    (image / "link").symlink_to("home/eve")
    root = Root(str(image))
    followed: Followed = set()

    first = [step.path for step in steps_to(root, "/link/x", followed)]
    second = [step.path for step in steps_to(root, "/link/x", followed)]

    assert first == ["/", "/", "/home", "/home/eve", "/home/eve/x"]
    assert second == ["/"]


def test_keys_outside_a_missing_home_are_not_the_users(image: Path) -> None:
    """A path leads through a home only if the home exists, or is in the path."""
    user = Account("ops", OPS, OPS, "/home/none", "/bin/sh")
    root = Root(str(image))

    assert planter_or_owner(root, "/home/eve/ops", user) == Planter("/home/eve", (EVE, EVE))
    assert planter_or_owner(root, "/home/none/x", user) == Planter("/home/none", (OPS, OPS))


def test_a_path_that_leads_through_a_home_by_a_link_is_the_users(image: Path) -> None:
    """Root may own the home itself; sshd asks for the user's rights there."""
    (image / "home/ops").mkdir()
    (image / "link").symlink_to("home/ops")
    user = Account("ops", OPS, OPS, "/home/ops", "/bin/sh")
    root = Root(str(image))

    assert planter_or_owner(root, "/link/x", user) == Planter("/home/ops", (OPS, OPS))
    assert planter_or_owner(root, "/srv/x", user) is None


class CountingRoot(Root):
    """A root that counts how often each file is read."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.reads: Dict[str, int] = {}

    def read(self, path: str, *, limit_bytes: int = 1 << 20) -> Optional[bytes]:
        self.reads[path] = self.reads.get(path, 0) + 1
        return super().read(path, limit_bytes=limit_bytes)


def test_passwd_and_group_are_read_once_for_all_groups(image: Path) -> None:
    """An image may have a file of another group for each line of a large file of groups."""
    root = CountingRoot(str(image))
    writers = Writers(root, trusts_self=False)
    lines = "".join(f"g{gid}:x:{gid}:{'eve' * (gid == 2001)}\n" for gid in range(2000, 2003))
    (image / "etc/group").write_text(lines)
    found = []

    for gid in (2000, 2001, 2002, 2003):
        os.chown(image / "srv/staff", 0, gid)
        found.append(writers.is_writable("/srv/staff", os.stat(image / "srv/staff")))

    assert found == [False, True, False, True]
    assert {path: root.reads[path] for path in ("/etc/passwd", "/etc/group", "/etc/gshadow")} == {
        "/etc/passwd": 1,
        "/etc/group": 1,
        "/etc/gshadow": 1,
    }

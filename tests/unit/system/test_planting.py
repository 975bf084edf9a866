"""Links and folders that a user planted do not give azprov's rights to that user."""

import os
import stat
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Callable, Dict, Optional, Tuple

import pytest

from access_lists import ACCESS, allow, rendered
from azprov.errors import HostError, LoginBlocked
from azprov.formats.host.passwd import Account
from azprov.formats.host.ssh_keys import parse_ssh_keys
from azprov.image.deprovision import carry_out, plan
from azprov.system.homes import make_home
from azprov.system.planting import planter_of, remove_planted
from azprov.system.root import Root
from azprov.system.root.entry import Owner
from azprov.system.sshd.authorized_keys import add_keys
from azprov.system.typed_paths import run
from ports import NoCommands
from sample_files import sample

KEYS, _ = parse_ssh_keys(sample("ssh_key/ed25519.pub").decode())
pytestmark = pytest.mark.needs("root")

EVE, OPS, TEAM, LAST = 1001, 1002, 1500, 65534
USER = Account("ops", OPS, OPS, "/home/ops", "/bin/sh")
ROOT_USER = Account("root", 0, 0, "/root", "/bin/sh")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    image = tmp_path / "image"
    tmp_path.chmod(0o755)
    for name in ("home/ops", "home/eve", "root/.ssh", "etc/ssh", "srv/keys"):
        (image / name).mkdir(parents=True)
    (image / "root").chmod(0o700)
    (image / "root/.ssh/authorized_keys").write_text("of root\n")
    (image / "root/.ssh/authorized_keys").chmod(0o600)
    (image / "etc/shadow").write_text("root:*:1::::::\n")
    (image / "etc/shadow").chmod(0o600)
    (image / "etc/login.defs").write_text("")
    os.chown(image / "home/ops", OPS, OPS)
    os.chown(image / "home/eve", EVE, EVE)
    return image


def snapshot(image: Path) -> Dict[str, Tuple[int, int, bytes]]:
    """The mode, owner and content of root's files."""
    files = ("root/.ssh/authorized_keys", "etc/shadow")
    return {
        name: (
            stat.S_IMODE((image / name).stat().st_mode),
            (image / name).stat().st_uid,
            (image / name).read_bytes(),
        )
        for name in files
    }


def link_to_keys(image: Path) -> None:
    os.chown(image / "srv/keys", EVE, EVE)
    (image / "srv/keys/ops").symlink_to("/root/.ssh/authorized_keys")


def link_to_shadow(image: Path) -> None:
    os.chown(image / "srv/keys", EVE, EVE)
    (image / "srv/keys/ops").symlink_to("/etc/shadow")


def hard_link(image: Path) -> None:
    os.chown(image / "srv/keys", EVE, EVE)
    os.link(image / "etc/shadow", image / "srv/keys/ops")


def group_folder(image: Path) -> None:
    os.chown(image / "srv/keys", 0, TEAM)
    (image / "srv/keys").chmod(0o2775)
    (image / "srv/keys/ops").symlink_to("/etc/shadow")


def open_folder(image: Path) -> None:
    (image / "srv/keys").chmod(0o1777)
    (image / "srv/keys/ops").symlink_to("/etc/shadow")


def link_on_the_way_of_a_link(image: Path) -> None:
    """Root's own link leads through a folder of eve, to where eve's link leads."""
    (image / "srv/keys").rmdir()
    (image / "srv/keys").symlink_to("/home/eve/keys")
    (image / "home/eve/keys").symlink_to("/etc/hidden")
    (image / "etc/hidden").mkdir()
    (image / "etc/hidden/ops").symlink_to("/etc/shadow")


def acl_folder(image: Path) -> None:
    """An access control list lets eve write to root's folder."""
    allow(image / "srv/keys", EVE)
    (image / "srv/keys/ops").symlink_to("/etc/shadow")


def acl_of_a_group(image: Path) -> None:
    """An access control list lets a group write, and the folder's own group may not."""
    os.setxattr(image / "srv/keys", ACCESS, rendered(group=TEAM))
    (image / "srv/keys/ops").symlink_to("/etc/shadow")


def folder_of_group_0(image: Path) -> None:
    """eve is a member of root's group."""
    (image / "etc/group").write_text("root:x:0:eve\n")
    (image / "srv/keys").chmod(0o775)
    (image / "srv/keys/ops").symlink_to("/etc/shadow")


def top_of_a_user(image: Path) -> None:
    """eve owns the top folder, and replaced /srv by a link."""
    os.chown(image, EVE, EVE)
    (image / "srv/keys").rmdir()
    (image / "srv").rmdir()
    (image / "srv").symlink_to("/etc/hidden")
    (image / "etc/hidden/keys").mkdir(parents=True)
    (image / "etc/hidden/keys/ops").symlink_to("/etc/shadow")


def top_of_everyone(image: Path) -> None:
    """Everyone may write to the top folder."""
    top_of_a_user(image)
    os.chown(image, 0, 0)
    image.chmod(0o1777)


def folder_of_the_last_user(image: Path) -> None:
    """The number 65534 is a user like any other here."""
    os.chown(image / "srv/keys", LAST, LAST)
    (image / "srv/keys/ops").symlink_to("/etc/shadow")


PLANTED: Dict[str, Callable[[Path], None]] = {
    "link to root's keys": link_to_keys,
    "link to shadow": link_to_shadow,
    "hard link to shadow": hard_link,
    "link in a folder of a group": group_folder,
    "link in a folder of everyone": open_folder,
    "link on the way of a link": link_on_the_way_of_a_link,
    "link by an access control list": acl_folder,
    "link by an access control list of a group": acl_of_a_group,
    "link in a folder of group 0": folder_of_group_0,
    "link in the top folder of a user": top_of_a_user,
    "link in the top folder of everyone": top_of_everyone,
    "link in a folder of the UID 65534": folder_of_the_last_user,
}
CONFIGS = (
    "AuthorizedKeysFile /srv/keys/%u\n",
    "AuthorizedKeysFile none\nMatch User ops\n  AuthorizedKeysFile /srv/keys/%u .ssh/keys\n",
)


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("planted", PLANTED)
def test_adding_keys_changes_no_file_of_root(planted: str, config: str, image: Path) -> None:
    """AuthorizedKeysFile may be in a folder of another user, with a link to a file of root."""
    (image / "etc/ssh/sshd_config").write_text(config)
    PLANTED[planted](image)
    before = snapshot(image)

    with pytest.raises(HostError):
        add_keys(Root(str(image)), USER, KEYS, NoCommands())

    assert snapshot(image) == before
    assert os.geteuid() == 0


@pytest.mark.parametrize("planted", PLANTED)
def test_deprovision_changes_no_file_of_root(planted: str, image: Path) -> None:
    """The link is removed, or a failure is reported, and root's files stay unchanged."""
    (image / "root/.ssh/authorized_keys").unlink()
    (image / "root/.ssh/authorized_keys").write_text("")
    (image / "etc/ssh/sshd_config").write_text(CONFIGS[0])
    (image / "etc/passwd").write_text("ops:*:1002:1002::/home/ops:/bin/sh\n")
    PLANTED[planted](image)
    before = snapshot(image)
    root = Root(str(image))

    carry_out(root, [one for one in plan(root, "") if one.path != "/root/.ssh/authorized_keys"])

    assert snapshot(image) == before


def test_a_home_of_root_below_a_user_gives_that_user_no_rights_of_root(image: Path) -> None:
    """A second account with UID 0 has its home in a folder of eve."""
    account = Account("toor", 0, 0, "/home/eve/toor", "/bin/sh")
    (image / "home/eve/toor").symlink_to("/root")
    (image / "root/.bash_history").write_text("")

    with pytest.raises(HostError):
        remove_planted(Root(str(image)), "/home/eve/toor/.bash_history", account)
    with pytest.raises(HostError):
        add_keys(Root(str(image)), account, KEYS, NoCommands())

    assert (image / "root/.bash_history").exists()
    assert (image / "root/.ssh/authorized_keys").read_text() == "of root\n"


def test_a_home_below_a_user_is_not_made_where_a_link_of_that_user_leads(image: Path) -> None:
    """A missing home in a folder of eve would be a folder of ops in /etc."""
    (image / "home/eve/team").symlink_to("/etc")

    with pytest.raises(LoginBlocked):
        make_home(Root(str(image)), USER._replace(home="/home/eve/team/ops"))

    assert sorted(os.listdir(image / "etc")) == ["login.defs", "shadow", "ssh"]


def test_a_home_is_removed_only_if_it_belongs_to_the_user(image: Path) -> None:
    """The owner of a folder above swaps it, once the removal was planned."""
    (image / "home/eve/team/ssh").mkdir(parents=True)
    (image / "home/eve/team/ssh/file").write_text("")
    os.chown(image / "home/eve/team/ssh", OPS, OPS)
    (image / "etc/passwd").write_text(f"ops:x:{OPS}:{OPS}::/home/eve/team/ssh:/bin/sh\n")
    (image / "etc/ssh/sshd_config").write_text("")
    root = Root(str(image))
    changes = plan(root, "ops")
    (image / "home/eve/team").rename(image / "home/eve/away")
    (image / "home/eve/team").symlink_to("/etc")

    failures = carry_out(root, changes)

    assert "it belongs to the UID 0" in str(failures[0])
    assert (image / "etc/ssh/sshd_config").exists()
    assert "ops:" in (image / "etc/passwd").read_text()


@pytest.mark.parametrize("swapped", [False, True])
def test_a_spool_of_a_service_leads_to_no_file_of_root(swapped: bool, image: Path) -> None:
    """On Debian the user daemon owns the folder of at jobs; here it swaps a folder in there."""
    (image / "var/spool/at/spool").mkdir(parents=True)
    (image / "var/spool/at/spool/passwd").write_text("")
    for name, owner in (("", 1), ("spool", 1), ("spool/passwd", OPS)):
        os.chown(image / "var/spool/at" / name, owner, owner)
    (image / "etc/passwd").write_text(f"ops:x:{OPS}:{OPS}::/nowhere:/bin/sh\nroot:x:0:0::/:\n")
    root = Root(str(image))
    changes = plan(root, "ops")
    assert "at job of ops" in [change.what for change in changes]
    if swapped:
        (image / "var/spool/at/spool").rename(image / "var/spool/at/away")
        (image / "var/spool/at/spool").symlink_to("/etc")

    failures = carry_out(root, changes)

    assert "root:x:0:0" in (image / "etc/passwd").read_text()
    assert bool(failures) == swapped
    assert (image / "var/spool/at/spool/passwd").exists() == swapped


def test_a_file_of_rules_behind_a_link_of_a_user_is_not_edited_as_root(image: Path) -> None:
    """Root's link in /etc/sudoers.d leads to the home of eve, and eve's link to /etc/sudoers."""
    (image / "etc/passwd").write_text(f"ops:x:{OPS}:{OPS}::/nowhere:/bin/sh\n")
    (image / "etc/sudoers.d").mkdir()
    (image / "etc/hidden").write_text("ops ALL=(ALL) ALL\nroot ALL=(ALL) ALL\n")
    (image / "etc/sudoers.d/a").symlink_to("/home/eve/rules")
    (image / "home/eve/rules").symlink_to("/etc/hidden")
    root = Root(str(image))

    failures = carry_out(root, plan(root, "ops"))

    assert "Permission denied" in str(failures[0])
    assert (image / "etc/hidden").read_text() == "ops ALL=(ALL) ALL\nroot ALL=(ALL) ALL\n"


class Swapping(Root):
    """A root in which a user swaps a folder for a link before the nth look at a path."""

    def __init__(self, image: Path, swap_at: int) -> None:
        super().__init__(str(image))
        self._image = image
        self._left = swap_at

    def status(self, path: str, *, follow: bool = True) -> Optional[os.stat_result]:
        self._left -= 1
        if self._left == 0 and not (self._image / "home/eve/keys").is_symlink():
            (self._image / "home/eve/keys").rename(self._image / "home/eve/away")
            (self._image / "home/eve/keys").symlink_to("/root/.ssh")
        return super().status(path, follow=follow)


@pytest.mark.parametrize("swap_at", range(1, 20))
def test_a_folder_that_is_swapped_for_a_link_is_no_way_to_files_of_root(
    swap_at: int, image: Path
) -> None:
    """At whatever moment eve swaps her folder, root's keys stay unchanged."""
    keys = "/home/eve/keys/authorized_keys"
    (image / "etc/ssh/sshd_config").write_text(f"AuthorizedKeysFile {keys}\n")
    (image / "home/eve/keys").mkdir()
    os.chown(image / "home/eve/keys", EVE, EVE)
    before = snapshot(image)
    root = Swapping(image, swap_at)

    with suppress(HostError):
        add_keys(root, USER, KEYS, NoCommands())
    with suppress(HostError):
        remove_planted(root, keys)

    assert snapshot(image) == before


@pytest.mark.parametrize(
    ("mode", "owner"), [(0o500, OPS), (0o000, OPS), (0o755, 0), (0o700, 0), (0o1777, 0)]
)
def test_keys_in_a_folder_that_the_user_may_not_write_to_are_removed(
    mode: int, owner: int, image: Path
) -> None:
    """A user may forbid it to themselves, and root may own ~/.ssh."""
    (image / "etc/passwd").write_text("ops:*:1002:1002::/home/ops:/bin/sh\n")
    folder = image / "home/ops/.ssh"
    folder.mkdir()
    for name in ("authorized_keys", "id_rsa", "known_hosts"):
        (folder / name).write_text("x\n")
    os.chown(folder, owner, owner)
    folder.chmod(mode)
    os.chown(image / "home/ops", 0 if owner == 0 else OPS, OPS)
    root = Root(str(image))

    assert carry_out(root, plan(root, "")) == []

    assert os.listdir(folder) == []


@pytest.mark.parametrize(
    ("path", "follow", "planter"),
    [
        ("/etc/ssh/keys", True, None),
        ("/home/eve/x", True, ("/home/eve", (EVE, EVE))),
        ("/home/eve/x", False, None),
        ("/home/eve/y/x", False, ("/home/eve", (EVE, EVE))),
        ("/home/eve", False, None),
        ("/srv/keys/x", True, ("/srv/keys", None)),
        ("/srv/keys/x", False, None),
        ("/srv/keys/y/x", False, ("/srv/keys", None)),
        ("/srv/keys", False, None),
        ("/srv/open/x", True, ("/srv/open", None)),
        ("/srv/acl/x", True, ("/srv/acl", None)),
        ("/srv/read/x", True, None),
        ("/srv/empty/x", True, None),
        ("/srv/last/x", True, ("/srv/last", (LAST, LAST))),
        ("/srv/../home/eve/x", True, ("/home/eve", (EVE, EVE))),
        ("/missing/../home/eve/x", True, ("/home/eve", (EVE, EVE))),
        ("/link/x", True, ("/home/eve", (EVE, EVE))),
        ("/link", False, None),
        ("/loop/x", True, None),
        ("/missing/x", True, None),
    ],
)
def test_the_planter_is_the_first_who_could_plant_a_link(
    path: str, follow: bool, planter: Optional[Tuple[str, Optional[Owner]]], image: Path
) -> None:
    """Folders of root do not count, unless everyone, a user's group or an ACL's user may write.

    A group without members, as Debian's staff, has no one who could plant a link.
    """
    for name in ("open", "acl", "read", "empty", "last"):
        (image / "srv" / name).mkdir()
    (image / "srv/open").chmod(0o777)
    allow(image / "srv/acl", EVE)
    allow(image / "srv/read", EVE, rights=5)
    (image / "etc/group").write_text("root:x:0:\nstaff:x:50:\n")
    os.chown(image / "srv/empty", 0, 50)
    (image / "srv/empty").chmod(0o2775)
    os.chown(image / "srv/last", LAST, LAST)
    (image / "srv/keys").chmod(0o775)
    os.chown(image / "srv/keys", 0, TEAM)
    (image / "link").symlink_to("home/eve")
    (image / "loop").symlink_to("loop")

    assert planter_of(Root(str(image)), path, follow=follow) == planter


@pytest.mark.parametrize(("uid", "mode"), [(EVE, 0o755), (0, 0o777)])
def test_the_top_folder_counts_like_any_other(uid: int, mode: int, image: Path) -> None:
    """Its owner could do nothing in root's folders, so there is no user to act as."""
    os.chown(image, uid, uid)
    image.chmod(mode)

    assert planter_of(Root(str(image)), "/etc/ssh/keys") == ("/", None)


def test_a_link_that_could_have_been_planted_is_named(image: Path) -> None:
    """The hint is not that of a loop of links."""
    acl_folder(image)
    (image / "etc/ssh/sshd_config").write_text(CONFIGS[0])

    with pytest.raises(HostError) as raised:
        add_keys(Root(str(image)), USER, KEYS, NoCommands())

    assert str(raised.value) == (
        f"could not read {image}/srv/keys/ops (another user could have planted a link on the "
        "way); replace the link on this path, or give its folders to root and let no one else "
        "write to them"
    )


def test_everything_is_done_in_a_top_folder_of_a_user_as_far_as_no_link_is_on_the_way(
    image: Path,
) -> None:
    """An image that was unpacked into a user's folder still becomes generic."""
    os.chown(image, EVE, EVE)
    (image / "etc/ssh/sshd_config").write_text("")
    (image / "etc/ssh/ssh_host_ed25519_key").write_text("key")
    (image / "etc/passwd").write_text("ops:*:1002:1002::/home/ops:/bin/sh\n")
    (image / "home/ops/.bash_history").write_text("x")
    os.chown(image / "home/ops/.bash_history", OPS, OPS)
    root = Root(str(image))

    carry_out(root, plan(root, ""))

    assert os.listdir(image / "etc/ssh") == ["sshd_config"]
    assert os.listdir(image / "home/ops") == []


@pytest.mark.parametrize(
    ("old", "new"), [(0o600, 0o600), (0o640, 0o640), (0o644, 0o644), (0o666, 0o644)]
)
def test_a_file_of_keys_gets_no_more_rights_than_it_has(old: int, new: int, image: Path) -> None:
    """A new one in a folder of root gets 0644, because sshd reads it with the user's rights."""
    (image / "etc/ssh/sshd_config").write_text("AuthorizedKeysFile /srv/keys/%u\n")
    (image / "srv/keys/ops").write_text("")
    (image / "srv/keys/ops").chmod(old)

    with suppress(LoginBlocked):
        add_keys(Root(str(image)), USER, KEYS, NoCommands())

    assert (image / "srv/keys/ops").stat().st_mode & 0o777 == new
    assert b"ssh-ed25519" in (image / "srv/keys/ops").read_bytes()


@pytest.mark.parametrize(
    ("mode", "owner", "is_readable"),
    [(0o600, 0, False), (0o640, 0, True), (0o644, 0, True), (0o600, OPS, True)],
)
def test_keys_that_sshd_cannot_read_are_no_login(
    mode: int, owner: int, is_readable: bool, image: Path
) -> None:
    """sshd reads the file with the user's rights, so the user has to be allowed to."""
    (image / "etc/ssh/sshd_config").write_text("AuthorizedKeysFile /srv/keys/%u\n")
    (image / "srv/keys/ops").write_text("")
    (image / "srv/keys/ops").chmod(mode)
    os.chown(image / "srv/keys/ops", owner, owner)
    blocked = ""

    try:
        add_keys(Root(str(image)), USER, KEYS, NoCommands())
    except LoginBlocked as error:
        blocked = str(error)

    assert blocked == (
        ""
        if is_readable
        else f"ops cannot log in with the keys in {image}/srv/keys/ops, because this user may "
        f"not read that file; run chmod a+r {image}/srv/keys/ops"
    )


def blocked_fix(image: Path, setting: str) -> str:
    """The command of the hint when the user may not read the keys."""
    (image / "etc/ssh/sshd_config").write_text(f"AuthorizedKeysFile {setting}\n")

    with pytest.raises(LoginBlocked) as caught:
        add_keys(Root(str(image)), USER, KEYS, NoCommands())

    assert caught.value.hint.startswith("run ")
    return caught.value.hint[len("run ") :]


def test_the_command_that_makes_keys_readable_acts_on_the_file_of_the_image(
    image: Path, tmp_path: Path
) -> None:
    """A link in the image leads to a file of this machine when its path is typed outside."""
    outside, inside = tmp_path / "file", Path(f"{image}{tmp_path}/file")
    inside.parent.mkdir(parents=True)
    for file in (outside, inside):
        file.write_text("")
        file.chmod(0o600)
    (image / "srv/keys/ops").symlink_to(outside)

    fix = blocked_fix(image, "/srv/keys/%u")
    subprocess.run(["sh", "-c", fix], check=True)

    assert fix == f"chmod a+r {image}{tmp_path}/file"
    assert stat.S_IMODE(outside.stat().st_mode) == 0o600
    assert stat.S_IMODE(inside.stat().st_mode) == 0o644


def test_the_command_that_makes_keys_readable_is_one_command(image: Path, tmp_path: Path) -> None:
    """The name of a file of keys may have characters that begin another command."""
    folder = image / "srv/k;touch x"
    folder.mkdir()
    (folder / "ops").write_text("")
    (folder / "ops").chmod(0o600)

    fix = blocked_fix(image, '"/srv/k;touch x/%u"')
    subprocess.run(["sh", "-c", fix], check=True, cwd=tmp_path)

    assert fix == f"chmod a+r '{image}/srv/k;touch x/ops'"
    assert os.listdir(tmp_path) == ["image"]
    assert stat.S_IMODE((folder / "ops").stat().st_mode) == 0o644


def test_a_file_of_keys_that_no_command_can_name_is_to_be_renamed(image: Path) -> None:
    """A shell removes line ends at the end of a word."""
    assert run(Root(str(image)), "chmod a+r", "/srv/keys/a\n") == "rename that file"

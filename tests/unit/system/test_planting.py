"""Links and folders that a user planted do not give azprov's rights to that user."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import Callable, Dict, Optional, Tuple

import pytest

from azprov.errors import HostError
from azprov.formats.host.passwd import Account
from azprov.formats.host.ssh_keys import parse_ssh_keys
from azprov.image.deprovision import carry_out, plan
from azprov.system.homes import make_home
from azprov.system.planting import planter_of, remove_planted
from azprov.system.root import Root
from azprov.system.sshd.authorized_keys import add_keys
from ports import NoCommands
from sample_files import sample

KEYS, _ = parse_ssh_keys(sample("ssh_key/ed25519.pub").decode())
pytestmark = pytest.mark.needs("root")

EVE, OPS, TEAM = 1001, 1002, 1500
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


PLANTED: Dict[str, Callable[[Path], None]] = {
    "link to root's keys": link_to_keys,
    "link to shadow": link_to_shadow,
    "hard link to shadow": hard_link,
    "link in a folder of a group": group_folder,
    "link in a folder of everyone": open_folder,
    "link on the way of a link": link_on_the_way_of_a_link,
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
    """The link is removed, or a failure is reported, and root's files stay as they are."""
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

    with pytest.raises(HostError):
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
    """At whatever moment eve swaps her folder, root's keys stay as they are."""
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
        ("/home/eve/x", True, (EVE, EVE)),
        ("/home/eve/x", False, None),
        ("/home/eve/y/x", False, (EVE, EVE)),
        ("/home/eve", False, None),
        ("/srv/keys/x", True, (65534, TEAM)),
        ("/srv/keys/x", False, None),
        ("/srv/keys/y/x", False, (65534, TEAM)),
        ("/srv/keys", False, None),
        ("/srv/../home/eve/x", True, (EVE, EVE)),
        ("/link/x", True, (EVE, EVE)),
        ("/link", False, None),
        ("/loop/x", True, None),
        ("/missing/x", True, None),
    ],
)
def test_the_planter_is_the_first_who_could_plant_a_link(
    path: str, follow: bool, planter: Optional[Tuple[int, int]], image: Path
) -> None:
    """Folders of root do not count, unless a group or everyone may write to them."""
    (image / "srv/keys").chmod(0o775)
    os.chown(image / "srv/keys", 0, TEAM)
    (image / "link").symlink_to("home/eve")
    (image / "loop").symlink_to("loop")

    assert planter_of(Root(str(image)), path, follow=follow) == planter

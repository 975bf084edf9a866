"""Authorized keys of deleted accounts: finding them, and the rights for removing them."""

import json
import os
from pathlib import Path
from typing import Any, BinaryIO, Dict, List, Tuple, Union

import pytest

from azprov.errors import HostError, UsageError
from azprov.image.deprovision import carry_out, plan
from azprov.image.leftovers.search import find_leftovers
from azprov.system.admin_user import set_up_admin
from azprov.system.planting import remove_planted
from azprov.system.root import Root
from azprov.system.sshd.deleted_accounts import (
    keys_in_use,
    keys_of_deleted_account,
    names_of_deleted_accounts,
)
from images import azprov
from person import GID, LOGIN_DEFS, UID
from ports import FakeClock, NoCommands
from sound_image import make_sound

CONFIG = "AuthorizedKeysFile .ssh/keys /etc/ssh/keys/%u /etc/ssh/%U.keys /etc/ssh/all\n"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINf5 old\n"
#: Files with keys: of azureuser, whose account was deleted, and of others.
OLD = (
    "home/azureuser/.ssh/authorized_keys",
    "home/azureuser/.ssh/authorized_keys2",
    "home/azureuser/.ssh/keys",
    "etc/ssh/keys/azureuser",
)
OTHERS = (
    "home/ops/.ssh/authorized_keys",
    "etc/ssh/keys/ops",
    f"etc/ssh/{UID}.keys",
    "etc/ssh/all",
    "etc/ssh/keys/README",
    "home/azureuser/.ssh/config",
    "etc/ssh/77777.keys",
)

needs_root = pytest.mark.needs("root")


def add_files(root: Path, files: Dict[str, str]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)


def set_owner(home: Path, uid: int, gid: int) -> None:
    for path in (home, *home.rglob("*")):
        os.chown(path, uid, gid, follow_symlinks=False)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image in which the account azureuser was deleted with userdel; ops exists."""
    tmp_path.chmod(0o755)
    add_files(tmp_path, {"etc/passwd": f"ops:x:{UID}:{GID}::/home/ops:/bin/sh\n"})
    add_files(tmp_path, {"etc/login.defs": LOGIN_DEFS, "etc/ssh/sshd_config": CONFIG})
    add_files(tmp_path, dict.fromkeys((*OLD, *OTHERS), KEY))
    set_owner(tmp_path / "home/ops", UID, GID)
    if os.geteuid() == 0:
        set_owner(tmp_path / "home/azureuser", 1001, 1001)
    return tmp_path


def there(image: Path, names: Tuple[str, ...]) -> List[str]:
    return [name for name in names if (image / name).exists()]


def make(root: Root, name: str) -> None:
    set_up_admin(root, name, [], NoCommands(), FakeClock(), no_passwords=False)


@needs_root
def test_a_new_user_gets_no_old_keys(image: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Keys for the name are removed, an old home is moved aside, and other files stay."""
    make(Root(str(image)), "azureuser")

    assert there(image, OLD) == ["home/azureuser/.ssh/keys"]
    assert (image / "home/azureuser/.ssh/keys").read_text() == ""
    old_home = image / "home/azureuser.old"
    assert sorted(os.listdir(old_home / ".ssh")) == [
        "authorized_keys",
        "authorized_keys2",
        "config",
        "keys",
    ]
    assert old_home.stat().st_uid == 1001
    assert there(image, OTHERS) == [name for name in OTHERS if name != "home/azureuser/.ssh/config"]
    assert f"moved {image}/home/azureuser to {image}/home/azureuser.old" in caplog.text
    assert f"removed {image}/etc/ssh/keys/azureuser: it could have let" in caplog.text


class Watched(Root):
    """Records which of the old keys exist when passwd is written."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.kept: List[List[str]] = []

    def write(self, path: str, content: Union[bytes, BinaryIO], **options: Any) -> None:
        if path == "/etc/passwd":
            self.kept.append(there(Path(self.path), OLD))
        super().write(path, content, **options)


@needs_root
def test_old_keys_are_removed_before_the_account_exists(image: Path) -> None:
    """A power cut cannot leave the new account with the old keys."""
    root = Watched(str(image))

    make(root, "azureuser")

    assert root.kept == [[]]


def test_an_existing_user_keeps_all_keys(image: Path) -> None:
    """The keys of an existing account were added for that user."""
    make(Root(str(image)), "ops")

    assert there(image, OTHERS) == list(OTHERS)


def test_deprovision_removes_keys_of_unused_homes(image: Path) -> None:
    """A folder in /home without an account names a deleted one; other files are kept."""
    root = Root(str(image))

    found = find_leftovers(root)

    assert {left.path for left in found if not left.user} == {
        *(f"/{name}" for name in OLD),
        "/etc/ssh/all",
    }
    assert {left.rule for left in found} == {"authorized-keys"}
    assert carry_out(root, plan(root, "")) == []
    assert there(image, (*OLD, *OTHERS)) == [
        "etc/ssh/keys/README",
        "home/azureuser/.ssh/config",
        "etc/ssh/77777.keys",
    ]


def test_deprovision_removes_keys_by_the_name_of_user(image: Path) -> None:
    """Without a home, only `--user` names the deleted account."""
    (image / "home/azureuser").rename(image / "srv")
    root = Root(str(image))
    keys = image / "etc/ssh/keys/azureuser"

    assert carry_out(root, plan(root, "")) == []
    assert keys.exists()
    assert carry_out(root, plan(root, "azureuser")) == []
    assert not keys.exists()
    with pytest.raises(UsageError, match="there is no user 'azureuser'"):
        plan(root, "azureuser")


def test_check_reports_keys_of_deleted_accounts(tmp_path: Path) -> None:
    """The finding authorized-keys names the file, although no one can log in with it now."""
    image = make_sound(tmp_path / "image")
    add_files(image, {"home/azureuser/.ssh/authorized_keys": "old\n"})

    _, out, _ = azprov("check", "--json", "--root", image)

    (finding,) = json.loads(out)["findings"]
    assert finding["rule"] == "authorized-keys"
    assert f"{image}/home/azureuser/.ssh/authorized_keys" in finding["what"]


def test_a_home_behind_a_link_is_in_use(image: Path) -> None:
    """A link in /home that leads to an account's home is no deleted account."""
    (image / "home/azureuser").rename(image / "home/.old")
    (image / "home/azureuser").symlink_to("ops")
    (image / "home/dangling").symlink_to("/nowhere/else")
    root = Root(str(image))

    assert names_of_deleted_accounts(root, "") == [".old"]
    assert names_of_deleted_accounts(root, "ops") == [".old"]
    assert list(keys_of_deleted_account(root, "azureuser", keys_in_use(root))) == [
        "/etc/ssh/keys/azureuser",
        "/home/azureuser/.ssh/authorized_keys",
    ]


VICTIM = "etc/authorized_keys"
TRICKS = ["home", "folder", "folder of root's home", "root's home in another's folder"]


def plant(image: Path, trick: str) -> None:
    """Make links that lead from old homes to files of root."""
    add_files(image, {VICTIM: KEY})
    home = image / "home/azureuser"
    if trick == "root's home in another's folder":
        (image / "data").mkdir()
        home.rename(image / "data/x")
        home.symlink_to("/data/x")
        set_owner(image / "data/x", 0, 0)
        os.chown(image / "data", 1001, 1001)
    else:
        (home / ".ssh").rename(home / "away")
    if trick == "home":
        home.rename(image / "srv")
        (image / "srv/.ssh").symlink_to("/etc")
        home.symlink_to("/srv")
        os.chown(image / "srv", 1001, 1001)
    elif trick == "folder":
        (home / ".ssh").symlink_to("../../etc")
        os.chown(home, 1001, 1001)
    elif trick == "folder of root's home":
        add_files(image, {"etc/ssh/sshd_config": "AuthorizedKeysFile a/b/authorized_keys\n"})
        (home / "a").mkdir()
        (home / "a/b").symlink_to("/etc")
        os.chown(home, 0, 0)
        os.chown(home / "a", 1001, 1001)


@needs_root
@pytest.mark.parametrize("trick", TRICKS)
def test_links_are_followed_with_the_rights_of_their_owner(image: Path, trick: str) -> None:
    """Removing old keys fails instead of removing a file of root."""
    plant(image, trick)
    root = Root(str(image))

    assert [error.summary for error in carry_out(root, plan(root, "")) if "denied" in str(error)]
    assert (image / VICTIM).read_text() == KEY


@needs_root
@pytest.mark.parametrize("trick", TRICKS)
def test_a_new_user_gets_a_home_of_its_own_in_place_of_links(image: Path, trick: str) -> None:
    """Whatever had the name of the home is moved aside, and nothing behind a link changes."""
    plant(image, trick)

    make(Root(str(image)), "azureuser")

    home = image / "home/azureuser"
    assert home.is_dir()
    assert not home.is_symlink()
    assert "azureuser" in (image / "etc/passwd").read_text()
    assert os.path.lexists(image / "home/azureuser.old")
    assert (image / VICTIM).read_text() == KEY


@needs_root
def test_links_outside_homes_prevent_the_new_user(image: Path) -> None:
    """Old keys that cannot be removed with their owner's rights would belong to the new user."""
    add_files(image, {VICTIM: KEY})
    add_files(image, {"etc/ssh/sshd_config": "AuthorizedKeysFile /data/%u/b/authorized_keys\n"})
    (image / "data/azureuser").mkdir(parents=True)
    (image / "data/azureuser/b").symlink_to("/etc")
    os.chown(image / "data/azureuser", 1001, 1001)

    with pytest.raises(HostError, match="Permission denied"):
        make(Root(str(image)), "azureuser")

    assert (image / VICTIM).read_text() == KEY
    assert "azureuser" not in (image / "etc/passwd").read_text()


@needs_root
def test_a_link_in_place_of_keys_is_removed_itself(image: Path) -> None:
    """The target of the link is kept."""
    add_files(image, {"etc/secret": "x"})
    keys = image / "home/azureuser/.ssh/authorized_keys"
    keys.unlink()
    keys.symlink_to("/etc/secret")

    remove_planted(Root(str(image)), "/home/azureuser/.ssh/authorized_keys")

    assert not keys.is_symlink()
    assert (image / "etc/secret").read_text() == "x"


def test_an_unreadable_home_does_not_hide_others(image: Path) -> None:
    """A loop of links in one home is reported, and the keys in other homes are found."""
    loop = image / "home/a/.ssh"
    loop.parent.mkdir()
    loop.symlink_to(".ssh")

    found = find_leftovers(Root(str(image)))

    assert [left.what for left in found if left.rule == "unreadable"] == [
        f"could not examine {image}/home/a/.ssh/authorized_keys (Too many levels of symbolic links)"
    ]
    assert "/home/azureuser/.ssh/authorized_keys" in [left.path for left in found]

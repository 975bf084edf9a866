"""Keys of users who were: gone before anybody is given their name, and by whose rights."""

import json
import os
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest

from azprov.errors import HostError
from azprov.image.deprovision import carry_out, plan, unknown_user
from azprov.image.leftovers.search import find_leftovers
from azprov.system.admin_user import set_up_admin
from azprov.system.root import Root
from azprov.system.sshd.authorized_keys import remove_keys
from azprov.system.sshd.deleted_accounts import (
    keys_of_deleted_account,
    names_of_deleted_accounts,
)
from images import azprov
from ports import NoCommands
from sound_image import make_sound

ID, GROUP_ID = os.geteuid() or 1000, os.getegid() or 1000
CONFIG = "AuthorizedKeysFile .ssh/keys /etc/ssh/keys/%u /etc/ssh/%U.keys /etc/ssh/all\n"
#: Whose keys are there, by the path: of azureuser, who was 1000, and of others.
OLD = (
    *("home/azureuser/.ssh/authorized_keys", "home/azureuser/.ssh/authorized_keys2"),
    *("home/azureuser/.ssh/keys", "etc/ssh/keys/azureuser"),
)
OTHERS = (
    *("home/ops/.ssh/authorized_keys", "etc/ssh/keys/ops", f"etc/ssh/{ID}.keys", "etc/ssh/all"),
    *("etc/ssh/keys/README", "home/azureuser/.ssh/config", "etc/ssh/77777.keys"),
)

needs_root = pytest.mark.needs("root")


def lay(root: Path, files: Dict[str, str]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)


def give(home: Path, uid: int, gid: int) -> None:
    for path in (home, *home.rglob("*")):
        os.chown(path, uid, gid, follow_symlinks=False)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """One in which azureuser was, until userdel; ops is there."""
    tmp_path.chmod(0o755)
    lay(tmp_path, {"etc/passwd": f"ops:x:{ID}:{GROUP_ID}::/home/ops:/bin/sh\n"})
    lay(tmp_path, {"etc/ssh/sshd_config": CONFIG, **dict.fromkeys((*OLD, *OTHERS), "old\n")})
    give(tmp_path / "home/ops", ID, GROUP_ID)
    if os.geteuid() == 0:
        give(tmp_path / "home/azureuser", 1001, 1001)
    return tmp_path


def there(image: Path, names: Tuple[str, ...]) -> List[str]:
    return [name for name in names if (image / name).exists()]


def make(root: Root, name: str) -> None:
    set_up_admin(root, name, [], NoCommands(), no_passwords=False)


@needs_root
def test_who_is_made_has_no_keys_from_before(image: Path, caplog: pytest.LogCaptureFixture) -> None:
    """By name or home; those of others stay."""
    make(Root(str(image)), "azureuser")

    assert there(image, OLD) == ["home/azureuser/.ssh/keys"]
    assert (image / "home/azureuser/.ssh/keys").read_text() == ""
    assert there(image, OTHERS) == list(OTHERS)
    assert f"removed {image}/etc/ssh/keys/azureuser: it could have let" in caplog.text


class Watched(Root):
    """Notes which of the old keys are there when passwd is written."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.kept: List[List[str]] = []

    def write(self, path: str, content: bytes, **options: Any) -> None:
        if path == "/etc/passwd":
            self.kept.append(there(Path(self.path), OLD))
        super().write(path, content, **options)


@needs_root
def test_they_are_gone_before_there_is_an_account(image: Path) -> None:
    """The power may go once it stands in passwd."""
    root = Watched(str(image))

    make(root, "azureuser")

    assert root.kept == [[]]


def test_who_is_there_keeps_them(image: Path) -> None:
    """They were given to that very user."""
    make(Root(str(image)), "ops")

    assert there(image, OTHERS) == list(OTHERS)


def test_deprovision_takes_them_from_homes_of_nobody(image: Path) -> None:
    """Whose name it was is seen by the folder; README has none, so it may be anything."""
    root = Root(str(image))

    found = find_leftovers(root)

    assert {left.path for left in found if not left.user} == {
        *(f"/{name}" for name in OLD),
        "/etc/ssh/all",
    }
    assert {left.rule for left in found} == {"authorized-keys"}
    assert carry_out(root, plan(root, "")) == []
    assert there(image, (*OLD, *OTHERS)) == [
        *("etc/ssh/keys/README", "home/azureuser/.ssh/config", "etc/ssh/77777.keys"),
    ]


def test_deprovision_takes_them_by_the_name_alone(image: Path) -> None:
    """Where no folder tells it; that there is no such user is told as before."""
    (image / "home/azureuser").rename(image / "srv")
    root = Root(str(image))
    keys = image / "etc/ssh/keys/azureuser"

    assert carry_out(root, plan(root, "")) == []
    assert keys.exists()
    assert unknown_user(root, "azureuser").startswith("there is no user azureuser")
    assert carry_out(root, plan(root, "azureuser")) == []
    assert not keys.exists()
    assert plan(root, "azureuser") == []


def test_check_names_them(tmp_path: Path) -> None:
    """By the finding for keys; nobody logs in by them now."""
    image = make_sound(tmp_path / "image")
    lay(image, {"home/azureuser/.ssh/authorized_keys": "old\n"})

    _, out, _ = azprov("check", "--json", "--root", image)

    (finding,) = json.loads(out)["findings"]
    assert finding["rule"] == "authorized-keys"
    assert f"{image}/home/azureuser/.ssh/authorized_keys" in finding["what"]


def test_a_home_by_another_name_is_somebodys(image: Path) -> None:
    """As where a link of /home leads to it, or /home is one."""
    (image / "home/azureuser").rename(image / "home/.old")
    (image / "home/azureuser").symlink_to("ops")
    (image / "home/dangling").symlink_to("/nowhere/else")
    root = Root(str(image))

    assert names_of_deleted_accounts(root, "") == [".old"]
    assert names_of_deleted_accounts(root, "ops") == [".old"]
    assert list(keys_of_deleted_account(root, "azureuser")) == [
        *("/etc/ssh/keys/azureuser", "/home/azureuser/.ssh/authorized_keys"),
    ]


VICTIM = "etc/authorized_keys"
TRICKS = ["home", "folder", "folder of root's home", "root's home in another's folder"]
TRICKS += ["outside homes"]


@needs_root
@pytest.mark.parametrize("trick", TRICKS)
def test_no_link_leads_root_anywhere(image: Path, trick: str) -> None:
    """It is done with the rights of who laid it, and no user is made."""
    lay(image, {VICTIM: "x"})
    home = image / "home/azureuser"
    if trick == "root's home in another's folder":
        (image / "data").mkdir()
        home.rename(image / "data/x")
        home.symlink_to("/data/x")
        give(image / "data/x", 0, 0)
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
        lay(image, {"etc/ssh/sshd_config": "AuthorizedKeysFile a/b/authorized_keys\n"})
        (home / "a").mkdir()
        (home / "a/b").symlink_to("/etc")
        os.chown(home, 0, 0)
        os.chown(home / "a", 1001, 1001)
    elif trick == "outside homes":
        lay(image, {"etc/ssh/sshd_config": "AuthorizedKeysFile /data/%u/b/authorized_keys\n"})
        (image / "data/azureuser").mkdir(parents=True)
        (image / "data/azureuser/b").symlink_to("/etc")
        os.chown(image / "data/azureuser", 1001, 1001)

    with pytest.raises(HostError, match="Permission denied"):
        make(Root(str(image)), "azureuser")

    assert (image / VICTIM).read_text() == "x"
    assert "azureuser" not in (image / "etc/passwd").read_text()
    root = Root(str(image))
    assert [error.summary for error in carry_out(root, plan(root, "")) if "denied" in str(error)]
    assert (image / VICTIM).read_text() == "x"


@needs_root
def test_a_key_that_is_a_link_goes_itself(image: Path) -> None:
    """And not what it names."""
    lay(image, {"etc/secret": "x"})
    keys = image / "home/azureuser/.ssh/authorized_keys"
    keys.unlink()
    keys.symlink_to("/etc/secret")

    remove_keys(Root(str(image)), "/home/azureuser/.ssh/authorized_keys")

    assert not keys.is_symlink()
    assert (image / "etc/secret").read_text() == "x"


def test_a_home_that_cannot_be_looked_at_hides_no_other(image: Path) -> None:
    """Whatever was laid there."""
    loop = image / "home/a/.ssh"
    loop.parent.mkdir()
    loop.symlink_to(".ssh")

    found = find_leftovers(Root(str(image)))

    assert [left.what for left in found if left.rule == "unreadable"] == [
        f"could not examine {image}/home/a/.ssh/authorized_keys (Too many levels of symbolic links)"
    ]
    assert "/home/azureuser/.ssh/authorized_keys" in [left.path for left in found]

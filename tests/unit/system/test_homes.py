"""Homes of new users."""

import os
from pathlib import Path
from typing import Callable, Optional

import pytest

from azprov.boot.steps import add_ssh_keys
from azprov.errors import LoginBlocked
from azprov.formats.host.passwd import Account
from azprov.formats.host.ssh_keys import parse_line
from azprov.system.admin_user import set_up_admin
from azprov.system.homes import make_home
from azprov.system.root import Root
from ports import FakeClock, NoCommands
from sample_files import sample


def account(home: str) -> Account:
    return Account("ops", os.geteuid(), os.getegid(), home, "/bin/sh")


def test_the_folders_above_a_home_are_made(tmp_path: Path) -> None:
    """An image may have no /home, or another folder of homes; only the home is private."""
    tmp_path.chmod(0o755)

    make_home(Root(str(tmp_path)), account("/srv/homes/ops/"))

    assert (tmp_path / "srv/homes/ops").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "srv/homes").stat().st_mode & 0o777 == 0o755
    assert os.listdir(tmp_path / "srv/homes") == ["ops"]


def test_a_home_can_be_at_the_top(tmp_path: Path) -> None:
    """A service's user may have such a home."""
    tmp_path.chmod(0o755)

    make_home(Root(str(tmp_path)), account("/ops"))

    assert os.listdir(tmp_path) == ["ops"]


@pytest.mark.parametrize(
    ("kind", "fix"),
    [
        ("file", "make {}/home a folder"),
        ("closed", "run chmod a+x {}/home"),
        ("owned", "if no one else needs that folder, run chown root: {}/home"),
    ],
)
@pytest.mark.needs("root")
def test_a_folder_of_homes_that_is_in_the_way_blocks_only_the_login(
    kind: str, fix: str, tmp_path: Path
) -> None:
    """The owner of the VM can fix it, so that it is no final failure."""
    tmp_path.chmod(0o755)
    (tmp_path / "etc/skel").mkdir(parents=True)
    (tmp_path / "etc/skel/.profile").write_text("")
    if kind == "file":
        (tmp_path / "home").write_text("")
    else:
        (tmp_path / "home").mkdir(mode=0o700 if kind == "closed" else 0o755)
    if kind == "owned":
        os.chown(tmp_path / "home", 1234, 1234)

    with pytest.raises(LoginBlocked) as caught:
        make_home(Root(str(tmp_path)), Account("ops", 1000, 1000, "/home/ops", "/bin/sh"))

    assert caught.value.summary.startswith("ops gets no home: could not ")
    assert caught.value.hint == fix.format(tmp_path)


def _closed(root: Path) -> None:
    (root / "home").mkdir(mode=0o700)


def _of_a_user(root: Path) -> None:
    (root / "home").mkdir()
    os.chown(root / "home", 1234, 1234)


def _looped(root: Path) -> None:
    (root / "home").symlink_to("home")


@pytest.mark.parametrize(
    ("make", "cause", "fix"),
    [
        (_closed, "has the mode 0700, so users cannot enter it", "run chmod a+x {}/home"),
        (
            _of_a_user,
            "belongs to the UID 1234",
            "if no one else needs that folder, run chown root: {}/home",
        ),
        (_looped, "is a link that leads nowhere", "make {}/home a folder"),
    ],
    ids=["closed", "of a user", "a loop"],
)
@pytest.mark.needs("root")
def test_an_admin_who_could_not_have_a_home_is_not_created(
    make: Callable[[Path], None], cause: str, fix: str, tmp_path: Path
) -> None:
    """Ready is reported, because the owner of the VM can fix the folder of homes."""
    tmp_path.chmod(0o755)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    make(tmp_path)

    with pytest.raises(LoginBlocked) as caught:
        set_up_admin(Root(str(tmp_path)), "ops", [], NoCommands(), FakeClock(), no_passwords=False)

    assert caught.value.summary == f"ops gets no home: {tmp_path}/home {cause}"
    assert caught.value.hint == fix.format(tmp_path)
    assert (tmp_path / "etc/passwd").read_text() == "root:x:0:0::/root:/bin/sh\n"


@pytest.mark.needs("root")
def test_keys_in_a_home_that_its_user_cannot_reach_have_a_command_that_helps(
    tmp_path: Path,
) -> None:
    """sshd reads the keys as the user, so a closed folder above the home locks the user out."""
    tmp_path.chmod(0o755)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("ops:x:1000:1000::/srv/ops:/bin/sh\n")
    (tmp_path / "srv/ops").mkdir(parents=True)
    os.chown(tmp_path / "srv/ops", 1000, 1000)
    (tmp_path / "srv").chmod(0o700)
    key = parse_line(sample("ssh_key/ed25519.pub").decode())

    def add() -> None:
        add_ssh_keys(Root(str(tmp_path)), "ops", [key], NoCommands(), FakeClock())

    with pytest.raises(LoginBlocked) as caught:
        add()

    assert str(caught.value) == (
        f"ops gets no keys in {tmp_path}/srv/ops, because {tmp_path}/srv has the mode 0700, so "
        f"users cannot enter it; run chmod a+x {tmp_path}/srv"
    )
    (tmp_path / "srv").chmod(0o711)
    add()
    assert (tmp_path / "srv/ops/.ssh/authorized_keys").exists()


@pytest.mark.parametrize(
    ("mode", "owner", "fix"),
    [
        (0o755, 1234, "if no one else needs that folder, run chown root: {}"),
        (0o700, 0, "run chmod a+x {}"),
        (None, 0, "make {} a folder"),
    ],
)
@pytest.mark.needs("root")
def test_the_fix_of_a_folder_of_homes_acts_inside_the_image(
    mode: Optional[int], owner: int, fix: str, tmp_path: Path
) -> None:
    """A link in the image leads to a folder of this machine when its path is typed outside."""
    image = tmp_path / "an image"
    target = Path(f"{image}/srv/all homes")
    (image / "etc/skel").mkdir(parents=True)
    (image / "etc/skel/.profile").write_text("")
    target.parent.mkdir()
    if mode is None:
        target.write_text("")
    else:
        target.mkdir()
        target.chmod(mode)
        os.chown(target, owner, owner)
    for folder in (tmp_path, image, target.parent):
        folder.chmod(0o755)
    (image / "home").symlink_to("/srv/all homes")

    with pytest.raises(LoginBlocked) as caught:
        make_home(Root(str(image)), Account("ops", 1000, 1000, "/home/ops", "/bin/sh"))

    assert caught.value.hint == fix.format(target if mode is None else f"'{target}'")

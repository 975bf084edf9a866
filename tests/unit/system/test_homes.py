"""Homes of new users."""

import os
from pathlib import Path

import pytest

from azprov.errors import LoginBlocked
from azprov.formats.host.passwd import Account
from azprov.system.homes import make_home
from azprov.system.root import Root


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

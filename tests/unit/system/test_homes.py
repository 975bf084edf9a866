"""Homes of new users."""

import os
from pathlib import Path

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

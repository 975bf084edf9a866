"""After deprovision no one can log in to Debian 12, 13 or sid, or deprovision says who can.

The roots are not booted: their own sshd and su run in a chroot.
"""

import shutil
from pathlib import Path

import pytest

from boot.machine import Machine, skip_without_means
from images import azprov
from login_judge import LoginJudge
from ways_in import WAYS

pytestmark = [
    pytest.mark.boot,
    pytest.mark.needs("root", "sshd", "ssh", "openssl", "setpriv", "script"),
]

_SETTINGS = "PermitRootLogin yes\nPasswordAuthentication yes\n"


@pytest.mark.parametrize("release", ["bookworm", "trixie", "sid"])
def test_a_way_in_to_a_debian_is_closed_or_named(release: str, tmp_path: Path) -> None:
    """Each way in works before deprovision, and afterwards only if deprovision names it."""
    skip_without_means()
    machine = Machine(tmp_path, release)
    (machine.root / "etc/ssh/sshd_config.d/00-test.conf").write_text(_SETTINGS)
    assert azprov("deprovision", "--root", machine.root, "--yes")[0] == 0
    original = tmp_path / "etc"
    shutil.copytree(machine.root / "etc", original, symlinks=True)
    failed = {}

    for number, (name, way) in enumerate(WAYS.items()):
        judge = LoginJudge(machine.root, tmp_path / str(number))
        way.prepare(judge)
        prepared = tmp_path / f"etc-{number}"
        shutil.copytree(machine.root / "etc", prepared, symlinks=True)
        before = way.succeeds(judge)
        _replace(machine.root / "etc", prepared)
        code, _, log = azprov("deprovision", "--root", machine.root, "--yes")
        after = way.succeeds(judge)
        is_named = way.named.format(root=machine.root) in log
        if (before, after, code, is_named) != (True, bool(way.named), int(bool(way.named)), True):
            failed[name] = (before, after, code, log)
        _replace(machine.root / "etc", original)

    assert failed == {}


def _replace(folder: Path, original: Path) -> None:
    shutil.rmtree(folder)
    shutil.copytree(original, folder, symlinks=True)

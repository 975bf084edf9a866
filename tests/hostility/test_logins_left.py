"""After deprovision no one can log in, by sshd and su themselves, or deprovision says who can."""

import shutil
from pathlib import Path

import pytest

import live_root
from images import azprov
from live_root import LiveRoot
from login_judge import LoginJudge
from ways_in import WAYS

FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\n"
    "sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin\n"
    "nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\nusers:x:100:\n",
    "etc/shadow": "root:*:19000:0:99999:7:::\nnobody:*:19000:0:99999:7:::\n",
    "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n"
    "PermitRootLogin yes\nPasswordAuthentication yes\n",
    "root/.profile": "",
}


@pytest.fixture
def judge(tmp_path: Path) -> LoginJudge:
    """A root with the PAM settings of this machine, in which no one can log in."""
    live_root.usable()
    root = tmp_path / "root"
    root.mkdir()
    LiveRoot(root, FILES)
    for name in ("pam.d", "security"):
        shutil.copytree(f"/etc/{name}", root / "etc" / name)
    (root / "etc/security/opasswd").unlink(missing_ok=True)
    (root / "etc/login.defs").write_text("")
    return LoginJudge(root, tmp_path / "client")


@pytest.mark.needs("root", "sshd", "ssh", "openssl", "setpriv", "script")
@pytest.mark.parametrize("name", WAYS)
def test_a_way_in_is_closed_or_named(name: str, judge: LoginJudge) -> None:
    """A way in that worked leads nowhere after deprovision, or is named with exit code 1."""
    way = WAYS[name]
    way.prepare(judge)
    before = judge.root.with_name("before")
    shutil.copytree(judge.root / "etc", before, symlinks=True)
    assert way.succeeds(judge)
    shutil.rmtree(judge.root / "etc")
    shutil.copytree(before, judge.root / "etc", symlinks=True)

    code, _, log = azprov("deprovision", "--root", judge.root, "--yes")

    assert way.succeeds(judge) == bool(way.named)
    assert code == (1 if way.named else 0), log
    assert way.named.format(root=judge.root) in log

"""Users and keys that an image has only after a boot are named."""

from pathlib import Path
from typing import Dict

import pytest

from azprov.image.leftovers.logins_after_boot import find_after_boot
from azprov.system.root import Root
from images import azprov
from sound_image import change

SYSUSERS = "usr/lib/sysusers.d/ops.conf"
KEY = "ssh-ed25519 AAAA a\n"
PASSWD = {"etc/passwd": "root:x:0:0::/root:/bin/sh\nops:x:1500:1500::/srv/ops:/bin/bash\n"}


@pytest.mark.parametrize(
    ("line", "keys"),
    [
        ('u ops 1500 "x" /srv/ops /bin/bash', "srv/ops/.ssh/authorized_keys"),
        ("u! ops - - /srv/ops", "srv/ops/.ssh/authorized_keys2"),
        ("u ops 1500", ".ssh/authorized_keys"),
    ],
)
def test_a_user_that_a_boot_creates_with_keys_is_named(
    line: str, keys: str, tmp_path: Path
) -> None:
    """The user has no entry in passwd yet, so deprovision does not search the home."""
    (tmp_path / "usr/bin").mkdir(parents=True)
    change(tmp_path, {SYSUSERS: f"g x -\n{line}\n", keys: KEY})
    sentence = (
        "a user with authorized SSH keys is created at boot, because of line 2 of "
        f"{tmp_path}/{SYSUSERS}"
    )

    code, _, log = azprov("deprovision", "--root", tmp_path, "--yes")

    assert (code, sentence in log) == (1, True)


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("etc/fstab", "# a\n/data/home /home none bind 0 0\n", 2),
        ("etc/fstab", "/data/home /home/ none rbind,ro 0 0\n", 1),
        ("etc/fstab", "/dev/vdb /root none bind 0 0\n", 1),
        ("etc/fstab", "/data /srv none bind 0 0\n", 1),
        ("etc/fstab", "server:/home /home nfs defaults 0 0\n", 1),
        ("etc/fstab", "/data/ssh /etc/ssh none bind 0 0\n", 1),
        ("etc/fstab", "overlay /etc overlay lowerdir=/etc,upperdir=/a,workdir=/b 0 0\n", 1),
        ("etc/systemd/system/home.mount", "[Mount]\nWhat=/data/home\nWhere=/home\n", 2),
        ("usr/lib/systemd/system/srv-ops.mount", "[Mount]\nWhat=/a\nOptions=bind\n", 2),
    ],
)
def test_a_mount_over_homes_or_settings_is_named(
    path: str, text: str, line: int, tmp_path: Path
) -> None:
    """Keys and passwords in the folder that is mounted there were not examined."""
    change(tmp_path, {**PASSWD, path: text})

    (login,) = find_after_boot(Root(str(tmp_path)))

    assert login.what == (
        f"someone may be able to log in, because line {line} of {tmp_path}/{path} mounts a folder "
        "with users or keys that was not examined"
    )


@pytest.mark.parametrize(
    "files",
    [
        {SYSUSERS: 'u ops 1500 "x" /srv/ops /bin/bash\n'},
        {SYSUSERS: "u ops 1500\n", "srv/ops/.ssh/authorized_keys": KEY, **PASSWD},
        {SYSUSERS: 'u "a\nr - 1-9\nm a b\n'},
        {
            "etc/fstab": "UUID=a / btrfs subvol=root 0 0\nUUID=a /home btrfs subvol=home 0 0\n"
            "/dev/sda1 /boot ext4 defaults 0 2\nLABEL=a /root xfs defaults 0 0\n"
            "tmpfs /tmp tmpfs defaults 0 0\nproc /proc proc defaults 0 0\n/swap none swap sw 0 0\n"
            "/data/web /srv/www none bind 0 0\n",
            "home/ops/.profile": "",
            "root/.profile": "",
            **PASSWD,
        },
        {
            "usr/lib/systemd/system/tmp.mount": "[Mount]\nWhat=tmpfs\nWhere=/tmp\nType=tmpfs\n",
            "usr/lib/systemd/system/dev-mqueue.mount": "[Mount]\nWhat=mqueue\nWhere=/dev/mqueue\n",
            **PASSWD,
        },
    ],
)
def test_usual_users_and_mounts_are_silent(files: Dict[str, str], tmp_path: Path) -> None:
    """Disks are mounted when an image is examined, and known users are searched."""
    change(tmp_path, files)

    assert list(find_after_boot(Root(str(tmp_path)))) == []


@pytest.mark.parametrize(
    ("files", "is_named"),
    [
        ({"etc/fstab": "/dev/vg/home /home ext4 defaults 0 2\n"}, True),
        ({"etc/fstab": "/dev/vg/home /home ext4 defaults,nofail 0 2\n"}, False),
        ({"etc/fstab": "/dev/vg/home /home ext4 noauto 0 2\n"}, False),
        ({"etc/fstab": "/dev/vg/srv /srv ext4 defaults 0 2\n"}, False),
        ({"etc/fstab": "/dev/vg/home /home ext4 x 0 2\n", "home/ops/.profile": ""}, False),
    ],
)
def test_homes_on_a_disk_that_is_not_mounted_are_named(
    files: Dict[str, str], is_named: bool, tmp_path: Path
) -> None:
    """deprovision exits 1, since the keys on that disk stay; check has no finding."""
    change(tmp_path, {**PASSWD, **files})
    (tmp_path / "usr/bin").mkdir(parents=True)

    code, _, log = azprov("deprovision", "--root", tmp_path, "--yes")

    assert (code == 1, "that was not examined" in log) == (is_named, is_named)
    assert "that was not examined" not in azprov("check", "--root", tmp_path)[1]

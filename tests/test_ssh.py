"""Who may log in: keys written with their user's rights, and what sshd is told."""

import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import List, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.documents.accounts import Account
from azprov.documents.ssh_key import SshKey, parse_ssh_keys
from azprov.documents.sshd_config import (
    authorized_keys_path,
    first_values,
    parse_sshd_config,
)
from azprov.errors import HostError
from azprov.host.commands import Commands
from azprov.host.root import Root
from azprov.host.ssh import add_keys, forbid_passwords, sshd_settings
from azprov.host.sshd import lacks_host_keys, make_host_keys
from ports import NoCommands
from samples_of import sample

KEYS = parse_ssh_keys(sample("ssh_key/ed25519.pub").decode())
LINE = sample("ssh_key/ed25519.pub")
ID, GROUP_ID = os.geteuid() or 54321, os.getegid() or 54322
USER = Account("ops", ID, GROUP_ID, "/home/ops", "/bin/sh")

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root acts as others")


@pytest.mark.parametrize(
    ("config", "values"),
    [
        ("PasswordAuthentication no", ["no"]),
        ("passwordauthentication=no", ["no"]),
        ("  PasswordAuthentication \t = no  ", ["no"]),
        ('PasswordAuthentication "no"', ["no"]),
        ("PasswordAuthentication no # yes", ["no"]),
        ("PasswordAuthentication no\nPasswordAuthentication yes", ["no"]),
        ("#PasswordAuthentication no\nPasswordAuthentication\tyes", ["yes"]),
        ("Match User x\nPasswordAuthentication no", None),
        ("MATCH all\nPasswordAuthentication no", None),
        ("PasswordAuthentication", None),
        ("", None),
    ],
)
def test_settings(config: str, values: object) -> None:
    """The first one counts, for every connection, in any case and spelling."""
    settings = list(parse_sshd_config(config.encode()))

    assert first_values(settings, "PasswordAuthentication") == values


@given(st.binary())
def test_any_config_is_read(content: bytes) -> None:
    """Nothing but settings comes out."""
    authorized_keys_path(list(parse_sshd_config(content)), USER)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (None, "/home/ops/.ssh/authorized_keys"),
        (".ssh/authorized_keys .ssh/authorized_keys2", "/home/ops/.ssh/authorized_keys"),
        ("%h/.ssh/keys", "/home/ops/.ssh/keys"),
        ("/etc/ssh/keys/%u", "/etc/ssh/keys/ops"),
        ("/etc/ssh/%u.d/%%%U", f"/etc/ssh/ops.d/%{ID}"),
        ("none", None),
    ],
)
def test_where_keys_are_looked_for(value: object, path: object) -> None:
    """As sshd does, with the common tokens."""
    config = b"" if value is None else f"AuthorizedKeysFile {value}".encode()

    assert authorized_keys_path(list(parse_sshd_config(config)), USER) == path


@pytest.fixture
def image(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    (tmp_path / "home/ops").mkdir(parents=True)
    (tmp_path / "home/ops").chmod(0o750)
    os.chown(tmp_path / "home/ops", ID, GROUP_ID)
    (tmp_path / "etc/ssh/sshd_config.d").mkdir(parents=True)
    (tmp_path / "etc/ssh/sshd_config").write_text("Include /etc/ssh/sshd_config.d/*.conf\n")
    return tmp_path


def add(image: Path, keys: Sequence[SshKey] = KEYS) -> None:
    add_keys(Root(str(image)), USER, keys, NoCommands())


def test_keys_are_the_users_own(image: Path) -> None:
    """File and folder: owner, group and modes as sshd wants them."""
    add(image)

    for path, mode in ((".ssh", 0o700), (".ssh/authorized_keys", 0o600)):
        status = (image / "home/ops" / path).stat()
        assert (status.st_uid, status.st_gid) == (ID, GROUP_ID)
        assert stat.S_IMODE(status.st_mode) == mode
    assert (image / "home/ops/.ssh/authorized_keys").read_bytes() == LINE
    assert os.listdir(image / "home/ops/.ssh") == ["authorized_keys"]


def test_a_second_time_changes_nothing(image: Path) -> None:
    """Not even the file's number."""
    add(image)
    before = (image / "home/ops/.ssh/authorized_keys").stat()

    add(image)

    assert (image / "home/ops/.ssh/authorized_keys").stat() == before


def test_too_open_a_file_is_closed(image: Path) -> None:
    """sshd would not read it; what it holds stays."""
    add(image)
    path = image / "home/ops/.ssh/authorized_keys"
    path.chmod(0o666)

    add(image)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == LINE


def test_a_file_outside_homes_is_roots_and_readable(image: Path) -> None:
    """sshd reads it with the user's rights."""
    (image / "etc/ssh/sshd_config").write_text("AuthorizedKeysFile /etc/ssh/keys/%u\n")

    add(image)

    path = image / "etc/ssh/keys/ops"
    assert path.read_bytes() == LINE
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert path.stat().st_uid == os.geteuid()
    assert list((image / "home/ops").iterdir()) == []


def test_a_setting_in_an_included_file_counts(image: Path) -> None:
    """In its place: before what follows, and not after a Match of its own."""
    (image / "etc/ssh/sshd_config.d/b.conf").write_text("AuthorizedKeysFile .ssh/b\n")
    (image / "etc/ssh/sshd_config.d/a.conf").write_text("Match all\nAuthorizedKeysFile .ssh/a\n")
    with (image / "etc/ssh/sshd_config").open("a") as config:
        config.write("AuthorizedKeysFile .ssh/c\n")

    add(image)

    assert os.listdir(image / "home/ops/.ssh") == ["b"]


def test_files_that_include_each_other_end(image: Path) -> None:
    """sshd would refuse them; reading them must not take for ever."""
    (image / "etc/ssh/sshd_config").write_text("Include sshd_config\nPort 1\n")

    assert first_values(sshd_settings(Root(str(image))), "Port") == ["1"]


def test_keys_that_nobody_would_read(image: Path) -> None:
    """An image whose sshd takes none says so."""
    (image / "etc/ssh/sshd_config").write_text("AuthorizedKeysFile none\n")

    with pytest.raises(HostError, match="AuthorizedKeysFile none"):
        add(image)


TRICKS = ["folder to etc", "file to secret", "hard link", "folder is a file", "new file to etc"]


@needs_root
@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_in_a_home_leads_root_anywhere(image: Path, trick: str) -> None:
    """Neither read nor written is what the user could not; the keys fail, or are the user's."""
    secret = image / "etc/secret"
    secret.write_text("secret")
    secret.chmod(0o600)
    home = image / "home/ops"
    if trick == "folder to etc":
        (home / ".ssh").symlink_to("/etc")
    elif trick == "folder is a file":
        (home / ".ssh").write_text("")
    else:
        (home / ".ssh").mkdir()
        os.chown(home / ".ssh", ID, GROUP_ID)
        if trick == "file to secret":
            (home / ".ssh/authorized_keys").symlink_to("/etc/secret")
        elif trick == "hard link":
            os.link(secret, home / ".ssh/authorized_keys")
        else:
            (home / ".ssh/authorized_keys").symlink_to("/etc/new")
    etc = sorted(os.listdir(image / "etc"))

    with pytest.raises(HostError) as failure:
        add(image)

    assert failure.value.exit_code == 73
    assert secret.read_text() == "secret"
    assert (secret.stat().st_uid, stat.S_IMODE(secret.stat().st_mode)) == (0, 0o600)
    assert sorted(os.listdir(image / "etc")) == etc
    assert os.geteuid() == 0


def test_passwords_are_forbidden_by_a_drop_in(image: Path) -> None:
    """First in its folder, before another that allows them."""
    (image / "etc/ssh/sshd_config.d/50-cloud.conf").write_text("PasswordAuthentication yes\n")
    root = Root(str(image))

    forbid_passwords(root, NoCommands())
    forbid_passwords(root, NoCommands())

    assert sorted(os.listdir(image / "etc/ssh/sshd_config.d")) == [
        "00-azprov.conf",
        "50-cloud.conf",
    ]
    assert (image / "etc/ssh/sshd_config").read_text() == "Include /etc/ssh/sshd_config.d/*.conf\n"
    assert first_values(sshd_settings(root), "PasswordAuthentication") == ["no"]


@pytest.mark.parametrize(
    "config",
    ["Port 22\n", "PasswordAuthentication yes\nInclude /etc/ssh/sshd_config.d/*.conf\n"],
)
def test_where_a_drop_in_does_not_count(image: Path, config: str) -> None:
    """The settings come first in sshd's own file, once, and no drop-in stays."""
    (image / "etc/ssh/sshd_config").write_text(config)
    root = Root(str(image))

    forbid_passwords(root, NoCommands())
    forbid_passwords(root, NoCommands())

    assert (image / "etc/ssh/sshd_config").read_text() == (
        "# azprov: the platform asked for a VM without password logins.\n"
        "PasswordAuthentication no\nChallengeResponseAuthentication no\n" + config
    )
    assert os.listdir(image / "etc/ssh/sshd_config.d") == []


@needs_root
@pytest.mark.skipif(not shutil.which("sshd"), reason="needs sshd, to hear what it makes of it")
@pytest.mark.parametrize("config", ["Include {}/etc/ssh/sshd_config.d/*.conf\n", "Port 22\n"])
def test_sshd_takes_what_was_written(image: Path, config: str) -> None:
    """The real one, by its own account of its settings."""
    path = image / "etc/ssh/sshd_config"
    path.write_text(config.format(""))
    forbid_passwords(Root(str(image)), NoCommands())
    path.write_text(path.read_text().replace("/etc/ssh/", f"{image}/etc/ssh/"))
    key = image / "host_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)

    # In a name space of its own, with the folder that sshd asks for.
    script = 'mount -t tmpfs none /run && mkdir /run/sshd && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", script, "sh", str(shutil.which("sshd")), "-T"]
    shown = subprocess.run(
        [*command, "-f", str(path), "-h", str(key)], capture_output=True, text=True, check=False
    )

    assert shown.returncode == 0, shown.stderr
    assert "passwordauthentication no" in shown.stdout.splitlines()
    assert "kbdinteractiveauthentication no" in shown.stdout.splitlines()


def test_without_sshd_nothing_is_written(tmp_path: Path) -> None:
    """There is nobody to take passwords."""
    forbid_passwords(Root(str(tmp_path)), NoCommands())

    assert list(tmp_path.iterdir()) == []


class Recorder(Commands):
    """Notes the programs, and says that all was well, or that nothing was."""

    def __init__(self, *, well: bool = True) -> None:
        self.commands: List[List[str]] = []
        self._well = well

    def run(self, command: Sequence[str], *, limit_s: float) -> bool:  # noqa: ARG002 - a port
        self.commands.append(list(command))
        return self._well


def with_sshd(image: Path) -> Root:
    (image / "usr/bin").mkdir(parents=True)
    (image / "usr/bin/ssh-keygen").write_text("")
    return Root(str(image))


def test_host_keys_that_nobody_else_would_make(image: Path) -> None:
    """Debian's way: they are made when the package is installed, and never again."""
    root = with_sshd(image)
    assert lacks_host_keys(root)
    (image / "etc/ssh/ssh_host_ed25519_key").write_text("")
    assert not lacks_host_keys(root)


@pytest.mark.parametrize(
    "path",
    [
        "usr/lib/systemd/system/sshd-keygen@.service",
        "lib/systemd/system/sshdgenkeys.service",
        "etc/init.d/sshd",
    ],
)
def test_host_keys_that_the_distribution_makes(image: Path, path: str) -> None:
    """Two makers at once would spoil them."""
    root = with_sshd(image)
    (image / path).parent.mkdir(parents=True)
    (image / path).write_text("")

    assert not lacks_host_keys(root)


def test_host_keys_of_no_sshd(tmp_path: Path) -> None:
    """Nobody needs them."""
    assert not lacks_host_keys(with_sshd(tmp_path))


def test_making_host_keys(image: Path) -> None:
    """By ssh-keygen, which knows what sshd wants; a failure says what to do."""
    commands = Recorder()
    make_host_keys(Root(str(image)), commands)
    assert commands.commands == [["/usr/bin/ssh-keygen", "-A"]]

    with pytest.raises(HostError, match="made no SSH host keys"):
        make_host_keys(Root(str(image)), Recorder(well=False))

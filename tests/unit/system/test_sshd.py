"""sshd on a machine: adding keys, forbidding passwords, making host keys, restarting."""

import os
import stat
import subprocess
from pathlib import Path
from typing import Optional, Sequence, Tuple

import pytest

import needs
from azprov.errors import HostError
from azprov.formats.host.passwd import Account
from azprov.formats.host.ssh_keys import SshKey, parse_ssh_keys
from azprov.formats.host.sshd_config import first_values
from azprov.system.planting import planter_or_owner
from azprov.system.root import Root
from azprov.system.sshd.authorized_keys import add_keys, keys_paths
from azprov.system.sshd.passwords import forbid_passwords
from azprov.system.sshd.settings import read_settings
from images import changes
from ports import NoCommands, Recorder
from sample_files import sample

KEYS, _ = parse_ssh_keys(sample("ssh_key/ed25519.pub").decode())
LINE = sample("ssh_key/ed25519.pub")
ID, GROUP_ID = os.geteuid() or 54321, os.getegid() or 54322
USER = Account("ops", ID, GROUP_ID, "/home/ops", "/bin/sh")

needs_root = pytest.mark.needs("root")


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


def test_keys_belong_to_the_user(image: Path) -> None:
    """The file and its folder have the owner, group and modes that sshd requires."""
    add(image)

    for path, mode in ((".ssh", 0o700), (".ssh/authorized_keys", 0o600)):
        status = (image / "home/ops" / path).stat()
        assert (status.st_uid, status.st_gid) == (ID, GROUP_ID)
        assert stat.S_IMODE(status.st_mode) == mode
    assert (image / "home/ops/.ssh/authorized_keys").read_bytes() == LINE
    assert os.listdir(image / "home/ops/.ssh") == ["authorized_keys"]


def test_adding_keys_again_changes_nothing(image: Path) -> None:
    """Keys that are in the file are not written again."""
    add(image)
    before = changes(image)

    add(image)

    assert changes(image) == before


def test_a_file_that_others_can_write_is_corrected(image: Path) -> None:
    """sshd ignores such a file; its content is kept and its mode is set."""
    add(image)
    path = image / "home/ops/.ssh/authorized_keys"
    path.chmod(0o666)

    add(image)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == LINE


def test_a_file_outside_the_home_belongs_to_root(image: Path) -> None:
    """The file is readable by all, because sshd reads it with the user's rights."""
    (image / "etc/ssh/sshd_config").write_text("AuthorizedKeysFile /etc/ssh/keys/%u\n")

    add(image)

    path = image / "etc/ssh/keys/ops"
    assert path.read_bytes() == LINE
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert path.stat().st_uid == os.geteuid()
    assert list((image / "home/ops").iterdir()) == []


@needs_root
def test_a_home_behind_a_link_is_used_with_the_users_rights(image: Path) -> None:
    """A link in that home cannot make root read or write another file."""
    (image / "etc/ssh/sshd_config").write_text("AuthorizedKeysFile /data/%u/.ssh/keys\n")
    (image / "data").symlink_to("home")
    (image / "etc/secret").write_text("secret\n")
    (image / "etc/secret").chmod(0o600)
    (image / "home/ops/.ssh").mkdir()
    (image / "home/ops/.ssh/keys").symlink_to("/etc/secret")
    os.chown(image / "home/ops/.ssh", ID, GROUP_ID)

    with pytest.raises(HostError, match="Permission denied"):
        add(image)
    (image / "home/ops/.ssh/keys").unlink()
    add(image)

    assert (image / "etc/secret").read_text() == "secret\n"
    status = (image / "home/ops/.ssh/keys").stat()
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (ID, 0o600)


def test_settings_of_included_files_are_in_effect(image: Path) -> None:
    """An included file is read in place, and a Match block ends with its file."""
    (image / "etc/ssh/sshd_config.d/b.conf").write_text("AuthorizedKeysFile .ssh/b\n")
    (image / "etc/ssh/sshd_config.d/a.conf").write_text("Match User x\nAuthorizedKeysFile a\n")
    with (image / "etc/ssh/sshd_config").open("a") as config:
        config.write("AuthorizedKeysFile .ssh/c\n")

    add(image)

    assert os.listdir(image / "home/ops/.ssh") == ["b"]


def test_a_setting_has_its_file_and_all_match_blocks(image: Path) -> None:
    """A Match block around an Include is in effect in the included file."""
    (image / "etc/ssh/sshd_config").write_text("Match User a\nInclude sshd_config.d/a\nPort 2\n")
    (image / "etc/ssh/sshd_config.d/a").write_text("Port 0\nMatch Address b\nPort 1\n")

    assert [tuple(one) for one in read_settings(Root(str(image)), matches=True)] == [
        ("port", ["0"], ("User", "a"), "/etc/ssh/sshd_config.d/a", 1),
        ("port", ["1"], ("User", "a", "Address", "b"), "/etc/ssh/sshd_config.d/a", 3),
        ("port", ["2"], ("User", "a"), "/etc/ssh/sshd_config", 3),
    ]


def test_files_that_include_each_other_are_read_once(image: Path) -> None:
    """A loop of includes ends at a limit; sshd refuses such files."""
    (image / "etc/ssh/sshd_config").write_text("Include sshd_config\nPort 1\n")

    assert first_values(read_settings(Root(str(image))), "Port") == ["1"]


def test_a_hundred_files_of_keys_are_read(image: Path) -> None:
    """A larger number is an error, so that the work stays bounded."""
    config = image / "etc/ssh/sshd_config"
    config.write_text(
        "AuthorizedKeysFile" + " keys" * 60 + "\nMatch User a\n"
        "AuthorizedKeysFile" + " keys" * 40 + "\n"
    )
    root = Root(str(image))
    assert [account for account, _ in keys_paths(root, [USER])] == [USER, None]

    config.write_text(config.read_text().rstrip("\n") + " keys\n")

    with pytest.raises(HostError) as refused:
        list(keys_paths(root, [USER]))
    assert str(refused.value) == (
        f"the AuthorizedKeysFile lines of sshd's settings in {image} name more than 100 files; "
        "shorten that file"
    )


def test_adding_keys_without_a_file_of_keys_is_an_error(image: Path) -> None:
    """With `AuthorizedKeysFile none` no key could log in."""
    (image / "etc/ssh/sshd_config").write_text("AuthorizedKeysFile none\n")

    with pytest.raises(
        HostError, match=r"AuthorizedKeysFile none, .*; remove that line from the image"
    ):
        add(image)


@pytest.mark.needs("root")
@pytest.mark.parametrize(
    ("path", "account", "owner"),
    [
        ("/home/ops/.ssh/authorized_keys", USER, (ID, GROUP_ID)),
        ("/link/ops/keys", USER, (ID, GROUP_ID)),
        ("/home/ops/missing/keys", USER, (ID, GROUP_ID)),
        ("/srv/ops/.ssh/keys", USER._replace(home="/srv/ops"), (ID, GROUP_ID)),
        ("/home/opsother/keys", USER, None),
        ("/etc/ssh/keys/ops", USER, None),
        ("/etc/ssh/keys/ops", USER._replace(home="/"), None),
        ("/data/x/keys", USER, (1001, 1002)),
        ("/data/x/keys", None, (1001, 1002)),
        ("/data/x/deep/keys", None, (1001, 1002)),
        ("/link/ops/keys", None, (ID, GROUP_ID)),
        ("/missing/x/keys", None, None),
    ],
)
def test_a_path_is_used_with_the_rights_of_its_owner(
    image: Path, path: str, account: Optional[Account], owner: Optional[Tuple[int, int]]
) -> None:
    """The account owns paths in its home; the first owner except root owns a path elsewhere."""
    (image / "link").symlink_to("home")
    (image / "data/x/deep").mkdir(parents=True)
    os.chown(image / "data/x", 1001, 1002)
    os.chown(image / "data/x/deep", 1003, 1004)

    planter = planter_or_owner(Root(str(image)), path, account)

    assert (None if planter is None else planter.user) == owner


@pytest.mark.needs("root")
def test_keys_below_another_users_folder_are_written_with_that_users_rights(image: Path) -> None:
    """A link in a folder outside the home cannot make root write a file of root."""
    (image / "etc/ssh/sshd_config").write_text("AuthorizedKeysFile /data/%u/keys\n")
    (image / "data/ops").mkdir(parents=True)
    (image / "etc/secret").write_text("secret\n")
    (image / "data/ops/keys").symlink_to("/etc/secret")
    os.chown(image / "data/ops", 1001, 1002)

    with pytest.raises(HostError, match="Permission denied"):
        add(image)

    assert (image / "etc/secret").read_text() == "secret\n"


TRICKS = ["folder to etc", "file to secret", "hard link", "folder is a file", "new file to etc"]


@needs_root
@pytest.mark.parametrize("trick", TRICKS)
def test_links_in_a_home_are_followed_with_the_users_rights(image: Path, trick: str) -> None:
    """Adding keys fails instead of reading or writing a file that the user could not."""
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
    """The drop-in sorts before another one that allows passwords."""
    (image / "etc/ssh/sshd_config.d/50-cloud.conf").write_text("PasswordAuthentication yes\n")
    root = Root(str(image))

    forbid_passwords(root, NoCommands())
    forbid_passwords(root, NoCommands())

    assert sorted(os.listdir(image / "etc/ssh/sshd_config.d")) == [
        "00-azprov.conf",
        "50-cloud.conf",
    ]
    assert (image / "etc/ssh/sshd_config").read_text() == "Include /etc/ssh/sshd_config.d/*.conf\n"
    assert first_values(read_settings(root), "PasswordAuthentication") == ["no"]
    drop_in = image / "etc/ssh/sshd_config.d/00-azprov.conf"
    assert stat.S_IMODE(drop_in.stat().st_mode) == 0o600
    assert drop_in.read_text() == (
        "# azprov: the platform asked for a VM without password logins.\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "ChallengeResponseAuthentication no\n"
    )


@pytest.mark.parametrize("later", ["Kbdinteractive", "ChallengeResponse"])
def test_settings_after_the_drop_in_have_no_effect(image: Path, later: str) -> None:
    """Both names of keyboard-interactive are overridden, and a second run changes nothing."""
    with (image / "etc/ssh/sshd_config").open("a") as config:
        config.write(f"{later}Authentication yes\n")
    root = Root(str(image))

    forbid_passwords(root, NoCommands())
    before = (image / "etc/ssh/sshd_config").read_text()
    forbid_passwords(root, NoCommands())

    assert os.listdir(image / "etc/ssh/sshd_config.d") == ["00-azprov.conf"]
    assert (image / "etc/ssh/sshd_config").read_text() == before
    assert before.startswith("Include")


def test_a_refusal_in_upper_case_is_recognized(image: Path) -> None:
    """sshd reads NO as no, so nothing is written."""
    (image / "etc/ssh/sshd_config").write_text(
        "PasswordAuthentication NO\nKbdInteractiveAuthentication No\n"
    )
    before = changes(image)

    forbid_passwords(Root(str(image)), NoCommands())

    assert changes(image) == before


@pytest.mark.parametrize(
    "config",
    [
        "Port 22\n",
        "PasswordAuthentication no\n",
        "PasswordAuthentication yes\nInclude /etc/ssh/sshd_config.d/*.conf\n",
        "KbdInteractiveAuthentication yes\nInclude /etc/ssh/sshd_config.d/*.conf\n",
        "ChallengeResponseAuthentication yes\nInclude /etc/ssh/sshd_config.d/*.conf\n",
    ],
)
def test_without_an_effective_drop_in_the_main_file_is_changed(image: Path, config: str) -> None:
    """The settings are written once, at the top of the main file, and the drop-in is removed."""
    (image / "etc/ssh/sshd_config").write_text(config)
    root = Root(str(image))

    forbid_passwords(root, NoCommands())
    forbid_passwords(root, NoCommands())

    assert (image / "etc/ssh/sshd_config").read_text() == (
        "# azprov: the platform asked for a VM without password logins.\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "ChallengeResponseAuthentication no\n" + config
    )
    assert os.listdir(image / "etc/ssh/sshd_config.d") == []


@needs_root
@pytest.mark.needs("sshd", "ssh-keygen", "mount")
@pytest.mark.parametrize("config", ["Include {}/etc/ssh/sshd_config.d/*.conf\n", "Port 22\n"])
def test_sshd_refuses_passwords_after_the_change(image: Path, config: str) -> None:
    """The real sshd reports the settings in effect with `sshd -T`."""
    path = image / "etc/ssh/sshd_config"
    path.write_text(config.format(""))
    forbid_passwords(Root(str(image)), NoCommands())
    path.write_text(path.read_text().replace("/etc/ssh/", f"{image}/etc/ssh/"))
    key = image / "host_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)

    # In a name space of its own, with the folder that sshd asks for.
    script = 'mount -t tmpfs none /run && mkdir /run/sshd && exec "$@"'
    command = ["unshare", "-m", "sh", "-c", script, "sh", needs.program("sshd"), "-T"]
    shown = subprocess.run(
        [*command, "-f", str(path), "-h", str(key)], capture_output=True, text=True, check=False
    )

    assert shown.returncode == 0, shown.stderr
    assert "passwordauthentication no" in shown.stdout.splitlines()
    assert "kbdinteractiveauthentication no" in shown.stdout.splitlines()


def test_without_sshd_nothing_is_written(tmp_path: Path) -> None:
    """Without sshd's configuration there are no password logins to forbid."""
    forbid_passwords(Root(str(tmp_path)), NoCommands())

    assert list(tmp_path.iterdir()) == []


def live(image: Path) -> Root:
    """A root that counts as the live one; only for tests that run no program."""
    root = Root(str(image))
    root.is_live = True
    return root


def enable(image: Path, link: str) -> None:
    (image / link).parent.mkdir(parents=True, exist_ok=True)
    (image / link).symlink_to("/x")


@pytest.mark.parametrize(
    ("link", "name"),
    [
        ("multi-user.target.wants/ssh.service", "ssh.service"),
        ("multi-user.target.wants/sshd.service", "sshd.service"),
        ("sockets.target.wants/ssh.socket", "ssh.service"),
    ],
)
def test_systemd_restarts_a_running_sshd(image: Path, link: str, name: str) -> None:
    """A socket may start sshd. azprov does not wait, because the unit may wait for azprov."""
    enable(image, f"etc/systemd/system/{link}")
    commands = Recorder()

    forbid_passwords(live(image), commands)

    assert commands.commands == [
        ["systemctl", "reset-failed", name],
        ["systemctl", "--no-block", "try-restart", name],
    ]


def test_openrc_restarts_a_started_sshd(image: Path) -> None:
    """An sshd that is not started is not started by the restart."""
    enable(image, "etc/runlevels/default/sshd")
    commands = Recorder()

    forbid_passwords(live(image), commands)

    assert commands.commands == [["rc-service", "--ifstarted", "sshd", "restart"]]


def test_no_sshd_is_restarted_for_an_image(image: Path) -> None:
    """No program is run for an image, or if sshd is not enabled."""
    enable(image, "etc/runlevels/default/sshd")
    forbid_passwords(Root(str(image)), NoCommands())
    (image / "etc/runlevels/default/sshd").unlink()
    (image / "etc/ssh/sshd_config.d/00-azprov.conf").unlink()

    forbid_passwords(live(image), NoCommands())

    assert (image / "etc/ssh/sshd_config.d/00-azprov.conf").exists()


def test_files_of_keys_are_relabelled_every_time(image: Path) -> None:
    """The power may fail between writing the file and setting its label."""
    (image / "sys/fs/selinux").mkdir(parents=True)
    (image / "sys/fs/selinux/enforce").write_text("1")
    commands = Recorder()

    for _ in range(2):
        add_keys(live(image), USER, KEYS, commands)

    assert commands.commands == [["restorecon", "-R", "-F", "/home/ops/.ssh"]] * 2


def test_without_selinux_nothing_is_relabelled(image: Path) -> None:
    """A live machine without SELinux runs no restorecon."""
    add_keys(live(image), USER, KEYS, NoCommands())


def test_the_log_says_that_an_image_needs_labels(
    image: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No program is run for an image with SELinux, and the log asks to relabel it."""
    (image / "etc/selinux").mkdir()
    (image / "etc/selinux/config").write_text("SELINUX=enforcing\n")

    with caplog.at_level("INFO"):
        add(image)

    assert f"{image}/home/ops/.ssh has no SELinux labels: relabel the image" in caplog.messages

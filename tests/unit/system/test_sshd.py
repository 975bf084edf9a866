"""Who may log in: keys written with their user's rights, and what sshd is told."""

import os
import stat
import subprocess
from pathlib import Path
from typing import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

import needs
from azprov.errors import HostError
from azprov.formats.host.passwd import Account
from azprov.formats.host.ssh_keys import SshKey, parse_ssh_keys
from azprov.formats.host.sshd_config import (
    authorized_keys_path,
    common_keys_paths,
    first_values,
    for_every_connection,
    own_keys_paths,
    parse_sshd_config,
)
from azprov.system.root import Root
from azprov.system.sshd.authorized_keys import add_keys
from azprov.system.sshd.host_keys import lacks_host_keys, make_host_keys
from azprov.system.sshd.passwords import forbid_passwords
from azprov.system.sshd.settings import read_settings
from images import changes
from ports import NoCommands, Recorder
from samples_of import sample

KEYS = parse_ssh_keys(sample("ssh_key/ed25519.pub").decode())
LINE = sample("ssh_key/ed25519.pub")
ID, GROUP_ID = os.geteuid() or 54321, os.getegid() or 54322
USER = Account("ops", ID, GROUP_ID, "/home/ops", "/bin/sh")

needs_root = pytest.mark.needs("root")


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
        ("#\fPasswordAuthentication no", None),
        ("PasswordAuthentication\rno", ["no"]),
        ("MATCH all\nPasswordAuthentication no", None),
        ("PasswordAuthentication", None),
        ("", None),
    ],
)
def test_settings(config: str, values: object) -> None:
    """The first one counts, for every connection, in any case and spelling."""
    settings = for_every_connection(parse_sshd_config(config.encode()))

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


DEFAULTS = ["/home/ops/.ssh/authorized_keys", "/home/ops/.ssh/authorized_keys2"]


@pytest.mark.parametrize(
    ("config", "own", "common"),
    [
        ("", DEFAULTS, []),
        ("AuthorizedKeysFile none", DEFAULTS, []),
        ("AuthorizedKeysFile .ssh/authorized_keys", DEFAULTS, []),
        ("AuthorizedKeysFile k /e/%u /e/all", [*DEFAULTS, "/home/ops/k", "/e/ops"], ["/e/all"]),
        ("AuthorizedKeysFile %h/k\nauthorizedkeysfile=k", [*DEFAULTS, "/home/ops/k"], []),
        ("AuthorizedKeysFile /e/%%u", DEFAULTS, ["/e/%u"]),
        (
            "Match User a\nAuthorizedKeysFile /a%U\nMatch all\nAuthorizedKeysFile NONE /b",
            [*DEFAULTS, f"/a{ID}"],
            ["/b"],
        ),
    ],
)
def test_where_keys_may_be(config: str, own: object, common: object) -> None:
    """By any of the settings, in a Match too, and by none."""
    settings = list(parse_sshd_config(config.encode()))

    assert own_keys_paths(settings, USER) == own
    assert common_keys_paths(settings) == common


def test_a_setting_has_the_match_that_it_is_in() -> None:
    """Until the next one."""
    config = b"Port 1\nMatch User a\nPort 2\nMATCH all\nPort 3\n"

    settings = list(parse_sshd_config(config))

    assert [(one.keyword, one.values, one.match) for one in settings] == [
        ("port", ["1"], ()),
        ("port", ["2"], ("User", "a")),
        ("port", ["3"], ("all",)),
    ]
    assert for_every_connection(settings) == settings[:1]


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
    """Not even a file's number."""
    add(image)
    before = changes(image)

    add(image)

    assert changes(image) == before


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


@needs_root
def test_a_home_by_another_name_is_the_users_too(image: Path) -> None:
    """As where /home is a link: no link in it leads root anywhere."""
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


def test_a_setting_in_an_included_file_counts(image: Path) -> None:
    """In its place: before what follows, and not after a Match of its own."""
    (image / "etc/ssh/sshd_config.d/b.conf").write_text("AuthorizedKeysFile .ssh/b\n")
    (image / "etc/ssh/sshd_config.d/a.conf").write_text("Match all\nAuthorizedKeysFile .ssh/a\n")
    with (image / "etc/ssh/sshd_config").open("a") as config:
        config.write("AuthorizedKeysFile .ssh/c\n")

    add(image)

    assert os.listdir(image / "home/ops/.ssh") == ["b"]


def test_a_setting_has_the_file_that_it_is_in(image: Path) -> None:
    """And the Match around its Include as well as its own."""
    (image / "etc/ssh/sshd_config").write_text("Match User a\nInclude sshd_config.d/a\nPort 2\n")
    (image / "etc/ssh/sshd_config.d/a").write_text("Port 0\nMatch Address b\nPort 1\n")

    assert [tuple(one) for one in read_settings(Root(str(image)), matches=True)] == [
        ("port", ["0"], ("User", "a"), "/etc/ssh/sshd_config.d/a"),
        ("port", ["1"], ("User", "a", "Address", "b"), "/etc/ssh/sshd_config.d/a"),
        ("port", ["2"], ("User", "a"), "/etc/ssh/sshd_config"),
    ]


def test_files_that_include_each_other_end(image: Path) -> None:
    """sshd would refuse them; reading them must not take for ever."""
    (image / "etc/ssh/sshd_config").write_text("Include sshd_config\nPort 1\n")

    assert first_values(read_settings(Root(str(image))), "Port") == ["1"]


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
    assert first_values(read_settings(root), "PasswordAuthentication") == ["no"]
    drop_in = image / "etc/ssh/sshd_config.d/00-azprov.conf"
    assert stat.S_IMODE(drop_in.stat().st_mode) == 0o600
    assert drop_in.read_text() == (
        "# azprov: the platform asked for a VM without password logins.\n"
        "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "ChallengeResponseAuthentication no\n"
    )


@pytest.mark.parametrize("later", ["Kbdinteractive", "ChallengeResponse"])
def test_what_is_set_behind_the_drop_in_does_not_count(image: Path, later: str) -> None:
    """By neither name of keyboard-interactive; and a second time changes nothing."""
    with (image / "etc/ssh/sshd_config").open("a") as config:
        config.write(f"{later}Authentication yes\n")
    root = Root(str(image))

    forbid_passwords(root, NoCommands())
    before = (image / "etc/ssh/sshd_config").read_text()
    forbid_passwords(root, NoCommands())

    assert os.listdir(image / "etc/ssh/sshd_config.d") == ["00-azprov.conf"]
    assert (image / "etc/ssh/sshd_config").read_text() == before
    assert before.startswith("Include")


def test_passwords_that_are_forbidden_in_capitals(image: Path) -> None:
    """sshd takes NO as no: nothing is written."""
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
def test_where_a_drop_in_does_not_count(image: Path, config: str) -> None:
    """The settings come first in sshd's own file, once, and no drop-in stays."""
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
    command = ["unshare", "-m", "sh", "-c", script, "sh", needs.program("sshd"), "-T"]
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


def live(image: Path) -> Root:
    """As if it were this machine's, for who runs no program of it."""
    root = Root(str(image))
    root.is_live = True
    return root


def enable(image: Path, link: str) -> None:
    (image / link).parent.mkdir(parents=True, exist_ok=True)
    (image / link).symlink_to("/x")


@pytest.mark.parametrize("name", ["ssh.service", "sshd.service"])
def test_a_running_sshd_takes_up_what_changed(image: Path, name: str) -> None:
    """Under systemd, by the name it is enabled by; never waited for, for it may wait for us."""
    enable(image, f"etc/systemd/system/multi-user.target.wants/{name}")

    made, forbidden = Recorder(), Recorder()
    make_host_keys(live(image), made)
    forbid_passwords(live(image), forbidden)

    assert made.commands[1:] == [
        ["systemctl", "reset-failed", name],
        ["systemctl", "--no-block", "restart", name],
    ]
    assert forbidden.commands == [
        ["systemctl", "reset-failed", name],
        ["systemctl", "--no-block", "reload-or-restart", name],
    ]


def test_a_running_sshd_takes_up_what_changed_under_openrc(image: Path) -> None:
    """Only where it runs."""
    enable(image, "etc/runlevels/default/sshd")
    commands = Recorder()

    forbid_passwords(live(image), commands)

    assert commands.commands == [["rc-service", "--ifstarted", "sshd", "restart"]]


def test_an_sshd_of_an_image_is_left_alone(image: Path) -> None:
    """It is not this machine's; and one that is not enabled is not started."""
    enable(image, "etc/runlevels/default/sshd")
    forbid_passwords(Root(str(image)), NoCommands())
    (image / "etc/runlevels/default/sshd").unlink()
    (image / "etc/ssh/sshd_config.d/00-azprov.conf").unlink()

    forbid_passwords(live(image), NoCommands())

    assert (image / "etc/ssh/sshd_config.d/00-azprov.conf").exists()


def test_keys_have_their_label(image: Path) -> None:
    """Each time: the power may have gone between the file and its label."""
    (image / "sys/fs/selinux").mkdir(parents=True)
    (image / "sys/fs/selinux/enforce").write_text("1")
    commands = Recorder()

    for _ in range(2):
        add_keys(live(image), USER, KEYS, commands)

    assert commands.commands == [["restorecon", "-R", "-F", "/home/ops/.ssh"]] * 2


def test_without_selinux_there_are_no_labels(image: Path) -> None:
    """Nor below a root, where an image with SELinux is said to need them."""
    add_keys(live(image), USER, KEYS, NoCommands())


def test_an_image_with_selinux_is_to_be_relabelled(
    image: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is run, and it is said."""
    (image / "etc/selinux").mkdir()
    (image / "etc/selinux/config").write_text("SELINUX=enforcing\n")

    with caplog.at_level("INFO"):
        add(image)

    assert f"{image}/home/ops/.ssh has no SELinux labels: relabel the image" in caplog.messages

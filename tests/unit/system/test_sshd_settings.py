"""sshd's settings, as azprov and a real sshd read the same files."""

import os
import subprocess
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import pytest

import needs
from azprov.errors import HostError
from azprov.formats.host.passwd import Account
from azprov.formats.host.ssh_keys import parse_ssh_keys
from azprov.formats.host.sshd_config import first_values, for_user, parse_sshd_config
from azprov.system.commands import Commands
from azprov.system.root import Root
from azprov.system.sshd.authorized_keys import add_keys
from azprov.system.sshd.passwords import accepts_passwords, forbid_passwords, without_own_lines
from azprov.system.sshd.settings import (
    ask_sshd,
    included_files,
    read_settings,
    settings_of_logins,
)
from ports import NoCommands
from sample_files import sample

# sshd reads the image's files at their usual paths; /run has the folder that it asks for.
_BIND = (
    'mount --bind "$0/etc/ssh" /etc/ssh && mount -t tmpfs none /run && mkdir /run/sshd && exec "$@"'
)
_MAIN = "/etc/ssh/sshd_config"
_D = "/etc/ssh/sshd_config.d"
_INCLUDE = f"Include {_D}/*.conf\n"
_NO = "PasswordAuthentication no\nKbdInteractiveAuthentication no\n"
_YES = "PasswordAuthentication yes\n"

needs_sshd = pytest.mark.needs("root", "sshd", "ssh-keygen", "mount")


class SshdOfImage(Commands):
    """Runs the machine's sshd on the files of an image, and no other program."""

    def __init__(self, image: Path) -> None:
        self._image = image

    def run(self, command: Sequence[str], *, limit_s: float) -> bool:
        raise AssertionError((command, limit_s))

    def output(self, command: Sequence[str], *, limit_s: float) -> Optional[bytes]:
        assert command[0] == "/usr/sbin/sshd"
        inside = [*needs.unshare("-m"), "sh", "-c", _BIND, str(self._image)]
        done = subprocess.run(
            [*inside, needs.program("sshd"), *command[1:]],
            capture_output=True,
            timeout=limit_s,
            check=False,
        )
        return done.stdout if done.returncode == 0 else None


def make_image(folder: Path, files: Dict[str, str]) -> Path:
    folder.chmod(0o755)
    for path, content in files.items():
        file = folder / path[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    return folder


def live(image: Path) -> Root:
    """A root that counts as the live one, with an sshd."""
    (image / "usr/sbin").mkdir(parents=True)
    (image / "usr/sbin/sshd").write_text("")
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f"]
    subprocess.run([*command, str(image / "etc/ssh/ssh_host_ed25519_key")], check=True)
    root = Root(str(image))
    root.is_live = True
    return root


def sshd_says(image: Path, login: str) -> List[str]:
    """The lines of sshd's answer about a login, such as user=ops,addr=10.0.0.1."""
    answer = SshdOfImage(image).output(["/usr/sbin/sshd", "-T", "-C", login], limit_s=20)
    assert answer is not None
    return answer.decode().splitlines()


#: Files, and the values for the user ops: of PasswordAuthentication, and the first one of
#: AuthorizedKeysFile.
READINGS = {
    "a file whose name begins with a dot is not included": (
        {_MAIN: _INCLUDE + "AuthorizedKeysFile a", f"{_D}/.50.conf": _NO + "AuthorizedKeysFile b"},
        ("yes", "a"),
    ),
    "a dot in the pattern includes it": (
        {_MAIN: f"Include {_D}/.*.conf\n", f"{_D}/.50.conf": _NO + "AuthorizedKeysFile b"},
        ("no", "b"),
    ),
    "files are in the order of their bytes": (
        {
            _MAIN: _INCLUDE,
            f"{_D}/B.conf": "AuthorizedKeysFile B",
            f"{_D}/a.conf": _NO + "AuthorizedKeysFile a",
        },
        ("no", "B"),
    ),
    "a relative path is below /etc/ssh": (
        {
            _MAIN: "Include more/[!b^]?.d/x\\*\n",
            "/etc/ssh/more/a1.d/x*": _NO,
            "/etc/ssh/more/b1.d/x*": _YES,
        },
        ("no", ".ssh/authorized_keys"),
    ),
    "patterns are in the order of the line": (
        {
            _MAIN: f"Include {_D}/z {_D}/a\n",
            f"{_D}/z": _NO,
            f"{_D}/a": _YES + "AuthorizedKeysFile a",
        },
        ("no", "a"),
    ),
    "a folder is not included": (
        {_MAIN: _INCLUDE + _NO, f"{_D}/a.conf/b": _YES},
        ("no", ".ssh/authorized_keys"),
    ),
    "Match all comes before the lines outside": (
        {_MAIN: _NO + "AuthorizedKeysFile a\nMatch all\n AuthorizedKeysFile b\n" + _YES},
        ("yes", "b"),
    ),
    "Match with an equals sign": (
        {_MAIN: "AuthorizedKeysFile a\nMatch User=root,op*\n AuthorizedKeysFile=b\n" + _NO},
        ("no", "b"),
    ),
    "Match for others": (
        {_MAIN: "Match User *,!ops\n AuthorizedKeysFile b\n" + _NO},
        ("yes", ".ssh/authorized_keys"),
    ),
    "a Match block ends with its file": (
        {_MAIN: _INCLUDE + "AuthorizedKeysFile a", f"{_D}/a.conf": "Match User root\n" + _NO},
        ("yes", "a"),
    ),
    "a Match block around an Include": (
        {_MAIN: "Match User root\n" + _INCLUDE, f"{_D}/a.conf": _NO + "Match all\n" + _NO},
        ("yes", ".ssh/authorized_keys"),
    ),
    "quotes, escapes and comments": (
        {
            _MAIN: '\tPasswordAuthentication="no" # x\n'
            'AuthorizedKeysFile \'a b\' "c\\"" d\\ e#f # g\r\n'
        },
        ("no", "a b"),
    ),
}


@needs_sshd
@pytest.mark.parametrize("name", READINGS)
def test_settings_are_read_as_sshd_reads_them(name: str, tmp_path: Path) -> None:
    """azprov's reading of the files gives the values of `sshd -T`."""
    files, (password, keys_file) = READINGS[name]
    root = live(make_image(tmp_path, files))

    said = settings_of_logins(root, "ops", SshdOfImage(tmp_path))
    read = for_user(read_settings(root, matches=True), "ops")

    assert first_values(said, "PasswordAuthentication") == [password]
    assert (first_values(read, "PasswordAuthentication") or ["yes"]) == [password]
    assert (first_values(read, "AuthorizedKeysFile") or [".ssh/authorized_keys"])[0] == keys_file
    assert " ".join(first_values(said, "AuthorizedKeysFile") or []).startswith(keys_file)


#: Files with which passwords can log in.
OPEN = {
    "a hidden file": {_MAIN: _INCLUDE + "Port 22\n", f"{_D}/.50-cloud.conf": _NO},
    "Match all": {_MAIN: _INCLUDE + "Match all\n" + _YES},
    "Match User": {_MAIN: _INCLUDE + "Match User ops\n" + _YES + "Match Address 10.0.0.1\n" + _YES},
    "Match before Include": {_MAIN: "Match User ops\n" + _YES + "Match all\n" + _INCLUDE},
    "Match in an earlier file": {
        _MAIN: _INCLUDE + "X11Forwarding no\n",
        f"{_D}/00-a.conf": "Match Address 10.0.0.0/8\n" + _YES,
    },
    "an earlier file": {_MAIN: _INCLUDE, f"{_D}/00-A.conf": _YES},
    "another pattern": {_MAIN: f"Include {_D}/*.cfg\n", f"{_D}/a.cfg": "Match User ops\n" + _YES},
    "another folder": {_MAIN: "Include more/*\n", "/etc/ssh/more/a": "Match User ops\n" + _YES},
    "no Include": {_MAIN: "X11Forwarding no\nMatch User ops\n" + _YES},
    "no Include, Match all": {_MAIN: _NO + " match all\n KbdInteractiveAuthentication yes\n"},
    "the main file": {_MAIN: _YES + _INCLUDE},
}


@needs_sshd
@pytest.mark.parametrize("name", OPEN)
def test_sshd_refuses_passwords_for_every_login(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """azprov's own file wins; it changes no other setting, and is removed without a trace."""
    image = make_image(tmp_path, OPEN[name])
    root = live(image)
    main = (image / "etc/ssh/sshd_config").read_bytes()
    logins = ["user=root,host=a,addr=192.0.2.1", "user=ops,host=a,addr=10.0.0.1"]
    before = [sshd_says(image, login) for login in logins]

    forbid_passwords(root, SshdOfImage(image), user="ops")

    for login, old in zip(logins, before):
        said = sshd_says(image, login)
        assert "passwordauthentication no" in said
        assert "kbdinteractiveauthentication no" in said
        assert [line for line in said if "tication" not in line.split()[0]] == [
            line for line in old if "tication" not in line.split()[0]
        ]
    assert caplog.messages == []
    assert without_own_lines((image / "etc/ssh/sshd_config").read_bytes()) == main
    after = {path: path.read_bytes() for path in (image / "etc/ssh").rglob("*") if path.is_file()}
    forbid_passwords(root, SshdOfImage(image), user="ops")
    assert all(path.read_bytes() == content for path, content in after.items())


@needs_sshd
def test_a_password_that_sshd_still_accepts_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """sshd decides: the log says so, and names the line, if azprov's file has no effect."""
    image = make_image(tmp_path, {_MAIN: _YES, "/etc/ssh/other": "Match User ops\n" + _YES})
    root = live(image)

    class OtherFile(SshdOfImage):
        """An sshd that is started with another file than azprov changes."""

        def output(self, command: Sequence[str], *, limit_s: float) -> Optional[bytes]:
            return super().output([*command, "-f", "/etc/ssh/other"], limit_s=limit_s)

    forbid_passwords(root, OtherFile(image), user="ops")

    assert caplog.messages == [
        "sshd may still accept passwords: sshd -T allows them for the user ops",
    ]


def test_the_line_that_keeps_passwords_possible_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The line and its file are named if azprov cannot write anything that wins."""
    image = make_image(tmp_path, {_MAIN: '"Match" User ops\nPasswordAuthentication yes\n'})

    forbid_passwords(Root(str(image)), NoCommands())

    assert caplog.messages == [
        f"sshd may still accept passwords: line 6 of {image}/etc/ssh/sshd_config says "
        "passwordauthentication yes"
    ]


def test_options_that_keep_passwords_possible_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An option on sshd's command line wins over every file, so its file is named."""
    options = "# -o PasswordAuthentication=yes\nSSHD_OPTS='-4 -oPasswordAuthentication=yes'\n"
    image = make_image(tmp_path, {_MAIN: _NO, "/etc/default/ssh": options})

    forbid_passwords(Root(str(image)), NoCommands())

    assert caplog.messages == [
        f"sshd may still accept passwords: line 2 of {image}/etc/default/ssh starts sshd with "
        "PasswordAuthentication yes"
    ]


@pytest.mark.parametrize(
    ("config", "is_root", "accepts"),
    [
        ("", False, True),
        (_NO, False, False),
        ("PasswordAuthentication no", False, False),
        ("PasswordAuthentication no\nUsePAM yes", False, True),
        ("PasswordAuthentication no\nUsePAM yes\nKbdInteractiveAuthentication no", False, False),
        ("PasswordAuthentication no\nUsePAM yes\nChallengeResponseAuthentication no", False, False),
        ("AuthenticationMethods publickey", False, False),
        ("AuthenticationMethods publickey,password", False, False),
        ("AuthenticationMethods publickey password,keyboard-interactive:pam", False, True),
        ("AuthenticationMethods any", False, True),
        ("", True, False),
        ("PermitRootLogin prohibit-password", True, False),
        ("PermitRootLogin yes", True, True),
    ],
)
def test_a_password_has_to_be_enough_for_a_login(config: str, is_root: bool, accepts: bool) -> None:
    """PAM, the methods and root's own setting decide as in sshd_config(5)."""
    settings = list(parse_sshd_config(config.encode()))

    assert accepts_passwords(settings, is_root=is_root) is accepts


@needs_sshd
def test_keys_are_added_where_sshd_looks_for_that_user(tmp_path: Path) -> None:
    """sshd itself decides, since a Match block can depend on more than the user's name."""
    config = "Match Group ops\n AuthorizedKeysFile a\nMatch Address 192.0.2.0/24\n"
    image = make_image(tmp_path, {_MAIN: config + " AuthorizedKeysFile /etc/ssh/keys/%u\n"})
    (image / "home/ops").mkdir(parents=True)
    keys, _ = parse_ssh_keys(sample("ssh_key/ed25519.pub").decode())
    account = Account("ops", os.geteuid(), os.getegid(), "/home/ops", "/bin/sh")

    add_keys(live(image), account, keys, SshdOfImage(image))

    assert (image / "etc/ssh/keys/ops").exists()
    assert not (image / "home/ops/.ssh").exists()


def test_keys_are_added_where_a_match_block_says(tmp_path: Path) -> None:
    """A Match block for the user comes before the setting for every user."""
    config = "AuthorizedKeysFile a\nMatch User ops\nAuthorizedKeysFile b\nMatch User x\n"
    image = make_image(tmp_path, {_MAIN: config + "AuthorizedKeysFile c\n"})
    (image / "home/ops").mkdir(parents=True)
    keys, _ = parse_ssh_keys(sample("ssh_key/ed25519.pub").decode())
    account = Account("ops", os.geteuid(), os.getegid(), "/home/ops", "/bin/sh")

    add_keys(Root(str(image)), account, keys, NoCommands())

    assert os.listdir(image / "home/ops") == ["b"]


@pytest.mark.parametrize(
    "change",
    [
        {_MAIN: "a b\n" * 20_001},
        {_MAIN: "#\n" * 131_073},
        {_MAIN: _INCLUDE, f"{_D}/a.conf": "#\n" * 70_000, f"{_D}/b.conf": "#\n" * 70_000},
    ],
)
def test_settings_of_sshd_are_bounded(tmp_path: Path, change: Dict[str, str]) -> None:
    """Many settings, a large file, and large files together are refused: all rules read them."""
    image = make_image(tmp_path, change)

    with pytest.raises(HostError, match=r"too many|larger than 262144 bytes"):
        read_settings(Root(str(image)))


def test_included_files_are_bounded(tmp_path: Path) -> None:
    """Files that include themselves several times are not read without end."""
    image = make_image(tmp_path, {_MAIN: "Include sshd_config sshd_config sshd_config\nPort 1\n"})

    assert len(read_settings(Root(str(image)))) <= 1001
    assert included_files(Root(str(image)), "*") == ["/etc/ssh/sshd_config"]


class ManyNames(Root):
    """A root in which each folder has this many names, of none of which there is a file."""

    count = 0

    def names(self, folder: str) -> List[str]:  # noqa: ARG002 - the same everywhere
        return [f"name{number}" for number in range(self.count)]


def test_names_for_a_pattern_are_bounded(tmp_path: Path) -> None:
    """5000 looks at folders and names are few for a machine, and quick."""
    root = ManyNames(str(tmp_path))
    root.count = 4999
    assert included_files(root, "x*") == []

    root.count = 5000

    with pytest.raises(HostError) as refused:
        included_files(root, "x*")
    assert str(refused.value) == (
        f"sshd's settings in {tmp_path} are too many, or their Include lines lead to too many "
        "files; shorten that file"
    )


class Sshd(Commands):
    """An sshd that answers to one option only."""

    def __init__(self, option: str) -> None:
        self._option = option
        self.commands: List[str] = []

    def output(
        self,
        command: Sequence[str],
        *,
        limit_s: float,  # noqa: ARG002 - a port
    ) -> Optional[bytes]:
        self.commands.append(" ".join(command))
        return b"port 22\nusepam yes\n" if command[1] == self._option else None


LOGIN = "-C user=ops,host=192.0.2.1,addr=192.0.2.1,laddr=192.0.2.2,lport=22"


@pytest.mark.parametrize(
    ("option", "commands"),
    [
        ("-T", [f"/usr/sbin/sshd -T {LOGIN}"]),
        ("-G", [f"/usr/sbin/sshd -T {LOGIN}", f"/usr/sbin/sshd -G {LOGIN}"]),
        ("-x", [f"/usr/sbin/sshd -T {LOGIN}", f"/usr/sbin/sshd -G {LOGIN}"]),
    ],
)
def test_sshd_of_a_live_machine_is_asked_for_its_settings(
    tmp_path: Path, option: str, commands: List[str]
) -> None:
    """Without host keys -T fails, and a newer sshd answers to -G."""
    root = Root(str(tmp_path))
    root.is_live = True
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "usr/sbin/sshd").touch()
    sshd = Sshd(option)

    settings = ask_sshd(root, "ops", sshd)

    assert sshd.commands == commands
    assert first_values(settings or [], "usepam") == (None if option == "-x" else ["yes"])

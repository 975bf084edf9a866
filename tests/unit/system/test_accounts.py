"""Creating a user account below a root: its entries, its home and its rights."""

import os
import stat
from pathlib import Path
from typing import Dict, List, Sequence

import pytest

from azprov.errors import LoginBlocked
from azprov.formats.host.passwd import Account, without_entry
from azprov.formats.host.shadow import find_password
from azprov.system.accounts import create_account
from azprov.system.administrator import make_administrator
from azprov.system.root import Root
from azprov.system.user_database import find_account
from person import GID, LOGIN_DEFS, UID
from ports import NoCommands, Recorder

PASSWD = b"root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
GROUP = b"root:x:0:\nadm:x:4:daemon,azureuser\nsudo:x:27:azureuser\n"
SHADOW = b"root:$y$hash:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n"


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A root like Debian's; its next free number is ours, so that this runs as any user."""
    files: Dict[str, bytes] = {
        "etc/passwd": PASSWD,
        "etc/group": GROUP.replace(b"azureuser", b""),
        "etc/shadow": SHADOW,
        "etc/gshadow": b"root:*::\n",
        "etc/login.defs": LOGIN_DEFS.encode(),
        "etc/skel/.profile": b"profile\n",
        "etc/skel/.config/a": b"a\n",
        "bin/bash": b"",
    }
    tmp_path.chmod(0o755)
    for path, content in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    (tmp_path / "etc/shadow").chmod(0o640)
    (tmp_path / "etc/skel/link").symlink_to(".profile")
    (tmp_path / "etc/skel/.config").chmod(0o700)
    (tmp_path / "etc/skel/.config/a").chmod(0o604)
    (tmp_path / "etc/sudoers.d").mkdir()
    return tmp_path


def test_an_account_is_created_by_writing_the_files(image: Path) -> None:
    """Without useradd, azprov writes four lines and a home that belongs to the user."""
    account = create_account(Root(str(image)), "azureuser", NoCommands())

    assert account == Account("azureuser", UID, GID, "/home/azureuser", "/bin/bash")
    line = f"azureuser:x:{UID}:{GID}::/home/azureuser:/bin/bash\n".encode()
    assert (image / "etc/passwd").read_bytes() == PASSWD + line
    assert (image / "etc/shadow").read_bytes() == SHADOW + b"azureuser:*::0:99999:7:::\n"
    assert stat.S_IMODE((image / "etc/shadow").stat().st_mode) == 0o640
    assert f"azureuser:x:{GID}:\n".encode() in (image / "etc/group").read_bytes()
    assert (image / "etc/gshadow").read_bytes() == b"root:*::\nazureuser:!::\n"
    home = image / "home/azureuser"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert (home / ".config/a").read_bytes() == b"a\n"
    assert stat.S_IMODE((home / ".config").stat().st_mode) == 0o700
    assert stat.S_IMODE((home / ".config/a").stat().st_mode) == 0o604
    assert os.readlink(home / "link") == ".profile"
    for path in (home, *home.rglob("*")):
        assert (path.lstat().st_uid, path.lstat().st_gid) == (UID, GID)
    assert os.listdir(image / "home") == ["azureuser"]


def everything(image: Path) -> List[object]:
    return [
        (path, path.lstat().st_mode, path.read_bytes() if path.is_file() else None)
        for path in sorted(image.rglob("*"))
    ]


def test_creating_an_account_again_changes_nothing(image: Path) -> None:
    """An existing account keeps its entries and its home."""
    root = Root(str(image))
    create_account(root, "azureuser", NoCommands())
    before = everything(image)

    create_account(root, "azureuser", NoCommands())
    assert create_account(Root(str(image)), "azureuser", NoCommands()).uid == UID

    assert everything(image) == before


@pytest.mark.parametrize("there", ["etc/group", "etc/gshadow", "etc/shadow", "etc/passwd"])
def test_an_incomplete_account_is_completed(image: Path, there: str) -> None:
    """The power may fail between writing any two files of the account."""
    whole = create_account(Root(str(image)), "azureuser", NoCommands())
    kept = ["etc/group", "etc/gshadow", "etc/shadow", "etc/passwd"]
    for path in kept[kept.index(there) + 1 :]:
        content = (image / path).read_bytes()
        (image / path).write_bytes(without_entry(content, "azureuser"))
    (image / "home/azureuser").rename(image / "home/.azureuser.azprov-new")
    (image / "home/.azureuser.azprov-new/half").write_text("")

    assert create_account(Root(str(image)), "azureuser", NoCommands()) == whole

    assert os.listdir(image / "home") == ["azureuser"]
    assert not (image / "home/azureuser/half").exists()
    for path in kept:
        names = [line.partition(":")[0] for line in (image / path).read_text().splitlines()]
        assert names.count("azureuser") == 1


def test_an_existing_group_of_the_name_is_used(image: Path) -> None:
    """The new account gets the group of its name instead of a second one."""
    with (image / "etc/group").open("a") as group:
        group.write(f"ops:x:{GID}:\n")

    assert create_account(Root(str(image)), "ops", NoCommands()).gid == GID
    assert (image / "etc/group").read_bytes().count(b"ops:") == 1


@pytest.mark.needs("root")
def test_a_group_number_used_only_in_passwd_is_not_reused(image: Path) -> None:
    """Files of that group would belong to the new user as well."""
    with (image / "etc/passwd").open("a") as passwd:
        passwd.write("old:x:5000:1000::/:/bin/false\n")

    assert create_account(Root(str(image)), "ops", NoCommands()).gid == 1001


def test_without_shadow_the_password_field_of_passwd_is_locked(image: Path) -> None:
    """On a machine without /etc/shadow, no password matches the new account."""
    (image / "etc/shadow").unlink()

    create_account(Root(str(image)), "azureuser", NoCommands())

    assert b"azureuser:*:" in (image / "etc/passwd").read_bytes()
    assert not (image / "etc/shadow").exists()


def test_sudo_rights_are_given_by_a_file(image: Path) -> None:
    """The name is quoted, because sudoers reads a word in capitals as an alias."""
    make_administrator(Root(str(image)), "ADMIN", NoCommands())

    path = image / "etc/sudoers.d/90-azprov"
    assert path.read_text() == '"ADMIN" ALL=(ALL:ALL) NOPASSWD:ALL\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o440


@pytest.mark.needs("root")
def test_the_sudoers_file_belongs_to_root(image: Path) -> None:
    """sudo ignores a file of another owner, who could also change it."""
    path = image / "etc/sudoers.d/90-azprov"
    path.write_text("x")
    os.chown(path, 54321, 54322)

    make_administrator(Root(str(image)), "ops", NoCommands())

    assert (path.stat().st_uid, path.stat().st_gid) == (0, 0)


def test_doas_rights_are_given_without_sudo(image: Path) -> None:
    """The rule is written for doas if there is no /etc/sudoers.d."""
    (image / "etc/sudoers.d").rmdir()
    (image / "etc/doas.d").mkdir()

    make_administrator(Root(str(image)), "ops", NoCommands())

    path = image / "etc/doas.d/90-azprov.conf"
    assert path.read_text() == 'permit nopass "ops"\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_without_sudo_and_doas_the_log_warns(image: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is written, and the log says that the user has no rights."""
    (image / "etc/sudoers.d").rmdir()
    before = everything(image)

    make_administrator(Root(str(image)), "ops", NoCommands())

    assert everything(image) == before
    assert caplog.messages == [
        f"ops has no administrator rights, because {image} has neither sudo with /etc/sudoers.d "
        "nor doas with /etc/doas.d; install sudo"
    ]


@pytest.mark.parametrize(
    ("program", "rule"),
    [
        ("sudo", "etc/sudoers.d/90-azprov"),
        ("doas", "etc/doas.d/90-azprov.conf"),
        ("", "etc/sudoers.d/90-azprov"),
    ],
)
def test_the_rule_is_for_the_program_that_is_installed(
    image: Path, program: str, rule: str, caplog: pytest.LogCaptureFixture
) -> None:
    """cloud-init makes /etc/sudoers.d also where sudo is missing."""
    (image / "etc/doas.d").mkdir()
    (image / "usr/bin").mkdir(parents=True)
    if program:
        (image / "usr/bin" / program).write_text("")

    make_administrator(Root(str(image)), "ops", NoCommands())

    assert [str(path.relative_to(image)) for path in image.rglob("90-azprov*")] == [rule]
    assert ("has no administrator rights" in caplog.text) is (not program)


def test_a_file_in_place_of_home_is_an_error(image: Path) -> None:
    """After the file is removed, creating the account again succeeds."""
    (image / "home").write_text("")

    with pytest.raises(LoginBlocked, match="home"):
        create_account(Root(str(image)), "azureuser", NoCommands())
    (image / "home").unlink()

    create_account(Root(str(image)), "azureuser", NoCommands())
    assert find_account(Root(str(image)), "azureuser") is not None
    assert (image / "home/azureuser/.profile").exists()


class Shadow(Recorder):
    """Does to the files what useradd or adduser does; other programs are missing."""

    def __init__(self, image: Path, there: str, password: str) -> None:
        super().__init__(well=False)
        self._image = image
        self._there = there
        self._password = password

    def run(self, command: Sequence[str], *, limit_s: float) -> bool:
        super().run(command, limit_s=limit_s)
        if command[0] != self._there:
            return False
        name = command[-1]
        for file, line in (
            ("passwd", f"{name}:x:{UID}:{GID}::/home/{name}:/bin/bash"),
            ("shadow", f"{name}:{self._password}:19000:0:99999:7:::"),
        ):
            with (self._image / "etc" / file).open("a") as content:
                content.write(line + "\n")
        return True

    @property
    def changing(self) -> List[List[str]]:
        """The programs without getent, which only answers."""
        return [command for command in self.commands if command[0] != "getent"]


def live(image: Path) -> Root:
    """A root that counts as the live one; only for tests that run no program."""
    root = Root(str(image))
    root.is_live = True
    return root


USERADD = ["useradd", "--no-create-home", "--home-dir", "/home/ops", "--shell", "/bin/bash"]
ADDUSER = ["adduser", "-D", "-H", "-h", "/home/ops", "-s", "/bin/bash"]


@pytest.mark.parametrize(
    ("there", "commands"),
    [
        ("useradd", [[*USERADD, "--user-group", "ops"]]),
        ("adduser", [[*USERADD, "--user-group", "ops"], [*ADDUSER, "ops"]]),
        ("neither", [[*USERADD, "--user-group", "ops"], [*ADDUSER, "ops"]]),
    ],
)
@pytest.mark.parametrize("lock", ["!", "!!"])
def test_a_live_machine_creates_accounts_with_its_own_tool(
    image: Path, there: str, lock: str, commands: List[List[str]]
) -> None:
    """useradd is tried, then adduser; the lock is replaced, since sshd without PAM refuses it."""
    tools = Shadow(image, there, lock)

    account = create_account(live(image), "ops", tools)

    assert account == Account("ops", UID, GID, "/home/ops", "/bin/bash")
    assert tools.changing == commands
    assert find_password((image / "etc/shadow").read_bytes(), "ops") == "*"
    assert (image / "home/ops/.profile").exists()


def test_useradd_and_adduser_get_the_existing_group(image: Path) -> None:
    """useradd and adduser refuse to create a group that exists."""
    with (image / "etc/group").open("a") as group:
        group.write(f"ops:x:{GID}:\n")
    tools = Shadow(image, "neither", "!")

    create_account(live(image), "ops", tools)

    assert tools.changing == [[*USERADD, "--gid", "ops", "ops"], [*ADDUSER, "-G", "ops", "ops"]]


@pytest.mark.parametrize(("field", "left"), [("!", "*"), ("!!", "*"), ("$y$hash", "$y$hash")])
def test_a_lock_of_useradd_is_removed_after_a_power_cut(image: Path, field: str, left: str) -> None:
    """An account without a home is incomplete: its lock is replaced, a password is kept."""
    Shadow(image, "useradd", field).run(["useradd", "ops"], limit_s=1)

    create_account(live(image), "ops", Recorder(well=False))

    assert find_password((image / "etc/shadow").read_bytes(), "ops") == left
    assert (image / "home/ops/.profile").exists()


def test_an_old_password_of_the_name_is_removed(image: Path) -> None:
    """Anyone who knows it could log in as the new user."""
    with (image / "etc/shadow").open("a") as shadow:
        shadow.write("ops:$y$hash:19000:0:99999:7:::\n")

    create_account(Root(str(image)), "ops", NoCommands())

    assert find_password((image / "etc/shadow").read_bytes(), "ops") == "*"


def test_an_existing_account_stays_locked(image: Path) -> None:
    """An account with a home was created completely, so its lock is kept."""
    Shadow(image, "useradd", "!").run(["useradd", "ops"], limit_s=1)
    (image / "home/ops").mkdir(parents=True)

    create_account(live(image), "ops", Recorder(well=False))

    assert find_password((image / "etc/shadow").read_bytes(), "ops") == "!"


def test_a_new_home_is_relabelled(image: Path) -> None:
    """Files copied from /etc/skel have other SELinux labels than files in a home."""
    (image / "sys/fs/selinux").mkdir(parents=True)
    (image / "sys/fs/selinux/enforce").write_text("1")
    tools = Shadow(image, "useradd", "!")

    create_account(live(image), "ops", tools)

    assert tools.changing[1:] == [["restorecon", "-R", "-F", "/home/ops"]]

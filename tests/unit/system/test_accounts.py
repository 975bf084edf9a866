"""Accounts: names, the lines of their files, and making one below a root."""

import os
import stat
from pathlib import Path
from typing import Dict, List, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.errors import HostError, UnusableError
from azprov.formats.host.passwd import (
    Account,
    find_password,
    free_id,
    is_password,
    members,
    parse_accounts,
    parse_groups,
    parse_login_defs,
    parse_user_name,
    with_entry,
    with_password,
    without_entry,
    without_member,
)
from azprov.system.accounts import create_account, find_account, make_administrator
from azprov.system.root import Root
from ports import NoCommands, Recorder

PASSWD = b"root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n"
GROUP = b"root:x:0:\nadm:x:4:daemon,azureuser\nsudo:x:27:azureuser\n"
SHADOW = b"root:$y$hash:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n"


@pytest.mark.parametrize("name", ["azureuser", "a", "_x", "Ops.Team-1_a", "ADMIN", "a" * 32])
def test_user_names(name: str) -> None:
    """What Azure gives out and Linux takes."""
    assert parse_user_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1a",
        "-a",
        ".a",
        "a b",
        "a:b",
        "a/b",
        "..",
        "a\n",
        "a$",
        "é",
        "a" * 33,
        "a\0",
        "a,b",
        "$(id)",
    ],
)
def test_what_is_no_user_name(name: str) -> None:
    """Nothing that a shell, a path, a file of accounts or sudoers would take for more."""
    with pytest.raises(UnusableError, match="cannot be used"):
        parse_user_name(name)


def test_accounts_and_groups() -> None:
    """Lines that are none are left out, whoever broke them."""
    broken = b"+::::::\nx\nbad:x:-1:0::/:\nbad:x:a:0::/:\n\xff\xfe:x:1:1::/:\n# c:x:1:1::/:/\n"

    assert parse_accounts(PASSWD + broken)[:2] == [
        Account("root", 0, 0, "/root", "/bin/bash"),
        Account("daemon", 1, 1, "/usr/sbin", "/usr/sbin/nologin"),
    ]
    assert parse_groups(GROUP + b"x\nadm:x:99:\n") == {"root": 0, "adm": 4, "sudo": 27}


def test_passwords() -> None:
    """A hash or nothing is one; what none matches is none."""
    assert find_password(SHADOW, "root") == "$y$hash"
    assert find_password(SHADOW, "nobody") is None
    assert [is_password(field) for field in ("$y$hash", "", "*", "!", "!!", "!$y$hash", "x")] == [
        *(True, True, False, False, False, False, False)
    ]
    assert with_password(SHADOW, "root", "*") == SHADOW.replace(b"$y$hash", b"*")
    assert with_password(SHADOW, "roo", "*") == SHADOW


@pytest.mark.parametrize(
    ("shadow", "changed"),
    [
        (b"root:\ndaemon:*\n", b"root:*\ndaemon:*\n"),
        (b"root:x", b"root:*"),
        (b"root:x\r\n", b"root:*\r\n"),
        (b"a:b\rroot:x:1\n", b"a:b\rroot:x:1\n"),
    ],
)
def test_a_password_is_set_in_its_place(shadow: bytes, changed: bytes) -> None:
    """Where a line is short, it keeps its end; a bare "\\r" ends none."""
    assert with_password(shadow, "root", "*") == changed


@pytest.mark.parametrize("number", ["4294967295", "9999999999", "-1", "1e3", "\u0663"])
def test_what_is_no_id(number: str) -> None:
    """chown(2) would take 4294967295 for "leave it", and nothing takes more."""
    assert parse_accounts(f"a:x:{number}:0::/:\nb:x:0:{number}::/:\n".encode()) == []
    assert parse_groups(f"a:x:{number}:\nb:x:4294967294:\n".encode()) == {"b": 4294967294}
    assert free_id([], {"UID_MIN": number}, "UID") == 1000


def test_entries_come_and_go() -> None:
    """At the end of the file, once; all other bytes stay."""
    assert with_entry(b"", "a", "x", 1) == b"a:x:1\n"
    assert with_entry(b"b:x:2", "a", "x", 1) == b"b:x:2\na:x:1\n"
    assert with_entry(b"a:y:3\n", "a", "x", 1) == b"a:y:3\n"
    assert without_entry(b"ab:1\na:2\r\nb:3", "a") == b"ab:1\nb:3"
    assert without_entry(b"b:1\ra:2\n", "a") == b"b:1\ra:2\n"


def test_members_are_told() -> None:
    """By the number of their group."""
    assert members(b"a:x:1:b,c\nd:x:1:e\nf:x:11:g\nh:x:1:\nx:x:1\n", 1) == ["b", "c", "e"]


def test_members_go() -> None:
    """Of every group, and nobody else's."""
    assert without_member(GROUP, "azureuser") == b"root:x:0:\nadm:x:4:daemon\nsudo:x:27:\n"
    assert without_member(b"a:x:1:bb,b\r\nb:x:2:", "b") == b"a:x:1:bb\r\nb:x:2:"


NAMES = st.from_regex(r"[a-z_][a-z0-9_-]{0,9}", fullmatch=True)


@given(st.binary(), NAMES)
def test_an_entry_that_came_goes_without_a_trace(content: bytes, name: str) -> None:
    """But for a line end that was missing."""
    whole = content if content.endswith(b"\n") or not content else content + b"\n"
    added = with_entry(content, name, "x", "1")

    if added != content:
        assert without_entry(added, name) == without_entry(whole, name)


@given(st.binary(), NAMES)
def test_any_bytes_are_read(content: bytes, name: str) -> None:
    """And changed without an error."""
    parse_accounts(content)
    parse_groups(content)
    find_password(content, name)
    assert without_member(without_member(content, name), name) == without_member(content, name)
    with_password(content, name, "*")


def test_free_ids() -> None:
    """The lowest, within what login.defs says."""
    settings = parse_login_defs(b"# UID_MIN 5\nUID_MIN\t\t 2000\nUID_MAX 2001 \nSHELL=/bin/sh\n")

    assert settings == {"UID_MIN": "2000", "UID_MAX": "2001", "SHELL": "/bin/sh"}
    assert free_id([0, 1000, 1002], {}, "UID") == 1001
    assert free_id([2000], settings, "UID") == 2001
    with pytest.raises(UnusableError, match="no UID from 2000 to 2001 is free"):
        free_id([2000, 2001], settings, "UID")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A root of a Debian kind; its next account is ours, so that this runs as anybody."""
    limits = f"UID_MIN {os.geteuid() or 1000}\nGID_MIN {os.getegid() or 1000}\n"
    files: Dict[str, bytes] = {
        "etc/passwd": PASSWD,
        "etc/group": GROUP.replace(b"azureuser", b""),
        "etc/shadow": SHADOW,
        "etc/gshadow": b"root:*::\n",
        "etc/login.defs": limits.encode(),
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


ID = os.geteuid() or 1000
GROUP_ID = os.getegid() or 1000


def test_an_account_by_the_files_alone(image: Path) -> None:
    """Four lines, a home from the skeleton that is the user's own, no password."""
    account = create_account(Root(str(image)), "azureuser", NoCommands())

    assert account == Account("azureuser", ID, GROUP_ID, "/home/azureuser", "/bin/bash")
    line = f"azureuser:x:{ID}:{GROUP_ID}::/home/azureuser:/bin/bash\n".encode()
    assert (image / "etc/passwd").read_bytes() == PASSWD + line
    assert (image / "etc/shadow").read_bytes() == SHADOW + b"azureuser:*::0:99999:7:::\n"
    assert stat.S_IMODE((image / "etc/shadow").stat().st_mode) == 0o640
    assert f"azureuser:x:{GROUP_ID}:\n".encode() in (image / "etc/group").read_bytes()
    assert (image / "etc/gshadow").read_bytes() == b"root:*::\nazureuser:!::\n"
    home = image / "home/azureuser"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert (home / ".config/a").read_bytes() == b"a\n"
    assert stat.S_IMODE((home / ".config").stat().st_mode) == 0o700
    assert stat.S_IMODE((home / ".config/a").stat().st_mode) == 0o604
    assert os.readlink(home / "link") == ".profile"
    for path in (home, *home.rglob("*")):
        assert (path.lstat().st_uid, path.lstat().st_gid) == (ID, GROUP_ID)
    assert os.listdir(image / "home") == ["azureuser"]


def everything(image: Path) -> List[object]:
    return [
        (path, path.lstat().st_mode, path.read_bytes() if path.is_file() else None)
        for path in sorted(image.rglob("*"))
    ]


def test_an_account_that_is_there_stays_as_it_is(image: Path) -> None:
    """And a second time changes nothing."""
    root = Root(str(image))
    create_account(root, "azureuser", NoCommands())
    before = everything(image)

    create_account(root, "azureuser", NoCommands())
    assert create_account(Root(str(image)), "azureuser", NoCommands()).uid == ID

    assert everything(image) == before


@pytest.mark.parametrize("there", ["etc/group", "etc/gshadow", "etc/shadow", "etc/passwd"])
def test_an_account_that_was_cut_off_is_completed(image: Path, there: str) -> None:
    """The power may go between any two of its files."""
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


def test_a_group_of_that_name_is_its_group(image: Path) -> None:
    """As useradd would need to be told."""
    with (image / "etc/group").open("a") as group:
        group.write(f"ops:x:{GROUP_ID}:\n")

    assert create_account(Root(str(image)), "ops", NoCommands()).gid == GROUP_ID
    assert (image / "etc/group").read_bytes().count(b"ops:") == 1


@pytest.mark.needs("root")
def test_a_group_that_only_passwd_knows_is_nobody_elses(image: Path) -> None:
    """Its files would be the new user's too."""
    with (image / "etc/passwd").open("a") as passwd:
        passwd.write("old:x:5000:1000::/:/bin/false\n")

    assert create_account(Root(str(image)), "ops", NoCommands()).gid == 1001


def test_without_shadow_no_password_matches_either(image: Path) -> None:
    """The field of passwd says so."""
    (image / "etc/shadow").unlink()

    create_account(Root(str(image)), "azureuser", NoCommands())

    assert b"azureuser:*:" in (image / "etc/passwd").read_bytes()
    assert not (image / "etc/shadow").exists()


def test_an_administrator_by_sudo(image: Path) -> None:
    """A file that sudo takes: quoted, for a name in capitals is an alias else."""
    make_administrator(Root(str(image)), "ADMIN")

    path = image / "etc/sudoers.d/90-azprov"
    assert path.read_text() == '"ADMIN" ALL=(ALL:ALL) NOPASSWD:ALL\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o440


@pytest.mark.needs("root")
def test_an_administrators_file_is_roots(image: Path) -> None:
    """sudo would not read it else, and its owner could write it."""
    path = image / "etc/sudoers.d/90-azprov"
    path.write_text("x")
    os.chown(path, 54321, 54322)

    make_administrator(Root(str(image)), "ops")

    assert (path.stat().st_uid, path.stat().st_gid) == (0, 0)


def test_an_administrator_by_doas(image: Path) -> None:
    """Where there is no sudo."""
    (image / "etc/sudoers.d").rmdir()
    (image / "etc/doas.d").mkdir()

    make_administrator(Root(str(image)), "ops")

    path = image / "etc/doas.d/90-azprov.conf"
    assert path.read_text() == "permit nopass ops\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_administrator_without_either(image: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is said, and nothing is written."""
    (image / "etc/sudoers.d").rmdir()
    before = everything(image)

    make_administrator(Root(str(image)), "ops")

    assert everything(image) == before
    assert "so ops is no administrator" in caplog.text


def test_a_home_whose_place_is_a_file(image: Path) -> None:
    """Told, and no account is left without what it needs to be tried again."""
    (image / "home").write_text("")

    with pytest.raises(HostError, match="home"):
        create_account(Root(str(image)), "azureuser", NoCommands())
    (image / "home").unlink()

    create_account(Root(str(image)), "azureuser", NoCommands())
    assert find_account(Root(str(image)), "azureuser") is not None
    assert (image / "home/azureuser/.profile").exists()


class Shadow(Recorder):
    """useradd or adduser as far as the files show it; the others are absent."""

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
            ("passwd", f"{name}:x:{ID}:{GROUP_ID}::/home/{name}:/bin/bash"),
            ("shadow", f"{name}:{self._password}:19000:0:99999:7:::"),
        ):
            with (self._image / "etc" / file).open("a") as content:
                content.write(line + "\n")
        return True


def live(image: Path) -> Root:
    """As if it were this machine's, for who runs no program of it."""
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
def test_on_a_running_machine_its_own_tool_makes_the_account(
    image: Path, there: str, lock: str, commands: List[List[str]]
) -> None:
    """The first that is there; it is no locked account, which an sshd without PAM refuses."""
    tools = Shadow(image, there, lock)

    account = create_account(live(image), "ops", tools)

    assert account == Account("ops", ID, GROUP_ID, "/home/ops", "/bin/bash")
    assert tools.commands == commands
    assert find_password((image / "etc/shadow").read_bytes(), "ops") == "*"
    assert (image / "home/ops/.profile").exists()


def test_its_own_tool_is_told_of_a_group_that_is_there(image: Path) -> None:
    """Else it would refuse."""
    with (image / "etc/group").open("a") as group:
        group.write(f"ops:x:{GROUP_ID}:\n")
    tools = Shadow(image, "neither", "!")

    create_account(live(image), "ops", tools)

    assert tools.commands == [[*USERADD, "--gid", "ops", "ops"], [*ADDUSER, "-G", "ops", "ops"]]


@pytest.mark.parametrize(("field", "left"), [("!", "*"), ("!!", "*"), ("$y$hash", "$y$hash")])
def test_a_power_cut_behind_useradd_leaves_no_lock(image: Path, field: str, left: str) -> None:
    """The account is there by then, its home is not; a password that was set stays."""
    Shadow(image, "useradd", field).run(["useradd", "ops"], limit_s=1)

    create_account(live(image), "ops", NoCommands())

    assert find_password((image / "etc/shadow").read_bytes(), "ops") == left
    assert (image / "home/ops/.profile").exists()


def test_a_password_that_an_account_before_it_left_goes(image: Path) -> None:
    """Whoever knew it would get in as the new one."""
    with (image / "etc/shadow").open("a") as shadow:
        shadow.write("ops:$y$hash:19000:0:99999:7:::\n")

    create_account(Root(str(image)), "ops", NoCommands())

    assert find_password((image / "etc/shadow").read_bytes(), "ops") == "*"


def test_an_older_account_stays_locked(image: Path) -> None:
    """It has a home, so nothing of it was cut off."""
    Shadow(image, "useradd", "!").run(["useradd", "ops"], limit_s=1)
    (image / "home/ops").mkdir(parents=True)

    create_account(live(image), "ops", NoCommands())

    assert find_password((image / "etc/shadow").read_bytes(), "ops") == "!"


def test_a_home_has_its_label(image: Path) -> None:
    """What it was copied from has another."""
    (image / "sys/fs/selinux").mkdir(parents=True)
    (image / "sys/fs/selinux/enforce").write_text("1")
    tools = Shadow(image, "useradd", "!")

    create_account(live(image), "ops", tools)

    assert tools.commands[1:] == [["restorecon", "-R", "-F", "/home/ops"]]


@pytest.mark.parametrize("odd", ["\f", "\u2028", "\x85", "\r"])
def test_an_account_with_an_odd_full_name_is_seen(odd: str) -> None:
    """Only a line feed ends a line: nobody hides by what chfn takes."""
    line = f"ops:x:1001:1001:a{odd}b:/home/ops:/bin/sh\n".encode()

    assert [account.name for account in parse_accounts(PASSWD + line)][-1] == "ops"


def test_a_password_of_any_name_goes() -> None:
    """Also of one that azprov would give nobody."""
    shadow = "zoë:$y$hash:19000::::::\n".encode()

    assert with_password(shadow, "zoë", "*") == "zoë:*:19000::::::\n".encode()

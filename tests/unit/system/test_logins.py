"""Users who have keys and still cannot log in, homes in the way, and late file systems."""

import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO, Dict, List, Optional, Sequence, Union

import pytest

from azprov.boot.steps import add_ssh_keys, create_admin_user, keys_of
from azprov.errors import HostError, LoginBlocked, PassingError, UnusableError
from azprov.formats.host.shadow import find_password
from azprov.formats.host.ssh_keys import SshKey
from azprov.formats.platform.instance import parse_instance
from azprov.system.accounts import (
    await_account,
    create_account,
    end_password_ageing,
    require_account,
)
from azprov.system.admin_user import set_up_admin
from azprov.system.administrator import make_administrator
from azprov.system.commands import Commands
from azprov.system.logins import let_log_in, require_login
from azprov.system.mounts import mount_above, mount_points_in, mount_unit
from azprov.system.root import Root
from azprov.system.user_database import look_up_account
from person import GID, LOGIN_DEFS, UID
from ports import FakeClock, NoCommands, Recorder
from sample_files import sample

KEY = sample("ssh_key/ed25519.pub").decode()
# The clock of the tests shows 2026-11-22, which is this day since 1970.
TODAY = 20779
OPS = f"ops:x:{UID}:{GID}::/home/ops:/bin/sh\n"
needs_root = pytest.mark.needs("root")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image with the user ops, who has a home and no password."""
    tmp_path.chmod(0o755)
    change(
        tmp_path,
        {
            "etc/passwd": f"root:x:0:0::/root:/bin/sh\n{OPS}",
            "etc/group": "root:x:0:\n",
            "etc/shadow": "root:*:::::::\nops:*:20000:0:99999:7:::\n",
            "etc/login.defs": LOGIN_DEFS,
            "etc/ssh/sshd_config": "UsePAM no\n",
            "etc/sudoers.d/README": "",
            "home/ops/.profile": "",
        },
    )
    os.chown(tmp_path / "home/ops", UID, GID)
    return tmp_path


def change(image: Path, files: Dict[str, str]) -> None:
    for name, content in files.items():
        (image / name).parent.mkdir(parents=True, exist_ok=True)
        (image / name).write_text(content)


def admin(image: Path, name: str, keys: Sequence[SshKey] = ()) -> None:
    set_up_admin(Root(str(image)), name, keys, NoCommands(), FakeClock(), no_passwords=False)


def live(image: Path) -> Root:
    """A root that counts as the live one; only for tests that run no program."""
    root = Root(str(image))
    root.is_live = True
    return root


@pytest.mark.parametrize(
    ("passwd", "shadow", "sshd", "message"),
    [
        (OPS, "ops:*:20000:0:99999:7:::", "", ""),
        (OPS, "ops:$y$hash:20000:0:99999:7:::", "", ""),
        (OPS, "", "", ""),
        (
            OPS.replace("/bin/sh", "/usr/sbin/nologin"),
            "ops:*:20000:0:99999:7:::",
            "",
            "because its shell is /usr/sbin/nologin; run chroot ROOT usermod --shell /bin/sh ops",
        ),
        (
            OPS,
            f"ops:*:20000:0:99999:7::{TODAY}:",
            "",
            "because the account expired on 2026-11-22; "
            "run chroot ROOT chage --expiredate -1 --maxdays -1 ops",
        ),
        (OPS, f"ops:*:20000:0:99999:7::{TODAY + 1}:", "", ""),
        (OPS, "ops:$y$hash:20600:0:90:7:::", "", ""),
        (
            OPS,
            "ops:$y$hash:20600:0:90:7:30::",
            "",
            "because the account expired on 2026-09-25; "
            "run chroot ROOT chage --expiredate -1 --maxdays -1 ops",
        ),
        (
            OPS,
            "ops:$y$hash:20600:0:90:7:0::",
            "",
            "because the account expired on 2026-08-26; "
            "run chroot ROOT chage --expiredate -1 --maxdays -1 ops",
        ),
        (OPS, "ops:!:20000:0:99999:7:::", "UsePAM yes\n", ""),
        (
            OPS,
            "ops:!:20000:0:99999:7:::",
            "UsePAM no\n",
            "because a '!' in ROOT/etc/shadow locks it, and sshd runs without PAM; run "
            "chroot ROOT usermod --password '*' ops",
        ),
    ],
)
def test_a_user_who_cannot_log_in_is_named_with_the_cause(
    image: Path, passwd: str, shadow: str, sshd: str, message: str
) -> None:
    """The shell, the expiry date and the lock of an account each refuse every key."""
    change(image, {"etc/passwd": passwd, "etc/shadow": shadow + "\n"})
    change(image, {"etc/ssh/sshd_config": sshd})
    root = Root(str(image))
    account = require_account(root, "ops", NoCommands())

    if not message:
        require_login(root, account, NoCommands(), FakeClock())
        return
    with pytest.raises(LoginBlocked) as caught:
        require_login(root, account, NoCommands(), FakeClock())

    assert str(caught.value) == (
        f"ops has the keys but cannot log in, {message.replace('ROOT', str(image))}"
    )
    assert caught.value.exit_code == 78


@pytest.mark.parametrize(("shell", "is_refused"), [("/bin/sh", False), ("/bin/zsh", True)])
def test_a_shell_that_is_not_installed_is_reported_on_a_live_machine(
    image: Path, shell: str, is_refused: bool
) -> None:
    """sshd refuses a user without a shell; an image may still get one."""
    change(image, {"bin/sh": "", "etc/passwd": OPS.replace("/bin/sh", shell)})
    root = live(image)
    account = require_account(root, "ops", Recorder(well=False))

    if is_refused:
        with pytest.raises(LoginBlocked, match="its shell /bin/zsh does not exist"):
            require_login(root, account, Recorder(well=False), FakeClock())
    else:
        require_login(root, account, Recorder(well=False), FakeClock())
    require_login(Root(str(image)), account, NoCommands(), FakeClock())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("ops:!:20000:1:90:7:30:21000:", "ops:!::0:99999:7::21000:"),
        ("ops:*:0:0:99999:7:::", "ops:*::0:99999:7:::"),
        ("ops:*:20000:0:90", "ops:*::0:99999:7:::"),
        ("ops:*:20000:0:9999:14:::", "ops:*::0:99999:7:::"),
        ("ops:*:20000:0:10000:14:::", "ops:*:20000:0:10000:14:::"),
        ("ops:*:20000:0:99999:14:::", "ops:*:20000:0:99999:14:::"),
        ("ops:*:20000::::::", "ops:*:20000::::::"),
        ("ops:$y$hash:20000:0:90:7:::", "ops:$y$hash:20000:0:90:7:::"),
        ("dev:*:20000:0:90:7:::", "dev:*:20000:0:90:7:::"),
    ],
)
def test_a_user_without_a_password_has_no_password_ageing(
    image: Path, before: str, after: str
) -> None:
    """A password that does not exist cannot be changed in time; other passwords still can."""
    change(image, {"etc/shadow": f"root:*:::::::\n{before}\n"})

    end_password_ageing(Root(str(image)), "ops")

    assert (image / "etc/shadow").read_text() == f"root:*:::::::\n{after}\n"


class Useradd(Recorder):
    """Writes the lines that useradd writes with PASS_MAX_DAYS, INACTIVE and EXPIRE set."""

    def __init__(self, image: Path) -> None:
        super().__init__()
        self._image = image

    def output(self, command: Sequence[str], *, limit_s: float) -> Optional[bytes]:
        if command[0] == "useradd":
            with (self._image / "etc/passwd").open("a") as passwd:
                passwd.write(f"dev:x:{UID}:{GID}::{command[3]}:/bin/sh\n")
            with (self._image / "etc/shadow").open("a") as shadow:
                shadow.write("dev:!:20779:7:90:14:30:20800:\n")
        return super().output(command, limit_s=limit_s)


def test_a_user_made_by_useradd_has_no_password_ageing(image: Path) -> None:
    """PASS_MAX_DAYS 90 would lock the admin out on day 91."""
    create_account(live(image), "dev", Useradd(image))

    assert (image / "etc/shadow").read_text().splitlines()[-1] == "dev:*::0:99999:7:::"


@needs_root
@pytest.mark.parametrize("owner", [0, 1000, 1001, 4242])
def test_a_home_in_the_way_is_moved_aside(
    image: Path, owner: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The new user gets none of its files, even if the folder has the new user's number."""
    change(image, {"home/azureuser/.profile": "evil\n", "home/azureuser.old/x": ""})
    for path in ("home/azureuser", "home/azureuser/.profile"):
        os.chown(image / path, owner, owner)

    admin(image, "azureuser")

    home = image / "home/azureuser"
    assert os.listdir(home) == [".ssh"]
    assert (home.stat().st_uid, stat.S_IMODE(home.stat().st_mode)) == (1001, 0o700)
    assert (image / "home/azureuser.old-2/.profile").read_text() == "evil\n"
    assert (image / "home/azureuser.old-2").stat().st_uid == owner
    assert f"moved {home} to {home}.old-2, because it is not the home" in caplog.text


class Mounted(Root):
    """Refuses to rename /home/azureuser, as the kernel does for a mounted file system."""

    def rename(self, path: str, name: str) -> None:
        if path == "/home/azureuser":
            raise self._failed("rename", path, OSError(16, "Device or resource busy"))
        super().rename(path, name)


@needs_root
def test_a_home_that_cannot_be_moved_is_left_alone(
    image: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The new user gets a home of another name, and the deployment succeeds."""
    change(image, {"home/azureuser/.ssh/authorized_keys": "old\n"})

    set_up_admin(
        Mounted(str(image)), "azureuser", [], NoCommands(), FakeClock(), no_passwords=False
    )

    assert ":/home/azureuser-2:" in (image / "etc/passwd").read_text()
    assert (image / "home/azureuser-2/.ssh/authorized_keys").read_text() == ""
    assert (image / "home/azureuser/.ssh/authorized_keys").read_text() == "old\n"
    assert (
        f"could not rename {image}/home/azureuser (Device or resource busy); the home of the new "
        f"user azureuser will be {image}/home/azureuser-2"
    ) in caplog.messages


@needs_root
def test_an_existing_user_with_a_foreign_home_is_a_user_who_cannot_log_in(image: Path) -> None:
    """The owner of the VM can give the home to its user, so this is no final failure."""
    os.chown(image / "home/ops", 4242, 4242)
    root = Root(str(image))

    with pytest.raises(LoginBlocked) as caught:
        let_log_in(root, require_account(root, "ops", NoCommands()), [], NoCommands())

    assert caught.value.summary.startswith(
        f"ops gets no keys, because {image}/home/ops belongs to the UID 4242 (could not make"
    )
    assert caught.value.hint == (
        f"give ops another home with usermod --home, since {image}/home/ops may be in use"
    )


@pytest.mark.parametrize(
    "line",
    [
        "www-data:x:33:33::/var/www:/usr/sbin/nologin",
        "www-data:x:33:33::/var/www:/bin/sh",
        "www-data:x:65534:33::/nonexistent:/bin/sh",
        "www-data:x:0:0::/root:/bin/sh",
    ],
)
def test_an_admin_with_the_name_of_a_service_account_is_refused(image: Path, line: str) -> None:
    """A daemon's account never gets keys or administrator rights."""
    change(image, {"etc/passwd": f"{line}\n", "etc/login.defs": "UID_MIN 500\n"})

    with pytest.raises(UnusableError, match="the admin user www-data is a service account"):
        admin(image, "www-data")

    assert not (image / "etc/sudoers.d/90-azprov").exists()
    assert list(image.rglob("authorized_keys")) == []


def test_an_admin_with_the_name_of_a_user_without_a_login_shell_is_not_set_up(image: Path) -> None:
    """The user may be a service's, as the user of a container image is: Ready is reported."""
    change(image, {"etc/passwd": "app:x:70000:33::/:/usr/sbin/nologin\n"})

    with pytest.raises(LoginBlocked) as caught:
        admin(image, "app")

    assert str(caught.value) == (
        "the user app of this image has the shell /usr/sbin/nologin, like a service account, "
        "and gets neither keys nor administrator rights; if this is the account of a "
        f"person, run chroot {image} usermod --shell /bin/sh app"
    )
    assert not caught.value.prevents_ready
    assert not (image / "etc/sudoers.d/90-azprov").exists()
    assert list(image.rglob("authorized_keys")) == []


def test_a_large_file_of_the_skeleton_is_copied(image: Path) -> None:
    """useradd has no limit either, and a deployment must not fail for such a file."""
    content = b"0123456789abcdef" * (3 << 16)
    change(image, {"etc/skel/bin/tool": ""})
    (image / "etc/skel/bin/tool").write_bytes(content)
    (image / "etc/skel/bin/tool").chmod(0o6755)
    (image / "etc/skel/bin").chmod(0o2750)
    change(image, {"etc/passwd": ""})

    create_account(Root(str(image)), "dev", NoCommands())

    copy = image / "home/dev/bin/tool"
    assert copy.read_bytes() == content
    assert stat.S_IMODE(copy.stat().st_mode) == 0o755
    assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o750


class Getent(Recorder):
    """A name service that knows the user core, who is in no file."""

    def output(self, command: Sequence[str], *, limit_s: float) -> Optional[bytes]:
        super().output(command, limit_s=limit_s)
        known: Dict[str, bytes] = {
            "getent passwd core": b"core:x:500:500::/home/core:/bin/sh\n",
            "getent passwd": b"core:x:%d:500::/home/core:/bin/sh\n" % UID,
        }
        return known.get(" ".join(command))


def test_a_user_of_another_name_service_is_found_on_a_live_machine(image: Path) -> None:
    """An image is judged by its files: its name services do not run."""
    account = look_up_account(live(image), "core", Getent())

    assert account is not None
    assert account.uid == 500
    assert look_up_account(Root(str(image)), "core", NoCommands()) is None


@needs_root
def test_a_number_of_another_name_service_is_not_used_again(image: Path) -> None:
    """Two users of one number could read each other's files."""
    change(image, {"etc/passwd": ""})

    assert create_account(live(image), "dev", Getent()).uid == UID + 1


@needs_root
def test_a_new_user_gets_no_number_that_may_still_own_files(image: Path) -> None:
    """deprovision lists the numbers of the users that it removed; others are used as well."""
    change(image, {"var/lib/azprov/former-ids": f"{UID + 1}\n{UID + 3}\n"})
    tools = Recorder()

    account = create_account(live(image), "dev", tools)

    useradd = next(command for command in tools.commands if command[0] == "useradd")
    assert useradd[useradd.index("--uid") + 1] == str(UID + 2)
    assert account.uid == UID + 2


@pytest.mark.parametrize(
    ("switch", "file", "is_found"),
    [
        ("passwd: files extrausers\n", "var/lib/extrausers/passwd", True),
        ("passwd:files extrausers # local\n", "var/lib/extrausers/passwd", True),
        ("passwd: files # extrausers\n", "var/lib/extrausers/passwd", True),
        ("passwd: files altfiles\n", "usr/lib/passwd", True),
        ("passwd: files altfiles\n", "var/lib/extrausers/passwd", False),
        ("group: files extrausers\n", "var/lib/extrausers/passwd", False),
        ("", "var/lib/extrausers/passwd", False),
    ],
)
def test_files_that_nsswitch_names_are_read_in_an_image(
    image: Path, switch: str, file: str, is_found: bool
) -> None:
    """altfiles and extrausers keep users in other files of the form of /etc/passwd."""
    change(image, {"etc/nsswitch.conf": switch, file: "core:x:500:500::/home/core:/bin/sh\n"})

    account = look_up_account(Root(str(image)), "core", NoCommands())

    assert (account is not None) is is_found


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("/home", "home.mount"),
        ("/var/home", "var-home.mount"),
        ("/srv/a-b c", "srv-a\\x2db\\x20c.mount"),
        ("/.x/é", "\\x2ex-\\xc3\\xa9.mount"),
        ("/\udcff", "\\xff.mount"),
    ],
)
def test_mount_units_are_named_as_systemd_names_them(path: str, unit: str) -> None:
    """The names are those that `systemd-escape --path --suffix=mount` prints."""
    assert mount_unit(path) == unit


MOUNTINFO = "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n30 22 8:2 / /srv\\040a rw - ext4 /dev/sdb1 rw\n"


@pytest.mark.parametrize(
    ("unit", "path", "started"),
    [
        ("run/systemd/generator/home.mount", "/home/ops", ["home.mount"]),
        ("run/systemd/generator.early/home.mount", "/home/ops", ["home.mount"]),
        ("run/systemd/generator.late/home.mount", "/home/ops", ["home.mount"]),
        ("run/systemd/system/home.mount", "/home/ops", ["home.mount"]),
        ("run/systemd/other/home.mount", "/home/ops", []),
        ("etc/systemd/system/home.mount", "/home/ops", ["home.mount"]),
        ("run/systemd/generator/home-ops.mount", "/home/ops", ["home-ops.mount"]),
        ("run/systemd/generator/home.mount", "/etc/ssh/keys/ops", []),
        ("run/systemd/generator/srv\\x20a.mount", "/srv a/keys", []),
        ("run/systemd/generator/data-home.mount", "/link/ops", ["data-home.mount"]),
        ("run/systemd/generator/srv-homes.mount", "/srv/homes/ops/", ["srv-homes.mount"]),
    ],
)
@pytest.mark.parametrize("well", [True, False])
def test_a_configured_file_system_is_mounted_before_users_are_made(
    image: Path,
    unit: str,
    path: str,
    started: List[str],
    well: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A home made below a mount point would be hidden later, also if systemd makes that point."""
    change(image, {unit: "", "proc/self/mountinfo": MOUNTINFO, "data/home/README": ""})
    (image / "link").symlink_to("data/home")
    tools = Recorder(well=well)

    mount_above(live(image), [path], tools)
    mount_above(Root(str(image)), [path], NoCommands())

    assert tools.commands == [["systemctl", "start", name] for name in started]
    warnings = [message for message in caplog.messages if "could not be mounted" in message]
    assert len(warnings) == (len(started) if not well else 0)


def test_a_file_system_that_cannot_be_mounted_is_named(
    image: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning says what follows, and which unit to look at."""
    caplog.set_level("INFO")
    change(image, {"run/systemd/generator/home.mount": "", "proc/self/mountinfo": MOUNTINFO})

    mount_above(live(image), ["/home/ops"], Recorder(well=False))

    assert caplog.messages == [
        "Waiting for the file system at /home",
        "/home could not be mounted, so the user's files there will be hidden once it is; check "
        "systemctl status home.mount",
    ]


def test_mount_points_are_found_at_a_folder_and_inside(tmp_path: Path) -> None:
    """Every Linux machine has a file system at /proc."""
    assert "/proc" in mount_points_in(Root("/"), "/proc")
    assert "/proc" in mount_points_in(Root("/"), "/")
    assert "/" in mount_points_in(Root("/proc"), "/")
    assert "/proc" not in mount_points_in(Root("/"), "/etc")
    assert mount_points_in(Root(str(tmp_path)), "/") == []


def test_keys_in_the_way_outside_the_home_are_no_fault_of_the_user(image: Path) -> None:
    """The machine's settings are wrong, and the sentence names the path."""
    change(
        image,
        {"etc/ssh/sshd_config": "AuthorizedKeysFile /etc/keys/%u\n", "etc/keys": "not a folder"},
    )
    root = Root(str(image))

    with pytest.raises(HostError, match="/etc/keys") as caught:
        let_log_in(root, require_account(root, "ops", NoCommands()), [], NoCommands())

    assert not isinstance(caught.value, LoginBlocked)


class Doas(Commands):
    """A doas whose parser accepts or refuses every file; notes where the rule was tried."""

    def __init__(self, *, accepts: bool) -> None:
        self.tried: List[str] = []
        self._accepts = accepts

    def output(
        self,
        command: Sequence[str],
        *,
        limit_s: float,  # noqa: ARG002 - a port
    ) -> Optional[bytes]:
        if command[0] == "/usr/bin/doas":
            self.tried.append(" ".join(command))
        return b"" if self._accepts else None


@pytest.mark.parametrize("accepts", [True, False])
def test_doas_tries_a_rule_before_it_is_in_effect(image: Path, accepts: bool) -> None:
    """A rule that does not parse would make doas refuse every user."""
    (image / "etc/sudoers.d/README").unlink()
    (image / "etc/sudoers.d").rmdir()
    change(image, {"usr/bin/doas": "", "etc/doas.d/README": ""})
    tools = Doas(accepts=accepts)

    if accepts:
        make_administrator(live(image), "as", tools)
    else:
        with pytest.raises(HostError, match="doas -C does not accept the rule"):
            make_administrator(live(image), "as", tools)

    assert tools.tried == ["/usr/bin/doas -C /etc/doas.d/.90-azprov.new"]
    left = ["90-azprov.conf", "README"] if accepts else ["README"]
    assert sorted(os.listdir(image / "etc/doas.d")) == left


def test_an_existing_users_password_is_kept(image: Path) -> None:
    """Adding keys changes neither a password nor its ageing."""
    change(image, {"etc/shadow": "ops:$y$hash:20700:0:90:7:::\n"})

    admin(image, "ops")

    shadow = (image / "etc/shadow").read_bytes()
    assert find_password(shadow, "ops") == "$y$hash"
    assert shadow == b"ops:$y$hash:20700:0:90:7:::\n"


def test_a_read_only_shadow_file_does_not_prevent_keys(
    image: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The ageing of an existing user stays, and the log says so."""
    change(image, {"etc/shadow": "ops:*:20000:0:90:7:::\n"})
    root = ReadOnlyEtc(str(image))

    let_log_in(root, require_account(root, "ops", NoCommands()), [], NoCommands())

    assert (image / "home/ops/.ssh/authorized_keys").exists()
    assert caplog.messages == [
        f"the password ageing of ops stays: could not write {image}/etc/shadow "
        "(Read-only file system)"
    ]


class ReadOnlyEtc(Root):
    """Refuses to write below /etc, as on a read-only file system."""

    def write(self, path: str, content: Union[bytes, BinaryIO], **options: Any) -> None:
        if path.startswith("/etc/"):
            raise self._failed("write", path, OSError(30, "Read-only file system"))
        super().write(path, content, **options)


def test_the_file_system_of_a_home_is_stored_after_keys_are_added(image: Path) -> None:
    """A power cut could lose the new folder otherwise. Nothing is stored in an image."""
    account, tools = require_account(Root(str(image)), "ops", NoCommands()), Recorder()

    let_log_in(Root(str(image)), account, [], NoCommands())
    let_log_in(live(image), account, [], tools)

    assert tools.commands[-1] == ["sync", "-f", "/home/ops"]


@pytest.mark.parametrize(
    ("files", "is_refused"),
    [
        ({"sbin/apk": ""}, True),
        ({"sbin/apk": "", "usr/sbin/sshd.pam": ""}, False),
        ({}, False),
    ],
)
def test_alpines_usual_sshd_refuses_locked_users(
    image: Path, files: Dict[str, str], is_refused: bool
) -> None:
    """It is built without PAM, so that UsePAM has no effect."""
    change(image, {"etc/shadow": "ops:!::0:99999:7:::\n", "etc/ssh/sshd_config": "UsePAM yes\n"})
    change(image, files)
    root = Root(str(image))
    account = require_account(root, "ops", NoCommands())

    if is_refused:
        with pytest.raises(LoginBlocked, match="locks it, and sshd runs without PAM"):
            require_login(root, account, NoCommands(), FakeClock())
    else:
        require_login(root, account, NoCommands(), FakeClock())


class Midnight(FakeClock):
    """Shows the first second of a day."""

    def wall_time(self) -> float:
        return TODAY * 86400.0


def test_an_account_expires_in_the_first_second_of_its_day(image: Path) -> None:
    """PAM refuses the user on the whole day of the expiry date."""
    root = Root(str(image))
    account = require_account(root, "ops", NoCommands())
    change(image, {"etc/shadow": f"ops:*:20000:0:99999:7::{TODAY}:\n"})

    with pytest.raises(LoginBlocked, match="expired on 2026-11-22"):
        require_login(root, account, NoCommands(), Midnight())


def test_an_admin_who_has_expired_gets_keys_and_rights_and_is_named(image: Path) -> None:
    """The owner of the VM only has to change the date."""
    change(image, {"etc/shadow": "ops:*:20000:0:99999:7::20000:\n"})

    with pytest.raises(LoginBlocked, match="ops has the keys but cannot log in"):
        admin(image, "ops")

    assert (image / "home/ops/.ssh/authorized_keys").exists()
    assert (image / "etc/sudoers.d/90-azprov").exists()


class MountsHome(Recorder):
    """A systemctl that mounts /home, and notes what was there before."""

    def __init__(self, image: Path) -> None:
        super().__init__(well=False)
        self._image = image
        self.keys_before: List[bool] = []

    def output(self, command: Sequence[str], *, limit_s: float) -> Optional[bytes]:
        super().output(command, limit_s=limit_s)
        if list(command) != ["systemctl", "start", "home.mount"]:
            return None
        self.keys_before.append(any(self._image.rglob("authorized_keys")))
        return b""


@needs_root
def test_a_user_is_created_after_the_homes_are_mounted(image: Path) -> None:
    """The home would be hidden by the file system later."""
    change(image, {"run/systemd/generator/home.mount": "", "bin/sh": ""})
    tools = MountsHome(image)

    set_up_admin(live(image), "dev", (), tools, FakeClock(), no_passwords=False)

    programs = [" ".join(command[:3]) for command in tools.commands]
    assert programs.index("systemctl start home.mount") < programs.index(
        "useradd --no-create-home --home-dir"
    )


@needs_root
@pytest.mark.parametrize(
    ("name", "home", "is_logged"),
    [("dev", "", True), ("ops", "home/ops", False), ("ops", "", True)],
    ids=["new", "whole", "without a home"],
)
def test_a_user_is_logged_as_created_when_whole(
    image: Path, name: str, home: str, is_logged: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """An earlier boot may have stopped after the account was written."""
    caplog.set_level("INFO")
    if not home:
        (image / "home/ops").rename(image / "moved")

    admin(image, name)

    assert (f"Created the user {name}" in caplog.messages) is is_logged


@pytest.mark.parametrize("step", ["admin-user", "ssh-keys"])
def test_keys_are_added_after_the_homes_are_mounted(image: Path, step: str) -> None:
    """Each step that adds keys waits for the file system once, before it writes there."""
    change(image, {"run/systemd/generator/home.mount": "", "bin/sh": ""})
    tools = MountsHome(image)
    instance = parse_instance(
        json.dumps(
            {
                "compute": {
                    "name": "web01",
                    "osProfile": {"adminUsername": "ops"},
                    "publicKeys": [{"keyData": KEY, "path": ""}],
                }
            }
        ).encode()
    )

    if step == "ssh-keys":
        add_ssh_keys(live(image), "ops", keys_of(instance), tools, FakeClock())
    else:
        create_admin_user(live(image), instance, tools, FakeClock())

    assert tools.keys_before == [False]
    assert (image / "home/ops/.ssh/authorized_keys").read_text() == KEY


class Directory(Commands):
    """getent of a machine whose directory server knows the user from this moment on."""

    def __init__(self, clock: FakeClock, *, after_s: float) -> None:
        self._clock = clock
        self._known_at = clock.now() + after_s

    def output(
        self,
        command: Sequence[str],
        *,
        limit_s: float,  # noqa: ARG002 - a port
    ) -> Optional[bytes]:
        is_known = self._clock.now() >= self._known_at
        line = b"far:x:5000:5000::/home/far:/bin/sh\n"
        return line if is_known and list(command) == ["getent", "passwd", "far"] else None


SSS = {"etc/nsswitch.conf": "passwd: files [NOTFOUND=continue] sss\n", "etc/sssd/sssd.conf": ""}


@pytest.mark.parametrize("switch", [SSS, {"etc/nsswitch.conf": "passwd: files ldap\n"}])
def test_a_user_of_a_directory_server_is_waited_for(image: Path, switch: Dict[str, str]) -> None:
    """The server may be reachable only when the network is up."""
    change(image, switch)
    root, clock = live(image), FakeClock()

    await_account(root, "far", Directory(clock, after_s=100.0), clock)

    assert 100.0 <= clock.now() - 1000.0 <= 102.0


def test_a_user_whom_the_directory_server_does_not_know_is_no_lasting_error(image: Path) -> None:
    """The next boot may reach the server, so the failure is not final."""
    change(image, SSS)
    root, clock = live(image), FakeClock()

    with pytest.raises(PassingError) as failure:
        await_account(root, "far", Directory(clock, after_s=1000.0), clock)

    assert 300.0 <= clock.now() - 1000.0 <= 302.0
    assert not failure.value.is_lasting
    assert failure.value.summary == (
        "there is no user 'far' in /etc/passwd, and the name service sss does not know the user "
        "either"
    )


@pytest.mark.parametrize(
    "switch",
    [
        {},
        {"etc/nsswitch.conf": "passwd: files systemd altfiles extrausers\n"},
        {"etc/nsswitch.conf": "passwd: compat db mymachines\n"},
        {"etc/nsswitch.conf": "passwd: sss files\n"},
    ],
    ids=["none", "local", "also local", "sss without settings"],
)
def test_without_a_directory_server_no_user_is_waited_for(
    image: Path, switch: Dict[str, str]
) -> None:
    """Fedora's nsswitch.conf names sss on every machine."""
    change(image, switch)
    root, clock = live(image), FakeClock()

    await_account(root, "far", Directory(clock, after_s=0.0), clock)
    await_account(root, "far", Directory(clock, after_s=1000.0), clock)

    assert clock.sleeps == []

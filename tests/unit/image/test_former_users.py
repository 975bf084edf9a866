"""What removed users leave outside their homes is removed or named, and no new user inherits it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Dict

import pytest

import needs
from azprov.image.deprovision import carry_out, plan
from azprov.system.accounts import create_account
from azprov.system.root import Root
from images import azprov
from ports import NoCommands
from project import ROOT
from sound_image import change

pytestmark = pytest.mark.needs("root")

ACCOUNTS = (
    "root:x:0:0::/root:/bin/sh\n"
    "ops:x:1000:1000::/home/ops:/bin/sh\n"
    "eve:x:1001:1001::/home/eve:/bin/sh\n"
)
GROUP = "root:x:0:\nops:x:1000:\neve:x:1001:\n"


def lay(image: Path, owners: Dict[str, int]) -> None:
    """Make files with these owners."""
    for name, owner in owners.items():
        (image / name).parent.mkdir(parents=True, exist_ok=True)
        (image / name).write_text("x\n")
        os.chown(image / name, owner, owner)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    image = tmp_path / "image"
    for name in ("etc", "home/ops", "root"):
        (image / name).mkdir(parents=True)
    os.chown(image / "home/ops", 1000, 1000)
    (image / "etc/passwd").write_text(ACCOUNTS)
    (image / "etc/group").write_text(GROUP)
    return image


def deprovision(image: Path, *options: str) -> str:
    code, _, log = azprov("deprovision", "--root", image, "--yes", *options)
    assert code == 0, log
    return log


JOBS = (
    "var/spool/cron/atjobs/a0000101c0ffee",
    "var/spool/at/a0000101c0ffee",
    "var/spool/atjobs/a0000101c0ffee",
    "var/spool/cron/crontabs/ops",
    "var/spool/cron/tabs/ops",
    "var/spool/cron/ops",
    "etc/crontabs/ops",
    "var/spool/fcron/ops",
    "var/spool/fcron/ops.orig",
    "var/spool/fcron/new.ops",
    "var/spool/incron/ops",
    "etc/tcb/ops/shadow",
    "var/lib/systemd/linger/ops",
    "etc/systemd/system/user@1000.service.d/x.conf",
)


NAMED_FOR_THE_NEXT_USER = (
    "etc/crontabs/azureuser",
    "var/lib/AccountsService/users/azureuser",
    "var/lib/sudo/lectured/azureuser",
    "var/lib/systemd/linger/azureuser",
    "var/spool/cron/azureuser",
    "var/spool/cron/crontabs/azureuser",
    "var/spool/cron/tabs/azureuser",
    "var/spool/fcron/azureuser",
    "var/spool/fcron/azureuser.orig",
    "var/spool/fcron/new.azureuser",
    "var/spool/incron/azureuser",
)
OF_USERS_AND_PROGRAMS = (
    "etc/crontabs/root",
    "etc/userdb/recorded.user",
    "var/spool/cron/crontabs/.keep",
    "var/spool/cron/crontabs/eve",
    "var/spool/cron/crontabs/nobody",
    "var/spool/cron/crontabs/recorded",
    "var/spool/cron/lastrun/cron.daily",
    "var/spool/cron/other/file",
    "var/spool/fcron/eve.orig",
    "var/spool/fcron/new.eve",
    "var/spool/fcron/systab",
    "var/spool/fcron/systab.orig",
)


def spool_of(image: Path) -> Dict[str, int]:
    named = [path for path in image.rglob("*") if path.is_file() and not path.is_symlink()]
    names = (str(path.relative_to(image)) for path in named)
    return {name: 0 for name in names if name in (*NAMED_FOR_THE_NEXT_USER, *OF_USERS_AND_PROGRAMS)}


def test_jobs_with_the_name_of_no_account_are_removed(image: Path) -> None:
    """cron would run them with the rights of the next user of that name."""
    lay(image, dict.fromkeys((*NAMED_FOR_THE_NEXT_USER, *OF_USERS_AND_PROGRAMS), 0))

    # The user record is one more way to log in, so the code is 1.
    code, _, log = azprov("deprovision", "--root", image, "--yes")

    assert (code, sorted(spool_of(image))) == (1, sorted(OF_USERS_AND_PROGRAMS))
    crontab = f"{image}/var/spool/cron/crontabs/azureuser"
    assert f"{crontab}: crontab of azureuser, who has no account, removed" in log


def test_jobs_are_only_named_if_a_directory_may_have_the_user(image: Path) -> None:
    """A user of LDAP has no line in passwd, and may need that crontab."""
    lay(image, {"var/spool/cron/crontabs/azureuser": 0})
    (image / "etc/nsswitch.conf").write_text("passwd: files ldap\n")

    _, _, log = azprov("deprovision", "--root", image, "--yes")

    crontab = image / "var/spool/cron/crontabs/azureuser"
    assert crontab.exists()
    assert f"a new user with such a name would get them: {crontab}\n" in log


RULES: Dict[str, Dict[str, str]] = {
    "sudo": {"etc/sudoers.d/90-cloud-init-users": "# made\nazureuser ALL=(ALL) NOPASSWD:ALL\n"},
    "doas": {"etc/doas.conf": "deny eve\npermit nopass :wheel\npermit nopass azureuser\n"},
}


@pytest.mark.parametrize("program", RULES)
def test_rules_for_a_user_without_an_account_are_named(image: Path, program: str) -> None:
    """The next user of that name would have these rights."""
    change(image, RULES[program])

    log = deprovision(image)

    (path,) = RULES[program]
    assert (
        f"{image}/{path} has rules for accounts that do not exist (azureuser); a new user with "
        "such a name would get them\n"
    ) in log


def test_rules_of_users_and_groups_are_not_named(image: Path) -> None:
    """The words of usual rules are no names of users who are gone."""
    rules = (
        "Defaults env_reset\nDefaults:eve !lecture\nUser_Alias ADMINS = ops, \\\n  gone\n"
        "Cmnd_Alias X = /bin/x\nroot ALL=(ALL:ALL) ALL\nADMINS ALL=ALL\n%sudo ALL=(ALL) ALL\n"
        "+net ALL=ALL\n#1000 ALL=ALL\neve ALL=ALL\n@includedir /etc/sudoers.d\n"
    )
    change(image, {"etc/sudoers": rules})

    assert "has no account" not in deprovision(image)


MENTIONED: Dict[str, str] = {
    "etc/crontab": "jobs",
    "etc/cron.d/azure": "jobs",
    "etc/systemd/system/azure.service": "services",
    "etc/systemd/system/azure.service.d/user.conf": "services",
    "usr/lib/systemd/system/azure.service": "services",
    "etc/init.d/azure": "services",
    "etc/xinetd.d/azure": "services",
    "etc/polkit-1/localauthority/50-local.d/azure.pkla": "rules",
}
LINES = {
    "jobs": "SHELL=/bin/sh\n17 * * * * root run-parts /etc\n@daily azureuser /opt/job a b\n",
    "services": "[Service]\nUser=azureuser\nuser = azureuser\ncommand_user='azureuser:wheel'\n",
    "rules": "[a]\nIdentity=unix-user:azureuser\n",
}


@pytest.mark.parametrize("path", MENTIONED)
def test_jobs_and_services_for_a_user_without_an_account_are_named(image: Path, path: str) -> None:
    """The next user of that name would have the rights, or run the jobs."""
    what = MENTIONED[path]
    change(image, {path: LINES[what]})

    assert (
        f"{image}/{path} has {what} for accounts that do not exist (azureuser); a new user with "
        "such a name would get them\n"
    ) in deprovision(image)


def test_jobs_and_services_of_other_users_are_not_named(image: Path) -> None:
    """Users of this image, of sysusers.d and of systemd are known, and so are numbers."""
    change(
        image,
        {
            "etc/crontab": "A=b c d e f azureuser x\n# 1 2 3 4 5 azureuser x\n"
            "17 * * * * root cd / && run-parts /etc\n@reboot ops x\n* * * * * 1000 x\n",
            "etc/init.d/azure": 'command_user="$user"\ncommand_user="${a:-b}"\n',
            "usr/lib/sysusers.d/a.conf": 'u systemd-oom - "a"\n',
            "usr/lib/systemd/system/systemd-oomd.service": "[Service]\nUser=systemd-oom\n",
            "usr/lib/systemd/system/a.service": "[Service]\nUser=azureuser\n",
            "usr/lib/systemd/system/a.service.d/b.conf": "[Service]\nDynamicUser=yes\n",
            "usr/lib/systemd/system/user@.service": "[Service]\nUser=%i\n",
            "etc/systemd/system/c.service": "[Service]\nUser=1000\n#User=azureuser\nUser=\n",
            "etc/systemd/system/d.service": "[Service]\nUser=azureuser\nUser=eve\n",
        },
    )

    assert "has no account" not in deprovision(image)


def test_a_folder_of_jobs_may_be_a_link(image: Path) -> None:
    """On Alpine, the folder of crontabs is one; its files are listed once."""
    lay(image, {"etc/crontabs/azureuser": 0})
    (image / "var/spool/cron").mkdir(parents=True)
    (image / "var/spool/cron/crontabs").symlink_to("/etc/crontabs")

    assert [change.path for change in plan(Root(str(image)), "")] == [
        "/var/spool/cron/crontabs/azureuser"
    ]
    deprovision(image)
    assert not (image / "etc/crontabs/azureuser").exists()


def test_jobs_of_the_removed_user_are_removed(image: Path) -> None:
    """A job of at belongs to the owner of its file, and others to the user in their name."""
    of_eve = [
        job.replace("c0ffee", "eee").replace("ops", "eve").replace("@1000", "@1001") for job in JOBS
    ]
    lay(image, {**dict.fromkeys(JOBS, 1000), **dict.fromkeys(of_eve, 1001)})

    deprovision(image, "--user", "ops")

    assert [job for job in JOBS if (image / job).exists()] == []
    assert [job for job in of_eve if not (image / job).exists()] == []


def test_the_record_of_the_removed_user_is_removed(image: Path) -> None:
    """systemd reads users from JSON files, and those of other users are named."""
    lay(image, {"etc/userdb/ops.user": 0, "etc/userdb/ops.user-privileged": 0})

    deprovision(image, "--user", "ops")

    assert os.listdir(image / "etc/userdb") == []


def test_at_jobs_of_a_number_without_a_user_are_removed(image: Path) -> None:
    """The user was removed before, and the next user of that number would run the job."""
    lay(image, {"var/spool/cron/atjobs/a1": 1007, "var/spool/cron/atjobs/a2": 1001})

    deprovision(image)

    assert os.listdir(image / "var/spool/cron/atjobs") == ["a2"]


def test_ranges_by_the_number_of_the_removed_user_are_removed(image: Path) -> None:
    """subuid(5) allows a number in place of the name."""
    for name in ("subuid", "subgid"):
        (image / "etc" / name).write_text("1000:100000:65536\n1001:165536:65536\n")

    deprovision(image, "--user", "ops")

    for name in ("subuid", "subgid"):
        assert (image / "etc" / name).read_text() == "1001:165536:65536\n"


def test_other_files_of_the_removed_user_are_named(image: Path) -> None:
    """The log names the first three files, and says how many more there are."""
    places = ("srv/a", "srv/b", "opt/c", "var/lib/d/e", "usr/local/f")
    lay(image, dict.fromkeys(places, 1000))
    lay(image, {"home/ops/file": 1000, "srv/of-eve": 1001, "proc/1/x": 1000})

    log = deprovision(image, "--user", "ops")

    (line,) = [line for line in log.splitlines() if "files of ops (UID 1000) stay" in line]
    assert line.startswith(
        "files of ops (UID 1000) stay in the image, and no new user will get that number: "
    )
    assert line.endswith(" and 2 more")
    assert line.count(f"{image}/") == 3
    assert "/home/ops" not in line
    assert "of-eve" not in line


def test_files_of_a_number_without_a_user_are_named(image: Path) -> None:
    """The user may have been removed without deprovision."""
    lay(image, {"srv/a": 1005, "srv/system": 999, "srv/container": 100000})

    log = deprovision(image)

    assert (
        "files of the UID 1005, which no user has, stay in the image, and no new user will get "
        f"that number: {image}/srv/a\n"
    ) in log
    assert "999" not in log
    assert (image / "var/lib/azprov/former-ids").read_text() == "1005\n"


def test_a_new_user_gets_no_number_of_a_former_user(image: Path) -> None:
    """The number is unused although no file of the removed user is known."""
    lay(image, {"srv/a": 1002})
    (image / "srv/group").write_text("")
    os.chown(image / "srv/group", 0, 1003)
    root = Root(str(image))
    for user in ("ops", "eve"):
        assert carry_out(root, plan(root, user)) == []

    account = create_account(root, "azureuser", NoCommands())

    assert (image / "var/lib/azprov/former-ids").read_text() == "1000\n1001\n1002\n1003\n"
    assert (account.uid, account.gid) == (1004, 1004)


def test_a_second_run_has_nothing_to_do(image: Path) -> None:
    """The list of numbers is no state of a VM; other files beside it are."""
    lay(image, {"srv/a": 1005})
    root = Root(str(image))
    assert carry_out(root, plan(root, "")) == []

    assert plan(root, "") == []

    lay(image, {"var/lib/azprov/state.json": 0})
    assert carry_out(root, plan(root, "")) == []
    assert os.listdir(image / "var/lib/azprov") == ["former-ids"]


def test_without_former_users_there_is_no_list(image: Path) -> None:
    """A generic image gets no file of azprov."""
    lay(image, {"home/eve/x": 1001})

    assert plan(Root(str(image)), "") == []


@pytest.mark.parametrize(
    ("path", "text", "what"),
    [
        ("etc/crontab", "17 * * * * ops run\n", "job"),
        ("etc/cron.d/x", "SHELL=/bin/sh\n@daily\tops run\n", "job"),
        ("etc/systemd/system/x.service", "[Service]\nUser=ops\n", "service"),
        ("etc/polkit-1/rules.d/x.rules", 'if (subject.user == "ops") {\n', "rule"),
        ("etc/polkit-1/localauthority/50-local.d/x.pkla", "Identity=unix-user:ops\n", "rule"),
        ("etc/polkit-1/localauthority/90-mandatory.d/x.pkla", "Identity=unix-user:ops\n", "rule"),
        (
            "etc/polkit-1/localauthority.conf.d/x.conf",
            "AdminIdentities=unix-group:wheel;unix-user:ops\n",
            "rule",
        ),
        ("usr/share/polkit-1/rules.d/x.rules", "return s.user == 'ops'\n", "rule"),
        ("usr/local/share/polkit-1/rules.d/x.rules", "return s.user == 'ops'\n", "rule"),
        ("etc/anacrontab", "1 5 backup su - ops -c run\n", "job"),
        ("etc/incron.d/x", "/home/ops IN_CREATE /usr/bin/run $#\n", "job"),
        ("etc/systemd/system/x.service.d/a.conf", "[Service]\nUser=ops\n", "service"),
        ("usr/local/lib/systemd/system/x.service", "[Service]\nUser = ops\n", "service"),
        ("etc/conf.d/x", 'command_user="ops:ops"\n', "service"),
        ("etc/xinetd.d/x", "service x\n{\n user = ops\n}\n", "service"),
        ("etc/sudoers", "User_Alias OPS = eve, ops\n", "rule"),
        ("etc/sudoers.d/x", "eve,ops ALL=(ALL) ALL\n", "rule"),
        ("etc/sudoers.d/x", "eve ALL=(ops:ops) ALL\n", "rule"),
        ("etc/doas.d/x.conf", "permit nopass eve as ops\n", "rule"),
    ],
)
def test_jobs_and_rules_that_name_the_removed_user_are_named(
    path: str, text: str, what: str, image: Path
) -> None:
    """They would be those of the next user of that name."""
    (image / path).parent.mkdir(parents=True, exist_ok=True)
    (image / path).write_text(text)

    log = deprovision(image, "--user", "ops")

    assert f"kept: a {what} in {image}/{path} refers to the user ops\n" in log
    assert (image / path).read_text() == text


def test_jobs_of_others_are_not_named(image: Path) -> None:
    """A comment and a similar name are no job of the user."""
    (image / "etc/crontab").write_text("# 17 * * * * ops run\n17 * * * * opsec run ops \n")

    assert "refers to the user" not in deprovision(image, "--user", "ops")


@pytest.mark.parametrize(
    "line",
    [
        "@include /etc/sudoers.local",
        "#include sudoers.local",
        '@include "/etc/sudoers.local"',
        "@includedir /etc/local.d",
        "#includedir local.d",
    ],
)
def test_rules_in_files_that_sudoers_includes_are_removed(line: str, image: Path) -> None:
    """sudoers(5) includes files and folders, by a path or relative to the file."""
    (image / "etc/local.d/folder").mkdir(parents=True)
    (image / "etc/sudoers").write_text(f"root ALL=ALL\n{line}\n")
    path = image / ("etc/sudoers.local" if "dir" not in line else "etc/local.d/a")
    path.write_text("@include /etc/sudoers\nops ALL=ALL\neve ALL=ALL\n")

    log = deprovision(image, "--user", "ops")

    assert path.read_text() == "@include /etc/sudoers\neve ALL=ALL\n"
    assert "refers to the user" not in log


@pytest.mark.needs("root", "unshare", "mount")
def test_file_systems_of_the_kernel_are_not_searched(image: Path) -> None:
    """A tmpfs is empty at the next boot; a bind mount of the disk is searched."""
    lay(image, {"tmp/below": 0, "data/x": 0, "srv/bind": 1006})
    script = (
        'mount -t tmpfs none "$1/tmp" && touch "$1/tmp/x" && chown 1005 "$1/tmp/x" && '
        'mount --bind "$1/srv" "$1/data" && shift && exec "$@"'
    )
    command = [sys.executable, "-m", "azprov", "deprovision", "--root", str(image), "--yes"]

    done = subprocess.run(
        [*needs.unshare("-m"), "sh", "-c", script, "sh", str(image), *command],
        env={**os.environ, "PYTHONPATH": str(ROOT / "app")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert (image / "var/lib/azprov/former-ids").read_text() == "1006\n"


def test_an_image_of_a_user_has_no_files_of_former_users(image: Path) -> None:
    """A user can make an image without root, and root then prepares it: its files are root's.

    A later user of the image may have that user's number.
    """
    (image / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")
    (image / "etc/group").write_text("root:x:0:\n")
    lay(image, {"srv/data": 0, "var/spool/at/a0000101c0ffee": 0, "home/ops/file": 0})
    (image / "usr").mkdir()
    for path in (image, *image.rglob("*")):
        os.chown(path, 1000, 1000)

    log = deprovision(image)

    assert "1000" not in log
    assert (image / "var/spool/at/a0000101c0ffee").exists()
    assert create_account(Root(str(image)), "new", NoCommands()).uid == 1000

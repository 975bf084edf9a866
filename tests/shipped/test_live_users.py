"""Users on a live machine: with the real useradd, getent, chage, sudo, doas and NSS modules."""

import json
import os
from pathlib import Path
from typing import Any, Dict, List, Sequence

import pytest

import needs
from live_root import AZPROV, LiveRoot, usable
from ports import RawServer, replying
from sample_files import sample

KEY = sample("ssh_key/ed25519.pub").decode()
FILES = {
    "etc/passwd": "root:x:0:0::/root:/bin/sh\nwww-data:x:33:33::/var/www:/usr/sbin/nologin\n",
    "etc/shadow": "root:*:19000:0:99999:7:::\nwww-data:*:19000:0:99999:7:::\n",
    "etc/group": "root:x:0:\nwww-data:x:33:\n",
    "etc/gshadow": "root:*::\nwww-data:!::\n",
    "etc/login.defs": "UID_MIN 1000\nUID_MAX 60000\nGID_MIN 1000\nGID_MAX 60000\n"
    "PASS_MAX_DAYS 90\nPASS_MIN_DAYS 7\nPASS_WARN_AGE 14\n",
    "etc/default/useradd": "INACTIVE=30\nEXPIRE=2026-12-24\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\n",
    "etc/ssh/sshd_config": "UsePAM yes\n",
    "etc/pam.d/sudo": "account required pam_permit.so\n",
    "etc/sudoers": "@includedir /etc/sudoers.d\n",
    "etc/sudoers.d/README": "",
    "etc/skel/.profile": "# .profile\n",
}
EXTRAUSERS = {
    "etc/nsswitch.conf": "passwd: files extrausers\ngroup: files extrausers\n"
    "shadow: files extrausers\n",
    "var/lib/extrausers/passwd": "core:x:1000:1000::/home/core:/bin/sh\n",
    "var/lib/extrausers/group": "core:x:1000:\n",
    "var/lib/extrausers/shadow": "core:*:19000:0:99999:7:::\n",
}


@pytest.fixture(autouse=True)
def _means() -> None:
    usable()


def start(root: LiveRoot, user: str, *argv: str, by: Sequence[str] = ()) -> "Any":
    """Run a command against a metadata service that names this admin user.

    `by` is a program that gets the whole command as its last arguments.
    """
    compute: Dict[str, Any] = {
        "name": "web01",
        "osProfile": {"adminUsername": user, "disablePasswordAuthentication": "false"},
        "publicKeys": [{"keyData": KEY, "path": ""}],
    }
    answer = json.dumps({"compute": compute}).encode()
    http = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer
    with RawServer(replying(http)) as server:
        command = [*AZPROV, *argv, "--imds", str(server.endpoint), "--imds-timeout", "20"]
        return root.run(*by, *command)


@pytest.mark.needs("useradd", "chage")
def test_chage_finds_no_password_ageing_for_a_new_admin(tmp_path: Path) -> None:
    """The limits of login.defs and of useradd's defaults do not apply to the user."""
    root = LiveRoot(tmp_path, FILES)

    done = start(root, "azureuser", "admin-user")

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "azureuser:x:1000:1000::/home/azureuser:/bin/bash\n" in root.read("etc/passwd")
    ageing = root.run("chage", "-l", "azureuser")
    lines = dict(line.split("\t", 1) for line in ageing.stdout.splitlines())
    assert {name.strip(): value.lstrip("\t: ") for name, value in lines.items()} == {
        "Last password change": "never",
        "Password expires": "never",
        "Password inactive": "never",
        "Account expires": "never",
        "Minimum number of days between password change": "0",
        "Maximum number of days between password change": "99999",
        "Number of days of warning before password expires": "7",
    }


@pytest.mark.needs("useradd", "sudo")
@pytest.mark.parametrize("name", ["azureuser", "as", "ALL", "Web.Admin"])
def test_sudo_lets_a_new_admin_become_root(tmp_path: Path, name: str) -> None:
    """Real names that mean something to sudo are plain users in the rule."""
    root = LiveRoot(tmp_path, FILES)

    done = start(root, name, "admin-user")

    assert done.returncode == 0, done.stderr
    listed = root.run("sudo", "-n", "-l", "-U", name)
    assert "(ALL : ALL) NOPASSWD: ALL" in listed.stdout, listed.stderr
    assert root.run("sudo", "-n", "-l", "-U", "www-data").stdout.startswith(
        "User www-data is not allowed to run sudo"
    )


@pytest.mark.needs("useradd", "doas")
@pytest.mark.parametrize("name", ["azureuser", "as", "nopass"])
def test_doas_lets_a_new_admin_become_root(tmp_path: Path, name: str) -> None:
    """The rule gives the user all rights, and nothing is left of the trial file."""
    files = {path: text for path, text in FILES.items() if "sudoers" not in path}
    root = LiveRoot(tmp_path, {**files, "etc/doas.d/README": ""})

    done = start(root, name, "admin-user")

    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(tmp_path / "etc/doas.d")) == ["90-azprov.conf", "README"]
    (tmp_path / "etc/trial.conf").write_text(root.read("etc/doas.d/90-azprov.conf"))
    user = ("setpriv", f"--reuid={name}", f"--regid={name}", "--clear-groups")
    judged = root.run(*user, "doas", "-C", "/etc/trial.conf", "id")
    assert judged.stdout == "permit nopass\n", judged.stderr


@pytest.mark.needs("useradd", "getent")
def test_a_user_of_extrausers_gets_keys(tmp_path: Path) -> None:
    """getent knows the user, and /etc/passwd does not list it."""
    needs.library("libnss_extrausers.so.2", "libnss-extrausers")
    root = LiveRoot(tmp_path, {**FILES, **EXTRAUSERS})
    (tmp_path / "home/core").mkdir()
    os.chown(tmp_path / "home/core", 1000, 1000)
    assert root.run("getent", "passwd", "core").stdout == EXTRAUSERS["var/lib/extrausers/passwd"]

    done = start(root, "azureuser", "ssh-keys", "--user", "core")

    assert done.returncode == 0, done.stderr
    assert root.read("home/core/.ssh/authorized_keys") == KEY


@pytest.mark.needs("useradd", "getent")
def test_an_admin_of_extrausers_is_not_created_again(tmp_path: Path) -> None:
    """A second user of the name would have another number, and would own none of the files."""
    needs.library("libnss_extrausers.so.2", "libnss-extrausers")
    root = LiveRoot(tmp_path, {**FILES, **EXTRAUSERS})

    done = start(root, "core", "admin-user")

    assert done.returncode == 0, done.stderr
    assert root.read("etc/passwd") == FILES["etc/passwd"]
    assert root.read("home/core/.ssh/authorized_keys") == KEY
    assert (tmp_path / "home/core").stat().st_uid == 1000
    assert "(ALL : ALL) NOPASSWD: ALL" in root.run("sudo", "-n", "-l", "-U", "core").stdout


@pytest.mark.needs("useradd", "getent")
def test_the_number_of_a_user_of_extrausers_is_not_given_to_a_new_user(tmp_path: Path) -> None:
    """The new user could read the other user's files."""
    needs.library("libnss_extrausers.so.2", "libnss-extrausers")
    root = LiveRoot(tmp_path, {**FILES, **EXTRAUSERS})

    done = start(root, "azureuser", "admin-user")

    assert done.returncode == 0, done.stderr
    assert "azureuser:x:1001:1001::" in root.read("etc/passwd")


@pytest.mark.needs("useradd")
@pytest.mark.needs("useradd")
def test_the_number_of_a_former_user_is_not_given_to_a_new_admin(tmp_path: Path) -> None:
    """deprovision removes a user whose file is in /srv, and useradd creates the admin user."""
    root = LiveRoot(
        tmp_path,
        {
            **FILES,
            "etc/passwd": FILES["etc/passwd"] + "old:x:1000:1000::/home/old:/bin/sh\n",
            "etc/group": FILES["etc/group"] + "old:x:1000:\n",
            "srv/secret": "",
        },
    )
    os.chown(tmp_path / "srv/secret", 1000, 1000)

    removed = root.azprov("deprovision", "--user", "old", "--yes")
    done = start(root, "azureuser", "admin-user")

    assert (removed.returncode, done.returncode) == (0, 0), removed.stderr + done.stderr
    assert "azureuser:x:1001:1001:" in root.read("etc/passwd")
    assert "azureuser:x:1001:" in root.read("etc/group")


@pytest.mark.parametrize("owner", [0, 1000, 4242])
def test_a_home_in_the_way_of_a_new_admin_is_moved_aside(tmp_path: Path, owner: int) -> None:
    """useradd only warns of the folder, and its files would be the new admin's."""
    root = LiveRoot(tmp_path, {**FILES, "home/azureuser/.profile": "evil\n"})
    for path in ("home/azureuser", "home/azureuser/.profile"):
        os.chown(tmp_path / path, owner, owner)

    done = start(root, "azureuser", "admin-user")

    assert done.returncode == 0, done.stderr
    assert root.read("home/azureuser/.profile") == "# .profile\n"
    assert root.read("home/azureuser.old/.profile") == "evil\n"
    assert (tmp_path / "home/azureuser").stat().st_uid == 1000
    assert "moved /home/azureuser to /home/azureuser.old" in done.stderr


@pytest.mark.parametrize("name", ["www-data", "root"])
def test_a_service_account_is_refused_as_the_admin(tmp_path: Path, name: str) -> None:
    """The account gets no keys and no rights."""
    root = LiveRoot(tmp_path, FILES)

    done = start(root, name, "admin-user")

    assert done.returncode == 78
    assert "is a service account of this image" in done.stderr
    assert os.listdir(tmp_path / "etc/sudoers.d") == ["README"]


@pytest.mark.needs("useradd", "chage")
def test_an_expired_user_gets_keys_and_a_hint_that_works(tmp_path: Path) -> None:
    """The command of the hint makes the next run succeed."""
    root = LiveRoot(tmp_path, FILES)
    root.run("useradd", "-m", "-s", "/bin/sh", "ops")
    root.run("chage", "--expiredate", "2020-01-02", "ops")

    done = start(root, "ops", "ssh-keys", "--user", "ops")

    assert done.returncode == 78
    assert done.stderr.splitlines()[-1] == (
        "azprov: ops has the keys but cannot log in, because the account expired on 2020-01-02; "
        "run chage --expiredate -1 --maxdays -1 ops"
    )
    assert root.read("home/ops/.ssh/authorized_keys") == KEY
    fix = done.stderr.splitlines()[-1].partition("; run ")[2]
    assert root.run(*fix.split()).returncode == 0
    assert start(root, "ops", "ssh-keys", "--user", "ops").returncode == 0


@pytest.mark.needs("useradd", "chage")
def test_a_user_without_a_shell_gets_keys_and_a_hint_that_works(tmp_path: Path) -> None:
    """The command of the hint makes the next run succeed."""
    root = LiveRoot(tmp_path, {**FILES, "etc/default/useradd": ""})
    root.run("useradd", "-m", "-s", "/usr/sbin/nologin", "ops")

    done = start(root, "ops", "ssh-keys", "--user", "ops")

    assert done.returncode == 78
    assert done.stderr.splitlines()[-1] == (
        "azprov: ops has the keys but cannot log in, because its shell is /usr/sbin/nologin; "
        "run usermod --shell /bin/sh ops"
    )
    fix = done.stderr.splitlines()[-1].partition("; run ")[2]
    assert root.run(*fix.split()).returncode == 0
    assert start(root, "ops", "ssh-keys", "--user", "ops").returncode == 0


@pytest.mark.needs("useradd")
def test_an_admin_without_a_shell_is_set_up_after_the_command_of_the_hint(tmp_path: Path) -> None:
    """The account gets neither keys nor rights before someone gives it a login shell."""
    root = LiveRoot(tmp_path, {**FILES, "etc/default/useradd": ""})
    root.run("useradd", "-m", "-s", "/usr/sbin/nologin", "ops")

    done = start(root, "ops", "admin-user")

    assert done.returncode == 78
    assert done.stderr.splitlines()[-1] == (
        "azprov: the user ops of this image has the shell /usr/sbin/nologin, like a service "
        "account, and gets neither keys nor administrator rights; if this is the account of "
        "a person, run usermod --shell /bin/sh ops"
    )
    assert os.listdir(tmp_path / "etc/sudoers.d") == ["README"]
    fix = done.stderr.splitlines()[-1].partition(", run ")[2]
    assert root.run(*fix.split()).returncode == 0
    assert start(root, "ops", "admin-user").returncode == 0
    assert root.read("home/ops/.ssh/authorized_keys") == KEY
    assert (tmp_path / "etc/sudoers.d/90-azprov").exists()


@pytest.mark.needs("useradd")
def test_a_skeleton_of_any_size_is_copied(tmp_path: Path) -> None:
    """A file of more than one MiB in /etc/skel is the new user's, whole."""
    root = LiveRoot(tmp_path, {**FILES, "etc/skel/tool": "x" * 3_000_000})

    done = start(root, "azureuser", "admin-user")

    assert done.returncode == 0, done.stderr
    assert root.read("home/azureuser/tool") == "x" * 3_000_000
    assert (tmp_path / "home/azureuser/tool").stat().st_uid == 1000


TWICE = """\
mount -t tmpfs -o mode=755,size="$1" tmpfs /home
shift
"$@" && exit 99
find /home -mindepth 1
mount -o remount,size=1m /home
echo enlarged | tee /dev/stderr
"$@" || exit 98
find /home -mindepth 1 -user 1000 -group 1000
"""


@pytest.mark.needs("useradd")
@pytest.mark.parametrize(
    ("size", "kept"),
    [
        ("4k", []),
        ("8k", ["", "/.bashrc", "/.profile", "/.ssh"]),
    ],
)
def test_a_user_who_does_not_fit_on_the_disk_is_completed_by_the_next_run(
    tmp_path: Path, size: str, kept: List[str]
) -> None:
    """No incomplete home is left, and only a complete user is logged as created."""
    root = LiveRoot(tmp_path, {**FILES, "etc/skel/.bashrc": "# .bashrc\n" * 400})

    done = start(root, "azureuser", "admin-user", by=("sh", "-ec", TWICE, "sh", size))

    assert done.returncode == 0, done.stderr
    before, _, after = done.stdout.partition("enlarged\n")
    assert sorted(before.split()) == [f"/home/azureuser{path}" for path in kept]
    whole = ["", "/.bashrc", "/.profile", "/.ssh", "/.ssh/authorized_keys"]
    assert sorted(after.split()) == [f"/home/azureuser{path}" for path in whole]
    failed, _, completed = done.stderr.partition("enlarged\n")
    assert "No space left on device" in failed.splitlines()[-1]
    assert "Created" not in failed
    assert "SSH keys authorized for azureuser: 1" in completed
    assert "NOPASSWD" in root.read("etc/sudoers.d/90-azprov")

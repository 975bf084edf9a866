"""OpenRC: install and uninstall, and how the script calls start-stop-daemon."""

import os
import shutil
import socket
import stat
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from azprov.__main__ import package_advice
from azprov.errors import HostError
from azprov.image.python import find_python
from azprov.image.service_file import render_unit
from azprov.system.init import disable
from azprov.system.init.known import enabling_links
from azprov.system.init.openrc import OPENRC
from azprov.system.root import Root
from images import add_python, files, tree
from ports import NoCommands
from project import ROOT
from pyz import azprov
from shells import SHELLS, command_of

SCRIPT = "azure-provisioning"
SHIPPED = (ROOT / "unit" / "azure-provisioning.openrc").read_text()


@pytest.fixture
def alpine(tmp_path: Path) -> Path:
    """An image with the layout of Alpine 3.23: real folders /sbin and /lib, and no systemd."""
    root = tmp_path / "alpine"
    add_python(root, 12)
    for folder in ("etc/init.d", "etc/runlevels/boot", "etc/runlevels/default", "sbin", "lib"):
        (root / folder).mkdir(parents=True)
    (root / "etc/alpine-release").write_text("3.23.6\n")
    (root / "etc/os-release").write_text('NAME="Alpine Linux"\nID=alpine\n')
    (root / "sbin/openrc-run").write_text("")
    (root / "sbin/init").symlink_to("/bin/busybox")
    return root


def test_install_writes_the_documented_files(alpine: Path) -> None:
    """install recognises OpenRC by its files, and writes exactly the documented files."""
    before = files(alpine)

    code, out, err = azprov("install", "--root", alpine)

    assert (code, out.count("\n")) == (0, 4)
    assert err.startswith("The first boot creates no user, so ")
    assert out.splitlines() == [
        f"installed {alpine}/usr/local/lib/azprov/azprov.pyz",
        f"installed {alpine}/usr/local/bin/azprov",
        f"installed {alpine}/etc/init.d/azure-provisioning",
        f"installed {alpine}/etc/runlevels/default/azure-provisioning",
    ]
    assert sorted(set(files(alpine)) - set(before)) == [
        "etc/init.d/azure-provisioning",
        "etc/runlevels/default/azure-provisioning",
        "usr/local/bin/azprov",
        "usr/local/lib/azprov/azprov.pyz",
    ]
    script = alpine / "etc/init.d" / SCRIPT
    assert stat.S_IMODE(script.stat().st_mode) == 0o755
    assert script.read_text() == (
        f"{SHIPPED}\n# Folders that `install` made and `uninstall` removes if they are empty.\n"
        "# MadeFolders=/usr/local /usr/local/lib /usr/local/lib/azprov /usr/local/bin\n"
    )
    link = alpine / "etc/runlevels/default" / SCRIPT
    assert os.readlink(link) == "/etc/init.d/azure-provisioning"


@pytest.mark.parametrize("options", [[], ["--no-enable"], ["--keep-enabled", "--no-hostname"]])
def test_uninstall_undoes_install(alpine: Path, options: List[str]) -> None:
    """A second install changes nothing, and the folders that install made are removed."""
    shutil.rmtree(alpine / "etc/runlevels")
    before = tree(alpine)

    assert azprov("install", "--root", alpine, *options)[0] == 0
    once = tree(alpine)
    assert once != before
    assert azprov("install", "--root", alpine, *options) == (
        0,
        "everything is already installed\n",
        "",
    )
    assert tree(alpine) == once
    assert azprov("uninstall", "--root", alpine)[0] == 0

    assert tree(alpine) == before


def test_uninstall_removes_the_services_of_all_init_systems(alpine: Path) -> None:
    """The folders that both installations made are removed, too."""
    before = tree(alpine)

    code, out, err = azprov("install", "--root", alpine, "--init", "systemd")
    assert (code, out) == (2, "")
    assert err == (
        f"azprov: {alpine} boots with OpenRC, not with systemd; leave out --init, or add --force "
        "to install the service anyway\n"
    )
    assert azprov("install", "--root", alpine, "--init", "systemd", "--force")[0] == 0
    assert azprov("install", "--root", alpine)[0] == 0
    code, out, _ = azprov("uninstall", "--root", alpine)

    assert (code, tree(alpine)) == (0, before)
    assert out.splitlines() == [
        f"removed {alpine}/etc/systemd/system/multi-user.target.wants/azure-provisioning.service",
        f"removed {alpine}/etc/systemd/system-preset/00-azprov.preset",
        f"removed {alpine}/etc/runlevels/default/azure-provisioning",
        f"removed {alpine}/usr/local/bin/azprov",
        f"removed {alpine}/usr/local/lib/azprov/azprov.pyz",
        f"removed {alpine}/etc/systemd/system/azure-provisioning.service",
        f"removed {alpine}/etc/init.d/azure-provisioning",
    ]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("another script", "is a different service"),
        ("a link", "is a link to /usr/libexec/azure"),
        ("own, other options", "is an azprov service with different options, from another version"),
    ],
)
def test_a_foreign_script_is_replaced_only_with_force(alpine: Path, kind: str, said: str) -> None:
    """The failure is reported before the first change, and uninstall keeps a foreign script."""
    script = alpine / "etc/init.d" / SCRIPT
    if kind == "another script":
        script.write_text("#!/sbin/openrc-run\ncommand=/usr/bin/azure\n")
    elif kind == "a link":
        script.symlink_to("/usr/libexec/azure")
    else:
        script.write_text(SHIPPED.replace(" provision ", " provision --no-hostname "))
    before = tree(alpine)

    code, out, err = azprov("install", "--root", alpine)

    assert (code, out) == (73, "")
    assert said in err
    assert "--force" in err
    assert tree(alpine) == before
    if kind != "own, other options":
        azprov("uninstall", "--root", alpine)
        assert tree(alpine) == before
    assert azprov("install", "--root", alpine, "--force")[0] == 0
    assert script.read_text().startswith(SHIPPED)
    assert not script.is_symlink()


def test_the_script_has_the_options_of_install(alpine: Path) -> None:
    """`unit --init openrc` prints the options, and a word that sh would expand is refused."""
    add_python(alpine, 9, "usr/local/bin/python3", link=False)
    options = ["--no-hostname", "--keep-enabled", "--python", "/usr/local/bin/python3"]

    code, printed, _ = azprov("unit", "--root", alpine, "--init", "openrc", *options)

    assert code == 0
    assert printed.splitlines()[4:6] == [
        'command="/usr/local/bin/python3"',
        'command_args="-I /usr/local/lib/azprov/azprov.pyz '
        'provision --unit azure-provisioning --no-hostname --keep-enabled"',
    ]
    for word in ("/a b", "/a$X", "/a;b", "/a'b", '/a"b', "/a*", "/a`b`", "/a\nb"):
        with pytest.raises(HostError, match="cannot be used in a service file"):
            render_unit(word, [], init=OPENRC)


def test_disable_removes_the_links_of_all_runlevels(alpine: Path) -> None:
    """The script, the unit of systemd and other services are kept."""
    azprov("install", "--root", alpine)
    azprov("install", "--root", alpine, "--init", "systemd")
    (alpine / "etc/runlevels/boot" / SCRIPT).symlink_to(f"/etc/init.d/{SCRIPT}")
    (alpine / "etc/runlevels/boot/syslog").symlink_to("/etc/init.d/syslog")
    root = Root(str(alpine))
    before = files(alpine)

    assert enabling_links(root, SCRIPT) == [
        "/etc/runlevels/boot/azure-provisioning",
        "/etc/runlevels/default/azure-provisioning",
    ]
    disable(root, SCRIPT, NoCommands())
    disable(root, SCRIPT, NoCommands())

    assert sorted(set(before) - set(files(alpine))) == [
        "etc/runlevels/boot/azure-provisioning",
        "etc/runlevels/default/azure-provisioning",
    ]


def test_python_in_alpine_is_found(alpine: Path) -> None:
    """The path is that of Alpine's package, and the hint names apk."""
    assert find_python(Root(str(alpine))) == ("/usr/bin/python3", 12)
    assert package_advice("it", str(alpine / "etc/os-release")) == "install it: apk add python3"


# openrc-run's functions that the script calls, and a start-stop-daemon that says how it was
# called, for which service, a line a word.
STAND_INS = r"""
for word in after use keyword ebegin; do
    eval "$word() { echo $word \"\$@\"; }"
done
eend() { return "$1"; }
export RC_SVCNAME=azure-provisioning
"""


NO_PROGRAM = "/nonexistent/python3"


class Script:
    """The shipped script in a shell, with paths in a test folder and stand-ins for OpenRC.

    A shell of busybox runs its own start-stop-daemon, whatever the PATH says: the stand-in
    is called by its path. The program that the script starts does not exist, so that no
    mistake in a test can start a first boot on this machine.
    """

    def __init__(self, folder: Path, shell: str, help_text: str) -> None:
        self.run_folder, self.log_folder = folder / "run", folder / "log"
        for each in (self.run_folder, self.log_folder, folder / "bin"):
            each.mkdir()
        self.pidfile = self.run_folder / "azure-provisioning.pid"
        self.log = self.log_folder / "azure-provisioning.log"
        self.socket = folder / "dev-log"
        self._shell = shell
        daemon = folder / "bin/start-stop-daemon"
        daemon.write_text(
            f"#!/bin/sh\n[ \"$1\" != --help ] || {{ echo '{help_text}'; exit; }}\n"
            'echo "RC_SVCNAME=${RC_SVCNAME-unset}"\nprintf \'%s\\n\' "$@"\n'
        )
        daemon.chmod(0o755)
        text = SHIPPED
        for real, mine in (
            ("/run/", f"{self.run_folder}/"),
            ("/var/log/", f"{self.log_folder}/"),
            ("/dev/log", str(self.socket)),
            ("start-stop-daemon", str(daemon)),
            ("/usr/bin/python3", NO_PROGRAM),
        ):
            assert real in text
            text = text.replace(real, mine)
        (folder / "script").write_text(text)
        self._folder = folder

    def call(self, function: str) -> List[str]:
        done = subprocess.run(
            [*command_of(self._shell), "-c", f"{STAND_INS}. ./script\n{function}"],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()


OPENRC_HELP = "-4, --stderr-logger <arg>         Redirect stderr to process"
DPKG_HELP = "-O, --output <filename>       redirect stdout and stderr to <filename>"
COMMAND = [
    NO_PROGRAM,
    "-I",
    "/usr/local/lib/azprov/azprov.pyz",
    "provision",
    "--unit",
    "azure-provisioning",
]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_log_is_sent_to_syslog(tmp_path: Path, shell: str) -> None:
    """OpenRC's start-stop-daemon sends stderr to logger if syslog runs, and records no daemon."""
    script = Script(tmp_path, shell, OPENRC_HELP)
    script.pidfile.write_text("1\n")

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        syslog.bind(str(script.socket))
        said = script.call("start")

    assert said == [
        "ebegin Starting Azure provisioning (azprov) in the background",
        "RC_SVCNAME=unset",
        "--start",
        "--background",
        "--make-pidfile",
        "--pidfile",
        str(script.pidfile),
        "--stderr-logger",
        "logger -t azprov -p daemon.info",
        "--exec",
        "/usr/bin/env",
        "--",
        *COMMAND,
    ]
    assert not script.pidfile.exists()


@pytest.mark.parametrize("shell", SHELLS)
def test_azprov_starts_if_its_process_id_cannot_be_recorded(tmp_path: Path, shell: str) -> None:
    """start-stop-daemon would not start it if /run cannot be written."""
    script = Script(tmp_path, shell, DPKG_HELP)
    script.run_folder.rmdir()

    said = script.call("start")

    assert said[2:5] == ["--start", "--background", "--exec"]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("help_text", "is_heard"), [(OPENRC_HELP, False), (DPKG_HELP, True), (DPKG_HELP, False)]
)
def test_without_syslog_the_log_is_a_file(
    tmp_path: Path, shell: str, help_text: str, is_heard: bool
) -> None:
    """The log is a file with dpkg's start-stop-daemon too, whether or not syslog runs."""
    script = Script(tmp_path, shell, help_text)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
        if is_heard:
            syslog.bind(str(script.socket))
        said = script.call("start")

    assert said[7:] == [
        "--exec",
        "/bin/sh",
        "--",
        "-c",
        'true >>"$0" || exec "$@"; exec "$@" 2>>"$0"',
        str(script.log),
        *COMMAND,
    ]


@pytest.mark.parametrize("shell", SHELLS)
def test_azprov_leaves_no_core_file(tmp_path: Path, shell: str) -> None:
    """A core file would hold what the platform sent, so the limit for core files is 0."""
    script = Script(tmp_path, shell, OPENRC_HELP)
    (tmp_path / "bin/start-stop-daemon").write_text("#!/bin/sh\nulimit -c\n")

    assert script.call("ulimit -S -c 8 && start")[-1] == "0"


@pytest.mark.parametrize("shell", SHELLS)
def test_azprov_runs_if_its_log_cannot_be_written(tmp_path: Path, shell: str) -> None:
    """The shell runs the command even if it cannot open the file."""
    inner = Script(tmp_path, shell, DPKG_HELP).call("start")[11]
    log = tmp_path / "a folder"
    log.mkdir()

    done = subprocess.run(
        [*command_of(shell), "-c", inner, log, "sh", "-c", "echo ran; echo said >&2"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "ran\n")


@pytest.mark.parametrize("shell", SHELLS)
def test_stop_ends_only_azprov(tmp_path: Path, shell: str) -> None:
    """Another process with the recorded number is not stopped, and stop works before start."""
    script = Script(tmp_path, shell, OPENRC_HELP)
    assert script.call("stop") == []

    with subprocess.Popen(["sleep", "60"]) as other:
        script.pidfile.write_text(f"{other.pid}\n")
        said_of_another = script.call("stop")
        other.kill()
    assert said_of_another == []
    assert script.call("stop") == []

    with subprocess.Popen(
        [sys.executable, "-c", "input()", "azprov.pyz"], stdin=subprocess.PIPE
    ) as azprov_process:
        script.pidfile.write_text(f"{azprov_process.pid}\n")
        said = script.call("stop")
        azprov_process.kill()
    assert said == [
        "ebegin Stopping Azure provisioning (azprov)",
        "RC_SVCNAME=azure-provisioning",
        "--stop",
        "--pidfile",
        str(script.pidfile),
        "--retry",
        "TERM/10/KILL/5",
    ]


def test_the_script_needs_no_other_service(tmp_path: Path) -> None:
    """The script starts after some services, but does not need them."""
    assert Script(tmp_path, "sh", OPENRC_HELP).call("depend") == [
        "after root localmount bootmisc hostname",
        "use logger",
        "keyword -prefix",
    ]

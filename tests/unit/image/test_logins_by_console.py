"""A console that may need no password is named, and the usual lines of distributions are not."""

from pathlib import Path
from typing import Dict, List

import pytest

from azprov.image.leftovers.logins_by_console import find_on_consoles
from azprov.system.root import Root
from sound_image import change

UNIT = "etc/systemd/system/serial-getty@.service.d/a.conf"
VENDOR = "usr/lib/systemd/system"
GETTY = "starts a getty with arguments that may skip the password"
SHELL = "starts a shell"
ENVIRONMENT = "may give a getty other arguments"
CREDENTIAL = "sets a credential for logins"
SULOGIN = "lets sulogin open a shell"


def consoles(root: Path, files: Dict[str, str]) -> List[str]:
    """What is found in a root with these files, as "path:line reason"."""
    root.mkdir(exist_ok=True)
    change(root, files)
    start = "someone may be able to log in without a password, because line "
    found = []
    for login in find_on_consoles(Root(str(root))):
        assert login.what.startswith(start)
        number, _, rest = login.what[len(start) :].partition(f" of {root}/")
        path, _, reason = rest.partition(" ")
        found.append(f"{path}:{number} {reason}")
    return found


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ExecStart=-/sbin/agetty --autologin root - $TERM", GETTY),
        ("ExecStart=-/sbin/agetty --autologin=root - $TERM", GETTY),
        ("ExecStart=-/sbin/agetty --autolog root - $TERM", GETTY),
        ('ExecStart=-/sbin/agetty "--autologin" root - $TERM', GETTY),
        ("ExecStart=-/sbin/agetty -a root - $TERM", GETTY),
        ("ExecStart=-/sbin/agetty -aroot - $TERM", GETTY),
        ("ExecStart=-/sbin/agetty -8a root - $TERM", GETTY),
        ("ExecStart=-/sbin/agetty - 9600 vt100 -a root", GETTY),
        ("ExecStart=-/sbin/agetty \\\n # comment\n --autologin root -", GETTY),
        ("ExecStart = -/sbin/agetty -a root -", GETTY),
        ("ExecStart=-/sbin/agetty -n -o '-f root' -", GETTY),
        ("ExecStart=-/sbin/agetty -o '-p -f -- \\\\u' -", GETTY),
        ("ExecStart=-/sbin/agetty -n -l /bin/sh -", GETTY),
        ("ExecStart=-/sbin/agetty --login-program /bin/sh -", GETTY),
        ("ExecStart=-/sbin/agetty --chroot /opt -", GETTY),
        ("ExecStart=-/sbin/agetty $OPTIONS -", GETTY),
        ("ExecStart=@/bin/sh agetty -i", GETTY),
        ("ExecStart=/bin/sh -c 'exec agetty -a root tty1'", GETTY),
        ("ExecStart=-/sbin/mingetty --autologin root tty1", GETTY),
        ("ExecStart=-/bin/login -f root", SHELL),
        ("ExecStart=-/bin/login -p -froot", SHELL),
        ("ExecStart=-/bin/bash -l", SHELL),
        ("ExecStart=/bin/busybox setsid /bin/busybox cttyhack /bin/busybox sh", SHELL),
        ("ExecStart=/bin/sh -c 'clear; exec bash -i </dev/tty1 >/dev/tty1 2>&1'", SHELL),
        ("ExecStart=-/bin/su - root", SHELL),
        ("ExecStart=-/usr/bin/sudo -u root -i", SHELL),
        ("ExecStart=-/opt/welcome", "starts another program than a getty"),
        ("Environment=TERM=-aroot", ENVIRONMENT),
        ('Environment="TERM=linux -a root"', ENVIRONMENT),
        ('Environment="A=b" "TERM=x y= -aroot"', ENVIRONMENT),
        ("EnvironmentFile=-/etc/getty", ENVIRONMENT),
        ("Environment=SYSTEMD_SULOGIN_FORCE=1", SULOGIN),
        ("SetCredential=agetty.autologin:root", CREDENTIAL),
        ("LoadCredential=login.noauth:/etc/x", CREDENTIAL),
        ('SetCredentialEncrypted="tty.serial.ttyS0.agetty.autologin: x"', CREDENTIAL),
        ("SetCredential=passwd.hashed-password.root:x", CREDENTIAL),
    ],
)
def test_a_line_of_a_getty_that_may_skip_the_password_is_named(
    line: str, reason: str, tmp_path: Path
) -> None:
    """Any argument that is not known to be harmless counts, however it is spelled."""
    files = {UNIT: f"[Service]\nExecStart=\n{line}\n"}

    assert consoles(tmp_path / "root", files) == [f"{UNIT}:3 {reason}"]


@pytest.mark.parametrize(
    "path",
    [
        "etc/systemd/system/serial-getty@ttyS0.service.d/a.conf",
        "etc/systemd/system/serial-.service.d/a.conf",
        "etc/systemd/system/service.d/a.conf",
        "etc/systemd/system/container-getty@.service",
        "etc/systemd/system/console-getty.service",
        "etc/systemd/system/autologin@.service",
        "etc/systemd/system.control/getty@.service.d/50-a.conf",
        "etc/systemd/system.attached/a.service",
        "usr/local/lib/systemd/system/getty@tty1.service",
        "usr/lib/systemd/system/getty@.service.d/a.conf",
    ],
)
def test_a_getty_is_found_in_every_folder_of_units(path: str, tmp_path: Path) -> None:
    """systemd.unit(5) allows drop-ins for a prefix, an instance and all services."""
    files = {path: "[Service]\nExecStart=-/sbin/agetty -a root -\n"}

    assert consoles(tmp_path / "root", files) == [f"{path}:2 {GETTY}"]


DEBUG_SHELL = {f"{VENDOR}/debug-shell.service": "[Service]\nExecStart=/bin/bash\n"}


@pytest.mark.parametrize(
    "files",
    [
        {"etc/systemd/system/sysinit.target.wants/debug-shell.service": "-> /x"},
        {f"{VENDOR}/sysinit.target.wants/debug-shell.service": "-> ../debug-shell.service"},
        {"etc/systemd/system/sysinit.target.upholds/debug-shell.service": "-> /x"},
        {
            "etc/systemd/system/sysinit.target.wants/now.service": "-> "
            f"/{VENDOR}/debug-shell.service"
        },
        {"etc/systemd/system/basic.target.d/a.conf": "[Unit]\nWants=x.service debug-shell.service"},
        {"etc/systemd/system/a.service": "[Unit]\nOnFailure=debug-shell.service\n"},
        {"etc/systemd/system/debug-shell.socket": "[Socket]\nListenStream=9999\n"},
    ],
)
def test_a_shell_of_a_package_is_named_if_another_unit_starts_it(
    files: Dict[str, str], tmp_path: Path
) -> None:
    """debug-shell.service is in every image with systemd, and only its start is a login."""
    found = [f"{VENDOR}/debug-shell.service:2 {SHELL}"]

    assert consoles(tmp_path / "before", DEBUG_SHELL) == []
    assert consoles(tmp_path / "root", {**DEBUG_SHELL, **files}) == found


@pytest.mark.parametrize("folder", ["system.control", "system", "system.attached"])
def test_a_unit_below_etc_replaces_one_of_a_package(folder: str, tmp_path: Path) -> None:
    """The file of the first folder that systemd searches is in effect."""
    path = f"etc/systemd/{folder}/serial-getty@.service"
    files = {
        path: "[Service]\nExecStart=-/sbin/agetty -a root -\n",
        f"{VENDOR}/serial-getty@.service": "[Service]\nExecStart=-/sbin/agetty -\n",
    }

    assert consoles(tmp_path / "root", files) == [f"{path}:2 {GETTY}"]


def test_a_masked_shell_is_not_named(tmp_path: Path) -> None:
    """A link to /dev/null below /etc replaces the unit of a package."""
    files = {
        **DEBUG_SHELL,
        "etc/systemd/system/sysinit.target.wants/debug-shell.service": "-> /x",
        "etc/systemd/system/debug-shell.service": "-> /dev/null",
    }

    assert consoles(tmp_path / "root", files) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("::respawn:-/bin/sh", SHELL),
        ("::askfirst:-/bin/ash --login", SHELL),
        ("x:2345:once:/bin/sh", SHELL),
        ("x:2345:respawn:+/bin/sh", SHELL),
        ("ttyS0::respawn:exec /bin/sh", SHELL),
        ("::respawn:/bin/setsid /bin/cttyhack /bin/sh", SHELL),
        ("::respawn:/bin/login -f root", SHELL),
        ("::respawn:/usr/sbin/telnetd -F -l /bin/sh -p 2323", SHELL),
        ("::respawn:/bin/busybox nc -ll -p 23 -e /bin/ash", SHELL),
        ("::respawn:socat tcp-l:23,fork EXEC:/bin/bash,pty", SHELL),
        ("::respawn:script -c bash /dev/null", SHELL),
        ("::respawn:/bin/bash --rcfile /root/rc -i", SHELL),
        ("::respawn:python3 -i", SHELL),
        ("::respawn:/bin/bash-static", SHELL),
        ("::respawn:sh -c 'while true; do bash </dev/ttyS0 >/dev/ttyS0; sleep 1; done'", SHELL),
        ("tty1::respawn:\\\n/bin/sh", SHELL),
        ("1:23:respawn:/sbin/getty -a root 38400 tty1", GETTY),
        ("ttyS0::respawn:/sbin/getty -n -l /bin/sh 115200 ttyS0", GETTY),
        ("1:23:respawn:/sbin/getty 38400 tty1; /bin/sh", GETTY),
    ],
)
def test_a_line_of_inittab_that_may_skip_the_password_is_named(
    line: str, reason: str, tmp_path: Path
) -> None:
    """The inittab of sysvinit and of busybox can start a shell in place of a getty."""
    found = consoles(tmp_path / "root", {"etc/inittab": f"# consoles\n{line}\n"})

    assert set(found) == {f"etc/inittab:2 {reason}"}


@pytest.mark.parametrize(
    ("path", "line", "reason"),
    [
        ("etc/conf.d/agetty.ttyS0", 'agetty_options="--autologin root"', GETTY),
        ("etc/conf.d/agetty", 'agetty_options="-8 -a root"', GETTY),
        ("etc/rc.local", "agetty -a root ttyS0 &", GETTY),
        ("etc/local.d/a.start", "getty -n -l /bin/sh 9600 ttyS0", GETTY),
        ("etc/inetd.conf", "9999 stream tcp nowait root /bin/sh sh -i", SHELL),
        ("etc/xinetd.d/a", "server = /bin/bash", SHELL),
        ("etc/udev/rules.d/9.rules", 'ENV{SYSTEMD_WANTS}+="debug-shell.service"', SHELL),
        ("etc/sv/agetty-tty1/conf", 'GETTY_ARGS="--autologin root"', GETTY),
        ("etc/sv/getty-ttyS0/run", "exec /sbin/getty -n -l /bin/sh 115200 ttyS0", GETTY),
        ("etc/s6/sv/tty1/run", "exec /bin/bash -l", SHELL),
        ("etc/dinit.d/agetty", "command = /sbin/agetty -a root tty1", GETTY),
        ("etc/systemd/system.conf", "DefaultEnvironment=SYSTEMD_SULOGIN_FORCE=1", SULOGIN),
        ("etc/systemd/system.conf.d/a.conf", "ManagerEnvironment=SYSTEMD_SULOGIN_FORCE=y", SULOGIN),
    ],
)
def test_a_setting_of_another_init_system_is_named(
    path: str, line: str, reason: str, tmp_path: Path
) -> None:
    """OpenRC, runit, s6 and dinit have scripts and files with the arguments of a getty."""
    assert consoles(tmp_path / "root", {path: f"{line}\n"}) == [f"{path}:1 {reason}"]


def test_a_program_of_the_images_own_on_a_terminal_is_named(tmp_path: Path) -> None:
    """It may be a shell of any kind. The units of packages on a terminal ask for a password."""
    text = "[Service]\nExecStart=/opt/menu\nStandardInput=tty-force\n"

    path = "etc/systemd/system/menu.service"
    assert consoles(tmp_path / "own", {path: text}) == [
        f"{path}:3 starts another program than a getty"
    ]
    link = {"etc/systemd/system/alias.service": f"-> /{VENDOR}/menu.service"}
    assert consoles(tmp_path / "package", {f"{VENDOR}/menu.service": text, **link}) == []


UNITS = [
    # systemd 252 of Debian 12, 257 of Debian 13 and 258 of Fedora and Arch; openSUSE Leap 15.
    "ExecStart=-/sbin/agetty -o '-p -- \\\\u' --noclear - $TERM",
    "ExecStart=-/sbin/agetty -o '-p -- \\\\u' --noclear %I $TERM",
    "ExecStart=-/sbin/agetty -o '-p -- \\\\u' --keep-baud 115200,57600,38400,9600 %I $TERM",
    "ExecStart=-/sbin/agetty -o '-- \\\\u' --noreset --noclear - ${TERM}",
    "ExecStart=-/usr/sbin/agetty --noreset --noclear --keep-baud 115200,57600,38400,9600 - ${TERM}",
    "ExecStart=-/usr/bin/agetty --noreset --noclear --issue-file=/etc/issue:/run/issue.d - ${TERM}",
    "ExecStart=-/sbin/agetty --noclear --keep-baud console 115200,38400,9600 $TERM",
    "ExecStart=-/sbin/agetty -s %I 115200,38400,9600 vt102",
    "ExecStart=/bin/systemctl --no-block start getty@tty2.service getty@tty3.service",
    "ExecStart=-/sbin/mingetty --noclear tty1",
    "ExecStart=/usr/bin/kmscon \"--vt=%I\" --login -- /sbin/agetty -o '-p -- \\\\u' - xterm",
    "Environment=TERM=linux",
    'Environment="TERM=vt220" LANG=C',
    "UnsetEnvironment=LANG LANGUAGE LC_CTYPE",
    "ImportCredential=agetty.*",
]
INITTAB = [
    # Alpine, Debian's and Gentoo's sysvinit, and Buildroot.
    "::sysinit:/sbin/openrc sysinit",
    "tty1::respawn:/sbin/getty 38400 tty1",
    "ttyS0::respawn:/sbin/getty -L 0 ttyS0 vt100",
    "console::respawn:/sbin/getty -L console 0 vt100 # GENERIC_SERIAL",
    "#ttyS0::respawn:/bin/sh",
    "::ctrlaltdel:/sbin/reboot",
    "id:2:initdefault:",
    "si::sysinit:/etc/init.d/rcS",
    "~~:S:wait:/sbin/sulogin --force",
    "l0:0:wait:/etc/init.d/rc 0",
    "ca:12345:ctrlaltdel:/sbin/shutdown -t1 -a -r now",
    "1:2345:respawn:/sbin/getty --noclear 38400 tty1",
    "c1:12345:respawn:/sbin/agetty --noclear 38400 tty1 linux",
    "s0:12345:respawn:/sbin/agetty -L -f /etc/issue 9600 ttyS0 vt100",
    "S0:2345:respawn:/sbin/agetty -8 --noclear --noissue ttyS0 115200 vt100",
    "x:a:once:/etc/X11/startDM.sh",
    "x:off:off:/bin/sh",
]


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        (f"{VENDOR}/getty@.service", UNITS),
        ("etc/inittab", INITTAB),
        (
            f"{VENDOR}/a.service",
            [
                "ExecStart=/bin/sh /opt/start.sh",
                "ExecStart=/bin/sh -c 'echo done'",
                "ExecStart=/bin/bash -e -c 'test -s /etc/fish; exec agent --shell /bin/sh x'",
                "ExecStart=/usr/bin/python3 -I /opt/agent.py",
                "ExecStart=sh -c 'echo start | netcat -Uu -W1 /run/cloud-init/share/a.sock | sh'",
                "ExecStart=/usr/bin/su - postgres -c /usr/bin/pg_ctl",
                "ExecStart=/usr/sbin/runuser -u www -- /usr/bin/serve",
                "ExecStartPre=/usr/bin/sudo -u www /usr/bin/prepare",
                "ExecStart=/usr/lib/systemd/systemd-sulogin-shell rescue",
                "ExecStart=/usr/lib/systemd/systemd-logind",
                "EnvironmentFile=-/etc/default/a",
                "LoadCredential=passwd.hashed-password.root",
                "ImportCredential=tty.console.agetty.*:agetty.",
                "LoadCredential=a:/etc/a",
            ],
        ),
        (
            "etc/systemd/system/a.service",
            [
                # grub-common of Debian 13.
                "ExecStartPre=/bin/sh -c '[ -s /boot/grub/grubenv ] || rm -f /boot/grub/grubenv'",
                "ExecStart=/bin/sh -c 'test -s /etc/a && [[ -s /etc/b ]] && /usr/bin/agent'",
                "ExecStart=/bin/sh -c 'if [ ! -s /etc/a ]; then /usr/bin/agent; fi'",
            ],
        ),
        ("etc/rc.local", ["#!/bin/sh -e", "exit 0"]),
        ("etc/inetd.conf", ["#<off># a", "time stream tcp nowait root internal"]),
        ("usr/lib/udev/rules.d/99-systemd.rules", ['ENV{SYSTEMD_WANTS}="bluetooth.target"']),
        ("etc/conf.d/agetty", ['#agetty_options="--autologin root"', 'agetty_options="--noclear"']),
        ("etc/init.d/agetty", ['command_args_foreground="${agetty_options} ${port} ${baud}"']),
        (
            "etc/sv/agetty-tty1/run",
            [
                "#!/bin/sh",
                "[ -r ./conf ] && . ./conf",
                "pgrep -a agetty | grep tty1 && exit 163",
                "! type fgetty >/dev/null 2>&1 || exec chpst -P fgetty tty1",
                'exec setsid agetty ${GETTY_ARGS} "${tty}" "${BAUD_RATE}" "${TERM_NAME}"',
            ],
        ),
    ],
)
def test_usual_lines_of_distributions_are_silent(
    path: str, lines: List[str], tmp_path: Path
) -> None:
    """Sound images have gettys that ask for a password, and shells that run scripts."""
    assert consoles(tmp_path, {path: "\n".join([*lines, ""])}) == []


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (UNIT, "ExecStart=getty" + " -8" * 60000),
        (UNIT, "ExecStart=getty " + "a" * 60000 + "$"),
        (UNIT, "ExecStart=" + "sh " * 60000),
        (UNIT, "ExecStart=" + "getty " * 60000),
        ("etc/inittab", "a:b:respawn:login " + "x " * 60000),
        (UNIT, f"ExecStart=getty -{'a' * 60000}_"),
        (UNIT, "Environment=TERM " + "A=b" * 60000),
        (UNIT, "Environment=TERM" + "A=b " * 60000 + "-"),
        (UNIT, "\\\n" * 60000),
        ("etc/inittab", "a:b:c:" + "\\\n" * 60000),
        ("etc/conf.d/getty", "args " + " -a" * 60000 + "_"),
        ("etc/conf.d/getty", "args -o'" + "-o'" * 60000),
    ],
)
def test_lines_of_consoles_made_to_take_time_take_none(
    path: str, text: str, tmp_path: Path
) -> None:
    """Each of these lines would be read thousands of times if the work were not linear."""
    assert len(consoles(tmp_path / "root", {path: text})) <= 1

"""The paths by which each init system is recognised and started, as its documentation has them."""

from typing import Dict, NamedTuple, Tuple

import pytest

from azprov.system.init.base import InitSystem
from azprov.system.init.known import BY_NAME

Paths = Tuple[str, ...]
RUNLEVELS = ("/etc/rcS.d", "/etc/rc2.d", "/etc/rc3.d", "/etc/rc4.d", "/etc/rc5.d")


class Expected(NamedTuple):
    """What is the same in every image."""

    #: Programs that the kernel starts, and programs that an image with this init system has.
    init_programs: Paths
    programs: Paths
    unit_folders: Paths
    link_folder: str
    boot_folders: Paths = ()
    settings: Paths = ()
    enable_command: str = ""


INITS: Dict[str, Expected] = {
    "systemd": Expected(
        ("/usr/lib/systemd/systemd", "/lib/systemd/systemd"),
        ("/usr/lib/systemd/systemd", "/lib/systemd/systemd"),
        (
            "/etc/systemd/system",
            "/usr/local/lib/systemd/system",
            "/usr/lib/systemd/system",
            "/lib/systemd/system",
        ),
        "/etc/systemd/system/multi-user.target.wants",
        enable_command="systemctl {root}enable {service}",
    ),
    "openrc": Expected(
        ("/sbin/openrc-init", "/usr/sbin/openrc-init", "/usr/bin/openrc-init"),
        ("/sbin/openrc-run", "/usr/sbin/openrc-run", "/bin/openrc-run", "/usr/bin/openrc-run"),
        ("/etc/init.d",),
        "/etc/runlevels/default",
        ("/etc/runlevels/sysinit", "/etc/runlevels/boot", "/etc/runlevels/default"),
        enable_command="rc-update add {service} default",
    ),
    "sysvinit": Expected(
        ("/sbin/init", "/usr/sbin/init", "/bin/init"),
        ("/sbin/init", "/usr/sbin/init", "/bin/init"),
        ("/etc/init.d",),
        "/etc/rcS.d",
        (*RUNLEVELS, "/etc/init.d"),
        ("/etc/init.d/.depend.boot",),
        "update-rc.d {service} defaults",
    ),
    "busybox": Expected(
        ("/sbin/init", "/usr/sbin/init", "/bin/init"),
        ("/sbin/init", "/usr/sbin/init", "/bin/init"),
        ("/etc/init.d",),
        "/etc/rcS.d",
        (*RUNLEVELS, "/etc/init.d"),
        ("/etc/init.d/.depend.boot",),
    ),
    "runit": Expected(
        ("/sbin/runit-init", "/usr/sbin/runit-init", "/usr/bin/runit-init"),
        ("/sbin/runit-init", "/usr/sbin/runit-init", "/usr/bin/runit-init"),
        ("/etc/sv", "/etc/runit/sv", "/usr/share/runit/sv"),
        "/etc/runit/runsvdir/default",
        ("/etc/runit/runsvdir/default", "/etc/service", "/service", "/etc/rcS.d", "/etc/rc2.d"),
        enable_command="ln -s /etc/sv/{service} /etc/runit/runsvdir/default/",
    ),
    "s6": Expected(
        ("/sbin/init", "/usr/sbin/init", "/bin/init"),
        ("/bin/s6-svscan", "/usr/bin/s6-svscan"),
        ("/etc/sv",),
        "/etc/service",
    ),
    "dinit": Expected(
        ("/sbin/dinit", "/usr/sbin/dinit", "/usr/bin/dinit", "/usr/bin/dinit-init"),
        ("/sbin/dinit", "/usr/sbin/dinit", "/usr/bin/dinit", "/usr/bin/dinit-init"),
        ("/etc/dinit.d", "/usr/local/lib/dinit.d", "/usr/lib/dinit.d", "/lib/dinit.d"),
        "/etc/dinit.d/boot.d",
        (),
        (
            "/etc/dinit.d/boot",
            "/usr/local/lib/dinit.d/boot",
            "/usr/lib/dinit.d/boot",
            "/lib/dinit.d/boot",
        ),
        "ln -s ../{service} /etc/dinit.d/boot.d/",
    ),
}


@pytest.mark.parametrize("name", INITS)
def test_an_init_system_has_its_documented_paths(name: str) -> None:
    """Programs, folders of services and of links, and the command that a person types."""
    init: InitSystem = BY_NAME[name]

    assert INITS[name] == Expected(
        init.init_programs,
        init.programs,
        init.unit_folders,
        init.link_folder,
        init.boot_folders,
        init.settings,
        init.enable_command,
    )


def test_every_init_system_has_a_row() -> None:
    """A new one needs its paths here."""
    assert set(INITS) == set(BY_NAME)


#: What another verb than restart starts: nothing that is not running.
RESTARTS: Dict[str, Tuple[object, object]] = {
    "systemd": (
        [
            ["systemctl", "reset-failed", "ssh.service"],
            ["systemctl", "--no-block", "restart", "ssh.service"],
        ],
        [
            ["systemctl", "reset-failed", "ssh.service"],
            ["systemctl", "--no-block", "try-restart", "ssh.service"],
        ],
    ),
    "openrc": (
        [["rc-service", "ssh", "restart"]],
        [["rc-service", "--ifstarted", "ssh", "restart"]],
    ),
    "runit": ([["sv", "restart", "ssh"]], [["sv", "try-restart", "ssh"]]),
    "dinit": (
        [
            ["dinitctl", "--no-wait", "restart", "--ignore-unstarted", "ssh"],
            ["dinitctl", "--no-wait", "start", "ssh"],
        ],
        [["dinitctl", "--no-wait", "restart", "--ignore-unstarted", "ssh"]],
    ),
}


@pytest.mark.parametrize("name", RESTARTS)
def test_a_service_is_restarted_by_its_init_system(name: str) -> None:
    """None of the commands waits for the service, and try-restart starts no service."""
    init = BY_NAME[name]

    assert (
        init.restart_commands("ssh", "restart"),
        init.restart_commands("ssh", "try-restart"),
    ) == RESTARTS[name]

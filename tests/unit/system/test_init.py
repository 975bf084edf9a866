"""The init systems: how each is found in an image, and how a service is disabled."""

import socket
from pathlib import Path
from typing import Dict, List, Tuple

import pytest

from azprov.cli import main
from azprov.image.service_file import render_unit
from azprov.system.init import disable, report_started
from azprov.system.init.known import enabling_links, find_init, init_program
from azprov.system.init.openrc import OPENRC
from azprov.system.init.systemd import SYSTEMD
from azprov.system.root import Root
from ports import NoCommands, Recorder
from project import ROOT

UNIT = "azure-provisioning.service"


def test_disabling_removes_every_link_of_the_service(tmp_path: Path) -> None:
    """Links in .wants and .requires are removed, and nothing else; an image needs no systemctl."""
    folder = tmp_path / "etc/systemd/system"
    for target in ("multi-user.target.wants", "x.target.requires", "other.d"):
        (folder / target).mkdir(parents=True)
        (folder / target / UNIT).symlink_to(f"/etc/systemd/system/{UNIT}")
    (folder / "multi-user.target.wants" / "ssh.service").symlink_to("/x")
    (folder / UNIT).write_text("[Service]\n")
    root = Root(str(tmp_path))
    assert len(enabling_links(root, UNIT)) == 2

    disable(root, UNIT, NoCommands())
    disable(root, UNIT, NoCommands())

    left = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())
    assert left == [UNIT, "multi-user.target.wants/ssh.service", f"other.d/{UNIT}"]


def test_the_suffix_of_a_service_can_be_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A service is found by its name without .service; one that is not enabled is logged."""
    caplog.set_level("INFO")
    link = tmp_path / "etc/systemd/system/multi-user.target.wants" / UNIT
    link.parent.mkdir(parents=True)
    link.symlink_to("/x")
    root = Root(str(tmp_path))

    disable(root, "azure-provisioning", NoCommands())
    disable(root, "azure-provisioning", NoCommands())
    disable(root, "azure", NoCommands())

    assert not link.is_symlink()
    assert caplog.messages == [
        "Disabled azure-provisioning.service",
        "azure is not enabled, so there is nothing to disable",
    ]


@pytest.mark.parametrize("name", ["", ".", "..", "../../hostname", "/etc/hostname", "a b", "a\n"])
def test_a_name_that_no_service_can_have_is_a_usage_error(tmp_path: Path, name: str) -> None:
    """A bad --unit gives exit code 2, and no file is removed."""
    hostname = tmp_path / "etc/hostname"
    hostname.parent.mkdir()
    hostname.write_text("a")
    (tmp_path / "usr/bin").mkdir(parents=True)

    assert main(["provision", "--root", str(tmp_path), "--unit", name, "--timeout", "1"]) == 2

    assert hostname.exists()


def test_a_link_that_systemctl_leaves_is_removed(tmp_path: Path) -> None:
    """systemctl runs first, because it knows more links; it need not reload its units."""
    link = tmp_path / "etc/systemd/system/multi-user.target.wants" / UNIT
    link.parent.mkdir(parents=True)
    link.symlink_to("/x")
    root = Root(str(tmp_path))
    root.is_live = True
    commands = Recorder()

    disable(root, UNIT, commands)

    assert commands.commands == [["systemctl", "--no-reload", "disable", UNIT]]
    assert not link.is_symlink()


def test_openrc_needs_no_command_to_disable_a_service(tmp_path: Path) -> None:
    """Its links are all that enables a service."""
    link = tmp_path / "etc/runlevels/default/azure-provisioning"
    link.parent.mkdir(parents=True)
    link.symlink_to("/etc/init.d/azure-provisioning")
    root = Root(str(tmp_path))
    root.is_live = True

    disable(root, "azure-provisioning", NoCommands())

    assert not link.is_symlink()


@pytest.mark.parametrize("is_abstract", [False, True])
def test_systemd_gets_a_notification(tmp_path: Path, *, is_abstract: bool) -> None:
    """The address in NOTIFY_SOCKET is a path, or a name in the abstract namespace after an @."""
    name = f"azprov@test-{tmp_path.name}"
    address = f"@{name}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{name}" if is_abstract else address)
        systemd.settimeout(5)

        report_started({"NOTIFY_SOCKET": address})

        assert systemd.recv(100) == b"READY=1"


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/no/such/socket"}])
def test_without_systemd_no_notification_is_needed(environment: Dict[str, str]) -> None:
    """Started by hand or by OpenRC, azprov notifies no one, and that is no error."""
    report_started(environment)


def test_service_files_have_the_modes_of_their_init_system() -> None:
    """A unit is read, and OpenRC runs its script; systemd warns about executable units."""
    assert (SYSTEMD.mode, OPENRC.mode) == (0o644, 0o755)


def test_systemd_finds_the_commands_of_a_unit() -> None:
    """Every ExecStart= with a value is a command, and its prefixes are left out."""
    unit = "[Service]\nExecStart=\nExecStart=-/usr/bin/a b\nExecStart=+!/c\nExecStop=/d\n"

    assert SYSTEMD.commands_in(unit) == [["/usr/bin/a", "b"], ["/c"]]


def test_openrc_finds_the_command_of_a_script() -> None:
    """The first path of a Python is the program, and command_args has its arguments."""
    script = '#!/sbin/openrc-run\ncommand="/usr/local/bin/python3.12"\ncommand_args="-I a b"\n'

    assert OPENRC.commands_in(script) == [["/usr/local/bin/python3.12", "-I", "a", "b"]]
    assert OPENRC.commands_in("command=/bin/sh\n") == [["/usr/bin/python3"]]


INITS: Dict[str, Tuple[List[str], str]] = {
    **{
        f"openrc in /{folder}": ([f"{folder}/openrc-run"], "openrc")
        for folder in ("sbin", "usr/sbin", "bin", "usr/bin")
    },
    "systemd": (["usr/lib/systemd/systemd"], "systemd"),
    "systemd before /usr was merged": (["lib/systemd/systemd"], "systemd"),
    "both": (["usr/sbin/openrc-run", "lib/systemd/systemd"], "systemd"),
    "neither": ([], "systemd"),
}


def write(folder: Path, files: Dict[str, str]) -> Root:
    """Write files; a content with an arrow is a link."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if content.startswith("-> "):
            (folder / name).symlink_to(content[3:])
        else:
            (folder / name).write_text(content)
    return Root(str(folder))


@pytest.mark.parametrize("case", INITS)
def test_the_init_system_is_found_by_its_files(tmp_path: Path, case: str) -> None:
    """systemd counts first if both are installed."""
    paths, found = INITS[case]

    assert find_init(write(tmp_path, dict.fromkeys(paths, ""))).name == found


#: Both are installed.
BOTH = {"usr/lib/systemd/systemd": "systemd", "sbin/openrc-run": ""}
BUSYBOX = {"bin/busybox": "", "sbin/init": "-> /bin/busybox"}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"sbin/init": "-> openrc-init", "sbin/openrc-init": ""}, "openrc"),
        ({"etc/init": "-> /sbin/openrc-init", "sbin/openrc-init": ""}, "openrc"),
        ({"bin/init": "-> /sbin/openrc-init", "sbin/openrc-init": ""}, "openrc"),
        ({"sbin/init": "-> ../usr/lib/systemd/systemd", "etc/inittab": "::a:/openrc"}, "systemd"),
        ({**BUSYBOX, "etc/inittab": "::sysinit:/sbin/openrc sysinit\n"}, "openrc"),
        ({**BUSYBOX, "etc/inittab": "#::sysinit:/sbin/openrc sysinit\n"}, "systemd"),
        ({**BUSYBOX, "etc/inittab": "sysinit:/sbin/openrc\n"}, "systemd"),
        ({**BUSYBOX, "etc/inittab": "::sysinit:/sbin/rc sysinit\n"}, "openrc"),
        ({**BUSYBOX, "etc/inittab": "::wait:/etc/rc\n", "etc/rc": "exec openrc boot\n"}, "openrc"),
        ({**BUSYBOX, "etc/inittab": "::wait:/opt/rc\n", "opt/rc": "exec openrc boot\n"}, "systemd"),
        ({**BUSYBOX, "etc/inittab": "::wait:/etc/rc\n", "etc/rc": "exec a\n"}, "systemd"),
        ({**BUSYBOX, "etc/init.d/rcS": "openrc sysinit\n"}, "openrc"),
        ({"sbin/init": "-> sysvinit", "sbin/sysvinit": "", "etc/init.d/rcS": "openrc"}, "openrc"),
        ({"sbin/init": "", "etc/init.d/rcS": "openrc"}, "openrc"),
        ({"sbin/init": "runit", "etc/init.d/rcS": "a"}, "systemd"),
    ],
)
def test_the_init_system_is_the_one_that_the_kernel_starts(
    tmp_path: Path, files: Dict[str, str], found: str
) -> None:
    """busybox and sysvinit start what inittab names, whatever else is installed."""
    assert find_init(write(tmp_path, {**BOTH, **files})).name == found


@pytest.mark.parametrize(
    ("size", "found"), [(65_536, "openrc"), (65_537, "systemd"), (10_000_000, "systemd")]
)
def test_a_large_script_is_not_read(tmp_path: Path, size: int, found: str) -> None:
    """A script of an inittab has less than 64 KiB."""
    files = {**BOTH, **BUSYBOX, "etc/init.d/rcS": "openrc".ljust(size)}

    assert find_init(write(tmp_path, files)).name == found


def test_a_copy_of_systemd_is_systemd(tmp_path: Path) -> None:
    """Some tools copy a link as a file; a program of another size is another one."""
    root = write(tmp_path, {"usr/lib/systemd/systemd": "systemd", "sbin/init": "systemd"})
    assert SYSTEMD.is_started_by(root, "/sbin/init")

    (tmp_path / "sbin/init").write_text("runit")
    assert not SYSTEMD.is_started_by(root, "/sbin/init")
    assert not SYSTEMD.is_started_by(root, "/sbin/missing")
    assert not SYSTEMD.is_started_by(root, "")
    (tmp_path / "sbin/init").write_text("")
    (tmp_path / "usr/lib/systemd/systemd").write_text("")
    assert not SYSTEMD.is_started_by(root, "/sbin/init")
    assert SYSTEMD.is_started_by(root, "/opt/systemd")


def test_only_systemd_has_units_masks_and_machine_ids() -> None:
    """OpenRC's programs may be in any folder of programs."""
    assert (SYSTEMD.has_units, SYSTEMD.fills_empty_machine_id) == (True, True)
    assert (OPENRC.has_units, OPENRC.fills_empty_machine_id) == (False, False)
    assert (SYSTEMD.unmask_command, OPENRC.unmask_command) == (
        "systemctl {root}unmask {service}",
        "",
    )
    assert OPENRC.init_programs == (
        "/sbin/openrc-init",
        "/usr/sbin/openrc-init",
        "/usr/bin/openrc-init",
    )


def test_the_program_that_the_kernel_starts_is_found(tmp_path: Path) -> None:
    """Its path has no links, and is empty if there is no such program."""
    assert init_program(write(tmp_path, {})) == ""
    assert init_program(write(tmp_path, {"bin/init": "-> ../opt/a", "opt/a": ""})) == "/opt/a"
    assert init_program(write(tmp_path, {"sbin/init": "-> ../opt/b", "opt/b": ""})) == "/opt/b"


def test_a_service_starts_the_program_with_its_options() -> None:
    """The paths of a service and of its link are those that README names."""
    words = ("/opt/python3", ["--no-hostname"])
    program = "/usr/local/lib/azprov/azprov.pyz provision"

    assert f"\nExecStart=/opt/python3 -I {program} --no-hostname\n" in render_unit(*words)
    assert (
        f'\ncommand="/opt/python3"\ncommand_args="-I {program} --unit azure-provisioning '
        '--no-hostname"\n'
    ) in render_unit(*words, init=OPENRC)
    assert render_unit("/usr/bin/python3", []) == (ROOT / "unit" / UNIT).read_text()
    assert (
        render_unit("/usr/bin/python3", [], init=OPENRC)
        == (ROOT / "unit/azure-provisioning.openrc").read_text()
    )
    assert SYSTEMD.file == f"/etc/systemd/system/{UNIT}"
    assert SYSTEMD.link == f"/etc/systemd/system/multi-user.target.wants/{UNIT}"
    assert OPENRC.file == "/etc/init.d/azure-provisioning"
    assert OPENRC.link == "/etc/runlevels/default/azure-provisioning"
    assert OPENRC.package_folders == ()


def test_the_kernel_tries_its_programs_in_order(tmp_path: Path) -> None:
    """The first one that is there counts: init/main.c of Linux."""
    for path in ("bin/init", "etc/init", "sbin/init"):
        root = write(tmp_path, {path: ""})
        assert init_program(root) == f"/{path}"


def test_a_service_of_scripts_has_another_command_than_a_unit() -> None:
    """Each service is read by its own init system."""
    assert [OPENRC.can_read(text) for text in ("#!/sbin/openrc-run\n", "#!/bin/sh\n")] == [
        True,
        False,
    ]

"""The boot service: how it is disabled."""

import socket
from pathlib import Path
from typing import Dict

import pytest

from azprov.cli import main
from azprov.system.init import disable, enabling_links, report_started
from azprov.system.init.openrc import OPENRC
from azprov.system.init.systemd import SYSTEMD
from azprov.system.root import Root
from ports import NoCommands, Recorder

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


@pytest.mark.parametrize("is_abstract", [False, True])
def test_systemd_gets_a_notification(tmp_path: Path, *, is_abstract: bool) -> None:
    """The address in NOTIFY_SOCKET is a path, or a name in the abstract namespace after an @."""
    address = f"@azprov-test-{tmp_path.name}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address.replace("@", "\0", 1))
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

"""Users, keys and names are taken from the platform only where it can be trusted."""

import logging
from pathlib import Path
from typing import Callable, Dict, List

import pytest

from azprov.azure.endpoint import Endpoint
from azprov.boot.connect import fetch_metadata
from azprov.boot.outcome import error_of, exit_code_of
from azprov.boot.settings import BootSettings, ImdsSettings, WireServerSettings
from azprov.errors import UntrustedPlatform
from azprov.formats.platform.instance import Wanted
from azprov.system.firmware import why_untrusted
from azprov.system.root import Root
from unit.boot.scripted import ED25519, VM, Platform, metadata, ok
from unit.boot.test_provision import UNIT, Machine, settings

TAG = "sys/class/dmi/id/chassis_asset_tag"
VMWARE = (
    "the firmware does not identify this machine as an Azure VM (chassis asset tag No Asset Tag)"
)
EFFECT = "so no user, SSH key or host name is taken from the platform"
OPTION = (
    "to trust this network anyway, add --platform any (for the boot service, install it "
    "again with its options and this one)"
)
WITH_USERS = settings(900.0, create_admin_user=True, ssh_keys_user="ops")


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A VM of VMware."""
    machine = Machine(tmp_path)
    (machine.folder / TAG).write_text("No Asset Tag\n")
    return machine


def generous() -> Platform:
    """A platform that offers a user with a key."""
    return Platform(imds=metadata(ED25519, adminUsername="azureuser"))


def remove_users(machine: Machine) -> None:
    """Make room for a user with the number of the user who runs the test."""
    (machine.folder / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\n")


def changed(machine: Machine, before: Dict[str, str]) -> List[str]:
    after = content_of(machine)
    return sorted(name for name in after if after[name] != before.get(name))


def content_of(machine: Machine) -> Dict[str, str]:
    return {
        str(path.relative_to(machine.folder)): path.read_text(errors="replace")
        for path in machine.folder.rglob("*")
        if path.is_file()
    }


def other_vendor(tag: Path) -> None:
    tag.write_text("No Asset Tag\n")


def near_miss(tag: Path) -> None:
    tag.write_text("7783-7084-3265-9085-8269-3286-7\n")


def empty(tag: Path) -> None:
    tag.write_text("\n")


def missing(tag: Path) -> None:
    tag.unlink()


def unreadable(tag: Path) -> None:
    tag.unlink()
    tag.mkdir()


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (other_vendor, "chassis asset tag No Asset Tag"),
        (near_miss, "chassis asset tag 7783-7084-3265-9085-8269-3286-7"),
        (empty, "no chassis asset tag"),
        (missing, "no chassis asset tag"),
        (unreadable, "no chassis asset tag"),
    ],
)
def test_nothing_but_ready_is_asked_where_the_firmware_is_not_azures(
    machine: Machine,
    caplog: pytest.LogCaptureFixture,
    spoil: Callable[[Path], None],
    found: str,
) -> None:
    """Ready is sent, the metadata service is not asked, and no failure is reported."""
    spoil(machine.folder / TAG)
    platform = generous()
    before = content_of(machine)

    outcome = machine.boot(platform, WITH_USERS)

    assert platform.requests == ["GET /machine?comp=goalstate", "POST /machine?comp=health"]
    assert b"<State>Ready</State>" in platform.posted[0]
    assert changed(machine, before) == [
        "var/lib/azprov/state.json",
        "var/lib/hyperv/.kvp_pool_1",
    ]
    assert outcome.done_now == ("ready",)
    assert exit_code_of(outcome) == 78
    reason = f"the firmware does not identify this machine as an Azure VM ({found})"
    assert str(error_of(outcome)) == (
        "Ready was acknowledged, but the admin user is not set up, login with the SSH keys is not "
        f"set up and the host name is not set ({reason}, {EFFECT}), and the next boot tries again; "
        f"{OPTION}"
    )
    assert machine.is_enabled
    assert caplog.messages[0] == (f"{reason}, {EFFECT}, and Ready is tried for 60 s only; {OPTION}")
    assert sum(reason in message for message in caplog.messages) == 1


def test_everything_is_taken_on_an_azure_vm(machine: Machine) -> None:
    """The chassis asset tag of the firmware is that of Azure, with a line end as in /sys."""
    (machine.folder / TAG).write_text("7783-7084-3265-9085-8269-3286-77\n")
    remove_users(machine)

    outcome = machine.boot(generous(), settings(create_admin_user=True))

    assert outcome.done_now == ("hostname", "admin-user", "ready")
    assert why_untrusted(Root(str(machine.folder))) is None


@pytest.mark.parametrize(
    "vouched",
    [
        BootSettings(
            WireServerSettings(), ImdsSettings(is_trusted=True), UNIT, create_admin_user=True
        ),
        BootSettings(
            WireServerSettings(endpoint=Endpoint("10.0.0.1")),
            ImdsSettings(),
            UNIT,
            create_admin_user=True,
        ),
    ],
    ids=["by --platform any or --imds", "by --wireserver"],
)
def test_everything_is_taken_if_the_user_vouches_for_the_platform(
    machine: Machine, caplog: pytest.LogCaptureFixture, vouched: BootSettings
) -> None:
    """The firmware is not asked, and the log says nothing about it."""
    remove_users(machine)

    outcome = machine.boot(generous(), vouched)

    assert outcome.done_now == ("hostname", "admin-user", "ready")
    assert "azureuser:" in machine.read("etc/passwd")
    assert not machine.is_enabled
    assert "firmware" not in caplog.text


@pytest.mark.parametrize(("timeout_s", "expected_s"), [(900.0, 60), (30.0, 30)])
def test_ready_is_tried_for_a_minute_where_the_firmware_is_not_azures(
    machine: Machine, timeout_s: float, expected_s: int
) -> None:
    """A shorter --timeout holds; the last line says why, and the service stays enabled."""
    platform = Platform(wireserver=None, imds=None)

    outcome = machine.boot(platform, settings(timeout_s))

    assert platform.clock.now() - 1000 == pytest.approx(expected_s, abs=2)
    assert outcome.done_now == ()
    assert exit_code_of(outcome) == 69
    assert str(error_of(outcome)) == (
        f"Ready was not acknowledged (gave up after {expected_s} s: 168.63.129.16 cannot be "
        f"reached, and {VMWARE}), and the host name is not set (because of the firmware), and the "
        "next boot tries again; check the network"
    )
    assert machine.is_enabled
    assert machine.state is None


def test_a_refused_report_keeps_its_exit_code_where_the_firmware_is_not_azures(
    machine: Machine,
) -> None:
    """A server that is no WireServer is named in the last line, with the reason."""
    platform = Platform(wireserver=lambda _: ok(b"<html>"))

    outcome = machine.boot(platform)

    assert exit_code_of(outcome) == 76
    assert f"not a goal state, and {VMWARE}), and the host name " in str(error_of(outcome))


def test_the_last_line_names_the_user_who_was_not_made_because_of_the_firmware(
    machine: Machine,
) -> None:
    """Someone who reads only the last line learns why no one can log in."""
    platform = Platform(wireserver=None, imds=None)

    outcome = machine.boot(platform, settings(create_admin_user=True))

    assert str(error_of(outcome)) == (
        f"Ready was not acknowledged (gave up after 60 s: 168.63.129.16 cannot be reached, and "
        f"{VMWARE}), and the admin user is not set up and the host name is not set (because of "
        "the firmware), and the next boot tries again; check the network"
    )


def test_the_next_boot_says_why_the_name_is_still_open(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """Ready is not sent again, and nothing is said about its time limit."""
    machine.boot(Platform())
    caplog.clear()
    platform = Platform()

    outcome = machine.boot(platform)

    assert platform.requests == []
    assert caplog.messages == [f"{VMWARE}, {EFFECT}; {OPTION}"]
    assert exit_code_of(outcome) == 78
    assert str(error_of(outcome)) == (
        f"an earlier boot reported Ready, but the host name is not set ({VMWARE}, {EFFECT}), and "
        f"the next boot tries again; {OPTION}"
    )


def test_a_boot_after_a_reported_failure_tries_no_ready(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure report is final too, so nothing is said about the time limit of Ready."""
    (machine.folder / "var/lib/azprov").mkdir()
    (machine.folder / "var/lib/azprov/state.json").write_text(
        f'{{"vm_id": "{VM}", "done": ["failure"]}}\n'
    )
    platform = Platform()

    machine.boot(platform)

    assert platform.requests == []
    assert caplog.messages == [f"{VMWARE}, {EFFECT}; {OPTION}"]


def test_a_name_is_taken_later_if_the_user_vouches_for_the_platform(machine: Machine) -> None:
    """The step stayed open, and Ready is not sent a second time."""
    machine.boot(Platform())
    platform = Platform()
    vouched = BootSettings(WireServerSettings(), ImdsSettings(is_trusted=True), UNIT)

    outcome = machine.boot(platform, vouched)

    assert outcome.done_now == ("hostname",)
    assert machine.read("etc/hostname") == "web01\n"
    assert platform.posted == []
    assert not machine.is_enabled


def test_a_boot_that_only_reports_is_complete_without_azures_firmware(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """With --no-hostname nothing is taken from the platform, so nothing stays open."""
    caplog.set_level(logging.INFO)
    boot = settings(set_hostname=False)

    assert machine.boot(Platform(), boot).failures == ()

    assert not machine.is_enabled
    caplog.clear()
    machine.boot(Platform(), boot)
    assert caplog.messages == ["Everything is already done for this VM"]


def test_no_vm_id_is_requested_where_the_firmware_is_not_azures(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """A stranger's id would make the steps that are done count as open."""
    (machine.folder / "sys/class/dmi/id/product_uuid").unlink()
    platform = Platform()

    outcome = machine.boot(platform)

    assert outcome.done_now == ("ready",)
    assert platform.requests == ["GET /machine?comp=goalstate", "POST /machine?comp=health"]
    assert machine.state == {"vm_id": "", "done": ["ready"], "old_hostname": "image"}
    assert "VM id" not in caplog.text


def test_a_step_that_failed_is_named_before_the_firmware(machine: Machine) -> None:
    """The exit code is that of the failure that more can be done about."""
    (machine.folder / "var/lib/azprov").write_text("")

    outcome = machine.boot(Platform())

    assert [failure.name for failure in outcome.failures] == ["state", "hostname"]
    assert exit_code_of(outcome) == 73
    assert machine.is_enabled


def test_keys_of_a_missing_user_are_no_failure_where_the_firmware_is_not_azures(
    machine: Machine,
) -> None:
    """A failure report is final, and a machine that is not on Azure needs none."""
    outcome = machine.boot(Platform(), settings(ssh_keys_user="bob"))

    assert outcome.done_now == ("ready",)


def test_a_single_command_takes_metadata_from_a_trusted_platform_only(machine: Machine) -> None:
    """Without Azure's firmware and without the user's word, nothing is requested."""
    root, wanted = Root(str(machine.folder)), Wanted(hostname=True)
    stranger, vouched, azure = Platform(), Platform(), Platform()

    with pytest.raises(UntrustedPlatform) as refused:
        fetch_metadata(stranger.ports, root, ImdsSettings(), wanted)
    assert (
        fetch_metadata(vouched.ports, root, ImdsSettings(is_trusted=True), wanted).computer_name
        == "web01"
    )
    (machine.folder / TAG).write_text("7783-7084-3265-9085-8269-3286-77\n")
    assert fetch_metadata(azure.ports, root, ImdsSettings(), wanted).computer_name == "web01"

    assert stranger.requests == []
    assert str(refused.value) == f"{VMWARE}, {EFFECT}; {OPTION}"
    assert refused.value.exit_code == 78

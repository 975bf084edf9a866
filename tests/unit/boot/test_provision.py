"""The whole first boot in one process: settings, platform, files, outcome; without sockets."""

import json
import os
from pathlib import Path
from typing import Any, List, Optional

import pytest

from azprov import __version__
from azprov.azure.transport import Reply
from azprov.boot.outcome import Outcome, error_of, exit_code_of
from azprov.boot.provision import provision
from azprov.boot.settings import BootSettings, ImdsSettings, WireServerSettings
from azprov.formats.platform.kvp import parse_pool
from azprov.system.root import Root
from ports import NoCommands
from unit.boot.scripted import (
    ED25519,
    VM,
    X509,
    Platform,
    Request,
    healthy_wireserver,
    metadata,
    ok,
    silent,
    status,
)

UNIT = "azure-provisioning.service"
LINK = f"etc/systemd/system/multi-user.target.wants/{UNIT}"
ID, GROUP_ID = os.geteuid() or 1000, os.getegid() or 1000


def settings(timeout_s: float = 600.0, protocol: str = "xml", **given: Any) -> BootSettings:
    """A boot that sets the host name, unless it is given other settings."""
    wireserver = WireServerSettings(
        timeout_s=timeout_s, agent_name="azprov/test", protocol=protocol
    )
    return BootSettings(wireserver, ImdsSettings(timeout_s=120.0), UNIT, **given)


WITH_ADMIN = settings(create_admin_user=True)

GET_METADATA = "GET /metadata/instance?api-version=2021-08-01&extended=true"
GET_GOAL_STATE = "GET /machine?comp=goalstate"
POST_HEALTH = "POST /machine?comp=health"


class Machine:
    """A VM from a fresh image, with its service enabled and a KVP daemon."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        self.folder = folder
        for name, content in {
            "etc/hostname": "image\n",
            "etc/hosts": "127.0.1.1\timage\n",
            "etc/passwd": f"root:x:0:0::/root:/bin/sh\nops:x:{ID}:{GROUP_ID}::/home/ops:/bin/sh\n",
            "etc/shadow": "root:*:::::::\nops:*:::::::\n",
            "etc/group": "root:x:0:\n",
            "etc/login.defs": f"UID_MIN {os.geteuid() or 2000}\nGID_MIN {os.getegid() or 2000}\n",
            "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n",
            "etc/ssh/sshd_config.d/README": "",
            "etc/sudoers.d/README": "",
            "home/ops/.profile": "",
            "sys/class/dmi/id/product_uuid": f"{VM.upper()}\n",
            "sys/firmware/efi/README": "",
            "var/lib/hyperv/.kvp_pool_1": "",
        }.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)
        for name in ("home/ops", "home/ops/.profile"):
            os.chown(folder / name, ID, GROUP_ID)
        (folder / LINK).parent.mkdir(parents=True)
        (folder / LINK).symlink_to(f"/etc/systemd/system/{UNIT}")

    def boot(self, platform: Platform, given: Optional[BootSettings] = None) -> Outcome:
        return provision(
            given or settings(),
            Root(str(self.folder)),
            platform.ports,
            NoCommands(),
            release_sshd=lambda: None,
        )

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()

    @property
    def is_enabled(self) -> bool:
        return (self.folder / LINK).is_symlink()

    @property
    def state(self) -> Optional[Any]:
        path = self.folder / "var/lib/azprov/state.json"
        return json.loads(path.read_text()) if path.exists() else None

    @property
    def kvp(self) -> List[str]:
        pool = (self.folder / "var/lib/hyperv/.kvp_pool_1").read_bytes()
        return [value for key, value in parse_pool(pool) if key == "PROVISIONING_REPORT"]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_first_boot_names_the_vm_reports_ready_and_disables_its_service(
    machine: Machine,
) -> None:
    """A first boot sends three requests, and writes one KVP record, the name and the state."""
    platform = Platform()

    outcome = machine.boot(platform)

    assert outcome == Outcome(("hostname", "ready"))
    assert (exit_code_of(outcome), error_of(outcome)) == (0, None)
    assert platform.requests == [GET_METADATA, GET_GOAL_STATE, POST_HEALTH]
    assert b"<State>Ready</State>" in platform.posted[0]
    assert machine.kvp == [
        f"result=success|agent=azprov/test|timestamp=2026-11-22T03:20:00+00:00|vm_id={VM}"
    ]
    assert machine.read("etc/hostname") == "web01\n"
    assert machine.read("etc/hosts") == "127.0.1.1\tweb01\n"
    assert machine.state == {"vm_id": VM, "done": ["hostname", "ready"]}
    assert not machine.is_enabled


def test_a_second_boot_sends_nothing(machine: Machine) -> None:
    """Every step is done, so neither service is asked."""
    machine.boot(Platform())
    platform = Platform()

    assert machine.boot(platform) == Outcome(())
    assert platform.requests == []


@pytest.mark.needs("root")  # azprov acts as two users
def test_the_settings_choose_the_steps(machine: Machine) -> None:
    """A boot runs the steps that are set, with one request to the metadata service."""
    platform = Platform(imds=metadata(ED25519, adminUsername="azureuser"))
    boot = settings(create_admin_user=True, ssh_keys_user="ops")

    assert machine.boot(platform, boot).done_now == (
        "hostname",
        "admin-user",
        "ssh-keys",
        "ready",
    )
    assert platform.requests == [GET_METADATA, GET_GOAL_STATE, POST_HEALTH]
    assert machine.read("home/azureuser/.ssh/authorized_keys") == ED25519
    assert machine.read("home/ops/.ssh/authorized_keys") == ED25519


def test_without_steps_only_the_report_is_sent(machine: Machine) -> None:
    """A host name that is not wanted is not requested."""
    platform = Platform()

    assert machine.boot(platform, settings(set_hostname=False)).done_now == ("ready",)
    assert platform.requests == [GET_GOAL_STATE, POST_HEALTH]
    assert machine.read("etc/hostname") == "image\n"


def test_a_service_can_be_kept_enabled(machine: Machine) -> None:
    """The next start of the service finds every step done."""
    assert machine.boot(Platform(), settings(keep_enabled=True)).failures == ()
    assert machine.is_enabled


def test_a_report_can_be_json(machine: Machine) -> None:
    """A JSON report is one post, without a request for the goal state."""
    platform = Platform()

    assert machine.boot(platform, settings(protocol="json")).failures == ()
    assert platform.requests == [GET_METADATA, "POST /provisioning/health"]
    assert platform.posted == [b'{"state":"Ready"}']


def test_an_unusable_host_name_does_not_prevent_ready(machine: Machine) -> None:
    """The exit code is 78, and the service stays enabled."""
    outcome = machine.boot(Platform(imds=metadata(computerName="a b")))

    assert outcome.done_now == ("ready",)
    assert exit_code_of(outcome) == 78
    error = error_of(outcome)
    assert error is not None
    assert error.summary.startswith("Ready was acknowledged, but the host name 'a b' ")
    assert machine.state == {"vm_id": VM, "done": ["ready"]}
    assert machine.is_enabled


def test_an_unusable_key_is_reported_instead_of_ready(machine: Machine) -> None:
    """WireServer and KVP get the same failure report, which names the step and a hint."""
    platform = Platform(imds=metadata(X509, adminUsername="azureuser"))

    outcome = machine.boot(platform, WITH_ADMIN)

    assert outcome.done_now == ("hostname", "failure")
    assert exit_code_of(outcome) == 78
    assert str(error_of(outcome)) == (
        "provisioning failed, and the failure was reported to Azure: the instance metadata "
        "contains no usable SSH public key; deploy the VM with an SSH key in OpenSSH's form"
    )
    line = (
        "result=error|reason=the instance metadata contains no usable SSH public key|"
        "agent=azprov/test|step=admin-user|'hint=deploy the VM with an SSH key in OpenSSH''s form'|"
        f"vm_id={VM}|timestamp=2026-11-22T03:20:00+00:00|"
        "documentation_url=https://aka.ms/linuxprovisioningerror"
    )
    assert machine.kvp == [line]
    (posted,) = platform.posted
    assert b"<State>NotReady</State>" in posted
    assert f"<Description>{line}</Description>".encode() in posted
    assert machine.state == {"vm_id": VM, "done": ["hostname", "failure"]}
    assert machine.is_enabled


def test_a_failure_that_wireserver_refuses_is_sent_until_the_deadline(machine: Machine) -> None:
    """The KVP record is written once; the state is not written."""
    platform = Platform(
        imds=metadata(X509, adminUsername="azureuser"),
        wireserver=lambda request: (
            status(503, "Busy") if request.method == "POST" else healthy_wireserver(request)
        ),
    )

    outcome = machine.boot(platform, WITH_ADMIN)

    assert exit_code_of(outcome) == 78
    assert str(error_of(outcome)).startswith(
        "provisioning failed (the instance metadata contains no usable SSH public key), and "
        "reporting the failure failed too (gave up after 599 s: "
    )
    assert platform.clock.now() <= 1000 + 600
    assert len(machine.kvp) == 1
    assert machine.state is None


def test_without_a_network_no_failure_is_reported(machine: Machine) -> None:
    """The failure is kept from KVP too: it would be final, and the next boot may have a network."""
    platform = Platform(wireserver=None, imds=None)

    outcome = machine.boot(platform, WITH_ADMIN)

    assert outcome.is_report_postponed
    assert exit_code_of(outcome) == 69
    assert str(error_of(outcome)) == (
        "no failure was reported, because the next boot may succeed: gave up after 600 s: "
        "169.254.169.254 cannot be reached; check the network"
    )
    assert platform.requests == []
    assert machine.kvp == []
    assert machine.state is None
    assert machine.is_enabled


def test_a_final_failure_is_reported_even_at_the_deadline(machine: Machine) -> None:
    """The host learns of it by KVP, although no time is left for WireServer."""
    platform = Platform()
    answer = metadata(X509, adminUsername="azureuser")

    def slow(request: Request) -> Reply:
        platform.clock.spend(599.5)
        return answer(request)

    platform.imds = slow

    outcome = machine.boot(platform, WITH_ADMIN)

    assert not outcome.is_report_postponed
    assert len(machine.kvp) == 1


def test_a_silent_metadata_service_fails_a_required_step_in_time(machine: Machine) -> None:
    """The failure is reported after the time limit of 120 s, with most of the time left."""
    platform = Platform(imds=silent)

    outcome = machine.boot(platform, WITH_ADMIN)

    assert outcome.done_now == ("failure",)
    assert exit_code_of(outcome) == 69
    assert 110 <= platform.clock.now() - 1000 <= 120


def test_half_of_the_time_is_reserved_for_the_report(machine: Machine) -> None:
    """The wait for metadata ends after half of the time, even if its own limit is longer."""
    platform = Platform(imds=silent)
    short = settings(timeout_s=100.0, create_admin_user=True)

    assert machine.boot(platform, short).done_now == ("failure",)
    assert 40 <= platform.clock.now() - 1000 <= 50


def test_a_host_name_is_not_waited_for_as_long_as_a_user(machine: Machine) -> None:
    """Ready is sent without a host name ten seconds after WireServer accepts connections."""
    platform = Platform(imds=None)

    outcome = machine.boot(platform)

    assert outcome.done_now == ("ready",)
    assert platform.clock.now() - 1000 <= 12
    assert str(error_of(outcome)) == (
        "Ready was acknowledged, but gave up after 11 s: 169.254.169.254 cannot be reached; "
        "check the network"
    )


def test_a_boot_has_one_deadline(machine: Machine) -> None:
    """Waiting for a host name leaves less time for Ready, and never less than 60 s."""
    platform = Platform(wireserver=None, imds=None)

    outcome = machine.boot(platform)

    assert exit_code_of(outcome) == 69
    assert str(error_of(outcome)) == (
        "Ready was not acknowledged (gave up after 60 s: 168.63.129.16 cannot be reached), and "
        "before that the step hostname failed (gave up after 540 s: 169.254.169.254 cannot be "
        "reached); check the network"
    )
    assert platform.clock.now() - 1000 == pytest.approx(600, abs=2)


def test_a_failure_names_the_vm_id_of_the_metadata_if_the_firmware_has_none(
    machine: Machine,
) -> None:
    """An answer that is already there is used; nothing is requested for the id."""
    (machine.folder / "sys/class/dmi/id/product_uuid").unlink()
    platform = Platform(imds=metadata(X509, adminUsername="azureuser"))

    machine.boot(platform, WITH_ADMIN)

    assert f"|vm_id={VM}|" in machine.kvp[0]
    assert platform.requests == [GET_METADATA, GET_GOAL_STATE, POST_HEALTH]


def test_the_metadata_service_is_asked_once_even_if_it_fails(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """Two steps fail with the same error, after one wait."""
    platform = Platform(imds=lambda _: ok(b"<html>"))
    boot = settings(set_hostname=False, create_admin_user=True, ssh_keys_user="ops")

    outcome = machine.boot(platform, boot)

    assert exit_code_of(outcome) == 76
    user, keys = outcome.failures
    assert user.error is keys.error
    assert 110 <= platform.clock.now() - 1000 <= 120
    assert sum("the step " in message for message in caplog.messages) == 2


def test_keys_of_a_missing_user_are_a_failure_and_nothing_is_requested(machine: Machine) -> None:
    """No later boot can add keys to a user who is not in the image."""
    platform = Platform()

    outcome = machine.boot(platform, settings(set_hostname=False, ssh_keys_user="bob"))

    assert outcome.done_now == ("failure",)
    assert exit_code_of(outcome) == 73
    assert platform.requests == [GET_GOAL_STATE, POST_HEALTH]


def test_host_keys_are_not_made_below_another_root(machine: Machine) -> None:
    """The first boot of an image makes its own host keys."""
    (machine.folder / "usr/bin").mkdir(parents=True)
    (machine.folder / "usr/bin/ssh-keygen").write_text("")

    assert machine.boot(Platform()) == Outcome(("hostname", "ready"))


def test_wireserver_sees_the_chosen_agent_name(machine: Machine) -> None:
    """The metadata service sees the name and version of this program."""
    platform = Platform()

    machine.boot(platform)

    assert platform.agents == [f"azprov/{__version__}", "azprov/test", "azprov/test"]

"""The whole first boot in one process: settings, platform, files, outcome; without sockets."""

import json
import os
import shutil
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import pytest

from azprov import __version__
from azprov.azure.transport import Reply
from azprov.boot.outcome import Outcome, error_of, exit_code_of
from azprov.boot.provision import provision
from azprov.boot.settings import BootSettings, ImdsSettings, WireServerSettings
from azprov.errors import NotConnected
from azprov.formats.platform.kvp import parse_pool
from azprov.system.root import Root
from person import GID, LOGIN_DEFS, UID
from ports import NoCommands
from unit.boot.copies import COPIES
from unit.boot.scripted import (
    AZURE_TAG,
    ED25519,
    VM,
    X509,
    Platform,
    Request,
    Service,
    healthy_wireserver,
    in_turn,
    metadata,
    ok,
    specialized,
    status,
)

UNIT = "azure-provisioning.service"
LINK = f"etc/systemd/system/multi-user.target.wants/{UNIT}"


def settings(timeout_s: float = 600.0, protocol: str = "xml", **given: Any) -> BootSettings:
    """A boot that sets the host name, unless it is given other settings."""
    wireserver = WireServerSettings(
        timeout_s=timeout_s, agent_name="azprov/test", protocol=protocol
    )
    return BootSettings(wireserver, ImdsSettings(timeout_s=120.0), UNIT, **given)


WITH_ADMIN = settings(create_admin_user=True)
#: The service's own time limits, with the keys of a user who is in the image.
WITH_KEYS = BootSettings(
    WireServerSettings(timeout_s=900.0, agent_name="azprov/test"),
    ImdsSettings(timeout_s=300.0),
    UNIT,
    ssh_keys_user="ops",
)

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
            "etc/passwd": f"root:x:0:0::/root:/bin/sh\nops:x:{UID}:{GID}::/home/ops:/bin/sh\n",
            "etc/shadow": "root:*:::::::\nops:*:::::::\n",
            "etc/group": "root:x:0:\n",
            "etc/login.defs": LOGIN_DEFS,
            "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n",
            "etc/ssh/sshd_config.d/README": "",
            "etc/sudoers.d/README": "",
            "home/ops/.profile": "",
            "sys/class/dmi/id/product_uuid": f"{VM.upper()}\n",
            "sys/class/dmi/id/chassis_asset_tag": f"{AZURE_TAG}\n",
            "sys/firmware/efi/README": "",
            "var/lib/hyperv/.kvp_pool_1": "",
        }.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(content)
        for name in ("home/ops", "home/ops/.profile"):
            os.chown(folder / name, UID, GID)
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


def test_a_service_that_is_kept_enabled_without_a_vm_id_is_logged(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """The next boot cannot know that this VM is done."""
    (machine.folder / "sys/class/dmi/id/product_uuid").unlink()
    platform = Platform(imds=metadata(vm_id=""))

    outcome = machine.boot(platform, settings(keep_enabled=True))

    assert outcome.failures == ()
    assert outcome.is_enabled
    assert caplog.messages == [
        "Ready was acknowledged, but progress is not recorded (the id of this VM is not known), "
        "and the next boot repeats every step and may report Ready again"
    ]


@pytest.mark.parametrize(("timeout_s", "seconds"), [(300.0, 30.0), (40.0, 20.0)])
def test_missing_keys_are_asked_for_again(
    machine: Machine, timeout_s: float, seconds: float
) -> None:
    """The first answer may be partial; a short time limit is used up to its half."""
    platform = Platform(imds=metadata())
    imds = ImdsSettings(timeout_s=timeout_s)

    machine.boot(platform, BootSettings(WITH_KEYS.wireserver, imds, UNIT, ssh_keys_user="ops"))

    assert platform.posted_at[0] - 1000.0 == pytest.approx(seconds)


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
    assert error.summary.startswith(
        "Ready was acknowledged, but the host name is not set (the host name 'a b' cannot be used"
    )
    assert error.summary.endswith("hyphens), and the next boot tries again")
    assert machine.state == {"vm_id": VM, "done": ["ready"], "old_hostname": "image"}
    assert machine.is_enabled


def test_an_unusable_key_is_reported_instead_of_ready(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """WireServer and KVP get the same failure report, which names the step and a hint."""
    caplog.set_level("INFO")
    platform = Platform(imds=metadata(X509, adminUsername="azureuser"))

    outcome = machine.boot(platform, WITH_ADMIN)

    assert outcome.done_now == ("hostname", "failure")
    assert exit_code_of(outcome) == 78
    assert str(error_of(outcome)) == (
        "a failure was reported to Azure, which is final: the admin user is not set up (the "
        "instance metadata contains no usable SSH public key), and the next boot tries again, "
        "without another report; deploy the VM with an SSH key in OpenSSH's form instead of an "
        "X.509 certificate"
    )
    line = (
        "result=error|reason=the instance metadata contains no usable SSH public key|"
        "agent=azprov/test|step=admin-user|"
        "'hint=deploy the VM with an SSH key in OpenSSH''s form instead of an X.509 certificate'|"
        f"vm_id={VM}|timestamp=2026-11-22T03:20:00+00:00|"
        "documentation_url=https://aka.ms/linuxprovisioningerror"
    )
    assert machine.kvp == [line]
    (posted,) = platform.posted
    assert b"<State>NotReady</State>" in posted
    assert f"<Description>{line}</Description>".encode() in posted
    assert machine.state == {"vm_id": VM, "done": ["hostname", "failure"]}
    assert machine.is_enabled
    assert "Reporting to Azure that provisioning failed in the step admin-user" in caplog.messages


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
        "the failure report was not acknowledged (gave up after 594 s: "
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
        "neither Ready nor a failure was reported, because the admin user is not set up and the "
        "host name is not set (gave up after 600 s: 169.254.169.254 cannot be reached), and the "
        "next boot tries again; check the network"
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
        platform.clock.spend(299.0)
        return answer(request)

    platform.imds = slow

    outcome = machine.boot(platform, WITH_ADMIN)

    assert not outcome.is_report_postponed
    assert len(machine.kvp) == 1


def busy(_: Request) -> Reply:
    return status(500, "Internal Server Error")


def gone(_: Request) -> Reply:
    return status(410, "Gone")


def missing(_: Request) -> Reply:
    return status(404, "Not Found")


def unreachable(_: Request) -> Reply:
    raise NotConnected("169.254.169.254 cannot be reached", "check the network")


def unrouted(_: Request) -> Reply:
    error = NotConnected("169.254.169.254 cannot be reached", "check the network")
    error.has_route = False
    raise error


# --- a user or keys wait for their answer


@pytest.mark.parametrize("seconds", [150.0, 500.0])
def test_keys_wait_for_a_metadata_service_that_recovers(machine: Machine, seconds: float) -> None:
    """No failure is reported while time is left: Ready follows the late answer."""
    platform = Platform()
    platform.imds = platform.until(seconds, busy, metadata(ED25519))

    outcome = machine.boot(platform, WITH_KEYS)

    assert outcome == Outcome(("hostname", "ssh-keys", "ready"))
    assert seconds <= platform.posted_at[0] - 1000 <= seconds + 8
    assert len(platform.posted) == 1


@pytest.mark.parametrize("bad", [busy, missing, gone, unreachable, unrouted])
def test_a_missing_answer_is_reported_when_the_time_is_used_up(
    machine: Machine, bad: Service
) -> None:
    """The failure report keeps the last 60 s of 900 s for itself."""
    platform = Platform(imds=bad)

    outcome = machine.boot(platform, WITH_KEYS)

    assert outcome.done_now == ("failure",)
    assert exit_code_of(outcome) == 69
    assert 830 <= platform.posted_at[0] - 1000 <= 841


def test_a_metadata_service_that_never_replies_is_waited_for_by_a_user(machine: Machine) -> None:
    """Requests that hang until their limit of 30 s end at the same time."""
    platform = Platform()
    platform.imds = platform.hang

    assert machine.boot(platform, WITH_KEYS).done_now == ("failure",)
    assert 800 <= platform.posted_at[0] - 1000 <= 841


@pytest.mark.parametrize(("timeout_s", "reports"), [(359.0, 0), (361.0, 1)])
def test_no_missing_answer_is_reported_before_300_s(
    machine: Machine, timeout_s: float, reports: int
) -> None:
    """A boot with less time leaves the report to the next boot, in KVP too."""
    platform = Platform(imds=unreachable)
    boot = settings(timeout_s=timeout_s, ssh_keys_user="ops")

    outcome = machine.boot(platform, boot)

    assert outcome.is_report_postponed == (reports == 0)
    assert len(platform.posted) == len(machine.kvp) == reports
    assert machine.is_enabled


def test_a_boot_that_has_reported_does_not_use_up_its_time(machine: Machine) -> None:
    """After a reported failure, the keys are waited for during 300 s: no report depends on them."""
    machine.boot(Platform(imds=busy), WITH_KEYS)
    platform = Platform(imds=unreachable)

    assert machine.boot(platform, WITH_KEYS).done_now == ()
    assert platform.clock.now() - 1000 <= 301
    assert platform.posted == []


def test_the_300_s_begin_with_the_network(machine: Machine) -> None:
    """A network that comes after 700 s leaves too little time for a failure report."""
    platform = Platform(wireserver=None)

    def appear(request: Request) -> Reply:
        platform.wireserver = healthy_wireserver
        return busy(request)

    platform.imds = platform.until(700, unreachable, appear)

    assert machine.boot(platform, WITH_KEYS).is_report_postponed
    assert platform.posted == []


def test_a_late_network_gets_half_of_the_time_that_is_left(machine: Machine) -> None:
    """An answer that comes 20 s before the deadline still leads to Ready."""
    platform = Platform(wireserver=None)

    def appear(request: Request) -> Reply:
        platform.wireserver = healthy_wireserver
        return metadata(ED25519)(request)

    platform.imds = platform.until(880, unreachable, appear)

    assert machine.boot(platform, WITH_KEYS).failures == ()


def test_a_short_time_limit_is_shared_with_the_report(machine: Machine) -> None:
    """Half of 100 s is reserved for the report."""
    platform = Platform(imds=busy)
    short = settings(timeout_s=100.0, create_admin_user=True)

    assert machine.boot(platform, short).is_report_postponed
    assert 40 <= platform.clock.now() - 1000 <= 50


@pytest.mark.parametrize("bad", [missing, gone, busy])
def test_a_metadata_service_that_has_no_data_yet_is_asked_again(
    machine: Machine, bad: Service
) -> None:
    """The same API version is asked again, so that no osProfile is missed."""
    platform = Platform(imds=in_turn(bad, bad, metadata(ED25519)))

    assert machine.boot(platform, WITH_KEYS).done_now == ("hostname", "ssh-keys", "ready")
    assert platform.requests == [GET_METADATA] * 3 + [GET_GOAL_STATE, POST_HEALTH]
    assert machine.read("home/ops/.ssh/authorized_keys") == ED25519


@pytest.mark.parametrize(
    "partial",
    [
        specialized(),
        metadata(disablePasswordAuthentication="true"),
        metadata(),
        metadata(disablePasswordAuthentication="false"),
    ],
)
def test_a_partial_answer_is_asked_again(machine: Machine, partial: Service) -> None:
    """Keys that come with the second answer are added."""
    platform = Platform(imds=in_turn(gone, partial, metadata(ED25519)))

    assert machine.boot(platform, WITH_KEYS).done_now == ("hostname", "ssh-keys", "ready")
    assert machine.read("home/ops/.ssh/authorized_keys") == ED25519


def test_an_answer_without_the_admin_user_is_asked_again(machine: Machine) -> None:
    """The name of the admin user comes with the second answer."""
    platform = Platform(imds=in_turn(metadata(X509), metadata(X509, adminUsername="azureuser")))

    outcome = machine.boot(platform, WITH_ADMIN)

    assert "instead of an X.509 certificate" in str(error_of(outcome))
    assert platform.requests[:2] == [GET_METADATA] * 2


# --- deployments without keys


@pytest.mark.parametrize(
    ("profile", "seconds"),
    [({"disablePasswordAuthentication": "false"}, 0.5), ({}, 30.0)],
    ids=["by its osProfile", "by a lasting lack of keys"],
)
def test_a_deployment_with_a_password_needs_no_keys(
    machine: Machine, profile: Dict[str, str], seconds: float, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is added, and Ready is reported, once the answer is confirmed."""
    caplog.set_level("INFO")
    platform = Platform(imds=metadata(**profile))

    outcome = machine.boot(platform, WITH_KEYS)

    assert outcome == Outcome(("hostname", "ssh-keys", "ready"))
    assert platform.posted_at[0] - 1000 == seconds
    assert "The deployment has no SSH key: nothing is added to the keys of ops" in caplog.messages
    assert not (machine.folder / "home/ops/.ssh").exists()
    assert not machine.is_enabled


def test_keys_that_are_missing_without_a_password_are_waited_for(machine: Machine) -> None:
    """A deployment that forbids passwords has keys, so its answer is incomplete."""
    platform = Platform(imds=metadata(disablePasswordAuthentication="true"))

    outcome = machine.boot(platform, WITH_KEYS)

    assert outcome.done_now == ("failure",)
    assert exit_code_of(outcome) == 76
    assert 830 <= platform.posted_at[0] - 1000 <= 841
    error = error_of(outcome)
    assert error is not None
    assert ": the instance metadata lacks public keys), and the next boot " in error.summary


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (
            (X509,),
            "(the instance metadata contains no usable SSH public key), and the next boot tries "
            "again; deploy the VM with an SSH key in OpenSSH's form instead of an X.509 "
            "certificate",
        ),
        (
            (X509, "ssh-rsa x"),
            "(the instance metadata contains no usable SSH public key), and the next boot tries "
            "again; deploy the VM with an SSH key in OpenSSH's form",
        ),
    ],
)
def test_an_admin_without_a_usable_key_does_not_prevent_ready_in_a_deployment_with_a_password(
    machine: Machine, keys: Tuple[str, ...], sentence: str
) -> None:
    """Ready is reported, no user is created, and the step stays open with exit code 78."""
    imds = metadata(*keys, adminUsername="azureuser", disablePasswordAuthentication="false")
    platform = Platform(imds=imds)

    outcome = machine.boot(platform, WITH_ADMIN)

    assert outcome.done_now == ("hostname", "ready")
    assert exit_code_of(outcome) == 78
    assert str(error_of(outcome)) == (
        f"Ready was acknowledged, but the admin user is not set up {sentence}"
    )
    assert "azureuser" not in machine.read("etc/passwd")
    assert b"<State>Ready</State>" in platform.posted[0]


@pytest.mark.parametrize("profile", [{"disablePasswordAuthentication": "false"}, {}])
@pytest.mark.parametrize("user", ["azureuser", "ops"], ids=["a new user", "a user of the image"])
def test_no_admin_user_is_set_up_for_a_deployment_with_only_a_password(
    machine: Machine, profile: Dict[str, str], user: str, caplog: pytest.LogCaptureFixture
) -> None:
    """There is nothing to add, so the step is done, and the service is disabled."""
    users = machine.read("etc/passwd")

    outcome = machine.boot(Platform(imds=metadata(adminUsername=user, **profile)), WITH_ADMIN)

    assert outcome == Outcome(("hostname", "admin-user", "ready"))
    assert caplog.messages[-1] == (
        f"The deployment has no SSH key, and azprov sets no passwords: the admin user {user} is "
        "not set up; deploy the VM with an SSH key if someone has to log in"
    )
    assert machine.read("etc/passwd") == users
    assert not (machine.folder / "etc/sudoers.d/90-azprov").exists()
    assert not machine.is_enabled


@pytest.mark.parametrize("user", ["bob", "daemon"], ids=["no user", "a service account"])
def test_a_user_who_cannot_get_keys_is_no_failure_of_a_deployment_without_keys(
    machine: Machine, user: str
) -> None:
    """The user of --ssh-keys does not matter if there is nothing to add."""
    with (machine.folder / "etc/passwd").open("a") as passwd:
        passwd.write("daemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n")
    platform = Platform(imds=metadata(disablePasswordAuthentication="false"))

    outcome = machine.boot(platform, settings(ssh_keys_user=user))

    assert outcome == Outcome(("hostname", "ssh-keys", "ready"))


# --- disks that were provisioned before


@pytest.mark.parametrize(
    ("boot", "lines"),
    [
        (settings(), [""]),
        (WITH_KEYS, ["", "nothing is added to the keys of ops"]),
        (WITH_ADMIN, ["", "no admin user is created"]),
    ],
)
def test_a_vm_without_os_profile_only_reports_ready(
    machine: Machine, boot: BootSettings, lines: List[str], caplog: pytest.LogCaptureFixture
) -> None:
    """A specialized, restored or attached disk keeps its name and users; the service ends."""
    caplog.set_level("INFO")
    platform = Platform(imds=specialized())

    outcome = machine.boot(platform, boot)

    assert outcome.failures == ()
    assert "ready" in outcome.done_now
    assert machine.read("etc/hostname") == "image\n"
    reason = "This VM's disk was provisioned before (its metadata has no osProfile)"
    assert [line for line in caplog.messages if line.startswith(reason)] == [
        f"{reason}: {line or 'the host name stays'}" for line in lines
    ]
    assert platform.clock.now() - 1000 <= 33
    assert not machine.is_enabled


def test_an_empty_os_profile_is_none(machine: Machine) -> None:
    """The metadata service writes a missing value as an empty string."""
    platform = Platform(imds=metadata(computerName="", adminUsername=""))

    assert machine.boot(platform).failures == ()
    assert machine.read("etc/hostname") == "image\n"


def test_an_old_metadata_service_gives_the_name_of_the_resource(machine: Machine) -> None:
    """API version 2019-06-01 has no osProfile for any VM."""

    def old(request: Request) -> Reply:
        if not request.target.endswith("api-version=2019-06-01"):
            return status(400, "Bad Request")
        return ok(b'{"compute": {"name": "web01"}}')

    platform = Platform(imds=old)

    assert machine.boot(platform).done_now == ("hostname", "ready")
    assert machine.read("etc/hostname") == "web01\n"


def test_a_missing_admin_user_of_an_old_metadata_service_is_waited_for(machine: Machine) -> None:
    """A service that supports only API version 2019-06-01 for now may support newer ones soon."""
    answers_well = metadata(X509, adminUsername="azureuser")

    def old(request: Request) -> Reply:
        if not request.target.endswith("api-version=2019-06-01"):
            return status(400, "Bad Request")
        return ok(b'{"compute": {"name": "web01"}}')

    platform = Platform()
    platform.imds = platform.until(100.0, old, answers_well)

    assert "instead of an X.509 certificate" in str(error_of(machine.boot(platform, WITH_ADMIN)))
    assert 100 <= platform.posted_at[0] - 1000 <= 108


# --- a host name follows Ready


@pytest.mark.parametrize("bad", [unreachable, unrouted, busy, missing, gone, specialized()])
def test_ready_does_not_wait_for_a_host_name(machine: Machine, bad: Service) -> None:
    """Ready is sent a second after WireServer can be reached, and the name follows."""
    platform = Platform()
    platform.imds = platform.until(9.0, bad, metadata())

    outcome = machine.boot(platform)

    assert outcome == Outcome(("ready", "hostname"))
    assert platform.posted_at[0] - 1000 <= 2
    assert len(platform.posted) == 1
    assert machine.read("etc/hostname") == "web01\n"
    assert machine.state == {"vm_id": VM, "done": ["ready", "hostname"]}
    assert not machine.is_enabled


def test_ready_does_not_wait_for_a_reply_that_never_comes(machine: Machine) -> None:
    """Before Ready, a request to the metadata service takes a second at most."""
    platform = Platform()
    platform.imds = platform.until(15.0, platform.hang, metadata())

    assert machine.boot(platform) == Outcome(("ready", "hostname"))
    assert platform.posted_at[0] - 1000 <= 2
    assert machine.read("etc/hostname") == "web01\n"


def test_a_host_name_is_not_late_after_a_metadata_service_hung(machine: Machine) -> None:
    """Requests end after 2, 4, 8 and 16 s, so that one soon finds the recovered service."""
    platform = Platform()
    platform.imds = platform.until(15.0, platform.hang, metadata())

    assert machine.boot(platform) == Outcome(("ready", "hostname"))
    assert platform.clock.now() - 1000 <= 24


def test_a_slow_metadata_service_gets_30_s_for_a_reply(machine: Machine) -> None:
    """The limits of the requests grow to 30 s, and then begin again."""
    platform = Platform()
    limits = []

    def hang(request: Request) -> Reply:
        limits.append(request.bound_s)
        return platform.hang(request)

    platform.imds = hang
    machine.boot(platform, WITH_KEYS)

    assert limits[:8] == [2.0, 4.0, 8.0, 16.0, 30.0, 2.0, 4.0, 8.0]


def test_a_missing_vm_id_of_the_firmware_is_not_logged(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """The metadata service provides the id of the VM too, so nothing is missing in the end."""
    caplog.set_level("INFO")
    (machine.folder / "sys/class/dmi/id/product_uuid").unlink()
    platform = Platform()
    platform.imds = platform.until(5.0, unreachable, metadata())

    assert machine.boot(platform) == Outcome(("ready", "hostname"))
    assert "VM id" not in caplog.text
    assert machine.state == {"vm_id": VM, "done": ["ready", "hostname"]}


@pytest.mark.parametrize(
    ("bad", "seconds"),
    [(unreachable, 300), (busy, 300), (unrouted, 10)],
    ids=["unreachable", "busy", "without a route"],
)
def test_a_host_name_is_waited_for_while_there_is_a_route(
    machine: Machine, bad: Service, seconds: float
) -> None:
    """The time limit of the metadata service ends the wait; without a route, 10 s do."""
    platform = Platform(imds=bad)

    outcome = machine.boot(platform, BootSettings(WITH_KEYS.wireserver, WITH_KEYS.imds, UNIT))

    assert outcome.done_now == ("ready",)
    assert exit_code_of(outcome) == 69
    assert seconds - 9 <= platform.clock.now() - platform.posted_at[0] <= seconds + 1
    assert machine.is_enabled


def test_a_boot_after_ready_waits_for_the_host_name_at_once(machine: Machine) -> None:
    """The next boot sets the name; Ready is not sent again."""
    machine.boot(Platform(imds=unreachable))
    platform = Platform()
    platform.imds = platform.until(100.0, unreachable, metadata())

    assert machine.boot(platform) == Outcome(("hostname",))
    assert platform.posted == []
    assert machine.read("etc/hostname") == "web01\n"
    assert not machine.is_enabled


def test_a_platform_without_metadata_service_is_named(machine: Machine) -> None:
    """Azure Stack Hub has WireServer only; the sentence names what is missing, and an option."""
    outcome = machine.boot(Platform(imds=unreachable))

    assert outcome.done_now == ("ready",)
    assert str(error_of(outcome)) == (
        "Ready was acknowledged, but the host name is not set (gave up after 120 s: "
        "169.254.169.254 cannot be reached, although WireServer can be reached, so the host name "
        "is unknown), and the next boot tries again; check the route to the metadata service; "
        "on Azure Stack Hub, which has none, add --no-hostname when you install azprov"
    )


def test_a_platform_without_metadata_service_cannot_give_keys(machine: Machine) -> None:
    """The failure report names what is missing, and the options that ask for it."""
    outcome = machine.boot(Platform(imds=unreachable), WITH_KEYS)

    error = error_of(outcome)
    assert error is not None
    assert (
        "169.254.169.254 cannot be reached, although WireServer can be reached, so the user "
        "and the keys are unknown), and "
    ) in error.summary
    assert error.hint == (
        "check the route to the metadata service; on Azure Stack Hub, which has none, run "
        "azprov.pyz install without --admin-user and --ssh-keys"
    )


def test_a_machine_without_a_route_is_no_platform_without_metadata_service(
    machine: Machine,
) -> None:
    """The hint is that of the connection: the route is missing, or prohibits the address."""
    outcome = machine.boot(Platform(imds=unrouted))

    assert str(error_of(outcome)) == (
        "Ready was acknowledged, but the host name is not set (gave up after 10 s: "
        "169.254.169.254 cannot be reached), and the next boot tries again; check the network"
    )


# --- a host name that was changed by hand


def test_a_host_name_that_was_set_by_hand_ends_the_wait_for_a_usable_one(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """The command of the hint completes a deployment with a name that is no host name."""
    caplog.set_level("INFO")
    first = machine.boot(Platform(imds=metadata(computerName="my_vm")))
    assert [failure.name for failure in first.failures] == ["hostname"]
    (machine.folder / "etc/hostname").write_text("byhand\n")

    assert machine.boot(Platform(imds=metadata(computerName="my_vm"))) == Outcome(("hostname",))
    assert machine.read("etc/hostname") == "byhand\n"
    assert not machine.is_enabled


def test_a_host_name_that_was_changed_since_the_first_boot_is_kept(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """The step is done with the name that someone set between two boots."""
    caplog.set_level("INFO")
    machine.boot(Platform(imds=unreachable))
    (machine.folder / "etc/hostname").write_text("byhand\n")

    assert machine.boot(Platform()) == Outcome(("hostname",))
    assert machine.read("etc/hostname") == "byhand\n"
    assert machine.read("etc/hosts") == "127.0.1.1\timage\n"
    assert "The host name was changed to byhand meanwhile, and stays" in caplog.messages
    assert not machine.is_enabled


def test_a_host_name_that_is_changed_during_the_wait_is_kept(machine: Machine) -> None:
    """Someone logs in after Ready, and sets a name before the metadata service answers."""
    platform = Platform()

    def set_by_hand(request: Request) -> Reply:
        (machine.folder / "etc/hostname").write_text("byhand\n")
        return unreachable(request)

    platform.imds = platform.until(20.0, set_by_hand, metadata())

    assert machine.boot(platform) == Outcome(("ready", "hostname"))
    assert machine.read("etc/hostname") == "byhand\n"


def test_a_host_name_that_was_set_only_in_part_is_completed(machine: Machine) -> None:
    """The platform's own name in /etc/hostname was not set by hand."""
    machine.boot(Platform(imds=unreachable))
    (machine.folder / "etc/hostname").write_text("web01\n")

    machine.boot(Platform())

    assert machine.read("etc/hosts") == "127.0.1.1\tweb01\n"


def test_another_vm_gets_its_own_name(machine: Machine) -> None:
    """A name from before a capture is not kept."""
    machine.boot(Platform(imds=unreachable))
    (machine.folder / "etc/hostname").write_text("byhand\n")
    other = "07e5d1f4-9c0b-4b57-8a44-63d7a6ac1f0e"
    (machine.folder / "sys/class/dmi/id/product_uuid").write_text(other)

    assert machine.boot(Platform()).done_now == ("hostname", "ready")
    assert machine.read("etc/hostname") == "web01\n"


def test_a_boot_has_one_deadline(machine: Machine) -> None:
    """Waiting for a host name leaves less time for Ready, and never less than 60 s."""
    platform = Platform(wireserver=None, imds=None)

    outcome = machine.boot(platform)

    assert exit_code_of(outcome) == 69
    assert str(error_of(outcome)) == (
        "Ready was not acknowledged (gave up after 60 s: 168.63.129.16 cannot be reached), and "
        "the host name is not set, and the next boot tries again; check the network"
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
    assert platform.requests == [GET_METADATA] * 4 + [GET_GOAL_STATE, POST_HEALTH]


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
    assert 530 <= platform.clock.now() - 1000 <= 541
    assert sum("the step " in message for message in caplog.messages) == 2


def test_keys_of_a_missing_user_are_a_failure(machine: Machine) -> None:
    """No later boot can add keys to a user who is not in the image."""
    platform = Platform(imds=metadata(ED25519))

    outcome = machine.boot(platform, settings(set_hostname=False, ssh_keys_user="bob"))

    assert outcome.done_now == ("failure",)
    assert exit_code_of(outcome) == 73
    assert platform.requests == [GET_METADATA, GET_GOAL_STATE, POST_HEALTH]


def test_host_keys_are_not_made_below_another_root(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """The first boot of an image makes its own host keys, and the log says so, once."""
    (machine.folder / "usr/bin").mkdir(parents=True)
    (machine.folder / "usr/bin/ssh-keygen").write_text("")
    (machine.folder / "etc/ssh").mkdir(parents=True, exist_ok=True)
    (machine.folder / "etc/ssh/sshd_config").write_text("")
    caplog.set_level("INFO")

    assert machine.boot(Platform()) == Outcome(("hostname", "ready"))
    machine.boot(Platform())

    line = "No SSH host keys are made with --root: the image makes its own when it boots"
    assert caplog.messages.count(line) == 1


def test_wireserver_sees_the_chosen_agent_name(machine: Machine) -> None:
    """The metadata service sees the name and version of this program."""
    platform = Platform()

    machine.boot(platform)

    assert platform.agents == [f"azprov/{__version__}", "azprov/test", "azprov/test"]


# --- a failure report is the last resort


@pytest.mark.parametrize("given", [WITH_KEYS, WITH_ADMIN], ids=["keys", "admin"])
def test_an_empty_key_is_a_missing_key(machine: Machine, given: BootSettings) -> None:
    """The metadata service writes a missing value as an empty string, and is asked again."""
    partial, whole = (metadata(key, adminUsername="azureuser") for key in ("", X509))
    platform = Platform(imds=in_turn(partial, partial, whole))

    outcome = machine.boot(platform, given)

    assert "instead of an X.509 certificate" in str(error_of(outcome))
    assert platform.requests[:3] == [GET_METADATA] * 3


@pytest.mark.parametrize("spelling", ["False", "false"])
def test_a_password_deployment_with_an_empty_key_is_no_failure(
    machine: Machine, spelling: str
) -> None:
    """Without a key, a deployment with a password has nothing to add, and reports Ready."""
    platform = Platform(imds=metadata("", disablePasswordAuthentication=spelling))

    assert machine.boot(platform, WITH_KEYS).failures == ()
    assert platform.posted_at == [1000.5]


@pytest.mark.parametrize(
    "bad",
    [
        metadata(ED25519[:40], adminUsername="azureuser"),
        metadata(ED25519, adminUsername="azure user"),
    ],
    ids=["a key that is cut off", "a bad user name"],
)
def test_an_unusable_value_is_asked_for_again(machine: Machine, bad: Service) -> None:
    """A failure report is final, so the answer has to stay the same for five seconds."""
    platform = Platform()
    answers_well = metadata(ED25519, adminUsername="ops")
    platform.imds = platform.until(4.0, bad, answers_well)

    assert machine.boot(platform, WITH_ADMIN).done_now == ("hostname", "admin-user", "ready")


@pytest.mark.parametrize(
    ("bad", "summary"),
    [
        (
            metadata(ED25519[:40], adminUsername="azureuser"),
            "the instance metadata contains no usable SSH public key",
        ),
        (
            metadata(ED25519, adminUsername="azure user"),
            "the user name 'azure user' cannot be used",
        ),
        (
            metadata(adminUsername="1st", disablePasswordAuthentication="true"),
            "the user name '1st' cannot be used: it does not begin with a letter or '_'",
        ),
    ],
    ids=["a key that is cut off", "a bad user name", "a bad user name without keys"],
)
def test_a_lasting_unusable_value_is_reported_within_ten_seconds(
    machine: Machine, bad: Service, summary: str
) -> None:
    """The deployment most likely has the value so, and fails without a long wait."""
    platform = Platform(imds=bad)

    outcome = machine.boot(platform, WITH_ADMIN)

    assert outcome.done_now == ("hostname", "failure")
    assert summary in str(error_of(outcome))
    assert 5 <= platform.posted_at[0] - 1000 <= 10


def test_a_time_limit_that_ends_too_early_for_a_bad_user_name_keeps_the_next_step(
    machine: Machine,
) -> None:
    """A failure report would be final, so the name is asked for again by the next boot."""
    platform = Platform(imds=metadata(ED25519, adminUsername="bad name!"))

    outcome = machine.boot(platform, settings(timeout_s=3.0, create_admin_user=True))

    assert outcome.is_report_postponed
    assert str(error_of(outcome)).endswith(
        ": the user name 'bad name!' cannot be used: it has other characters than the letters A to "
        "Z and a to z, digits, '_', '.' and '-'), and the next boot tries again; deploy the VM "
        "with another user name"
    )


def test_a_specialized_vm_with_unusable_keys_reports_ready(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is provisioned on a disk that was provisioned before."""
    platform = Platform(imds=specialized(X509))

    assert machine.boot(platform, WITH_KEYS).failures == ()
    assert b"<State>Ready</State>" in platform.posted[0]
    assert (
        "This VM's disk was provisioned before (its metadata has no osProfile): nothing is added "
        "to the keys of ops: the instance metadata contains no usable SSH public key"
    ) in caplog.messages


def _link_home(folder: Path) -> None:
    (folder / "home/ops/.profile").unlink()
    (folder / "home/ops").rmdir()
    (folder / "home/ops").symlink_to("/data/ops")


#: What is in the way of the keys of the existing user ops.
IN_THE_WAY: Dict[str, Callable[[Path], object]] = {
    "a file .ssh": lambda folder: (folder / "home/ops/.ssh").write_text(""),
    "a link .ssh": lambda folder: (folder / "home/ops/.ssh").symlink_to("/missing/folder"),
    "a folder authorized_keys": lambda folder: (folder / "home/ops/.ssh/authorized_keys").mkdir(
        parents=True
    ),
    "a home on a missing disk": _link_home,
}


@pytest.mark.parametrize("name", IN_THE_WAY)
@pytest.mark.parametrize("given", [WITH_KEYS, WITH_ADMIN], ids=["keys", "admin"])
def test_what_is_in_the_way_in_a_home_is_no_reason_for_a_failure_report(
    machine: Machine, given: BootSettings, name: str
) -> None:
    """The owner of the VM can remove it; Ready is reported, and the step stays open."""
    IN_THE_WAY[name](machine.folder)
    if (machine.folder / "home/ops/.ssh").is_dir():
        os.chown(machine.folder / "home/ops/.ssh", UID, GID)
    platform = Platform(imds=metadata(ED25519, adminUsername="ops"))

    outcome = machine.boot(platform, given)

    assert f"ops gets no keys in {machine.folder}/home/ops: " in str(error_of(outcome))
    assert [b"<State>Ready</State>" in document for document in platform.posted] == [True]
    assert machine.is_enabled


@pytest.mark.needs("root")  # which owns the folder that is made on the disk
def test_a_missing_disk_for_homes_is_no_reason_for_a_failure_report(machine: Machine) -> None:
    """Ready is reported, and the next boot creates the user: /home may be a link to its disk."""
    shutil.rmtree(machine.folder / "home")
    (machine.folder / "home").symlink_to("/data/home")
    platform = Platform(imds=metadata(ED25519, adminUsername="azureuser"))

    outcome = machine.boot(platform, WITH_ADMIN)

    assert str(error_of(outcome)) == (
        "Ready was acknowledged, but the admin user is not set up (azureuser gets no home: "
        f"{machine.folder}/data is missing, although a link leads there), and the next boot tries "
        f"again; make {machine.folder}/data a folder"
    )
    assert [b"<State>Ready</State>" in document for document in platform.posted] == [True]
    assert "azureuser" not in machine.read("etc/passwd")
    assert machine.is_enabled

    (machine.folder / "data").mkdir()
    assert machine.boot(platform, WITH_ADMIN).failures == ()

    assert (machine.folder / "data/home/azureuser/.ssh/authorized_keys").is_file()


def test_a_bug_is_no_reason_for_a_failure_report(machine: Machine) -> None:
    """No one knows whether the next boot has the same error, for example for want of memory."""

    def fail(_request: Request) -> Reply:
        raise MemoryError

    platform = Platform(imds=fail)

    assert machine.boot(platform, WITH_ADMIN).is_report_postponed
    assert platform.posted == []


# --- copies of a VM

OTHER_VM = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.mark.parametrize("keeps_enabled", [False, True], ids=["disabled", "kept enabled"])
@pytest.mark.parametrize("name", COPIES)
def test_what_azprov_does_with_a_copy(machine: Machine, name: str, *, keeps_enabled: bool) -> None:
    """Each row of README's table: whether the service runs, what it sets and what it reports."""
    copy = COPIES[name]
    assert machine.boot(Platform(), settings(keep_enabled=keeps_enabled)).failures == ()
    if copy.is_fresh:
        (machine.folder / "var/lib/azprov/state.json").unlink()
        (machine.folder / LINK).unlink(missing_ok=True)
        (machine.folder / LINK).symlink_to(f"/etc/systemd/system/{UNIT}")
    vm_id = VM if copy.is_same_vm else OTHER_VM
    (machine.folder / "sys/class/dmi/id/product_uuid").write_text(f"{vm_id.upper()}\n")
    assert machine.is_enabled == (keeps_enabled or copy.is_fresh)

    profile = metadata(vm_id=vm_id, computerName="copy") if copy.has_os_profile else specialized()
    platform = Platform(imds=profile)
    outcome = machine.boot(platform, settings(keep_enabled=keeps_enabled))

    assert outcome.failures == ()
    assert len(platform.posted) == copy.reports
    assert machine.read("etc/hostname") == ("copy\n" if copy.sets_name else "web01\n")
    assert machine.state is not None
    assert machine.state["vm_id"] == vm_id
    assert sorted(machine.state["done"]) == ["hostname", "ready"]
    assert machine.is_enabled == keeps_enabled

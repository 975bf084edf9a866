"""Each step once per VM, then one acknowledged report: with steps that only record their runs."""

import json
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple, Union

import pytest

from azprov.boot.once_per_vm import run_once_per_vm
from azprov.boot.outcome import Failure, Outcome, exit_code_of
from azprov.boot.steps import Step
from azprov.errors import (
    AzprovError,
    DiskError,
    HostError,
    LoginBlocked,
    NotConnected,
    Refused,
    Stopped,
    UnusableError,
)
from azprov.system.root import Root
from azprov.system.state import State

VM = "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90"
SWAPPED = "a2c1d0b1-f453-8e4a-8d57-0a3c1f6e2d90"
OTHER = "07e5d1f4-9c0b-4b57-8a44-63d7a6ac1f0e"
DONE = {"vm_id": VM, "done": ["hostname", "ready"]}

BAD_NAME = UnusableError("a bad name", "deploy another")
NO_KEY = UnusableError("no usable key", "deploy with one")
NO_SHELL = LoginBlocked("ops cannot log in", "set a shell")
BUSY = Refused("WireServer is busy", "wait")
SILENT = NotConnected("IMDS is silent", "wait")


class Machine:
    """An image with a firmware's id; its steps and reports record that they ran."""

    def __init__(self, folder: Path, vm_id: Optional[str] = VM) -> None:
        self.folder = folder
        self.root = Root(str(folder))
        #: The steps, each with whether it is required.
        self.steps: Tuple[Tuple[str, bool], ...] = (("hostname", False),)
        self.ran: List[str] = []
        #: The steps that have to run again although they are done.
        self.undone: Tuple[str, ...] = ()
        self.disabled = 0
        self.failing: Dict[str, BaseException] = {}
        self.failing_once: Dict[str, BaseException] = {}
        self.failing_after_ready: Dict[str, BaseException] = {}
        #: The name that the last boot's steps got.
        self.old_hostname: Optional[str] = None
        self.is_final = True
        self.wait_for_disk: Callable[[], bool] = lambda: False
        self.known_vm_id: Optional[str] = None
        self.imds_vm_id: Union[str, AzprovError] = Refused("no metadata")
        self.set_firmware(vm_id)
        (folder / "etc").mkdir()
        (folder / "etc/hostname").write_text("image\n")

    def set_firmware(self, vm_id: Optional[str]) -> None:
        dmi = self.folder / "sys/class/dmi/id"
        dmi.mkdir(parents=True, exist_ok=True)
        (dmi / "product_uuid").write_text(vm_id or "")

    def _report_failure(self, cause: Failure) -> None:
        self._run("failure", f"failure of {cause.name}: {cause.error}")

    def _run(self, name: str, said: str = "") -> None:
        self.ran.append(said or name)
        if name in self.failing_once:
            raise self.failing_once.pop(name)
        if name in self.failing_after_ready and "ready" in self.ran:
            raise self.failing_after_ready[name]
        if name in self.failing:
            raise self.failing[name]

    def _request_vm_id(self) -> str:
        self.ran.append("request the VM id")
        if isinstance(self.imds_vm_id, AzprovError):
            raise self.imds_vm_id
        return self.imds_vm_id

    def _disable(self) -> None:
        self.disabled += 1
        if "disable" in self.failing:
            raise self.failing["disable"]

    def _open_steps(self, state: State) -> List[Step]:
        self.old_hostname = state.old_hostname
        return [self._step(name, is_required) for name, is_required in self.steps]

    def _step(self, name: str, is_required: bool) -> Step:
        return Step(
            name,
            lambda: self._run(name),
            is_required,
            is_undone=lambda: name in self.undone,
            may_follow_ready=not is_required,
        )

    def boot(self) -> Outcome:
        self.ran = []
        return run_once_per_vm(
            self.root,
            self._open_steps,
            send_ready=lambda: self._run("ready"),
            send_failure=self._report_failure,
            is_final=lambda _: self.is_final,
            request_vm_id=self._request_vm_id,
            disable_service=self._disable,
            known_vm_id=lambda: self.known_vm_id,
            wait_for_disk=self.wait_for_disk,
        )

    @property
    def state(self) -> Optional[object]:
        path = self.folder / "var/lib/azprov/state.json"
        return json.loads(path.read_text()) if path.exists() else None


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def admin_machine(machine: Machine) -> Machine:
    """A machine whose first boot also creates a user and adds keys; both are required."""
    machine.steps = (("hostname", False), ("admin-user", True), ("ssh-keys", True))
    return machine


def test_a_boot_runs_its_steps_reports_ready_and_disables_the_service(machine: Machine) -> None:
    """The steps run in order, Ready is last, and the state names all of them."""
    assert machine.boot() == Outcome(("hostname", "ready"))
    assert machine.ran == ["hostname", "ready"]
    assert machine.state == DONE
    assert machine.disabled == 1


def test_a_second_boot_only_disables_the_service_again(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """Disabling may have failed at the first boot."""
    caplog.set_level("INFO")
    machine.boot()

    assert machine.boot() == Outcome(())
    assert machine.ran == []
    assert machine.disabled == 2
    assert caplog.messages == ["Everything is already done for this VM"]


def test_a_boot_that_succeeds_after_a_reported_failure_says_what_azure_knows(
    admin_machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """The report is final, so the deployment stays failed."""
    admin_machine.failing["ssh-keys"] = BAD_NAME
    assert admin_machine.boot().is_failure_reported
    admin_machine.failing.clear()
    caplog.clear()

    assert admin_machine.boot().failures == ()
    assert caplog.messages[-1] == (
        "Azure keeps the failure that an earlier boot reported: delete the VM, and deploy it again"
    )


def test_a_step_that_came_undone_runs_again(machine: Machine) -> None:
    """A step may look at the machine and not only at the state; Ready is not reported again."""
    machine.boot()
    machine.undone = ("hostname",)

    assert machine.boot() == Outcome(("hostname",))
    assert machine.ran == ["hostname"]
    assert machine.state == DONE


@pytest.mark.parametrize("vm_id", [SWAPPED, VM.upper()])
def test_an_id_in_another_form_is_the_same_vm(machine: Machine, vm_id: str) -> None:
    """The firmware and the metadata service may write the id differently."""
    machine.boot()
    machine.set_firmware(vm_id)

    machine.boot()

    assert machine.ran == []


def test_another_vm_runs_all_steps_again(machine: Machine) -> None:
    """A VM from a captured image has its own first boot."""
    machine.boot()
    machine.set_firmware(OTHER)

    machine.boot()

    assert machine.ran == ["hostname", "ready"]
    assert machine.state == {"vm_id": OTHER, "done": ["hostname", "ready"]}


def test_ready_is_reported_without_a_host_name(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """Ready counts as done; the service stays enabled for another attempt at the name."""
    machine.failing["hostname"] = BAD_NAME

    assert machine.boot() == Outcome(("ready",), (Failure("hostname", BAD_NAME),))
    assert machine.ran == ["hostname", "ready"]
    assert machine.state == {"vm_id": VM, "done": ["ready"], "old_hostname": "image"}
    assert machine.disabled == 0
    assert caplog.messages == ["the step hostname failed: a bad name; deploy another"]


def test_ready_is_reported_after_a_bug_in_a_step(machine: Machine) -> None:
    """An unexpected exception becomes a failure with exit code 70."""
    machine.failing["hostname"] = ZeroDivisionError("oops")

    outcome = machine.boot()

    assert outcome.done_now == ("ready",)
    (failure,) = outcome.failures
    assert failure.error.exit_code == 70
    assert str(failure.error) == (
        "a bug in azprov: ZeroDivisionError: oops; please report it with the output of -v"
    )
    assert machine.state == {"vm_id": VM, "done": ["ready"], "old_hostname": "image"}


def test_the_next_boot_runs_only_the_failed_step(machine: Machine) -> None:
    """Ready is not sent again."""
    machine.failing["hostname"] = BAD_NAME
    machine.boot()
    machine.failing.clear()

    assert machine.boot() == Outcome(("hostname",))
    assert machine.ran == ["hostname"]
    assert machine.state == {"vm_id": VM, "done": ["ready", "hostname"]}
    assert machine.disabled == 1


def test_ready_is_reported_for_a_user_who_cannot_log_in(admin_machine: Machine) -> None:
    """The step stays open: the owner of the VM can fix the user, and a failure would be final."""
    admin_machine.failing["ssh-keys"] = NO_SHELL

    outcome = admin_machine.boot()

    assert outcome == Outcome(("hostname", "admin-user", "ready"), (Failure("ssh-keys", NO_SHELL),))
    assert admin_machine.state == {"vm_id": VM, "done": ["hostname", "admin-user", "ready"]}
    assert admin_machine.disabled == 0


def test_a_step_without_an_answer_runs_again_after_ready(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """The host name follows Ready in the same boot, and the service is then disabled."""
    caplog.set_level("INFO")
    machine.failing_once["hostname"] = SILENT

    assert machine.boot() == Outcome(("ready", "hostname"))
    assert machine.ran == ["hostname", "ready", "hostname"]
    assert machine.state == {"vm_id": VM, "done": ["ready", "hostname"]}
    assert machine.disabled == 1
    assert caplog.messages == [
        "The step hostname has no answer yet: IMDS is silent",
        "Trying the step hostname again",
    ]


def test_ready_is_recorded_before_the_steps_that_follow_it(machine: Machine) -> None:
    """A power cut while the host name is waited for does not repeat Ready."""
    machine.failing_once["hostname"] = SILENT
    machine.failing_after_ready["hostname"] = Stopped(15)

    with pytest.raises(Stopped):
        machine.boot()

    assert machine.state == {"vm_id": VM, "done": ["ready"], "old_hostname": "image"}


def test_a_step_that_has_no_answer_even_after_ready_is_left_to_the_next_boot(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """The failure after Ready replaces the one before."""
    machine.failing_once["hostname"] = SILENT
    machine.failing_after_ready["hostname"] = BUSY

    assert machine.boot() == Outcome(("ready",), (Failure("hostname", BUSY),))
    assert machine.disabled == 0
    assert caplog.messages == ["the step hostname failed: WireServer is busy; wait"]
    machine.failing_after_ready.clear()

    assert machine.boot() == Outcome(("hostname",))


def test_a_step_with_an_unusable_answer_does_not_run_again_after_ready(machine: Machine) -> None:
    """Only a missing answer can come later in the same boot."""
    machine.failing["hostname"] = BAD_NAME

    machine.boot()

    assert machine.ran == ["hostname", "ready"]


def test_the_old_host_name_is_recorded_only_while_the_step_is_open(machine: Machine) -> None:
    """A later boot gets the name that the first boot found, until the host name is set."""
    machine.failing["hostname"] = BAD_NAME
    machine.boot()
    (machine.folder / "etc/hostname").write_text("byhand\n")

    machine.boot()
    assert machine.old_hostname == "image"
    assert machine.state == {"vm_id": VM, "done": ["ready"], "old_hostname": "image"}

    machine.set_firmware(OTHER)
    machine.failing.clear()
    machine.boot()
    assert machine.old_hostname == "byhand"
    assert machine.state == {"vm_id": OTHER, "done": ["hostname", "ready"]}


def test_a_step_is_done_only_after_the_acknowledgement(machine: Machine) -> None:
    """The next boot runs all steps again if Ready was not acknowledged."""
    machine.failing["ready"] = BUSY

    assert machine.boot() == Outcome(("hostname",), (Failure("ready", BUSY),))
    assert machine.state is None
    assert machine.disabled == 0
    machine.failing.clear()
    machine.boot()
    assert machine.ran == ["hostname", "ready"]


def test_failures_are_listed_in_the_order_in_which_they_happened(machine: Machine) -> None:
    """A failed step comes before the failed report."""
    machine.failing.update(hostname=BAD_NAME, ready=BUSY)

    assert machine.boot() == Outcome((), (Failure("hostname", BAD_NAME), Failure("ready", BUSY)))


@pytest.mark.parametrize("step", ["hostname", "ready"])
def test_a_signal_ends_the_boot_and_no_step_counts_as_done(machine: Machine, step: str) -> None:
    """SIGTERM is not treated as the failure of a step."""
    machine.failing[step] = Stopped(15)

    with pytest.raises(Stopped):
        machine.boot()

    assert machine.state is None
    assert machine.disabled == 0


@pytest.mark.parametrize("content", ["", "{", "[]", '{"vm_id": 1}', '{"vm_id": "x", "done": 1}'])
def test_a_damaged_state_is_logged_and_ignored(
    machine: Machine, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A boot with a damaged state runs all steps, and writes a new state."""
    machine.boot()
    path = machine.folder / "var/lib/azprov/state.json"
    path.write_text(content)

    machine.boot()

    assert machine.ran == ["hostname", "ready"]
    assert machine.state == DONE
    assert f"{path} is damaged and is ignored: every step will run again" in caplog.messages


def test_the_platform_is_asked_for_the_id_if_the_firmware_has_none(tmp_path: Path) -> None:
    """The VM id is requested after Ready at the first boot, and before the steps at the second."""
    machine = Machine(tmp_path, vm_id=None)
    machine.imds_vm_id = VM

    machine.boot()
    assert machine.ran == ["hostname", "ready", "request the VM id"]
    assert machine.state == DONE

    machine.boot()
    assert machine.ran == ["request the VM id"]


def test_an_id_that_the_platform_has_provided_is_recorded_before_a_wait(tmp_path: Path) -> None:
    """A power cut while a full disk is waited for does not repeat Ready."""
    machine = Machine(tmp_path, vm_id=None)
    machine.known_vm_id = VM
    machine.failing["hostname"] = FULL

    def stop() -> bool:
        raise Stopped(15)

    machine.wait_for_disk = stop

    with pytest.raises(Stopped):
        machine.boot()

    assert machine.state == {"vm_id": VM, "done": ["ready"], "old_hostname": "image"}


def test_without_any_id_every_boot_runs_all_steps(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A state without an id never counts, because it may be another VM's."""
    caplog.set_level("DEBUG")
    machine = Machine(tmp_path, vm_id="00000000-0000-0000-0000-000000000000")

    machine.boot()
    assert machine.state == {"vm_id": "", "done": ["hostname", "ready"]}
    machine.boot()
    assert machine.ran == ["hostname", "ready", "request the VM id"]
    message = "neither the firmware nor the platform provides a VM id: no metadata"
    assert caplog.messages == [message, message]
    assert machine.boot() == Outcome(("hostname", "ready"), is_recorded=False)


FULL = DiskError("could not write it (No space left on device)", "free some space")
READ_ONLY = DiskError("could not write it (Read-only file system)", "remount", is_read_only=True)


@pytest.mark.parametrize(
    ("error", "tries"),
    [(FULL, 2), (READ_ONLY, 1)],
)
def test_a_disk_that_cannot_be_written_leaves_an_open_step_and_does_not_stop_ready(
    admin_machine: Machine,
    error: DiskError,
    tries: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Ready is sent, nothing final is reported, and the next boot runs only the open step."""
    admin_machine.failing["admin-user"] = error

    outcome = admin_machine.boot()

    assert outcome == Outcome(("hostname", "ssh-keys", "ready"), (Failure("admin-user", error),))
    assert exit_code_of(outcome) == 73
    assert admin_machine.disabled == 0
    assert (
        caplog.messages
        == [
            f"the step admin-user failed: {error}",
            "the step admin-user failed again, for the same reason",
        ][:tries]
    )

    admin_machine.failing.clear()

    assert admin_machine.boot() == Outcome(("admin-user",))
    assert admin_machine.ran == ["admin-user"]
    assert admin_machine.disabled == 1


def test_a_step_runs_again_in_the_same_boot_when_a_full_disk_has_space(
    admin_machine: Machine,
) -> None:
    """A first boot may enlarge the file system while azprov runs; Ready does not wait for it."""
    admin_machine.failing["admin-user"] = FULL
    waits = []

    def enlarge() -> bool:
        waits.append(list(admin_machine.ran))
        if len(waits) == 3:
            admin_machine.failing.clear()
        return True

    admin_machine.wait_for_disk = enlarge

    assert admin_machine.boot() == Outcome(("hostname", "ssh-keys", "ready", "admin-user"))
    assert len(waits) == 3
    assert "ready" in waits[0]
    assert admin_machine.disabled == 1


def test_a_read_only_machine_repeats_what_is_optional_without_a_failure(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """On a live machine, the log names what was not written, and the service stays enabled."""
    machine.root.is_live = True
    machine.failing["hostname"] = READ_ONLY

    outcome = machine.boot()

    assert outcome == Outcome(("ready",), unstored=(Failure("hostname", READ_ONLY),))
    assert exit_code_of(outcome) == 0
    assert machine.disabled == 0
    assert caplog.messages == [
        "the step hostname failed: could not write it (Read-only file system); remount"
    ]


class ReadOnlyRoot(Root):
    """A root on a read-only file system."""

    def make_folders(self, path: str, **given: Any) -> List[str]:  # noqa: ARG002 - an override
        raise READ_ONLY


def test_missing_host_keys_are_a_failure_of_a_read_only_machine(machine: Machine) -> None:
    """Without host keys no one can log in, so the machine is not read-only on purpose."""
    machine.root.is_live = True
    machine.steps = (("host-keys", False), ("hostname", False))
    machine.failing.update({"host-keys": READ_ONLY, "hostname": READ_ONLY})

    outcome = machine.boot()

    assert outcome.failures == (Failure("host-keys", READ_ONLY),)
    assert outcome.unstored == (Failure("hostname", READ_ONLY),)
    assert machine.ran == ["host-keys", "hostname", "ready"]


def test_a_state_that_a_read_only_machine_did_not_store_is_not_recorded(
    machine: Machine,
) -> None:
    """The service is disabled anyway, and the outcome says that the next run knows nothing."""
    machine.root = ReadOnlyRoot(str(machine.folder))
    machine.root.is_live = True

    outcome = machine.boot()

    assert outcome == Outcome(
        ("hostname", "ready"), unstored=(Failure("state", READ_ONLY),), is_recorded=False
    )
    assert machine.disabled == 1


def test_a_full_disk_is_a_failure_of_a_live_machine_too(machine: Machine) -> None:
    """Only a read-only disk counts as made so."""
    machine.root.is_live = True
    machine.failing["hostname"] = FULL

    assert machine.boot() == Outcome(("ready",), (Failure("hostname", FULL),))


def test_a_required_step_on_a_read_only_machine_is_a_failure(admin_machine: Machine) -> None:
    """A user who cannot log in must be visible in the exit code."""
    admin_machine.root.is_live = True
    admin_machine.failing["ssh-keys"] = READ_ONLY

    outcome = admin_machine.boot()

    assert outcome.failures == (Failure("ssh-keys", READ_ONLY),)
    assert outcome.done_now == ("hostname", "admin-user", "ready")


def test_a_service_that_cannot_be_disabled_on_a_read_only_machine_is_logged(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """The first boot of a read-only machine ends without a failure."""
    machine.root.is_live = True
    machine.failing["disable"] = READ_ONLY

    assert machine.boot() == Outcome(
        ("hostname", "ready"), unstored=(Failure("service", READ_ONLY),)
    )
    assert caplog.messages == []


def test_the_service_is_disabled_even_if_the_state_cannot_be_written(machine: Machine) -> None:
    """A service that stayed enabled would report Ready at every boot."""
    (machine.folder / "var").write_text("in the way")

    outcome = machine.boot()

    assert outcome.done_now == ("hostname", "ready")
    (failure,) = outcome.failures
    assert failure.name == "state"
    assert failure.error.exit_code == 73
    assert machine.disabled == 1


def test_a_service_that_cannot_be_disabled_is_a_failure(machine: Machine) -> None:
    """The state is written, so that the next boot only disables the service."""
    stays = HostError("the link stays")
    machine.failing["disable"] = stays

    assert machine.boot() == Outcome(("hostname", "ready"), (Failure("service", stays),))
    assert machine.state == DONE


def test_required_steps_run_before_ready(admin_machine: Machine) -> None:
    """Required steps run in their order, and count as done after Ready."""
    assert admin_machine.boot() == Outcome(("hostname", "admin-user", "ssh-keys", "ready"))
    assert admin_machine.disabled == 1


def test_the_failure_of_a_required_step_is_reported_instead_of_ready(
    admin_machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """The other steps run and count as done; the service stays enabled."""
    admin_machine.failing["admin-user"] = NO_KEY

    assert admin_machine.boot() == Outcome(
        ("hostname", "ssh-keys", "failure"),
        (Failure("admin-user", NO_KEY, is_required=True),),
        is_failure_reported=True,
    )
    assert admin_machine.ran == [
        "hostname",
        "admin-user",
        "ssh-keys",
        "failure of admin-user: no usable key; deploy with one",
    ]
    assert caplog.messages == ["the step admin-user failed: no usable key; deploy with one"]
    assert admin_machine.state == {"vm_id": VM, "done": ["hostname", "ssh-keys", "failure"]}
    assert admin_machine.disabled == 0


def test_the_first_required_step_that_failed_is_reported(admin_machine: Machine) -> None:
    """A host name that failed before it is not the reason."""
    admin_machine.failing.update({"hostname": BAD_NAME, "admin-user": NO_KEY, "ssh-keys": BUSY})

    admin_machine.boot()

    assert admin_machine.ran[-1] == "failure of admin-user: no usable key; deploy with one"


def test_after_a_reported_failure_neither_report_is_sent_again(admin_machine: Machine) -> None:
    """The failed step is tried again; when it succeeds, the service is disabled."""
    admin_machine.failing["admin-user"] = NO_KEY
    admin_machine.boot()

    assert admin_machine.boot() == Outcome(
        (), (Failure("admin-user", NO_KEY, is_required=True),), is_failure_reported=True
    )
    assert admin_machine.ran == ["admin-user"]
    admin_machine.failing.clear()

    assert admin_machine.boot() == Outcome(("admin-user",), is_failure_reported=True)
    assert admin_machine.ran == ["admin-user"]
    assert admin_machine.disabled == 1
    assert admin_machine.boot() == Outcome((), is_failure_reported=True)
    assert admin_machine.ran == []


def test_a_failure_report_without_acknowledgement_does_not_count(admin_machine: Machine) -> None:
    """The next boot runs all steps again, and may report Ready."""
    admin_machine.failing.update({"ssh-keys": NO_KEY, "failure": BUSY})

    assert admin_machine.boot() == Outcome(
        ("hostname", "admin-user"),
        (Failure("ssh-keys", NO_KEY, is_required=True), Failure("failure", BUSY)),
    )
    assert admin_machine.state is None
    admin_machine.failing.clear()
    assert admin_machine.boot() == Outcome(("hostname", "admin-user", "ssh-keys", "ready"))


def test_a_failure_that_is_not_final_is_not_reported(admin_machine: Machine) -> None:
    """No step counts as done, and the service stays enabled for the next boot."""
    admin_machine.failing["admin-user"] = BUSY
    admin_machine.is_final = False

    assert admin_machine.boot() == Outcome(
        ("hostname", "ssh-keys"),
        (Failure("admin-user", BUSY, is_required=True),),
        is_report_postponed=True,
    )
    assert admin_machine.ran == ["hostname", "admin-user", "ssh-keys"]
    assert admin_machine.state is None
    assert admin_machine.disabled == 0


def test_a_required_step_that_fails_after_ready_is_not_reported(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """The acknowledged Ready of an earlier boot stays in effect."""
    machine.steps = ()
    machine.boot()
    machine.steps = (("ssh-keys", True),)
    machine.failing["ssh-keys"] = NO_KEY

    assert machine.boot() == Outcome((), (Failure("ssh-keys", NO_KEY, is_required=True),))
    assert machine.ran == ["ssh-keys"]
    assert caplog.messages == ["the step ssh-keys failed: no usable key; deploy with one"]


def test_a_vm_from_the_disk_of_a_failed_vm_reports_for_itself(admin_machine: Machine) -> None:
    """The reported failure belongs to the other VM."""
    admin_machine.failing["admin-user"] = NO_KEY
    admin_machine.boot()
    admin_machine.failing.clear()
    admin_machine.set_firmware(OTHER)

    assert admin_machine.boot() == Outcome(("hostname", "admin-user", "ssh-keys", "ready"))

"""The first boot as a whole: which steps run, what is marked, when the service goes."""

import json
from pathlib import Path
from typing import List, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azprov.boot.provision import Provisioned, Step, provision
from azprov.cli import main
from azprov.errors import AzprovError, HostError, Refused, Stopped, UnusableError
from azprov.formats.platform.vm_id import is_same_vm, parse_vm_id
from azprov.system.boot_service import disable, enabling_links
from azprov.system.root import Root
from azprov.system.state import State, parse_state, read_state, render_state
from azprov.system.vm_id import read_vm_id
from ports import NoCommands, Recorder

VM = "b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90"
SWAPPED = "a2c1d0b1-f453-8e4a-8d57-0a3c1f6e2d90"
OTHER = "07e5d1f4-9c0b-4b57-8a44-63d7a6ac1f0e"

VM_IDS = st.uuids().map(str)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (VM, VM, True),
        (VM, SWAPPED, True),
        (SWAPPED, VM, True),
        (VM, OTHER, False),
        (None, VM, False),
        (VM, None, False),
        (None, None, False),
    ],
)
def test_ids_of_one_vm(one: Optional[str], other: Optional[str], same: bool) -> None:
    """Byte-swapped as on generation 1 VMs; an unknown id is nobody's."""
    assert is_same_vm(one, other) is same


@given(VM_IDS, VM_IDS)
def test_being_the_same_vm_is_symmetric(one: str, other: str) -> None:
    """And every id is the same as itself."""
    assert is_same_vm(one, other) == is_same_vm(other, one)
    assert is_same_vm(one, one)


@pytest.mark.parametrize(
    ("text", "vm_id"),
    [
        (VM.upper() + "\n", VM),
        ("00000000-0000-0000-0000-000000000000", None),
        ("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", None),
        ("Not Settable", None),
        ("", None),
        (VM[:-1], None),
        (VM + VM, None),
    ],
)
def test_only_real_ids_count(text: str, vm_id: Optional[str]) -> None:
    """Case and white space do not matter; zeros, words and nothing are no id."""
    assert parse_vm_id(text) == vm_id


@given(VM_IDS.filter(lambda vm_id: parse_vm_id(vm_id) is not None), st.lists(st.text()))
def test_state_survives_its_file(vm_id: str, done: List[str]) -> None:
    """parse(render(x)) == x."""
    state = State(vm_id, tuple(done))

    assert parse_state(render_state(state)) == state


@given(st.binary() | st.recursive(st.none() | st.text(), st.lists).map(lambda x: str(x).encode()))
def test_any_state_file_gives_a_value_or_a_value_error(content: bytes) -> None:
    """Nothing else comes out of a damaged one."""
    try:
        parse_state(content)
    except ValueError:
        return


class Machine:
    """An image with a firmware's id, and steps that note that they ran."""

    def __init__(self, folder: Path, vm_id: Optional[str] = VM) -> None:
        self.folder = folder
        self.root = Root(str(folder))
        self.ran: List[str] = []
        self.disabled = 0
        self.steps = ["hostname", "ready"]
        self.required = {"admin-user", "ssh-keys"}
        self.failing: dict[str, BaseException] = {}
        self.imds_vm_id: str | AzprovError = Refused("no metadata")
        self.set_firmware(vm_id)

    def set_firmware(self, vm_id: Optional[str]) -> None:
        dmi = self.folder / "sys/class/dmi/id"
        dmi.mkdir(parents=True, exist_ok=True)
        (dmi / "product_uuid").write_text(vm_id or "")

    def _step(self, name: str) -> Step:
        def run() -> None:
            self.ran.append(name)
            if name in self.failing:
                raise self.failing[name]

        return Step(name, run, is_required=name in self.required)

    def _report_failure(self, step: str, error: AzprovError) -> None:
        self.ran.append(f"failure of {step}: {error.summary}")
        if "failure" in self.failing:
            raise self.failing["failure"]

    def _ask(self) -> str:
        self.ran.append("ask")
        if isinstance(self.imds_vm_id, AzprovError):
            raise self.imds_vm_id
        return self.imds_vm_id

    def _disable(self) -> None:
        self.disabled += 1
        if "disable" in self.failing:
            raise self.failing["disable"]

    def boot(self) -> Provisioned:
        self.ran = []
        return provision(
            self.root,
            tuple(map(self._step, self.steps)),
            report_failure=self._report_failure,
            ask_vm_id=self._ask,
            disable=self._disable,
        )

    @property
    def state(self) -> Optional[object]:
        path = self.folder / "var/lib/azprov/state.json"
        return json.loads(path.read_text()) if path.exists() else None


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


DONE = {"vm_id": VM, "done": ["hostname", "ready"]}


def test_a_step_is_done_only_after_the_acknowledgement(machine: Machine) -> None:
    """In order, Ready last; then the service goes."""
    provisioned = machine.boot()

    assert provisioned == Provisioned(("hostname", "ready"), None)
    assert machine.ran == ["hostname", "ready"]
    assert machine.state == DONE
    assert machine.disabled == 1


def test_a_second_boot_runs_nothing(machine: Machine) -> None:
    """And takes the service away once more, in case that it could not be before."""
    machine.boot()

    assert machine.boot() == Provisioned((), None)
    assert machine.ran == []
    assert machine.disabled == 2


@pytest.mark.parametrize("vm_id", [SWAPPED, VM.upper()])
def test_another_form_of_the_id_is_the_same_vm(machine: Machine, vm_id: str) -> None:
    """Firmware and metadata service do not write it alike."""
    machine.boot()
    machine.set_firmware(vm_id)

    machine.boot()

    assert machine.ran == []


def test_another_vm_starts_anew(machine: Machine) -> None:
    """A captured image is another VM's first boot."""
    machine.boot()
    machine.set_firmware(OTHER)

    machine.boot()

    assert machine.ran == ["hostname", "ready"]
    assert machine.state == {"vm_id": OTHER, "done": ["hostname", "ready"]}


def test_host_name_trouble_never_costs_ready(machine: Machine) -> None:
    """Ready goes out and is marked; the exit code is that of the name; the service stays."""
    machine.failing["hostname"] = UnusableError("a bad name", "deploy another")

    done_now, failure = machine.boot()

    assert done_now == ("ready",)
    assert isinstance(failure, UnusableError)
    assert str(failure) == "Ready is acknowledged, but a bad name; deploy another"
    assert machine.ran == ["hostname", "ready"]
    assert machine.state == {"vm_id": VM, "done": ["ready"]}
    assert machine.disabled == 0


def test_not_even_a_bug_costs_ready(machine: Machine) -> None:
    """Whatever a step raises, the platform hears of the VM; the exit code is 70."""
    machine.failing["hostname"] = ZeroDivisionError("oops")

    provisioned = machine.boot()

    assert provisioned.done_now == ("ready",)
    assert provisioned.failure is not None
    assert provisioned.failure.exit_code == 70
    assert provisioned.failure.summary == (
        "Ready is acknowledged, but a bug in azprov: ZeroDivisionError: oops"
    )
    assert machine.state == {"vm_id": VM, "done": ["ready"]}


def test_the_next_boot_tries_what_is_open(machine: Machine) -> None:
    """The name alone; Ready is not sent again."""
    machine.failing["hostname"] = UnusableError("a bad name")
    machine.boot()
    machine.failing.clear()

    assert machine.boot() == Provisioned(("hostname",), None)
    assert machine.ran == ["hostname"]
    assert machine.state == {"vm_id": VM, "done": ["ready", "hostname"]}
    assert machine.disabled == 1


def test_without_acknowledgement_nothing_is_marked(machine: Machine) -> None:
    """Not even the steps before it: all of them can bear to be done again."""
    refused = Refused("gave up")
    machine.failing["ready"] = refused

    assert machine.boot() == Provisioned(("hostname",), refused)
    assert machine.state is None
    assert machine.disabled == 0
    machine.failing.clear()
    machine.boot()
    assert machine.ran == ["hostname", "ready"]


def test_the_first_open_step_names_the_failure(machine: Machine) -> None:
    """Where both fail, the exit code is that of the host name, and both are told."""
    machine.failing["hostname"] = UnusableError("a bad name")
    machine.failing["ready"] = Refused("gave up", "try again")

    failure = machine.boot().failure

    assert failure is not None
    assert failure.exit_code == 78
    assert str(failure) == (
        "Ready is not acknowledged, gave up; the step hostname failed before that: a bad name; "
        "try again"
    )


@pytest.mark.parametrize("step", ["hostname", "ready"])
def test_a_stop_marks_nothing(machine: Machine, step: str) -> None:
    """SIGTERM ends the boot there and then; the next one begins anew."""
    machine.failing[step] = Stopped(15)

    with pytest.raises(Stopped):
        machine.boot()

    assert machine.state is None
    assert machine.disabled == 0


@pytest.mark.parametrize("content", ["", "{", "[]", '{"vm_id": 1}', '{"vm_id": "x", "done": 1}'])
def test_a_corrupt_state_is_as_if_absent(
    machine: Machine, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said, and everything is done again."""
    machine.boot()
    (machine.folder / "var/lib/azprov/state.json").write_text(content)

    machine.boot()

    assert machine.ran == ["hostname", "ready"]
    assert machine.state == DONE
    said = f"{machine.folder}/var/lib/azprov/state.json does not count, as if nothing were done"
    assert f"{said}: it is damaged" in caplog.text


def test_without_a_firmware_id_the_platform_is_asked(tmp_path: Path) -> None:
    """After Ready at the first boot; before anything else at the next."""
    machine = Machine(tmp_path, vm_id=None)
    machine.imds_vm_id = VM

    machine.boot()
    assert machine.ran == ["hostname", "ready", "ask"]
    assert machine.state == DONE

    machine.boot()
    assert machine.ran == ["ask"]


def test_without_any_id_no_vm_is_the_same(tmp_path: Path) -> None:
    """Everything is done at each boot, rather than never."""
    machine = Machine(tmp_path, vm_id="00000000-0000-0000-0000-000000000000")

    machine.boot()
    assert machine.state == {"vm_id": "", "done": ["hostname", "ready"]}
    machine.boot()
    assert machine.ran == ["hostname", "ready", "ask"]


def test_a_state_that_cannot_be_written_is_told(machine: Machine) -> None:
    """The service goes all the same: it would report again at every boot."""
    (machine.folder / "var").write_text("in the way")

    failure = machine.boot().failure

    assert isinstance(failure, HostError)
    assert failure.exit_code == 73
    assert failure.summary.startswith("Ready is acknowledged, but could not ")
    assert machine.disabled == 1


def test_a_service_that_stays_is_told(machine: Machine) -> None:
    """Exit 73; the next boot finds all done and tries again."""
    machine.failing["disable"] = HostError("the link stays")

    failure = machine.boot().failure

    assert failure is not None
    assert failure.exit_code == 73
    assert machine.state == DONE


@pytest.mark.parametrize("kind", ["absent", "folder"])
def test_an_id_that_cannot_be_read_is_none(tmp_path: Path, kind: str) -> None:
    """It neither crashes nor counts."""
    if kind == "folder":
        (tmp_path / "sys/class/dmi/id/product_uuid").mkdir(parents=True)

    assert read_vm_id(Root(str(tmp_path))) is None
    assert read_state(Root(str(tmp_path))) == State(None)


UNIT = "azure-provisioning.service"


def test_disabling_takes_every_link_away(tmp_path: Path) -> None:
    """Wants and requires of any target, and nothing else; in an image without systemctl."""
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


def test_a_service_needs_no_suffix(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As with systemctl; of one that is not enabled it is told."""
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
def test_what_is_no_service_is_not_disabled(tmp_path: Path, name: str) -> None:
    """It is a wrong usage, and nothing is removed by it."""
    hostname = tmp_path / "etc/hostname"
    hostname.parent.mkdir()
    hostname.write_text("a")

    assert main(["provision", "--root", str(tmp_path), "--unit", name, "--timeout", "1"]) == 2

    assert hostname.exists()


def test_a_link_that_systemctl_leaves_goes(tmp_path: Path) -> None:
    """It is asked first, for it knows more links, and not to read its units anew."""
    link = tmp_path / "etc/systemd/system/multi-user.target.wants" / UNIT
    link.parent.mkdir(parents=True)
    link.symlink_to("/x")
    root = Root(str(tmp_path))
    root.is_live = True
    commands = Recorder()

    disable(root, UNIT, commands)

    assert commands.commands == [["systemctl", "--no-reload", "disable", UNIT]]
    assert not link.is_symlink()


@pytest.fixture
def admin_machine(machine: Machine) -> Machine:
    """One whose first boot creates a user and adds keys."""
    machine.steps = ["hostname", "admin-user", "ssh-keys", "ready"]
    return machine


NO_KEY = UnusableError("no usable key", "deploy with one")


def test_a_user_and_keys_come_before_ready(admin_machine: Machine) -> None:
    """In their order, each noted."""
    assert admin_machine.boot() == Provisioned(
        ("hostname", "admin-user", "ssh-keys", "ready"), None
    )
    assert admin_machine.disabled == 1


def test_a_required_step_that_fails_is_reported_in_place_of_ready(admin_machine: Machine) -> None:
    """Once; what was done is noted, and the service stays."""
    admin_machine.failing["admin-user"] = NO_KEY

    provisioned = admin_machine.boot()

    assert admin_machine.ran == [
        *("hostname", "admin-user", "ssh-keys"),
        "failure of admin-user: no usable key",
    ]
    assert provisioned.done_now == ("hostname", "ssh-keys", "failure")
    assert isinstance(provisioned.failure, UnusableError)
    told = "Azure is told that provisioning failed: no usable key; deploy with one"
    assert str(provisioned.failure) == told
    assert admin_machine.state == {"vm_id": VM, "done": ["hostname", "ssh-keys", "failure"]}
    assert admin_machine.disabled == 0


def test_a_reported_failure_is_never_followed_by_ready(admin_machine: Machine) -> None:
    """Nor by another failure. The step is tried again, and when it is done the service goes."""
    admin_machine.failing["admin-user"] = NO_KEY
    admin_machine.boot()

    again = admin_machine.boot()

    assert admin_machine.ran == ["admin-user"]
    assert isinstance(again.failure, UnusableError)
    assert str(again.failure).startswith("Azure is told that provisioning failed")
    admin_machine.failing.clear()

    assert admin_machine.boot() == Provisioned(("admin-user",), None)
    assert admin_machine.ran == ["admin-user"]
    assert admin_machine.disabled == 1
    assert admin_machine.boot() == Provisioned((), None)
    assert admin_machine.ran == []


def test_a_failure_that_nobody_heard_of_is_not_noted(admin_machine: Machine) -> None:
    """The next boot does all again, and may well report Ready."""
    admin_machine.failing["ssh-keys"] = NO_KEY
    admin_machine.failing["failure"] = Refused("WireServer is silent", "wait")

    provisioned = admin_machine.boot()

    assert isinstance(provisioned.failure, UnusableError)
    assert str(provisioned.failure) == (
        "provisioning failed, no usable key; deploy with one; and Azure could not be told, "
        "WireServer is silent; wait"
    )
    assert admin_machine.state is None
    admin_machine.failing.clear()
    assert admin_machine.boot().failure is None
    assert admin_machine.ran == ["hostname", "admin-user", "ssh-keys", "ready"]


def test_the_last_line_names_the_step_that_azure_is_told_of(admin_machine: Machine) -> None:
    """Not the host name, which failed before it; the exit code is that of the first."""
    admin_machine.failing["hostname"] = HostError("could not write it")
    admin_machine.failing["ssh-keys"] = NO_KEY

    failure = admin_machine.boot().failure

    assert isinstance(failure, HostError)
    assert str(failure) == (
        "Azure is told that provisioning failed: no usable key; deploy with one"
    )
    del admin_machine.failing["ssh-keys"]
    again = admin_machine.boot().failure
    assert (
        str(again) == "Azure was told before that provisioning failed, and now could not write it"
    )


def test_what_is_not_final_is_not_told(admin_machine: Machine) -> None:
    """The report raises the step's own error: nothing is noted, and the next boot goes on."""
    admin_machine.failing["admin-user"] = Refused("gave up", "wait")
    admin_machine.failing["failure"] = admin_machine.failing["admin-user"]

    failure = admin_machine.boot().failure

    assert str(failure) == "nothing is reported, the next boot tries again: gave up; wait"
    assert admin_machine.state is None
    assert admin_machine.disabled == 0


def test_who_is_ready_already_is_not_told_otherwise(
    admin_machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    """A step that fails at a later boot costs nothing that was acknowledged before."""
    admin_machine.steps = ["ready"]
    admin_machine.boot()
    admin_machine.steps = ["ssh-keys", "ready"]
    admin_machine.failing["ssh-keys"] = NO_KEY

    failure = admin_machine.boot().failure

    assert admin_machine.ran == ["ssh-keys"]
    assert str(failure) == "Ready is acknowledged, but no usable key; deploy with one"
    assert "going on without it" in caplog.text


def test_a_host_name_alone_fails_no_provisioning(admin_machine: Machine) -> None:
    """Ready is sent without it."""
    admin_machine.failing["hostname"] = UnusableError("bad name", "")

    assert admin_machine.boot().done_now == ("admin-user", "ssh-keys", "ready")
    assert admin_machine.ran[-1] == "ready"


def test_another_vm_of_a_failed_one_begins_anew(admin_machine: Machine) -> None:
    """Made from its disk, it reports for itself."""
    admin_machine.failing["admin-user"] = NO_KEY
    admin_machine.boot()
    admin_machine.failing.clear()
    admin_machine.set_firmware(OTHER)

    assert admin_machine.boot().failure is None
    assert admin_machine.ran == ["hostname", "admin-user", "ssh-keys", "ready"]

"""The life of a disk: boots, power cuts and captures, against what must be true of every VM."""

import json
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import Any, List, Optional, Set

from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from azprov.azure.conversation import Conversation
from azprov.azure.endpoint import Endpoint
from azprov.azure.imds import Imds
from azprov.azure.transport import Reply, Transport
from azprov.azure.wireserver import WireServer
from azprov.boot.provision import HOSTNAME, READY, Provisioned, Step, provision
from azprov.boot.report import report
from azprov.errors import AzprovError, NotConnected
from azprov.formats.platform import health
from azprov.system.boot_service import disable
from azprov.system.hostname import set_hostname
from azprov.system.root import Root
from ports import FakeClock, NoCommands
from samples_of import sample

UNIT = "azure-provisioning.service"
LINK = f"etc/systemd/system/multi-user.target.wants/{UNIT}"
ALL = {"hostname", "ready"}


class PowerCutError(BaseException):
    """No Exception: nothing of the program runs after it."""


class Fuse:
    """Blows before or after one of the things that change the world, or never."""

    def __init__(self, left: Optional[int]) -> None:
        self._left = left

    def burn(self) -> None:
        if self._left == 0:
            raise PowerCutError
        if self._left is not None:
            self._left -= 1


class FusedRoot(Root):
    """A root whose every change may be the last, done or not."""

    def __init__(self, path: str, fuse: Fuse) -> None:
        super().__init__(path)
        self._fuse = fuse

    def write(self, path: str, content: bytes, **given: Any) -> None:
        self._fuse.burn()
        super().write(path, content, **given)
        self._fuse.burn()

    def remove(self, path: str) -> bool:
        self._fuse.burn()
        was_there = super().remove(path)
        self._fuse.burn()
        return was_there

    def make_folders(self, path: str, **given: Any) -> List[str]:
        self._fuse.burn()
        made = super().make_folders(path, **given)
        self._fuse.burn()
        return made


class Vm:
    """What the platform knows of a VM."""

    def __init__(self, vm_id: uuid.UUID) -> None:
        self.vm_id = str(vm_id)
        #: As a firmware of generation 1 writes it.
        self.swapped = str(uuid.UUID(bytes_le=vm_id.bytes))
        self.name = f"vm-{self.vm_id[:8]}"
        self.acknowledged = 0
        #: How many times more Ready may have been sent, for nobody could know of it.
        self.excuses = 0


class Line(Transport):
    """To one of the platform's services, in no time: healthy, busy or dead.

    Busy is 503 for what is asked of it, though a goal state is to be had.
    """

    def __init__(self, vm: Vm, mood: str, clock: FakeClock, fuse: Fuse) -> None:
        super().__init__(Endpoint("127.0.0.1", 9), clock)
        self._vm, self._mood, self._fuse = vm, mood, fuse

    def send(self, method: str, target: str, *, body: Optional[bytes] = None, **_: Any) -> Reply:
        is_goal_state = target.startswith("/machine?comp=goalstate")
        if self._mood == "dead":
            raise NotConnected("nobody is there")
        if self._mood == "busy" and not is_goal_state:
            return Reply(503, "Service Unavailable", {}, b"")
        self._fuse.burn()
        if method == "POST":
            self._vm.acknowledged += b"<State>Ready</State>" in (body or b"")
            content = b""
        elif is_goal_state:
            content = sample("goal_state/version-2012-11-30.xml")
        else:
            compute = {"name": self._vm.name, "vmId": self._vm.vm_id}
            content = json.dumps({"compute": compute}).encode("ascii")
        self._fuse.burn()
        return Reply(200, "OK", {}, content)


class Life(RuleBasedStateMachine):
    """One disk, in one VM after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="azprov-life-"))
        for name, content in {
            "etc/hostname": "image\n",
            "etc/hosts": "127.0.1.1\timage\n",
            "var/lib/README": "",
            f"etc/systemd/system/{UNIT}": "[Service]\n",
        }.items():
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text(content)
        self.enable()
        self.vm = Vm(uuid.UUID("b1d0c1a2-53f4-4a8e-8d57-0a3c1f6e2d90"))

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def enable(self) -> None:
        link = self.folder / LINK
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(f"/etc/systemd/system/{UNIT}")

    @property
    def is_enabled(self) -> bool:
        return (self.folder / LINK).is_symlink()

    @property
    def state(self) -> Any:
        path = self.folder / "var/lib/azprov/state.json"
        return json.loads(path.read_text()) if path.exists() else {"vm_id": None, "done": []}

    @property
    def noted(self) -> Set[str]:
        """What the disk says is done for the VM that it is in."""
        is_ours = self.state["vm_id"] in (self.vm.vm_id, self.vm.swapped)
        return set(self.state["done"]) if is_ours else set()

    @precondition(lambda self: self.is_enabled)
    @rule(
        wireserver=st.sampled_from(["healthy", "busy", "dead"]),
        imds=st.sampled_from(["healthy", "busy", "dead"]),
        firmware=st.sampled_from(["vm_id", "swapped", "none"]),
        cut=st.none() | st.integers(0, 24),
    )
    def boot(self, wireserver: str, imds: str, firmware: str, cut: Optional[int]) -> None:
        """The service starts; a fuse may blow at any moment."""
        noted, acknowledged = self.noted, self.vm.acknowledged
        knows = firmware != "none" or imds == "healthy"
        self._set_firmware(getattr(self.vm, firmware, ""))

        booted = self._provision(wireserver, imds, Fuse(cut))

        sent = self.vm.acknowledged - acknowledged
        note(f"sent {sent}, {booted}, {self.state}")
        if sent and READY not in self.noted and not (booted and knows):
            self.vm.excuses += 1
        if wireserver != "healthy" or (READY in noted and knows):
            assert sent == 0
        elif booted:
            assert sent == 1
        if READY in noted and not knows:
            self.vm.excuses += 1
        if booted:
            self._judge(booted, noted, wireserver, imds, knows=knows)

    def _judge(
        self, booted: Provisioned, noted: Set[str], wireserver: str, imds: str, *, knows: bool
    ) -> None:
        """What an undisturbed boot leaves behind."""
        wanted = set(noted) if knows else set()
        if imds == "healthy":
            assert (self.folder / "etc/hostname").read_text() == f"{self.vm.name}\n"
            wanted.add(HOSTNAME)
        if wireserver == "healthy":
            wanted.add(READY)
        is_done = wanted == ALL
        assert (booted.failure is None) == is_done
        assert self.is_enabled != is_done
        if READY in wanted and knows:
            assert self.noted == wanted

    def _set_firmware(self, vm_id: str) -> None:
        dmi = self.folder / "sys/class/dmi/id"
        dmi.mkdir(parents=True, exist_ok=True)
        (dmi / "product_uuid").write_text(f"{vm_id.upper()}\n")

    def _provision(self, wireserver: str, imds: str, fuse: Fuse) -> Optional[Provisioned]:
        """None where the power went."""
        clock, root = FakeClock(), FusedRoot(str(self.folder), fuse)
        talk = Conversation(clock, timeout_s=20, jitter=lambda: 1.0)
        ask = Conversation(clock, timeout_s=10, jitter=lambda: 1.0)
        platform = WireServer(
            Line(self.vm, wireserver, clock, fuse), talk, agent_name="azprov/test"
        )
        metadata = Imds(Line(self.vm, imds, clock, fuse), ask, agent_name="azprov/test")

        def set_name() -> None:
            set_hostname(root, ask.retry(metadata.fetch_instance).name, NoCommands())

        def say_ready() -> None:
            report(platform, talk, health.ready, before_post=lambda: None, dry_run=False)

        def never(step: str, error: AzprovError) -> None:
            raise AssertionError((step, error))

        try:
            return provision(
                root,
                (Step(HOSTNAME, set_name), Step(READY, say_ready)),
                report_failure=never,
                ask_vm_id=lambda: ask.retry(metadata.fetch_instance).vm_id,
                disable=lambda: disable(root, UNIT, NoCommands()),
            )
        except PowerCutError:
            return None

    @rule(vm_id=st.uuids(version=4))
    def capture(self, vm_id: uuid.UUID) -> None:
        """An image is made of the disk as it is, armed, and a VM of the image."""
        self.vm = Vm(vm_id)
        self.enable()

    @invariant()
    def ready_is_sent_once(self) -> None:
        """But for what nobody could know of: the one window, or a VM that nothing names."""
        assert self.vm.acknowledged <= 1 + self.vm.excuses

    @invariant()
    def ready_is_marked_when_it_is_acknowledged(self) -> None:
        """And never before."""
        assert READY not in self.noted or self.vm.acknowledged

    @invariant()
    def the_name_is_marked_when_it_is_set(self) -> None:
        """In both files."""
        if HOSTNAME in self.noted:
            assert (self.folder / "etc/hostname").read_text() == f"{self.vm.name}\n"
            assert (self.folder / "etc/hosts").read_text() == f"127.0.1.1\t{self.vm.name}\n"

    @invariant()
    def the_service_goes_when_all_is_done(self) -> None:
        """For this VM, or for one that nothing named when it was written down."""
        if not self.is_enabled:
            assert self.noted == ALL or (self.state["vm_id"], set(self.state["done"])) == ("", ALL)


Life.TestCase.settings = settings(max_examples=150, stateful_step_count=12)
TestLife = Life.TestCase

"""A disk through boots, power cuts and captures: what must hold for every VM."""

import json
import os
import shutil
import tempfile
import uuid
from pathlib import Path
from typing import Any, BinaryIO, Dict, List, Optional, Set, Tuple, Union

from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from azprov.azure.transport import Reply
from azprov.boot.outcome import READY, Outcome
from azprov.boot.provision import provision
from azprov.boot.settings import BootSettings, ImdsSettings, WireServerSettings
from azprov.boot.steps import HOSTNAME
from azprov.system.root import Root
from ports import NoCommands
from unit.boot.scripted import (
    AZURE_TAG,
    Platform,
    Request,
    Service,
    healthy_wireserver,
    metadata,
    status,
)

UNIT = "azure-provisioning.service"
LINK = f"etc/systemd/system/multi-user.target.wants/{UNIT}"
ALL = {"hostname", "ready"}
# On a disk, fsync and rmdir take most of the time of this test.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - mkdtemp adds a name
SETTINGS = BootSettings(WireServerSettings(timeout_s=20.0), ImdsSettings(timeout_s=10.0), UNIT)


class PowerCutError(BaseException):
    """Not an Exception, so that no code of the program runs after it."""


class Fuse:
    """Cuts the power before or after one of the changes, or never."""

    def __init__(self, left: Optional[int]) -> None:
        self._left = left

    def burn(self) -> None:
        if self._left == 0:
            raise PowerCutError
        if self._left is not None:
            self._left -= 1


class FusedRoot(Root):
    """A root that may lose power before or after every change."""

    def __init__(self, path: str, fuse: Fuse) -> None:
        super().__init__(path)
        self._fuse = fuse

    def write(self, path: str, content: Union[bytes, BinaryIO], **given: Any) -> None:
        self._fuse.burn()
        super().write(path, content, **given)
        self._fuse.burn()

    def remove(self, path: str, **given: Any) -> bool:
        self._fuse.burn()
        was_there = super().remove(path, **given)
        self._fuse.burn()
        return was_there

    def make_folders(self, path: str, **given: Any) -> List[str]:
        self._fuse.burn()
        made = super().make_folders(path, **given)
        self._fuse.burn()
        return made


class Vm:
    """A VM as the platform knows it."""

    def __init__(self, vm_id: uuid.UUID) -> None:
        self.vm_id = str(vm_id)
        #: The id as the firmware of generation 1 has it.
        self.swapped = str(uuid.UUID(bytes_le=vm_id.bytes))
        self.name = f"vm-{self.vm_id[:8]}"
        self.acknowledged = 0
        #: How often Ready may have been sent again, because no file could record it.
        self.excuses = 0


def services(vm: Vm, fuse: Fuse) -> Dict[str, Tuple[Optional[Service], Optional[Service]]]:
    """WireServer and the metadata service of a VM, by their condition.

    A busy WireServer provides the goal state and refuses reports.
    """

    def wireserver(request: Request) -> Reply:
        fuse.burn()
        if request.method == "POST":
            vm.acknowledged += b"<State>Ready</State>" in request.body
        fuse.burn()
        return healthy_wireserver(request)

    def imds(request: Request) -> Reply:
        fuse.burn()
        reply = metadata(vm_id=vm.vm_id, computerName=vm.name)(request)
        fuse.burn()
        return reply

    def busy(request: Request) -> Reply:
        if request.target == "/machine?comp=goalstate":
            return wireserver(request)
        return status(503, "Service Unavailable")

    return {"healthy": (wireserver, imds), "busy": (busy, busy), "dead": (None, None)}


class Life(RuleBasedStateMachine):
    """One disk, which one VM after another boots from."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="azprov-life-", dir=MEMORY))
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
        """The steps that the disk records as done for the present VM."""
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
        """The service starts; the power may be cut at any change."""
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
        self, booted: Outcome, noted: Set[str], wireserver: str, imds: str, *, knows: bool
    ) -> None:
        """Check the result of a boot without a power cut."""
        wanted = set(noted) if knows else set()
        if imds == "healthy":
            assert (self.folder / "etc/hostname").read_text() == f"{self.vm.name}\n"
            wanted.add(HOSTNAME)
        if wireserver == "healthy":
            wanted.add(READY)
        is_done = wanted == ALL
        assert (not booted.failures) == is_done
        assert self.is_enabled != is_done
        if READY in wanted and knows:
            assert self.noted == wanted

    def _set_firmware(self, vm_id: str) -> None:
        dmi = self.folder / "sys/class/dmi/id"
        dmi.mkdir(parents=True, exist_ok=True)
        (dmi / "product_uuid").write_text(f"{vm_id.upper()}\n")
        (dmi / "chassis_asset_tag").write_text(f"{AZURE_TAG}\n")

    def _provision(self, wireserver: str, imds: str, fuse: Fuse) -> Optional[Outcome]:
        """One first boot; None if the power was cut."""
        conditions = services(self.vm, fuse)
        platform = Platform(conditions[wireserver][0], conditions[imds][1])
        root = FusedRoot(str(self.folder), fuse)
        try:
            return provision(
                SETTINGS, root, platform.ports, NoCommands(), release_sshd=lambda: None
            )
        except PowerCutError:
            return None

    @rule(vm_id=st.uuids(version=4))
    def capture(self, vm_id: uuid.UUID) -> None:
        """Capture the disk as an image, enable its service, and create a VM from the image."""
        self.vm = Vm(vm_id)
        self.enable()

    @invariant()
    def ready_is_sent_once(self) -> None:
        """Ready is sent again only after a power cut before its record, or for an unknown VM id."""
        assert self.vm.acknowledged <= 1 + self.vm.excuses

    @invariant()
    def ready_is_recorded_only_after_the_acknowledgement(self) -> None:
        """A recorded Ready was received by the platform."""
        assert READY not in self.noted or self.vm.acknowledged

    @invariant()
    def a_host_name_is_recorded_only_after_it_is_set(self) -> None:
        """A recorded host name is in both files."""
        if HOSTNAME in self.noted:
            assert (self.folder / "etc/hostname").read_text() == f"{self.vm.name}\n"
            assert (self.folder / "etc/hosts").read_text() == f"127.0.1.1\t{self.vm.name}\n"

    @invariant()
    def the_service_is_disabled_only_when_everything_is_done(self) -> None:
        """A disabled service has done every step for this VM, or for a VM without an id."""
        if not self.is_enabled:
            assert self.noted == ALL or (self.state["vm_id"], set(self.state["done"])) == ("", ALL)


Life.TestCase.settings = settings(stateful_step_count=12)
TestLife = Life.TestCase

"""Boots the folder of an image in systemd-nspawn, with the image's own init as process 1.

A namespace of processes makes sure that the guest ends with systemd-nspawn, also when that is
killed.

Sources: systemd-nspawn(1), unshare(1).
"""

import os
import signal
import socket
import subprocess
import threading
from contextlib import suppress
from typing import Callable, List, Mapping, Optional

from ...errors import HostError
from ...formats.text import printable
from ...system.clock import Clock
from ...system.parent import end_with_parent
from ...system.private_mounts import detach, mount_overlay
from ...system.root import Root
from .azure_firmware import show_firmware, write_firmware
from .console import read_output
from .player import Player

_MACHINE = "azprov-rehearsal"
_STARTED_WITHIN_S = 30.0
_STEP_S = 0.01


class Container(Player):
    """A folder below a layer for changes, which is in the scratch folder."""

    link_name = "ve-azprov"

    def __init__(
        self, image: str, scratch: Root, programs: Mapping[str, str], clock: Clock
    ) -> None:
        """`scratch` must be empty and this user's own. Raises HostError.

        This process must have mounts of its own.
        """
        self._scratch = scratch
        self._programs = programs
        self._clock = clock
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._reader = threading.Thread()
        for name in ("changes", "work", "root", "firmware"):
            scratch.make_folders(f"/{name}")
        path = scratch.path
        # Opened only here: a descriptor from before belongs to the mounts that were left.
        lower = Root(image)
        problem = mount_overlay(lower.descriptor, f"{path}/changes", f"{path}/work", f"{path}/root")
        if problem:
            raise HostError(
                f"the changes of a rehearsal cannot be kept apart from {lower} ({problem})",
                "set TMPDIR to a folder on a disk, because overlayfs needs one",
            )

    def start(self, vm_id: str, console: Callable[[str], None]) -> None:
        write_firmware(Root(f"{self._scratch.path}/firmware"), vm_id)
        command = [self._programs["unshare"], "--pid", "--fork", "--kill-child", "--mount-proc"]
        command += [self._programs["systemd-nspawn"], "--quiet", "--settings=no"]
        command += ["--register=no", "--keep-unit"]
        command += ["--boot", "--directory", f"{self._scratch.path}/root", "--console=read-only"]
        command += [f"--machine={_MACHINE}", "--hostname=localhost", "--link-journal=no"]
        # The name that the first interface of a VM on Azure has.
        command += [f"--network-veth-extra={self.link_name}:eth0"]
        command += ["--resolv-conf=off", "--timezone=off", "systemd.show_status=1"]
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=end_with_parent,  # noqa: PLW1509 - one system call
            )
        except OSError as error:
            raise HostError(
                f"systemd-nspawn could not be started ({error.strerror})",
                "install its package again",
            ) from error
        self._process = process
        self._reader = threading.Thread(target=read_output, args=(process, console), daemon=True)
        self._reader.start()
        leader = self._wait_for_init()
        if leader:
            problem = show_firmware(f"{self._scratch.path}/firmware", leader)
            if problem and self.is_running():
                console(f"rehearsal: the container cannot see the firmware of Azure ({problem})")

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def power_off(self) -> None:
        for nspawn in self._children(self._pid):
            with suppress(OSError):
                os.kill(nspawn, signal.SIGTERM)

    def cut_power(self) -> None:
        process = self._process
        if process is None:
            return
        with suppress(OSError):
            process.kill()
        process.wait()
        self._reader.join()
        if process.stdout is not None:
            process.stdout.close()
        # The kernel removes the guest's network a moment after the guest.
        until = self._clock.now() + _STARTED_WITHIN_S
        while self._has_link() and self._clock.now() < until:
            self._clock.sleep(_STEP_S)

    def hostname(self) -> str:
        try:
            content = Root(f"{self._scratch.path}/root").read("/etc/hostname") or b""
        except HostError:
            return ""
        lines = content.decode("utf-8", "replace").splitlines()
        names = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        return printable(names[0], 64) if names else ""

    def close(self) -> None:
        self.cut_power()
        detach(f"{self._scratch.path}/root")

    @property
    def _pid(self) -> int:
        return 0 if self._process is None else self._process.pid

    def _has_link(self) -> bool:
        return self.link_name in [name for _, name in socket.if_nameindex()]

    def _wait_for_init(self) -> int:
        """The process that is the container's init, once it runs; 0 if the container ended."""
        until = self._clock.now() + _STARTED_WITHIN_S
        while self.is_running() and self._clock.now() < until:
            for nspawn in self._children(self._pid):
                for pid in self._children(nspawn):
                    if _runs_init(pid, nspawn):
                        return pid
            self._clock.sleep(_STEP_S)
        return 0

    def _children(self, pid: int) -> List[int]:
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                return [int(word) for word in file.read().split()]
        except OSError:
            return []


def _runs_init(pid: int, nspawn: int) -> bool:
    """Whether a child of systemd-nspawn has become another program, among processes of its own."""
    try:
        is_inside = os.readlink(f"/proc/{pid}/ns/pid") != os.readlink(f"/proc/{nspawn}/ns/pid")
        return is_inside and os.readlink(f"/proc/{pid}/exe") != os.readlink(f"/proc/{nspawn}/exe")
    except OSError:
        return False

"""The state file: which steps of the first boot are done for which VM."""

import json
import logging
import os
from typing import Any, Dict, NamedTuple, Optional, Tuple

from ..errors import HostError
from ..formats.platform.vm_id import is_same_vm, parse_vm_id
from .root import Root

STATE_FILE = "/var/lib/azprov/state.json"
STATE_FOLDER = "/var/lib/azprov"

log = logging.getLogger(__name__)


class State(NamedTuple):
    """The names of the steps that are done, and the VM for which they were done.

    A state without a VM id belongs to no VM, so that its steps never count as done.
    """

    vm_id: Optional[str]
    done: Tuple[str, ...] = ()
    #: The host name of the machine before the step that sets it; None if that step is done.
    old_hostname: Optional[str] = None


def parse_state(content: bytes) -> State:
    """Parse a state file. Raises ValueError for content that write_state cannot have written."""
    try:
        value = json.loads(content.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("JSON is nested too deeply") from error
    if not isinstance(value, dict) or not isinstance(value.get("vm_id"), str):
        raise ValueError("no VM id")  # noqa: TRY004 - the declared error is ValueError
    done = value.get("done")
    if not isinstance(done, list) or not all(isinstance(step, str) for step in done):
        raise ValueError("no list of steps")
    old_hostname = value.get("old_hostname")
    return State(
        parse_vm_id(value["vm_id"]),
        tuple(done),
        old_hostname if isinstance(old_hostname, str) else None,
    )


def render_state(state: State) -> bytes:
    value: Dict[str, Any] = {"vm_id": state.vm_id or "", "done": list(state.done)}
    if state.old_hostname is not None:
        value["old_hostname"] = state.old_hostname
    return json.dumps(value).encode("ascii") + b"\n"


def is_of_another_vm(root: Root, vm_id: Optional[str]) -> bool:
    """Whether a state was written by another VM, as in a copy of its disk.

    False if either id is unknown. Logs nothing.
    """
    try:
        old = _read(root).vm_id
    except (HostError, ValueError):
        return False
    return old is not None and vm_id is not None and not is_same_vm(old, vm_id)


def remove_state(root: Root) -> None:
    """Remove the state of another VM, durably. Raises HostError."""
    root.remove(STATE_FILE)


def _read(root: Root) -> State:
    content = root.read(STATE_FILE)
    return State(None) if content is None else parse_state(content)


def read_state(root: Root) -> State:
    """Read the state. A missing, unreadable or damaged file gives a state of no VM."""
    try:
        return _read(root)
    except HostError as error:
        log.warning("%s; every step will run again", error.summary)
    except ValueError:
        path = root.outside(STATE_FILE)
        log.warning("%s is damaged and is ignored: every step will run again", path)
    return State(None)


def write_state(root: Root, state: State) -> None:
    """Replace the state file atomically and durably. Raises HostError."""
    try:
        make_state_folder(root)
    except HostError as error:
        if not isinstance(error.__cause__, OSError):
            raise
        from .root.file_errors import file_error

        # A full disk allows the folder and not the file; a read-only one not even the folder.
        what = f"could not write {root.outside(STATE_FILE)}"
        raise file_error(what, error.__cause__, is_as_user=False) from error
    root.write(STATE_FILE, render_state(state))


def make_state_folder(root: Root) -> None:
    """Make the folder of azprov's state, which only root may read. Raises HostError."""
    root.make_folders(os.path.dirname(STATE_FOLDER))
    root.make_folders(STATE_FOLDER, mode=0o700)

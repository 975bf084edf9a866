"""What has been done for which VM, so that it is done once."""

import json
import logging
import os
from typing import List, NamedTuple, Optional, Tuple

from ..errors import HostError
from ..formats.platform.vm_id import parse_vm_id
from .root import Root

STATE_FILE = "/var/lib/azprov/state.json"
STATE_FOLDER = "/var/lib/azprov"

log = logging.getLogger(__name__)


class State(NamedTuple):
    """The steps that are done, by name, and the VM they were done for.

    Without a VM id the state is nobody's: it never counts as this VM's.
    """

    vm_id: Optional[str]
    done: Tuple[str, ...] = ()


def parse_state(content: bytes) -> State:
    """Parse a state file. Raises ValueError for anything that write_state did not write."""
    try:
        value = json.loads(content.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(value, dict) or not isinstance(value.get("vm_id"), str):
        raise ValueError("no state")  # noqa: TRY004 - the declared error is ValueError
    done = value.get("done")
    if not isinstance(done, list) or not all(isinstance(step, str) for step in done):
        raise ValueError("no steps")
    return State(parse_vm_id(value["vm_id"]), tuple(done))


def render_state(state: State) -> bytes:
    done: List[str] = list(state.done)
    return json.dumps({"vm_id": state.vm_id or "", "done": done}).encode("ascii") + b"\n"


def read_state(root: Root) -> State:
    """The state; that of no VM where there is none, or none that makes sense."""
    try:
        content = root.read(STATE_FILE)
        return State(None) if content is None else parse_state(content)
    except (HostError, ValueError) as error:
        why = "it is damaged" if isinstance(error, ValueError) else error
        log.warning("%s does not count, as if nothing were done: %s", root.outside(STATE_FILE), why)
        return State(None)


def write_state(root: Root, state: State) -> None:
    """Write it durably, in one step. Raises HostError."""
    root.make_folders(os.path.dirname(STATE_FOLDER))
    root.make_folders(STATE_FOLDER, mode=0o700)
    root.write(STATE_FILE, render_state(state))

"""The files of a root, and a check that each one is the whole old or the whole new file."""

import json
import os
import stat
from pathlib import Path
from typing import Dict, Iterator, NamedTuple, Optional, Set

from crash.machines import POOL, Command

STATE = "var/lib/azprov/state.json"
_TEMPORARY = ".azprov-new"
_RECORD_BYTES = 512 + 2048


class Entry(NamedTuple):
    """A file or a link, or a folder, which has no content."""

    mode: int
    uid: int
    gid: int
    content: Optional[bytes]


Tree = Dict[str, Entry]


def read_tree(root: Path) -> Tree:
    """Read the root and every path below it."""
    return {
        str(path.relative_to(root)): _entry(path, str(path.relative_to(root)))
        for path in (root, *root.rglob("*"))
    }


def _entry(path: Path, name: str) -> Entry:
    status = path.lstat()
    content = None
    if stat.S_ISLNK(status.st_mode):
        content = os.fsencode(os.readlink(path))
    elif stat.S_ISREG(status.st_mode):
        content = path.read_bytes()
    if name == POOL and content is not None and len(content) % _RECORD_BYTES == 0:
        # The number of records and their times vary: a failure to write one is not an error.
        content = b"records"
    if name == STATE and content:
        content = _state(content)
    return Entry(status.st_mode, status.st_uid, status.st_gid, content)


def _state(content: bytes) -> bytes:
    """Sort the completed steps, and treat the Ready and the failure report as the same step."""
    state = json.loads(content)
    done = {"a report" if step in ("ready", "failure") else step for step in state["done"]}
    return f"{state['vm_id']}: {sorted(done)}".encode("ascii")


def completed_steps(root: Path) -> Set[str]:
    """Return the steps that the state file lists as completed."""
    path = root / STATE
    return set(json.loads(path.read_text())["done"]) if path.exists() else set()


def is_temporary(name: str) -> bool:
    """Return whether a path is a temporary file or folder, or inside one."""
    return any(part.endswith(_TEMPORARY) for part in name.split("/"))


def unexpected_entries(before: Tree, after: Tree, now: Tree, command: Command) -> Iterator[str]:
    """Yield a sentence for each path that is neither in its old nor in its new state."""
    temporary = {
        name: Entry(stat.S_IFREG | 0o600, 0, 0, content)
        for name, content in command.temporary_files.items()
    }
    for name in sorted({*before, *after, *now}):
        entry = now.get(name)
        if entry in (before.get(name), after.get(name), temporary.get(name)):
            continue
        if entry is None:
            yield f"{name} is gone"
        elif is_temporary(name):
            yield from _temporary_problems({**temporary, **before, **after}, name, entry)
        elif name in command.changed_in_steps and _is_intermediate(
            before[name], after[name], entry
        ):
            continue
        else:
            yield f"{name} is {entry}"


def _temporary_problems(known: Tree, name: str, entry: Entry) -> Iterator[str]:
    """Yield a sentence if a temporary file has no final file, or is open to more users than it."""
    place = "/".join(map(_final_name, name.split("/")))
    final = known.get(place)
    if final is None:
        yield f"{name} is a temporary file of an unknown file"
    elif stat.S_IMODE(entry.mode) & ~stat.S_IMODE(final.mode) & 0o077:
        yield f"{name} has the mode {entry.mode:o}"


def _final_name(name: str) -> str:
    """Return the final name of a temporary file; a home can have the suffix twice."""
    while name.endswith(_TEMPORARY):
        name = name[1 : -len(_TEMPORARY)]
    return name


def _is_intermediate(before: Entry, after: Entry, entry: Entry) -> bool:
    """Return whether each line is a whole old or new line, in order, with no line missing."""
    if entry._replace(content=None) != before._replace(content=None):
        return False
    lines = (entry.content or b"").splitlines(keepends=True)
    old, new = (
        {line.partition(b":")[0]: line for line in (tree.content or b"").splitlines(keepends=True)}
        for tree in (before, after)
    )
    names = [line.partition(b":")[0] for line in lines]
    kept = [name for name in old if name in new or name in names]
    return names == kept and all(
        line in (old[name], new.get(name)) for name, line in zip(names, lines)
    )

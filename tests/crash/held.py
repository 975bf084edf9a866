"""What a root holds, and whether each of it is the old or the new one, whole."""

import json
import os
import stat
from pathlib import Path
from typing import Dict, Iterator, NamedTuple, Optional, Set

from crash.machines import POOL, Command

STATE = "var/lib/azprov/state.json"
_BESIDE = ".azprov-new"
_RECORD_BYTES = 512 + 2048


class Held(NamedTuple):
    """A file, a link or, with no content, a folder."""

    mode: int
    uid: int
    gid: int
    content: Optional[bytes]


Tree = Dict[str, Held]


def look(root: Path) -> Tree:
    """Every path below a root, and the root itself."""
    return {
        str(path.relative_to(root)): _held(path, str(path.relative_to(root)))
        for path in (root, *root.rglob("*"))
    }


def _held(path: Path, name: str) -> Held:
    status = path.lstat()
    content = None
    if stat.S_ISLNK(status.st_mode):
        content = os.fsencode(os.readlink(path))
    elif stat.S_ISREG(status.st_mode):
        content = path.read_bytes()
    if name == POOL and content is not None and len(content) % _RECORD_BYTES == 0:
        # One for each run, with its time; none where it could not be told, which fails nothing.
        content = b"records"
    if name == STATE and content:
        content = _state(content)
    return Held(status.st_mode, status.st_uid, status.st_gid, content)


def _state(content: bytes) -> bytes:
    """In no order, and with no difference between the two reports, of which one is sent."""
    state = json.loads(content)
    done = {"a report" if step in ("ready", "failure") else step for step in state["done"]}
    return f"{state['vm_id']}: {sorted(done)}".encode("ascii")


def marks(root: Path) -> Set[str]:
    """What the state says is done."""
    path = root / STATE
    return set(json.loads(path.read_text())["done"]) if path.exists() else set()


def is_beside(name: str) -> bool:
    """Whether it is, or lies in, what was begun beside its place."""
    return any(part.endswith(_BESIDE) for part in name.split("/"))


def broken(before: Tree, after: Tree, now: Tree, command: Command) -> Iterator[str]:
    """A sentence for each path that is neither as it was nor as it is to be."""
    passing = {
        name: Held(stat.S_IFREG | 0o600, 0, 0, content)
        for name, content in command.on_the_way.items()
    }
    for name in sorted({*before, *after, *now}):
        held = now.get(name)
        if held in (before.get(name), after.get(name), passing.get(name)):
            continue
        if held is None:
            yield f"{name} is gone"
        elif is_beside(name):
            yield from _too_open({**passing, **before, **after}, name, held)
        elif name in command.in_steps and _is_step(before[name], after[name], held):
            continue
        else:
            yield f"{name} is {held}"


def _too_open(places: Tree, name: str, held: Held) -> Iterator[str]:
    """What is begun may be read by nobody who may not read what it is to be."""
    place = "/".join(map(_place, name.split("/")))
    to_be = places.get(place)
    if to_be is None:
        yield f"{name} is the beginning of nothing"
    elif stat.S_IMODE(held.mode) & ~stat.S_IMODE(to_be.mode) & 0o077:
        yield f"{name} has the mode {held.mode:o}"


def _place(name: str) -> str:
    """The name of what was begun beside it; a home is begun beside what is begun beside it."""
    while name.endswith(_BESIDE):
        name = name[1 : -len(_BESIDE)]
    return name


def _is_step(before: Held, after: Held, held: Held) -> bool:
    """Whether every line is a whole one of before or after, in their order, and none is lacking."""
    if held._replace(content=None) != before._replace(content=None):
        return False
    lines = (held.content or b"").splitlines(keepends=True)
    old, new = (
        {line.partition(b":")[0]: line for line in (tree.content or b"").splitlines(keepends=True)}
        for tree in (before, after)
    )
    names = [line.partition(b":")[0] for line in lines]
    kept = [name for name in old if name in new or name in names]
    return names == kept and all(
        line in (old[name], new.get(name)) for name, line in zip(names, lines)
    )

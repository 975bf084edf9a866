"""Checks that the files of a run would survive a power cut, which a kill cannot show."""

import re
from typing import Iterator, List, Set

from crash.tracing import Call

_IN_FOLDER = re.compile(r'\w+\(<(?P<folder>[^>]*)>, "(?P<name>[^"]*)"')
_OF_FILE = re.compile(r"\w+\(<(?P<path>[^>]*)>")


def not_durable(calls: List[Call]) -> Iterator[str]:
    """Yield a sentence for each file that is renamed or removed before earlier changes are synced.

    A file must be synced before it gets its final name. Its folder must be synced after that,
    before a file in another folder is renamed.
    """
    unsynced: Set[str] = set()
    unsynced_folders: Set[str] = set()
    for call in calls:
        found = _OF_FILE.match(call.text)
        path = found["path"] if found else ""
        if " = -1 " in call.text:
            continue
        if call.name in ("write", "fchmod", "fchown", "ftruncate"):
            unsynced.add(path)
        elif call.name == "fsync":
            unsynced.discard(path)
            unsynced_folders.discard(path)
        elif call.name in ("renameat", "unlinkat"):
            named = _IN_FOLDER.match(call.text)
            assert named, call
            if f"{named['folder']}/{named['name']}" in unsynced and _is_file(call, calls):
                yield f"{call.text} happens before the content is synced"
            if call.name == "renameat" and unsynced_folders - {path}:
                yield f"{call.text} happens before {unsynced_folders} are synced"
            unsynced_folders.discard(f"{named['folder']}/{named['name']}")
            unsynced_folders.add(path)
    if unsynced_folders:
        yield f"the folders {unsynced_folders} are never synced"


def _is_file(call: Call, calls: List[Call]) -> bool:
    """Return whether a file is renamed, and not a folder that was just created."""
    made = call.text.replace("renameat(", "mkdirat(", 1).partition('", ')[0]
    return not any(other.text.startswith(made) for other in calls)

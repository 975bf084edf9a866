"""Whether what a run wrote would be there after a power cut, which a kill cannot show."""

import re
from typing import Iterator, List, Set

from crash.tracing import Call

_IN_FOLDER = re.compile(r'\w+\(<(?P<folder>[^>]*)>, "(?P<name>[^"]*)"')
_OF_FILE = re.compile(r"\w+\(<(?P<path>[^>]*)>")


def undurable(calls: List[Call]) -> Iterator[str]:
    """A sentence for each name that comes before its content, or before the one given before.

    A file is synced before it gets its name, and the folder after that, before there is
    another name in another folder.
    """
    unsynced: Set[str] = set()
    owed: Set[str] = set()
    for call in calls:
        found = _OF_FILE.match(call.text)
        path = found["path"] if found else ""
        if " = -1 " in call.text:
            continue
        if call.name in ("write", "fchmod", "fchown", "ftruncate"):
            unsynced.add(path)
        elif call.name == "fsync":
            unsynced.discard(path)
            owed.discard(path)
        elif call.name in ("renameat", "unlinkat"):
            named = _IN_FOLDER.match(call.text)
            assert named, call
            if f"{named['folder']}/{named['name']}" in unsynced and _is_file(call, calls):
                yield f"{call.text} comes before its content"
            if call.name == "renameat" and owed - {path}:
                yield f"{call.text} comes before the names in {owed}"
            owed.discard(f"{named['folder']}/{named['name']}")
            owed.add(path)
    if owed:
        yield f"the names in {owed} are never synced"


def _is_file(call: Call, calls: List[Call]) -> bool:
    """Whether it is no folder that gets a name: an empty one has no content."""
    made = call.text.replace("renameat(", "mkdirat(", 1).partition('", ')[0]
    return not any(other.text.startswith(made) for other in calls)

"""What all searches share: rows of tables with patterns, and errors that end only one search."""

from typing import Callable, Iterator, List

from ...errors import HostError, NotPermitted
from ...formats.patterns import matches
from ...system.root import Root
from .leftover import EXAMINE, EXAMINE_AS_ROOT, UNREADABLE, Leftover


def matching_paths(root: Root, folder: str, pattern: str) -> List[str]:
    """The paths of a folder with names that match a pattern, sorted. Raises HostError."""
    names = [name for name in root.names(folder) if matches(name, pattern)]
    return [f"{folder.rstrip('/')}/{name}" for name in names]


def found_by(root: Root, search: Callable[[Root], Iterator[Leftover]]) -> List[Leftover]:
    """The result of a search. An error ends the search, and is reported as a leftover."""
    found = []
    try:
        for leftover in search(root):
            found.append(leftover)  # noqa: PERF402 - keep the ones before an error
    except HostError as error:
        action = EXAMINE_AS_ROOT if isinstance(error, NotPermitted) else EXAMINE
        found.append(Leftover(UNREADABLE, "/", error.summary, action, hint=error.hint))
    return found

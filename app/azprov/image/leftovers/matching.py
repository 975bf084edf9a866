"""The paths that a row of a table stands for: a folder, and a pattern of names."""

from typing import List

from ...formats.patterns import matches
from ...system.root import Root


def matching_paths(root: Root, folder: str, pattern: str) -> List[str]:
    """The paths of the names in a folder that match, sorted. Raises HostError."""
    names = [name for name in root.names(folder) if matches(name, pattern)]
    return [f"{folder.rstrip('/')}/{name}" for name in names]

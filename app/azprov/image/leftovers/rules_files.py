"""The files with rules of sudo and doas, also those that sudoers includes."""

from typing import Dict, Iterator, List, Tuple

from ...formats.host.sudo_rules import included_paths
from ...system.root import Root
from .catalogue import RULES_FILES, RULES_FOLDERS

# A bound for images that include many files.
_MOST = 1000


def rules_files(root: Root) -> Iterator[Tuple[str, bool]]:
    """The path of each file, and whether it can be removed once it has no rules.

    Raises HostError.
    """
    # In the order in which they are found, each once.
    found: Dict[str, bool] = {}
    for folder in RULES_FOLDERS:
        found.update(dict.fromkeys(_files_in(root, folder), True))
    found.update(dict.fromkeys(filter(root.is_file, RULES_FILES), False))
    waiting = list(found)
    while waiting and len(found) < _MOST:
        path = waiting.pop()
        for name, is_folder in included_paths(root.read(path) or b""):
            included = name if name.startswith("/") else f"{path.rpartition('/')[0]}/{name}"
            files = _files_in(root, included) if is_folder else [included]
            new = [one for one in files if one not in found and root.is_file(one)]
            found.update(dict.fromkeys(new, False))
            waiting += new
    yield from found.items()


def _files_in(root: Root, folder: str) -> List[str]:
    paths = [f"{folder.rstrip('/')}/{name}" for name in root.names(folder)]
    return [path for path in paths if root.is_file(path)]

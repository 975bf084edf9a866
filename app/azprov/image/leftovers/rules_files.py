"""The files with rules of sudo and doas, also those that sudoers includes."""

from typing import Dict, Iterator, List, Sequence, Set, Tuple

from ...errors import HostError
from ...formats.bounds import SEARCHED_NAMES
from ...formats.host.sudo_rules import included_paths
from ...system.root import Root
from .catalogue import RULES_FILES, RULES_FOLDERS


def rules_files(root: Root) -> Iterator[Tuple[str, bool]]:
    """The path of each file, and whether it can be removed once it has no rules.

    Raises HostError, also if the files include more than are looked up.
    """
    # In the order in which they are found, each once.
    found: Dict[str, bool] = {}
    for folder in RULES_FOLDERS:
        found.update(dict.fromkeys(_files_in(root, folder, root.names(folder)), True))
    found.update(dict.fromkeys(filter(root.is_file, RULES_FILES), False))
    waiting = list(found)
    # Each name is looked up once, however many lines include it, and each file is read once,
    # however many names it has.
    included: Set[Tuple[str, bool]] = set()
    read = set(map(root.real_path, waiting))
    left = SEARCHED_NAMES
    while waiting:
        path = waiting.pop()
        for one in _included(root, path):
            if one in included:
                continue
            included.add(one)
            name, is_folder = one
            names = root.names(name) if is_folder else []
            left -= 1 + len(names)
            if left < 0:
                raise HostError(
                    f"{root.outside(path)} and other files with rules of sudo include more than "
                    f"{SEARCHED_NAMES} files",
                    "remove files that the image does not need",
                )
            for file in _files_in(root, name, names) if is_folder else filter(root.is_file, [name]):
                real = root.real_path(file)
                if real not in read:
                    read.add(real)
                    found.setdefault(file, False)
                    waiting.append(file)
    yield from found.items()


def _included(root: Root, path: str) -> Iterator[Tuple[str, bool]]:
    """The absolute paths that a file includes, and whether each is a folder."""
    for name, is_folder in included_paths(root.read(path) or b""):
        yield name if name.startswith("/") else f"{path.rpartition('/')[0]}/{name}", is_folder


def _files_in(root: Root, folder: str, names: Sequence[str]) -> List[str]:
    paths = [f"{folder.rstrip('/')}/{name}" for name in names]
    return [path for path in paths if root.is_file(path)]

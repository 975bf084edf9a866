"""Who can change what root runs at the first boot: azprov, its service and state, and its Python.

Rule of this file: a file is as safe as every folder on the way to it (system/writers.py).
"""

import stat
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Set

from ..errors import HostError
from ..formats.host.passwd import is_person
from ..system.accounts import read_login_defs
from ..system.commands import FOLDERS
from ..system.init import SERVICE, InitSystem
from ..system.root import Root
from ..system.state import STATE_FILE
from ..system.typed_paths import typed
from ..system.user_database import read_all_accounts
from ..system.writers import Followed, Writers, steps_to
from .leftovers.catalogue_of_logs import TEMPORARY_FOLDERS
from .python import check_python, code_of

# A standard library has up to 5 levels and 10,000 files.
_DEEPEST = 20
_MOST_FILES = 50000
# A library's tests are not imported, and its site packages are examined on their own.
_NOT_IN_LIBRARY = ("test", "site-packages", "dist-packages")
_CACHE = "__pycache__"
_MOST_SHOWN = 8
#: The programs that azprov's service runs by their names, if the image has them.
PROGRAMS = (
    "adduser",
    "busybox",
    "dhclient",
    "dhcpcd",
    "dinitctl",
    "doas",
    "getent",
    "nmcli",
    "rc-service",
    "restorecon",
    "s6-svc",
    "ssh-keygen",
    "sshd",
    "sv",
    "sync",
    "systemctl",
    "systemd-run",
    "udhcpc",
    "useradd",
)
# Folders with drop-ins for azprov's unit or for all services: systemd.unit(5).
_DROP_INS = (f"{SERVICE}.service.d", "azure-.service.d", "service.d")


class Unsafe(NamedTuple):
    """A path that users other than root can change, or a tree with too many files to be sure."""

    #: As seen from inside the root, without links.
    path: str
    is_owned: bool
    is_writable: bool
    #: Whether this is about files somewhere below the path, not about the path itself.
    is_tree: bool = False


def find_unsafe(root: Root, paths: Iterable[str], *, python: Optional[str]) -> List[Unsafe]:
    """What users other than root can change on the way to these paths and to a Python.

    A tree with more files or levels than are examined is neither owned nor writable. Missing
    files are left out. Raises HostError if something cannot be examined.
    """
    search = _Search(root)
    for path in paths:
        search.examine(path)
    if python is not None:
        search.examine_python(python)
    return search.found


def service_paths(root: Root, init: InitSystem) -> List[str]:
    """What azprov's service reads and writes beside its service file and its program."""
    folders = [f"{folder}/{name}" for folder in init.unit_folders for name in _DROP_INS]
    drop_ins = [f"{folder}/{name}" for folder in folders for name in root.names(folder)]
    settings = [*folders, *drop_ins] if init.has_units else [f"/etc/conf.d/{SERVICE}"]
    settings += [*init.settings, *([init.preset] if init.preset else [])]
    links = [link.rpartition("/")[0] for link in init.enabling_links(root, init.unit)]
    programs = dict.fromkeys(_programs(root))
    link_folder = init.link_in(root).rpartition("/")[0]
    return [*settings, link_folder, *links, STATE_FILE, *programs]


def _programs(root: Root) -> Iterator[str]:
    """The programs that the service runs, and every folder that is searched before each."""
    for name in PROGRAMS:
        for folder in FOLDERS:
            yield folder
            status = root.status(f"{folder}/{name}")
            if status is not None:
                yield f"{folder}/{name}"
                if status.st_mode & 0o111:
                    break


def sentence(root: Root, found: List[Unsafe]) -> str:
    """The sentence about everything that was found."""
    known, unknown = _known(found), _unknown(found)
    parts = []
    if known:
        parts.append(
            f"users other than root can change {_shown(root, known)}, and so choose what root "
            "runs at the first boot"
        )
    if unknown:
        parts.append(
            f"{_shown(root, unknown)} were not all examined, because there are more than "
            f"{_MOST_FILES}, or more than {_DEEPEST} levels of folders"
        )
    return "; ".join(parts)


def fix(root: Root, found: List[Unsafe]) -> str:
    """The command that gives everything that was found to root.

    Homes and folders for temporary files are not changed: the image would stop working.
    """
    known = _known(found)
    homes = _homes_of(root, [one for one in known if one.is_owned])
    homes.update((one.path, one.path) for one in known if one.path in TEMPORARY_FOLDERS)
    known = [one for one in known if one.path not in homes]
    parts = [
        ("chown root:root", [one for one in known if one.is_owned and not one.is_tree]),
        ("chown -hR root:root", [one for one in known if one.is_owned and one.is_tree]),
        ("chmod go-w", [one for one in known if one.is_writable and not one.is_tree]),
        ("chmod -R go-w", [one for one in known if one.is_writable and one.is_tree]),
    ]
    commands = [
        " ".join([command, *(typed(root, one.path, follow=False) for one in some)])
        for command, some in parts
        if some
    ]
    advice = [" && ".join(commands)] if commands else []
    if homes:
        folders = " and ".join(sorted(set(map(root.outside, homes.values()))))
        advice.append(
            f"keep root's programs out of {folders}: use a Python elsewhere, with azprov install "
            "--force --python PATH"
        )
    return "; ".join(advice) or "remove the files there that do not belong to Python"


def _homes_of(root: Root, found: List[Unsafe]) -> Dict[str, str]:
    """The paths that are in the home of a person, each with that home."""
    settings = read_login_defs(root)
    homes = [
        root.real_path(one.home, allow_missing=True)
        for one in read_all_accounts(root)
        if is_person(one, settings) and one.home.startswith("/")
    ]
    return {
        one.path: home
        for one in found
        for home in homes
        if home != "/" and f"{one.path}/".startswith(f"{home}/")
    }


def _known(found: List[Unsafe]) -> List[Unsafe]:
    return [one for one in found if one.is_owned or one.is_writable]


def _unknown(found: List[Unsafe]) -> List[Unsafe]:
    return [one for one in found if not one.is_owned and not one.is_writable]


def _shown(root: Root, found: List[Unsafe]) -> str:
    shown = [("files in " if one.is_tree else "") + root.outside(one.path) for one in found]
    if len(shown) > _MOST_SHOWN:
        shown[_MOST_SHOWN:] = [f"{len(shown) - _MOST_SHOWN} other paths"]
    return " and ".join(shown)


class _Search:
    """Examines files and the ways to them, each step once."""

    def __init__(self, root: Root) -> None:
        self._root = root
        self._writers = Writers(root, trusts_self=False)
        self._seen: Set[str] = set()
        self._followed: Followed = set()
        self._files_left = _MOST_FILES
        self.found: List[Unsafe] = []

    def examine(self, path: str) -> None:
        """Examine every step of the way to a path, and the path."""
        for step, status, _ in steps_to(self._root, path, self._followed):
            if step not in self._seen and status is not None:
                self._seen.add(step)
                owned = self._writers.is_owned(status)
                writable = self._writers.is_writable(step, status)
                if owned or writable:
                    self.found.append(Unsafe(step, owned, writable))

    def examine_python(self, path: str) -> None:
        """Examine an interpreter, its standard library and its site packages."""
        try:
            minor = check_python(self._root, path).minor
        except HostError:
            self.examine(path)
            return
        code = code_of(self._root, path, minor)
        for one in (path, *code.files, *code.libraries, *code.site_folders):
            self.examine(one)
        for folder in (*code.libraries, *code.site_folders):
            self._examine_below(folder, is_library=folder in code.libraries)

    def _examine_below(self, path: str, *, is_library: bool) -> None:
        """Examine the modules of a library, or the packages in a folder of site packages."""
        top = self._root.real_path(path)
        owned = writable = False
        is_whole = True
        folders = [(top, 0)]
        while folders:
            folder, depth = folders.pop()
            names = self._root.names(folder)
            is_whole = is_whole and depth <= _DEEPEST and len(names) <= self._files_left
            if not is_whole:
                break
            self._files_left -= len(names)
            for name in names:
                file = f"{folder}/{name}"
                status = self._root.status(file, follow=False)
                if status is None or file in self._seen:
                    continue
                if stat.S_ISLNK(status.st_mode):
                    self.examine(file)
                    continue
                owned = owned or self._writers.is_owned(status)
                writable = writable or self._writers.is_writable(file, status)
                is_run = name not in _NOT_IN_LIBRARY if is_library else name == _CACHE
                if is_run and stat.S_ISDIR(status.st_mode):
                    folders.append((file, depth + 1))
        if owned or writable:
            self.found.append(Unsafe(top, owned, writable, is_tree=True))
        if not is_whole:
            self.found.append(Unsafe(top, is_owned=False, is_writable=False, is_tree=True))

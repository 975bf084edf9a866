"""The Python of an image, found by its files; nothing of the image is run."""

import re
from typing import Iterator, List, NamedTuple, Optional, Tuple

from ..errors import HostError
from ..system.root import Root

OLDEST_MINOR = 6
# One module of each package that distributions split off.
_NEEDED = ("http", "xml", "email", "logging", "json", "urllib")
_FIXED = ("/usr/bin/python3", "/usr/libexec/platform-python")
_NAME = re.compile(r"(python3|platform-python)[0-9.]*[a-z]*\Z")
_LAST = "/usr/local/bin/python3"


class Python(NamedTuple):
    """An interpreter, as a path inside the root, and its minor version."""

    path: str
    minor: int


def find_python(root: Root) -> Python:
    """The first that can run azprov: /usr/bin/python3, platform-python, the newest
    /usr/bin/python3.N, /usr/local/bin/python3.

    Raises HostError, which says what each that was found lacks.
    """
    flaws: List[str] = []
    for path in _candidates(root):
        python, flaw = _look_at(root, path)
        if python is not None:
            return python
        if flaw:
            flaws.append(flaw)
    raise HostError(
        "; ".join(flaws) or f"there is no Python 3 in {root}",
        f"install a complete python3, 3.{OLDEST_MINOR} or newer, into the image",
    )


def check_python(root: Root, path: str) -> Python:
    """The one at a path. Raises HostError if it cannot run azprov."""
    if not path.startswith("/"):
        raise HostError(f"{path!a} is no path inside the root", "give it as /usr/bin/python3")
    python, flaw = _look_at(root, path)
    if python is None:
        raise HostError(
            flaw or f"there is no {root.outside(path)}",
            "give --python a Python inside the root, or leave it out to have one found",
        )
    return python


def _candidates(root: Root) -> Iterator[str]:
    yield from _FIXED
    minors = [re.match(r"python3\.([0-9]{1,2})\Z", name) for name in root.names("/usr/bin")]
    for minor in sorted((int(match.group(1)) for match in minors if match), reverse=True):
        yield f"/usr/bin/python3.{minor}"
    yield _LAST


def _look_at(root: Root, path: str) -> Tuple[Optional[Python], str]:
    """The Python there, or what is wrong with it; neither if there is nothing."""
    status = root.status(path)
    if status is None:
        return None, ""
    real = root.real_path(path)
    if not any(_NAME.match(name.rpartition("/")[2]) for name in (path, real)):
        return None, f"{root.outside(path)} is no Python by its name"
    if not status.st_mode & 0o111:
        return None, f"{root.outside(path)} is not executable"
    match = re.search(r"3\.([0-9]{1,2})[a-z]*\Z", real)
    libraries = [
        (folder, int(found.group(1)))
        for folder in _library_folders(root, path)
        for found in [re.search(r"python3\.([0-9]{1,2})\Z", folder)]
        if found and (match is None or found.group(1) == match.group(1))
    ]
    if not libraries:
        return None, f"{root.outside(path)} has no standard library in the root"
    minor = max(minor for _, minor in libraries)
    if minor < OLDEST_MINOR:
        return None, f"{root.outside(path)} is Python 3.{minor}"
    held = {name for folder, at in libraries if at == minor for name in root.names(folder)}
    missing = [name for name in _NEEDED if name not in held]
    if missing:
        return None, f"{root.outside(path)} lacks the modules {', '.join(missing)}"
    return Python(path, minor), ""


def _library_folders(root: Root, path: str) -> Iterator[str]:
    prefix = "/usr/local" if path.startswith("/usr/local/") else "/usr"
    for library in ("lib", "lib64", "lib32"):
        for name in root.names(f"{prefix}/{library}"):
            if name.startswith("python3."):
                yield f"{prefix}/{library}/{name}"

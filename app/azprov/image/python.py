"""Finding the Python of an image by its files. No program of the image is run.

Two shell scripts search in the same order: the head of azprov.pyz in app/archive.py, and
unit/install.sh. tests/unit/image/test_python.py compares them with this module.
"""

import re
from typing import Iterator, List, NamedTuple, Optional, Tuple

from ..errors import HostError
from ..system.root import Root

#: A copy of OLDEST_PYTHON in __main__.py, which no other module may import; the same test
#: compares the two.
OLDEST_MINOR = 6
# One module of each part that some distributions put into a package of its own.
_NEEDED = ("http", "xml", "email", "logging", "json", "urllib")
#: Searched in this order: FIRST, then /usr/bin/python3.N with the newest first, then LAST.
FIRST = ("/usr/bin/python3", "/usr/libexec/platform-python")
LAST = "/usr/local/bin/python3"
# Folders of site packages inside a prefix. Debian's second one serves every Python 3.
_SITES = ("python3.{}/site-packages", "python3.{}/dist-packages", "python3/dist-packages")
_VENV = "pyvenv.cfg"
# What the dynamic linker reads before Python starts, ld.so(8), and the shell that reads the
# first lines of azprov.pyz.
_BEFORE_PYTHON = ("/etc/ld.so.preload", "/etc/ld.so.cache", "/bin/sh")
# The linker and the libraries of every Python, in a folder of libraries or Debian's below it.
_SHARED = re.compile(r"(?:ld-|(?:libc|libm|libz|libdl|libexpat|libpthread|libutil)[.-]|libpython3)")
_TRIPLET = re.compile(r"[a-z0-9_]+-linux-[a-z0-9]+\Z")
_NAME = re.compile(r"(python3|platform-python)[0-9.]*[a-z]*\Z")


class UnusablePython(HostError):
    """The file at a path is not a Python that can run azprov."""


class Python(NamedTuple):
    """An interpreter, as a path inside the root, and its minor version."""

    path: str
    minor: int


class Code(NamedTuple):
    """The files and folders, beside the interpreter itself, with the code that a Python runs."""

    files: List[str]
    libraries: List[str]
    site_folders: List[str]


def find_python(root: Root) -> Python:
    """The first Python that can run azprov, in the order above.

    Raises HostError with the reason why each Python that was found cannot be used.
    """
    flaws: List[str] = []
    for path in _candidates(root):
        python, flaw = _examine(root, path)
        if python is not None:
            return python
        if flaw:
            flaws.append(flaw)
    raise HostError(
        "; ".join(flaws) or f"there is no Python 3 in {root}",
        f"install a complete python3, 3.{OLDEST_MINOR} or newer, into the image",
    )


def check_python(root: Root, path: str) -> Python:
    """The Python at a path. Raises UnusablePython if it cannot run azprov."""
    if not path.startswith("/"):
        raise UnusablePython(
            f"{path!a} is not an absolute path", "give a path such as /usr/bin/python3"
        )
    python, flaw = _examine(root, path)
    if python is None:
        raise UnusablePython(
            flaw or f"there is no {root.outside(path)}",
            "give --python the path of a Python inside the root, or leave out --python",
        )
    return python


def code_of(root: Root, path: str, minor: int) -> Code:
    """The code that a Python of this minor version runs; only existing paths.

    A virtual environment names the folder of its Python in pyvenv.cfg.
    """
    real = root.real_path(path)
    own, parent = _folder(path), _folder(_folder(path))
    files = [f"{own}/{_VENV}", f"{parent}/{_VENV}"]
    homes = [home for file in files for home in [_home_of_venv(root, file)] if home]
    folders = dict.fromkeys([own, _folder(real), *homes, "/usr/bin", "/usr/local/bin"])
    bases = [
        f"{_folder(folder)}/{library}"
        for folder in folders
        for library in ("lib", "lib64", "lib32")
    ]
    libraries = [f"{base}/python3.{minor}" for base in bases]
    sites = [f"{base}/{site.format(minor)}" for base in bases for site in _SITES]
    files += [f"{base}/python3{minor}.zip" for base in bases]
    files += [*_BEFORE_PYTHON, *_shared_libraries(root, ["/lib", "/lib64", *bases])]
    return Code(*([one for one in some if root.status(one)] for some in (files, libraries, sites)))


def _shared_libraries(root: Root, bases: List[str]) -> Iterator[str]:
    for base in bases:
        names = root.names(base)
        triplets = [f"{base}/{name}" for name in names if _TRIPLET.match(name)]
        yield from (f"{base}/{name}" for name in names if _SHARED.match(name))
        for folder in triplets:
            yield from (f"{folder}/{name}" for name in root.names(folder) if _SHARED.match(name))


def _home_of_venv(root: Root, path: str) -> str:
    text = (root.read(path) or b"").decode("utf-8", "replace")
    settings = [line.partition("=") for line in text.splitlines()]
    homes = [value.strip() for key, _, value in settings if key.strip().lower() == "home"]
    return homes[0] if homes and homes[0].startswith("/") else ""


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _candidates(root: Root) -> Iterator[str]:
    yield from FIRST
    minors = [re.match(r"python3\.([0-9]{1,2})\Z", name) for name in root.names("/usr/bin")]
    for minor in sorted((int(match.group(1)) for match in minors if match), reverse=True):
        yield f"/usr/bin/python3.{minor}"
    yield LAST


def _examine(root: Root, path: str) -> Tuple[Optional[Python], str]:
    """Returns (Python, "") if it is usable, (None, reason) if not, (None, "") if it is missing."""
    status = root.status(path)
    if status is None:
        return None, ""
    real = root.real_path(path)
    if not any(_NAME.match(name.rpartition("/")[2]) for name in (path, real)):
        return None, f"{root.outside(path)} does not have the name of a Python"
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
        return None, f"{root.outside(path)} has no standard library inside the root"
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

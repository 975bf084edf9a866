"""Compiles the modules of an archive beforehand, with each Python of this machine.

Run by the build; each Python runs this file too, to compile for itself:
python3.X app/precompile.py ARCHIVE. The archive's __main__.py reads what comes out.
"""

import marshal
import os
import subprocess
import sys
import zipfile
import zlib
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from types import CodeType
from typing import Any, Dict, Iterator, List, Tuple

from azprov.__main__ import OLDEST_PYTHON

_NEWEST_MINOR = 30
# What the first boot imports; the rest of the archive is read by other commands only.
_FIRST_BOOT = (
    *("azprov.startup.bytecode", "azprov.startup.deferred"),
    *("azprov.cli.commands.report_ready", "azprov.cli.commands.provision"),
)
# What is left to its sources: parts of urllib3 for other worlds (browsers, SOCKS, HTTP/2),
# which azprov never imports, and what nobody runs at a boot. It is half of all that is not for
# a first boot, 50 to 70 kB for each release, and would save a check 0.1 s.
_FROM_SOURCE = (
    *("urllib3.contrib.", "urllib3.http2.connection"),
    *("azprov.check", "azprov.rehearsal"),
)


def find_interpreters() -> Dict[str, Path]:
    """The first that runs of each version from 3.6 on, found as pythonX.Y."""
    found: Dict[str, Path] = {}
    folders = list(bin_folders())
    for minor in range(OLDEST_PYTHON[1], _NEWEST_MINOR):
        version = f"3.{minor}"
        for folder in folders:
            python = folder / ("python" + version)
            if version not in found and python.is_file() and runs(python):
                found[version] = python
    return found


def bin_folders() -> Iterator[Path]:
    """Where interpreters may be: the PATH, and pyenv's versions behind its shims."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder.endswith("/shims"):
            yield from sorted(Path(folder).parent.glob("versions/*/bin"))
        else:
            yield Path(folder)


def runs(python: Path) -> bool:
    try:
        return subprocess.call([str(python), "-c", ""], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def release_of(python: Path) -> str:
    """Its release, such as "3.11.2". Another one may make other bytes of the same source."""
    question = "import platform; print(platform.python_version())"
    return subprocess.check_output([str(python), "-I", "-c", question]).decode("ascii").strip()


def compile_with(python: Path, archive: Path) -> Dict[str, bytes]:
    """The entries that hold the bytecode of this Python, by their names.

    Raises subprocess.CalledProcessError. The same release of Python makes the
    same bytes: a set's order hangs on the seed, what marshal shares on the order.
    """
    output = subprocess.check_output(
        # Columns, for the carets below a traceback's lines, are a fourth of the bytecode.
        [str(python), "-s", "-S", "-X", "no_debug_ranges", __file__, str(archive)],
        env={"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
    )
    entries: Dict[str, bytes] = marshal.loads(output)
    return entries


def _compile(archive: str) -> Dict[str, bytes]:
    from azprov.__main__ import urllib3_folder
    from azprov.startup.bytecode import NO_MODULE

    sources = dict(_sources(archive, urllib3_folder()))
    sys.path.insert(0, archive + "/" + urllib3_folder())
    imported = _imported_at_first_boot()
    # Some names that are looked for have no file: those of six, and packages' folders.
    first = dict.fromkeys(imported, NO_MODULE)
    rest: Dict[str, Tuple[str, bool, bytes]] = {}
    for name, (path, source) in sorted(sources.items()):
        if name in imported or not name.startswith(_FROM_SOURCE):
            # Level 2 drops the docstrings, a tenth of the bytecode.
            code = compile(source, path, "exec", dont_inherit=True, optimize=2)
            module = (path, path.endswith("/__init__.py"), _dump(code))
            (first if name in imported else rest)[name] = module
    name = f"bytecode/{sys.implementation.cache_tag}.{MAGIC_NUMBER[:2].hex()}"
    return {name: _sealed(first), name + ".rest": _sealed(rest)}


def _sealed(modules: Dict[str, Tuple[str, bool, bytes]]) -> bytes:
    """With a checksum behind it: an import from a zip file does not look at the file's own."""
    dumped = marshal.dumps(modules)
    return dumped + zlib.crc32(dumped).to_bytes(4, "little")


def _dump(code: CodeType) -> bytes:
    """What marshal makes of it, the same in every process.

    marshal marks an object for sharing when something else holds it as well, and
    whether anything does is different from run to run. Here something always does.
    """
    held = list(_parts(code))
    dumped = marshal.dumps(code)
    del held
    return dumped


def _parts(value: Any) -> Iterator[object]:
    yield value
    if isinstance(value, CodeType):
        fields = (value.co_consts, value.co_names, value.co_varnames, value.co_freevars)
        names = (value.co_name, getattr(value, "co_qualname", ""), value.co_filename)
        yield from _parts((*fields, value.co_cellvars, *names))
    elif isinstance(value, (tuple, frozenset)):
        for part in value:
            yield from _parts(part)


def _sources(archive: str, urllib3: str) -> Iterator[Tuple[str, Tuple[str, bytes]]]:
    """Each module that this Python would import from the archive: name, path, source."""
    with zipfile.ZipFile(archive) as opened:
        for path in opened.namelist():
            folder, _, inner = path.partition("/")
            if folder == urllib3:
                name = inner
            elif folder == "azprov":
                name = path
            else:
                continue
            if name.endswith(".py"):
                name = name[: -len(".py")].replace("/", ".")
                if name.endswith(".__init__"):
                    name = name[: -len(".__init__")]
                yield name, (path, opened.read(path))


def _imported_at_first_boot() -> List[str]:
    for name in _FIRST_BOOT:
        __import__(name)
    return sorted(name for name in sys.modules if name.startswith(("azprov", "urllib3")))


if __name__ == "__main__":
    # In a form of marshal that every Python reads.
    sys.stdout.buffer.write(marshal.dumps(_compile(sys.argv[1]), 2))

"""Compiles the modules of an archive at build time, with each Python of this machine.

The build imports this file and also runs it with each Python, which compiles for its own
release: python3.X app/precompile.py ARCHIVE. The archive's __main__.py loads the result.
"""

import ast
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
from lean_code import lean, with_short_lines

_NEWEST_MINOR = 30
# The first boot imports these modules; only other commands import the rest of the archive.
_FIRST_BOOT = (
    "azprov.startup.bytecode",
    "azprov.startup.deferred",
    "azprov.startup.record",
    "azprov.cli.commands.report_ready",
    "azprov.cli.commands.provision",
    "azprov.system.lock",
    "azprov.system.root.linux_root",
)
# These modules are shipped without bytecode: they do not run at an undisturbed boot. Their
# bytecode would add 120 kB for each release, and save `check` only 0.1 s.
_FROM_SOURCE = (
    "azprov.azure.diagnosis",
    "azprov.azure.wireserver_json",
    "azprov.check",
    "azprov.image",
    "azprov.rehearsal",
    "azprov.cli.colour",
    "azprov.cli.commands.admin_user",
    "azprov.cli.commands.check",
    "azprov.cli.commands.completion",
    "azprov.cli.commands.deprovision",
    "azprov.cli.commands.goal_state",
    "azprov.cli.commands.install",
    "azprov.cli.commands.metadata",
    "azprov.cli.commands.rehearse",
    "azprov.cli.commands.report_failure",
    "azprov.cli.commands.script",
    "azprov.cli.commands.set_hostname",
    "azprov.cli.commands.simulate",
    "azprov.cli.commands.ssh_keys",
    "azprov.cli.commands.uninstall",
    "azprov.cli.commands.unit",
    "azprov.cli.help",
    "azprov.cli.image_rehearsal",
    "azprov.cli.progress",
    "azprov.cli.rehearsed_disk",
    "azprov.cli.service_options",
    "azprov.cli.suggestions",
    "azprov.cli.transcript",
    "azprov.cli.version",
    "azprov.formats.disk",
    "azprov.formats.host.initiator_name",
    "azprov.formats.host.os_release",
    "azprov.formats.host.pam",
    "azprov.formats.host.portable_executable",
    "azprov.formats.host.sent_hostname",
    "azprov.formats.host.shim",
    "azprov.formats.host.yaml_subset",
    "azprov.formats.platform.health_json",
    "azprov.system.init.known",
    "azprov.system.init.lsb",
    "azprov.system.init.openrc",
    "azprov.system.init.dinit",
    "azprov.system.init.runit",
    "azprov.system.init.s6",
    "azprov.system.init.scripts",
    "azprov.system.own_network",
    "azprov.system.parent",
    "azprov.system.private_mounts",
    "azprov.system.root.survey",
    "azprov.system.tap",
)


def find_interpreters() -> Dict[str, Path]:
    """Find one working pythonX.Y for each version from 3.6 on."""
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
    """List the folders to search: those on PATH, with pyenv's versions instead of its shims."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder.endswith("/shims"):
            yield from sorted(Path(folder).parent.glob("versions/*/bin"))
        else:
            yield Path(folder)


def runs(python: Path) -> bool:
    try:
        return subprocess.call([str(python), "-I", "-c", ""], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def release_of(python: Path) -> str:
    """Return its release, such as "3.11.2"; each release may compile to different bytes."""
    question = "import platform; print(platform.python_version())"
    return subprocess.check_output([str(python), "-I", "-c", question]).decode("ascii").strip()


def compile_with(python: Path, archive: Path) -> Dict[str, bytes]:
    """Return the archive entries with the bytecode of this Python, by name.

    Raises subprocess.CalledProcessError. The same release of Python gives the same bytes: the
    hash seed is fixed, because it decides the order of sets, and the order decides which
    objects marshal shares.
    """
    output = subprocess.check_output(
        # Column positions, for the carets in tracebacks, would be a quarter of the bytecode.
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
            tree = lean(ast.parse(source, path))
            # Level 2 drops the docstrings, a tenth of the bytecode.
            code = compile(tree, path, "exec", dont_inherit=True, optimize=2)
            module = (path, path.endswith("/__init__.py"), _dump(with_short_lines(code)))
            (first if name in imported else rest)[name] = module
    name = f"bytecode/{sys.implementation.cache_tag}.{MAGIC_NUMBER[:2].hex()}"
    return {name: _sealed(first), name + ".rest": _sealed(rest)}


def _sealed(modules: Dict[str, Tuple[str, bool, bytes]]) -> bytes:
    """Dump the modules and append a CRC-32, because zipimport ignores the CRC in the zip."""
    dumped = marshal.dumps(modules)
    return dumped + zlib.crc32(dumped).to_bytes(4, "little")


def _dump(code: CodeType) -> bytes:
    """Marshal a code object to the same bytes in every process.

    marshal marks an object as shared if its reference count is above one, and that differs
    from run to run. A second reference to every part makes all of them shared.
    """
    references = list(_parts(code))
    dumped = marshal.dumps(code)
    del references
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
    """Yield each module that this Python would import from the archive: name, path, source."""
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
    from azprov.startup.deferred import lean_imports

    with lean_imports():
        for name in _FIRST_BOOT:
            __import__(name)
    return sorted(name for name in sys.modules if name.startswith(("azprov", "urllib3")))


if __name__ == "__main__":
    # Every supported Python can read version 2 of marshal's format.
    sys.stdout.buffer.write(marshal.dumps(_compile(sys.argv[1]), 2))

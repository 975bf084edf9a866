#!/usr/bin/env python3
"""Builds dist/azprov.pyz with shiv, and runs the tests.

    python3 build.py                   build
    python3 build.py test [ARGS]       build, then run every test (ARGS go to pytest)
    python3 build.py bench [ARGS]      build, then measure it beside what it replaces
    python3 build.py fuzz [ARGS]       fuzz what is parsed (--help shows ARGS)
    python3 build.py wheelhouse DIR    fetch what these need, for a machine without an index

`--wheelhouse DIR`, before the command, takes every package from that folder.

Needs Python 3.10 or newer with venv; all else is installed into .build/, pinned
with hashes. The archive is the same bytes from the same commit and the same
releases of Python, whose bytecode it has, whatever the machine, folder, umask,
time zone or zlib.
"""

import argparse
import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Dict, List, NoReturn

sys.path.insert(0, str(Path(__file__).resolve().parent / "app"))

from archive import zip_of
from azprov import __version__
from manual import manual_of
from origin import Origin, find_origin
from precompile import compile_with, find_interpreters, release_of
from sbom import Package, packages_of, render_spdx

ROOT = Path(__file__).resolve().parent
APP = ROOT / "app"
UNIT = ROOT / "unit"
DIST = ROOT / "dist"
WORK = ROOT / ".build"

BUILD_REQUIREMENTS = APP / "requirements" / "build.txt"
TEST_REQUIREMENTS = ROOT / "tests" / "requirements.txt"
# By the folder in the archive, which azprov/__main__.py puts on the path.
URLLIB3_REQUIREMENTS = {
    "urllib3-2": APP / "requirements" / "urllib3-2.txt",
    "urllib3-1": APP / "requirements" / "urllib3-1.txt",
}

SERVICES = ("azure-provisioning.service", "azure-provisioning.openrc")

# pip's notes on how a package got there, different on every machine, and the wheel's on
# how it was packed, for nobody: an entry costs every start.
INSTALL_NOTES = (
    *("/INSTALLER", "/RECORD", "/REQUESTED", "/direct_url.json"),
    *("/WHEEL", "/top_level.txt"),
)


def main() -> int:
    options = parse_arguments()
    if options.command == "wheelhouse":
        return fetch_wheelhouse(Path(options.arguments[0]).resolve())
    if options.wheelhouse:
        # pip's own variables, so that they hold for the pip that shiv calls, and in the tests.
        # As an address, since pip takes several, with blanks between them.
        os.environ.update(PIP_NO_INDEX="1", PIP_FIND_LINKS=options.wheelhouse.resolve().as_uri())
    tools = make_environment("tools", BUILD_REQUIREMENTS)
    if Path(sys.prefix) != tools:
        # Packing needs deflate: go on in the environment that has it.
        return subprocess.call([python_of(tools), str(ROOT / "build.py"), *sys.argv[1:]])
    build()
    if options.command == "test":
        return run_module("pytest", "--basetemp", str(WORK / "tmp"), *options.arguments)
    if options.command == "bench":
        return run_module("benchmarks", *options.arguments)
    if options.command == "fuzz":
        return run_module("fuzz.campaign", *options.arguments)
    return 0


def run_module(module: str, *arguments: str) -> int:
    """Run a module of the tests; what it and its tools keep goes into .build/ as well."""
    python = python_of(make_environment("tests", TEST_REQUIREMENTS))
    variables = {
        "PYTHONPATH": os.pathsep.join([str(APP), str(ROOT / "tests")]),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(WORK / "hypothesis"),
        "PYTHONPYCACHEPREFIX": str(WORK / "bytecode"),
    }
    command = [python, "-m", module, *arguments]
    return subprocess.call(command, cwd=ROOT, env=dict(os.environ, **variables))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        usage="python3 build.py [--wheelhouse DIR] "
        "[test [ARGS] | bench [ARGS] | fuzz [ARGS] | wheelhouse DIR]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--wheelhouse", metavar="DIR", type=Path, help=argparse.SUPPRESS)
    parser.add_argument(
        "command",
        nargs="?",
        default="build",
        choices=("build", "test", "bench", "fuzz", "wheelhouse"),
    )
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.command == "wheelhouse" and (
        len(options.arguments) != 1 or options.arguments[0].startswith("-")
    ):
        parser.error("wheelhouse takes the folder to fetch into")
    if "--wheelhouse" in options.arguments:
        parser.error("--wheelhouse goes before the command")
    if options.command == "build" and options.arguments:
        parser.error("build takes no arguments")
    if options.wheelhouse is not None and not options.wheelhouse.is_dir():
        parser.error(f"there is no folder {options.wheelhouse}")
    return options


def build() -> None:
    """Let shiv resolve and pack each line of urllib3, and finish them into one archive."""
    packed = {
        folder: pack_with_shiv(folder, requirements)
        for folder, requirements in URLLIB3_REQUIREMENTS.items()
    }
    origin = find_origin(ROOT)
    entries = unite(packed)
    interpreters = list(find_interpreters().values())
    releases = [release_of(python) for python in interpreters]
    entries.update(compile_with_each(interpreters, entries))
    note = {"commit": origin.commit, "bytecode": releases}
    entries["azprov/build.json"] = json.dumps(note).encode("ascii")
    archive = zip_of(entries)
    service = (UNIT / "azure-provisioning.service").read_bytes()
    spdx = render_spdx(
        __version__,
        hashlib.sha256(archive).hexdigest(),
        origin=origin,
        carried=[package for folder in packed for package in carried_in(folder)],
        copyright_text=(APP / "LICENSE").read_text(encoding="utf-8").splitlines()[2],
    )
    sums = b""
    for name, content, mode in (
        ("azprov.pyz", archive, 0o755),
        ("install.sh", (UNIT / "install.sh").read_bytes(), 0o755),
        ("azure-provisioning.service", service, 0o644),
        ("azprov.spdx.json", spdx, 0o644),
        ("azprov.8", manual_of(sys.executable, WORK / "sources.pyz"), 0o644),
    ):
        write(DIST / name, content, mode=mode)
        sums += f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()
    write(DIST / "SHA256SUMS", sums, mode=0o644)
    print(f"dist/azprov.pyz: {len(archive)} bytes, with bytecode of Python {', '.join(releases)}")
    print(f"  of {said_of(origin)}")
    print(f"  sha256 {sums[:64].decode()}")


def said_of(origin: Origin) -> str:
    if origin.commit is None:
        return (
            "no known commit: the sources are neither a clone, with git there, nor of git archive"
        )
    if origin.commit.endswith("-dirty"):
        return f"commit {origin.commit}: its files were changed since"
    return f"commit {origin.commit}"


def pack_with_shiv(folder: str, requirements: Path) -> Path:
    """A stock shiv archive of azprov and one line of urllib3."""
    packed = WORK / (folder + ".shiv.pyz")
    run(
        [sys.executable, "-m", "shiv", "--reproducible", "--uncompressed"]
        + ["--entry-point", "azprov.__main__:main", "--site-packages", str(APP)]
        + ["--output-file", str(packed), "--quiet", "--only-binary=:all:"]
        + ["--require-hashes", "--requirement", str(requirements)]
        + ["--report", str(report_of(folder))],
        "shiv could not fetch and pack urllib3; see above what pip says of it",
    )
    return packed


def report_of(folder: str) -> Path:
    """Where pip says what it installed for that folder of the archive."""
    return WORK / (folder + ".report.json")


def carried_in(folder: str) -> List[Package]:
    pins = URLLIB3_REQUIREMENTS[folder].read_text(encoding="utf-8")
    return packages_of(report_of(folder).read_bytes(), pins)


def unite(packed: Dict[str, Path]) -> Dict[str, bytes]:
    """The entries of shiv's archives that make one that runs where it lies.

    Stock shiv unpacks itself into ~/.shiv at its first run. At a first boot that
    is the only run, there may be no HOME, and the disk may be read-only.
    """
    entries: Dict[str, bytes] = {}
    for folder, path in packed.items():
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                inner = name[len("site-packages/") :]
                if not name.startswith("site-packages/") or inner.endswith(INSTALL_NOTES):
                    continue
                if inner.startswith("urllib3"):
                    entries[f"{folder}/{inner}"] = archive.read(name)
                elif (inner.startswith("azprov/") and inner.endswith(".py")) or inner == "LICENSE":
                    entries[inner] = archive.read(name)
    entries["__main__.py"] = (APP / "__main__.py").read_bytes()
    for service in SERVICES:
        # In the package it is a link, of which some copies of a clone make a file.
        entries[f"azprov/image/{service}"] = (UNIT / service).read_bytes()
    return entries


def compile_with_each(interpreters: List[Path], entries: Dict[str, bytes]) -> Dict[str, bytes]:
    """The bytecode of each Python, so that none of these has to compile at boot."""
    sources = WORK / "sources.pyz"
    write(sources, zip_of(entries), mode=0o644)
    compiled: Dict[str, bytes] = {}
    for python in interpreters:
        try:
            compiled.update(compile_with(python, sources))
        except subprocess.CalledProcessError:
            die(f"{python} could not compile azprov; see above why")
    return compiled


def write(path: Path, data: bytes, *, mode: int) -> None:
    """Replace a file in one step: whoever reads it sees the old or the new one, whole."""
    path.parent.mkdir(exist_ok=True)
    beside = path.with_name("." + path.name + ".new")
    with open(beside, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.chmod(mode)
    beside.replace(path)


def make_environment(name: str, requirements: Path) -> Path:
    """A private virtual environment with what a requirements file pins, made once."""
    folder = WORK / name
    stamp = folder / "made-from"
    recipe = f"{sys.version}\n{hashlib.sha256(requirements.read_bytes()).hexdigest()}"
    base = getattr(sys, "_base_executable", sys.executable)
    if not (stamp.is_file() and stamp.read_text() == recipe):
        print(f"Making .build/{name} ...", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        run(
            [base, "-m", "venv", str(folder)],
            f".build/{name} could not be made; see above why. Where it is ensurepip that is "
            "missing: apt-get install python3-venv",
        )
        run(
            [python_of(folder), "-m", "pip", "install", "--quiet", "--require-hashes"]
            + ["--disable-pip-version-check", "--requirement", str(requirements)],
            f"pip could not install {requirements.relative_to(ROOT)}; see above why: no index was "
            "reached, the folder of --wheelhouse lacks it for this Python, or its hash is another",
        )
        stamp.write_text(recipe)
    return folder


def fetch_wheelhouse(folder: Path) -> int:
    """Fetch all that build and tests need, for this machine's kind and Python."""
    for requirements in (BUILD_REQUIREMENTS, *URLLIB3_REQUIREMENTS.values(), TEST_REQUIREMENTS):
        run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes"]
            + ["--disable-pip-version-check", "--dest", str(folder)]
            + ["--requirement", str(requirements)],
            f"pip could not fetch {requirements.relative_to(ROOT)}; see above why. Where it is pip "
            "that is missing: apt-get install python3-pip",
        )
    version = "{}.{}".format(*sys.version_info)
    print(f"For Python {version} on {platform.machine()}. Carry {folder} along and build with:")
    print(f"    python3 build.py --wheelhouse {shlex.quote(str(folder))}")
    return 0


def python_of(environment: Path) -> str:
    return str(environment / "bin" / "python")


def run(command: List[str], complaint: str) -> None:
    if subprocess.call(command, cwd=ROOT) != 0:
        die(complaint)


def die(complaint: str) -> NoReturn:
    sys.exit("build.py: " + complaint)


if __name__ == "__main__":
    if sys.version_info < (3, 10):
        die("Python 3.10 or newer is needed, this is " + sys.version.split()[0])
    sys.exit(main())

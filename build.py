#!/usr/bin/env python3
"""Build dist/azprov.pyz with shiv, and run the tests.

    python3 build.py                   build the archive
    python3 build.py check             lint, type check and unit tests, in seconds
    python3 build.py test [ARGS]       build, then run all tests (ARGS go to pytest)
    python3 build.py coverage          measure what the unit tests cover
    python3 build.py bench [ARGS]      build, then compare costs with other agents
    python3 build.py agents [ARGS]     build, then try other agents on the simulated platform
    python3 build.py fuzz [ARGS]       fuzz the parsers (--help lists ARGS)
    python3 build.py mutate [ARGS]     count deliberate faults that no unit test notices
    python3 build.py wheelhouse DIR    download all packages, for a machine without a network

`--wheelhouse DIR`, before the command, takes the packages from that folder
instead of the package index.

Needs Python 3.10 or newer with venv. Every other package is pinned with hashes and
installed in .build/; the index is asked again only when a pin changes. The same
commit and the same Python releases (whose bytecode is in the archive) give the same
bytes on every machine.
"""

import argparse
import hashlib
import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import BinaryIO, Dict, List, Optional

sys.path.insert(0, str(Path(__file__).resolve().parent / "app"))

from archive import zip_of
from azprov import __version__
from environments import (
    FROM_WHEELS,
    ROOT,
    WORK,
    die,
    download,
    keep_wheels,
    make_environment,
    python_of,
    run,
)
from freshness import digest_of_inputs, note_build
from manual import manual_of
from origin import Origin, find_origin
from precompile import compile_with, find_interpreters, release_of
from sbom import Package, packages_of, render_spdx

APP = ROOT / "app"
UNIT = ROOT / "unit"
DIST = ROOT / "dist"
MEMORY = Path("/dev/shm")  # noqa: S108 - it is the parent of a new folder

BUILD_REQUIREMENTS = APP / "requirements" / "build.txt"
TEST_REQUIREMENTS = ROOT / "tests" / "requirements.txt"
# azprov/__main__.py puts one of these folders of the archive on the path.
URLLIB3_REQUIREMENTS = {
    "urllib3-2": APP / "requirements" / "urllib3-2.txt",
    "urllib3-1": APP / "requirements" / "urllib3-1.txt",
}

_INIT_SYSTEMS = ("service", "openrc", "sysvinit", "runit", "dinit")
SERVICES = tuple(f"azure-provisioning.{init}" for init in _INIT_SYSTEMS)

# Files of an installed wheel that are not shipped: those that pip writes differ between machines,
# WHEEL and top_level.txt are unused, and each entry of the archive costs time at every start.
INSTALL_NOTES = (
    "/INSTALLER",
    "/RECORD",
    "/REQUESTED",
    "/direct_url.json",
    "/WHEEL",
    "/top_level.txt",
)
# Files of urllib3 that azprov never imports: TLS, browsers, proxies, HTTP/2, and types for mypy.
NOT_SHIPPED = (
    "urllib3/contrib/_securetransport/",
    "urllib3/contrib/appengine.py",
    "urllib3/contrib/emscripten/",
    "urllib3/contrib/ntlmpool.py",
    "urllib3/contrib/pyopenssl.py",
    "urllib3/contrib/securetransport.py",
    "urllib3/contrib/socks.py",
    "urllib3/http2/connection.py",
    "urllib3/packages/backports/makefile.py",
    "urllib3/py.typed",
    "urllib3/util/ssltransport.py",
)
COMMANDS = ("build", "check", "test", "coverage", "bench", "agents", "fuzz", "mutate", "wheelhouse")
# Programs that run after the build.
MEASUREMENTS = {"bench": "benchmarks", "agents": "agents", "fuzz": "fuzz.campaign"}
WITHOUT_ARGUMENTS = ("build", "check", "coverage")
# One worker for each processor; tests that share something are in one xdist_group.
PARALLEL = ("-n", "auto", "--dist", "loadgroup")
# The longest files are in the first folder.
UNIT_TESTS = ("-m", "unit", "tests/check", "tests/unit")


def main() -> int:
    options = parse_arguments()
    if options.command == "wheelhouse":
        return fetch_wheelhouse(Path(options.arguments[0]).resolve())
    if options.wheelhouse:
        # pip's own variables also apply to the pip that shiv calls, and in the tests. The
        # folder is given as a URL because pip splits the variable at spaces.
        os.environ.update(PIP_NO_INDEX="1", PIP_FIND_LINKS=options.wheelhouse.resolve().as_uri())
    if options.command == "check":
        return check()
    if options.command == "coverage":
        return measure_coverage()
    if options.command == "mutate":
        return run_module("mutation", *options.arguments)
    tools = make_environment("tools", BUILD_REQUIREMENTS)
    if Path(sys.prefix) != tools:
        # Packing needs deflate, which is in the environment of the tools: continue there.
        return subprocess.call([python_of(tools), "-I", str(ROOT / "build.py"), *sys.argv[1:]])
    build()
    if options.command == "test":
        return run_module("pytest", *PARALLEL, "--basetemp", str(WORK / "tmp"), *options.arguments)
    if options.command in MEASUREMENTS:
        return run_module(MEASUREMENTS[options.command], *options.arguments)
    return 0


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        usage="python3 build.py [--wheelhouse DIR] "
        "[check | test [ARGS] | coverage | bench [ARGS] | agents [ARGS] | fuzz [ARGS] | "
        "mutate [ARGS] | wheelhouse DIR]",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--wheelhouse", metavar="DIR", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("command", nargs="?", default="build", choices=COMMANDS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.command == "wheelhouse" and (
        len(options.arguments) != 1 or options.arguments[0].startswith("-")
    ):
        parser.error("wheelhouse needs the folder to download to")
    if "--wheelhouse" in options.arguments:
        parser.error("--wheelhouse goes before the command")
    if options.command in WITHOUT_ARGUMENTS and options.arguments:
        parser.error(f"{options.command} takes no arguments")
    if options.wheelhouse is not None and not options.wheelhouse.is_dir():
        parser.error(f"there is no folder {options.wheelhouse}")
    return options


def check() -> int:
    """Run ruff, mypy and the unit tests, without building the archive."""
    python = python_of(make_environment("tests", TEST_REQUIREMENTS))
    codes = [
        subprocess.call([python, "-I", "-m", "ruff", "check", "--quiet"], cwd=ROOT),
        subprocess.call([python, "-I", "-m", "ruff", "format", "--quiet", "--check"], cwd=ROOT),
    ]
    with subprocess.Popen([python, "-I", "-m", "mypy"], cwd=ROOT, stdout=subprocess.PIPE) as mypy:
        codes.append(share_unit_tests(len(os.sched_getaffinity(0))))
        output, _ = mypy.communicate()
    if mypy.returncode != 0:
        print(output.decode(), end="")
    return int(any([*codes, mypy.returncode]))


def share_unit_tests(count: int) -> int:
    """Run the unit tests in several sessions. The first one shows its progress, all their end."""
    with scratch_folder() as scratch:
        outputs = [os.path.join(scratch, f"output-{number}") for number in range(1, count)]
        sessions = [start_session(scratch, 0)]
        for number, path in enumerate(outputs, 1):
            with open(path, "wb") as output:
                sessions.append(start_session(scratch, number, output))
        codes = [session.wait() for session in sessions]
        for code, path in zip(codes[1:], outputs):
            lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
            print("\n".join(lines if code else lines[-1:]))
    return max(codes)


def start_session(
    scratch: str, number: int, output: Optional[BinaryIO] = None
) -> "subprocess.Popen[bytes]":
    """Start a session that runs the files of unit tests that no other one has taken."""
    folder = os.path.join(scratch, f"tests-{number}")
    command = ["pytest", "-q", "--hypothesis-profile=quick", "-p", "sharing", "--taken", scratch]
    # A percentage would be that of one session.
    command += ["-o", "console_output_style=classic", "--basetemp", folder]
    return start_module(*command, *UNIT_TESTS, output=output)


def measure_coverage() -> int:
    """Run the unit tests, and fail if they cover less than pyproject.toml demands."""
    with scratch_folder() as scratch:
        folder = os.path.join(scratch, "tests")
        command = ("coverage", "run", "-m", "pytest", "-q", "--basetemp", folder, *UNIT_TESTS)
        code = run_module(*command)
    return code or run_module("coverage", "report")


def scratch_folder() -> "tempfile.TemporaryDirectory[str]":
    """A folder for unit tests, in memory if possible: most of their time is writing."""
    folder = MEMORY if os.access(MEMORY, os.W_OK) else WORK
    return tempfile.TemporaryDirectory(prefix="azprov-", dir=folder)


def run_module(module: str, *arguments: str) -> int:
    return start_module(module, *arguments).wait()


def start_module(
    module: str, *arguments: str, output: Optional[BinaryIO] = None
) -> "subprocess.Popen[bytes]":
    """Start a module of the test environment. The files that it keeps go to .build/."""
    python = python_of(make_environment("tests", TEST_REQUIREMENTS))
    variables = {
        "PYTHONPATH": os.pathsep.join([str(APP), str(ROOT / "tests")]),
        "PYTHONNOUSERSITE": "1",
        "HYPOTHESIS_STORAGE_DIRECTORY": str(WORK / "hypothesis"),
        "PYTHONPYCACHEPREFIX": str(WORK / "bytecode"),
        # Otherwise pytest rewrites all tests again at each run.
        "PYTHONDONTWRITEBYTECODE": "",
    }
    return subprocess.Popen(
        [python, "-m", module, *arguments],
        cwd=ROOT,
        env=dict(os.environ, **variables),
        stdout=output,
        stderr=output and subprocess.STDOUT,
    )


def build() -> None:
    """Let shiv pack azprov with each version of urllib3, and merge the results into dist/."""
    interpreters = find_interpreters()
    inputs = digest_of_inputs(ROOT, interpreters)
    note_build(ROOT, "")
    packed = {
        folder: pack_with_shiv(folder, requirements)
        for folder, requirements in URLLIB3_REQUIREMENTS.items()
    }
    origin = find_origin(ROOT)
    entries = merge(packed)
    pythons = list(interpreters.values())
    releases = [release_of(python) for python in pythons]
    entries.update(compile_with_each(pythons, entries))
    note = {"commit": origin.commit, "bytecode": releases}
    entries["azprov/build.json"] = json.dumps(note).encode("ascii")
    archive = zip_of(entries)
    service = (UNIT / "azure-provisioning.service").read_bytes()
    spdx = render_spdx(
        __version__,
        hashlib.sha256(archive).hexdigest(),
        origin=origin,
        carried=[package for folder in packed for package in packages_in(folder)],
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
    note_build(ROOT, inputs)
    print(f"dist/azprov.pyz: {len(archive)} bytes, with bytecode for Python {', '.join(releases)}")
    print(f"  built from {describe(origin)}")
    print(f"  sha256 {sums[:64].decode()}")


def describe(origin: Origin) -> str:
    """Say in words where the sources come from."""
    if origin.commit is None:
        return "an unknown commit: this is not a git clone, or git is not installed"
    if origin.commit.endswith("-dirty"):
        return f"commit {origin.commit}: files were changed after this commit"
    return f"commit {origin.commit}"


def pack_with_shiv(folder: str, requirements: Path) -> Path:
    """Make a stock shiv archive of azprov and one version of urllib3."""
    keep_wheels(sys.executable, requirements)
    packed = WORK / (folder + ".shiv.pyz")
    run(
        [sys.executable, "-I", "-m", "shiv", "--reproducible", "--uncompressed"]
        + ["--entry-point", "azprov.__main__:main", "--site-packages", str(APP)]
        + ["--output-file", str(packed), "--quiet", "--only-binary=:all:", *FROM_WHEELS]
        + ["--require-hashes", "--requirement", str(requirements)]
        + ["--report", str(report_of(folder))],
        "shiv could not pack urllib3; the reason is above",
    )
    return packed


def report_of(folder: str) -> Path:
    """The file where pip reports what it installed for this folder of the archive."""
    return WORK / (folder + ".report.json")


def packages_in(folder: str) -> List[Package]:
    """The packages that this folder of the archive carries."""
    pins = URLLIB3_REQUIREMENTS[folder].read_text(encoding="utf-8")
    return packages_of(report_of(folder).read_bytes(), pins)


def merge(packed: Dict[str, Path]) -> Dict[str, bytes]:
    """Return the entries of an archive that runs in place, taken from the shiv archives.

    A stock shiv archive unpacks itself to ~/.shiv at its first run. azprov often runs only
    once, at the first boot, where HOME may be unset and the disk read-only.
    """
    entries: Dict[str, bytes] = {}
    for folder, path in packed.items():
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                inner = name[len("site-packages/") :]
                if not name.startswith("site-packages/") or inner.endswith(INSTALL_NOTES):
                    continue
                if inner.startswith(NOT_SHIPPED):
                    continue
                if inner.startswith("urllib3"):
                    content = archive.read(name)
                    if inner.endswith("/METADATA"):  # without the pages of urllib3's README
                        content = content.partition(b"\n\n")[0] + b"\n"
                    entries[f"{folder}/{inner}"] = content
                elif (
                    inner.startswith("azprov/") and inner.endswith((".py", ".sh"))
                ) or inner == "LICENSE":
                    entries[inner] = archive.read(name)
    entries["__main__.py"] = (APP / "__main__.py").read_bytes()
    for service in SERVICES:
        # In the package this is a link; git without core.symlinks checks out a text file.
        entries[f"azprov/image/{service}"] = (UNIT / service).read_bytes()
    return entries


def compile_with_each(pythons: List[Path], entries: Dict[str, bytes]) -> Dict[str, bytes]:
    """Return the bytecode for each Python, so that none has to compile at boot."""
    sources = WORK / "sources.pyz"
    write(sources, zip_of(entries), mode=0o644)
    compiled: Dict[str, bytes] = {}
    for python in pythons:
        try:
            compiled.update(compile_with(python, sources))
        except subprocess.CalledProcessError:
            die(f"{python} could not compile azprov; the reason is above")
    return compiled


def write(path: Path, data: bytes, *, mode: int) -> None:
    """Replace a file in one step, so that a reader sees the old or the new content."""
    path.parent.mkdir(exist_ok=True)
    beside = path.with_name("." + path.name + ".new")
    with open(beside, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    beside.chmod(mode)
    beside.replace(path)


def fetch_wheelhouse(folder: Path) -> int:
    """Download the packages of the build and the tests that fit this architecture and Python."""
    pip = [sys.executable, "-I", "-m", "pip", "--version"]
    if subprocess.call(pip, stdout=subprocess.DEVNULL):
        die("this Python has no pip: apt-get install python3-pip")
    for requirements in (BUILD_REQUIREMENTS, *URLLIB3_REQUIREMENTS.values(), TEST_REQUIREMENTS):
        download(sys.executable, requirements, folder)
    version = "{}.{}".format(*sys.version_info)
    print(f"These packages are for Python {version} on {platform.machine()}. Build with them:")
    print(f"    python3 build.py --wheelhouse {shlex.quote(str(folder))}")
    return 0


if __name__ == "__main__":
    if sys.version_info < (3, 10):
        die("Python 3.10 or newer is needed, this is " + sys.version.split()[0])
    sys.exit(main())

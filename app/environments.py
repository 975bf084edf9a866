"""Private environments in .build/ with the packages that the project pins.

Part of the build, and not shipped. The package index is asked only when a pin, or the Python,
has changed: everything is installed from the wheels that are kept in .build/wheels.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NoReturn

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / ".build"
WHEELS = WORK / "wheels"
#: Makes pip, and shiv, which calls it, take packages from there only.
FROM_WHEELS = ["--no-index", "--find-links", str(WHEELS)]

# Without a wheel, pip would build the package, with tools that are not pinned.
_DOWNLOAD = ["-I", "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
_DOWNLOAD += ["--require-hashes", "--only-binary=:all:"]


def make_environment(name: str, requirements: Path) -> Path:
    """Make the virtual environment .build/NAME, unless it is there with these packages."""
    folder = WORK / name
    stamp = folder / "made-from"
    recipe = f"{sys.version}\n{_digest_of(requirements)}"
    base = getattr(sys, "_base_executable", sys.executable)
    python = python_of(folder)
    is_made = stamp.is_file() and stamp.read_text() == recipe
    if not is_made:
        print(f"Making .build/{name} ...", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        run(
            [base, "-I", "-m", "venv", str(folder)],
            f"could not make .build/{name}; the reason is above. "
            "If ensurepip is missing: apt-get install python3-venv",
        )
    keep_wheels(python, requirements)
    if not is_made:
        run(
            [python, "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            + [
                "--only-binary=:all:",
                "--require-hashes",
                *FROM_WHEELS,
                "--requirement",
                str(requirements),
            ],
            f"pip could not install {_name_of(requirements)}; the reason is above. "
            "If a wheel is damaged, remove .build/wheels",
        )
        stamp.write_text(recipe)
    return folder


def keep_wheels(python: str, requirements: Path) -> None:
    """Download the wheels of a requirements file to .build/wheels, unless they are there."""
    version = "{}.{}".format(*sys.version_info)
    stamp = WHEELS / f".{version}-{platform.machine()}-{_digest_of(requirements)}"
    if not stamp.exists():
        WHEELS.mkdir(parents=True, exist_ok=True)
        download(python, requirements, WHEELS)
        stamp.touch()


def download(python: str, requirements: Path, folder: Path) -> None:
    """Download the wheels of a requirements file that fit this machine and this Python."""
    here = f"{platform.python_implementation()} {platform.python_version()} on {platform.machine()}"
    run(
        [python, *_DOWNLOAD, "--dest", str(folder), "--requirement", str(requirements)],
        f"pip could not download {_name_of(requirements)}; the reason is above: there is no "
        f"network, a package has no wheel for {here}, or a hash is not the pinned one",
    )


def python_of(environment: Path) -> str:
    return str(environment / "bin" / "python")


def run(command: List[str], complaint: str) -> None:
    """Run a command, and end the build with this sentence if it fails."""
    if subprocess.call(command, cwd=ROOT, env=isolated()) != 0:
        die(complaint)


def isolated() -> Dict[str, str]:
    """The environment for a Python that starts further ones, as shiv starts pip.

    -I is not passed on to them. A user's HOME may be kept by `su`, and PYTHONPATH by `sudo -E`.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONNOUSERSITE": "1", "PYTHONSAFEPATH": "1"}


def die(complaint: str) -> NoReturn:
    sys.exit("build.py: " + complaint)


def _digest_of(requirements: Path) -> str:
    return hashlib.sha256(requirements.read_bytes()).hexdigest()


def _name_of(requirements: Path) -> str:
    return f"the packages of {requirements.relative_to(ROOT)}"

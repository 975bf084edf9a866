"""The other agents: Debian's packages of cloud-init and walinuxagent, only unpacked."""

import compileall
import shutil
import subprocess
from typing import List, Optional

from project import ROOT

AGENTS = ROOT / ".build" / "agents"
LIBRARIES = AGENTS / "libraries"
_SITE = "usr/lib/python3/dist-packages"
_PEERS = ("cloud-init", "waagent")
# The libraries that their report code imports.
_LIBRARIES = (
    "python3-certifi",
    "python3-chardet",
    "python3-configobj",
    "python3-distro",
    "python3-idna",
    "python3-jinja2",
    "python3-json-pointer",
    "python3-jsonpatch",
    "python3-jsonschema",
    "python3-markupsafe",
    "python3-netifaces",
    "python3-oauthlib",
    "python3-pkg-resources",
    "python3-requests",
    "python3-six",
    "python3-urllib3",
    "python3-yaml",
    "python3-attr",
    "python3-pyrsistent",
)


def fetch() -> None:
    """Download and unpack the packages of the agents and their libraries."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise SystemExit(
            "bench --fetch needs apt-get and dpkg-deb, because it downloads Debian's packages"
        )
    shutil.rmtree(AGENTS, ignore_errors=True)
    packed = AGENTS / "packed"
    packed.mkdir(parents=True)
    got = subprocess.run(
        ["apt-get", "--quiet=2", "--option", "APT::Sandbox::User=root", "download"]
        + [*_PEERS, *_LIBRARIES],
        cwd=packed,
        check=False,
    )
    if got.returncode != 0:
        raise SystemExit(
            "bench --fetch: apt-get could not download Debian's packages; the reason is above"
        )
    for package in sorted(packed.iterdir()):
        name, version, _ = package.name.split("_")
        folder = AGENTS / name if name in _PEERS else LIBRARIES
        subprocess.run(["dpkg-deb", "--extract", str(package), str(folder)], check=True)
        if name in _PEERS:
            (AGENTS / f"{name}.version").write_text(version.split("-")[0])


def compile_for(python: str) -> None:
    """Compile the agents to bytecode with the measured Python, as their installation would."""
    for folder in (*(AGENTS / peer for peer in _PEERS), LIBRARIES):
        if folder.is_dir():
            subprocess.run(
                [python, "-I", "-m", compileall.__name__, "-qq", str(folder / _SITE)], check=False
            )


def version_of(peer: str) -> Optional[str]:
    """Return the version of the unpacked agent, or None."""
    file = AGENTS / f"{peer}.version"
    return file.read_text() if file.is_file() else None


def missing() -> List[str]:
    return [peer for peer in _PEERS if version_of(peer) is None]


def packages_of(peer: str) -> str:
    """Return the folders of the agent and its libraries, in PYTHONPATH's syntax."""
    return f"{AGENTS / peer / _SITE}:{LIBRARIES / _SITE}"
